"""Memory and time as the feed grows: `fusedex feed` and a worker over made-up products, hashed encoders, each process's peak printed.

Twelve minutes on two cores: a million rows go through feeder, ledger and worker into a store that keeps nothing, 100,000 into OpenSearch.
"""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.children import child

SIZES = {"null": (10_000, 100_000, 1_000_000), "opensearch": (10_000, 100_000)}
EXPONENT = 1.1
"""Of the time over the rows: 1 is a straight line."""
KINDS = ("sofa", "lamp", "shoe", "shirt", "camera", "laptop", "kettle", "desk", "backpack", "watch", "沙发", "黑色T恤")


@dataclass(frozen=True, slots=True)
class Run:
    """One feed: its rows, the seconds until all were worked, peaks of memory in MiB."""

    rows: int
    seconds: float
    feeder: float
    worker: float


def measure(environment: Mapping[str, str], folder: Path) -> None:
    """Print a line a size, and the exponent from one size to the next."""
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    for store, sizes in SIZES.items():
        print(f"\n## Growth, store {store}, encoder hashed")
        print(f"{'rows':>10} {'seconds':>8} {'rows/s':>7} {'feeder MiB':>11} {'worker MiB':>11} {'exponent':>9}  (goal at most {EXPONENT})")
        last: Run | None = None
        for rows in sizes:
            run = _run(environment, folder, store, rows)
            exponent = math.log(run.seconds / last.seconds) / math.log(run.rows / last.rows) if last else math.nan
            print(
                f"{rows:>10,} {run.seconds:>8.1f} {rows / run.seconds:>7.0f} {run.feeder:>11.0f} {run.worker:>11.0f} {exponent:>9.2f}",
                flush=True,
            )
            last = run


def _run(environment: Mapping[str, str], folder: Path, store: str, rows: int) -> Run:
    name = f"scale-{store}-{rows}"
    feed = folder / f"{name}.jsonl"
    with feed.open("w", encoding="utf-8") as file:
        file.writelines(_line(number) for number in range(rows))
    own = {
        **environment,
        "FUSEDEX_LEDGER_URL": f"sqlite:///{folder / name}.sqlite",
        "FUSEDEX_VECTORS_URL": f"sqlite:///{folder / name}-vectors.sqlite",
        "FUSEDEX_INDEX__ALIAS": name,
    }
    cores = ",".join(map(str, range(os.cpu_count() or 1)))
    with child("benchmarks.worker", cores, store, environment=own) as worker:
        began = time.perf_counter()
        command = [sys.executable, "-m", "indexer", "feed", str(feed), "--timeout", "3600", *(["--no-wait"] if store == "null" else [])]
        feeder = subprocess.Popen(command, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        fed = 0.0
        while feeder.poll() is None:
            fed = max(fed, peak_mib(feeder.pid))
            time.sleep(0.1)
        if feeder.returncode:
            sys.exit(f"the feeder ended with {feeder.returncode}")
        _drain(own)
        seconds = time.perf_counter() - began
        worked = peak_mib(worker.pid)
    for left in folder.glob(f"{name}*"):
        left.unlink()
    return Run(rows, seconds, fed, worked)


def _drain(environment: Mapping[str, str]) -> None:
    """Wait until nothing is dirty."""
    from indexer.ledger.open import open_ledger

    ledger = open_ledger(environment["FUSEDEX_LEDGER_URL"], future_s=300)
    while any(ledger.counts().dirty.values()):
        time.sleep(0.5)
    ledger.close()


def _line(number: int) -> str:
    kind = KINDS[number % len(KINDS)]
    row = {
        "id": f"made-{number:08d}",
        "title": f"{kind} number {number}",
        "description": f"A {kind} of series {number % 977}, made for rooms of {number % 31} square metres.",
        "brand": f"brand {number % 211}",
        "price": f"{number % 500}.99 EUR",
        "stock": number % 40,
        "colour": ("black", "white", "red")[number % 3],
    }
    return json.dumps(row, ensure_ascii=False) + "\n"


def peak_mib(pid: int) -> float:
    """The process's largest resident size so far; 0 where it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
