"""Products per second through ledger, queue, encoder and null store, over the raw rate of the same prepared batches."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from benchmarks.products import rows
from indexer.build.writing import build_indexer
from indexer.settings import Settings

ROUNDS = 6
PRODUCTS = 3000
ENCODER_CORE, OTHER_CORE = "0", "1"


@contextmanager
def child(module: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process of ours on the encoder's core, ready to be asked."""
    command = [sys.executable, "-m", module, ENCODER_CORE]
    process = subprocess.Popen(command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        if answer(process) != "ready":
            sys.exit(f"{module} did not start")
        yield process
    finally:
        process.terminate()
        process.wait(60)


def answer(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints."""
    return process.stdout.readline().strip() if process.stdout else ""


def measure(environment: dict[str, str], folder: Path) -> None:
    """Interleave rounds of both, print a line each and the ratio's median; the first round warms up and does not count."""
    origin, products = rows(ROUNDS * PRODUCTS)
    os.environ.update(environment)
    os.sched_setaffinity(0, {int(OTHER_CORE)})
    indexer = build_indexer(Settings.load())
    print(f"\n## Pipeline: {PRODUCTS} products a round ({origin}), text only, encoder {environment['FUSEDEX_ENCODE__TEXT']}")
    print(f"{'round':>5} {'raw/s':>8} {'pipeline/s':>11} {'ratio':>6} {'accept alone/s':>15}")
    ratios = []
    with child("benchmarks.raw", environment) as raw, child("benchmarks.worker", environment):
        for number in range(ROUNDS):
            feed = folder / f"round-{number}.jsonl"
            chosen = products[number * PRODUCTS : (number + 1) * PRODUCTS]
            feed.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in chosen))
            if raw.stdin is None:
                return
            raw.stdin.write(f"{feed}\n")
            raw.stdin.flush()
            raw_s = float(answer(raw))
            began = time.perf_counter()
            job = indexer.accept(feed)
            accepted_s = time.perf_counter() - began
            while indexer.ledger.pending(job):
                time.sleep(0.02)
            whole_s = time.perf_counter() - began
            ratio, rate = raw_s / whole_s, len(chosen) / whole_s
            if number:
                ratios.append(ratio)
            name = number or "warm"
            print(f"{name:>5} {len(chosen) / raw_s:>8.0f} {rate:>11.0f} {ratio:>6.2f} {len(chosen) / accepted_s:>15.0f}", flush=True)
    print(f"median ratio {median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); goal 0.9")
    indexer.close()
