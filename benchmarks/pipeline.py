"""Products per second through ledger, queue, encoders and store, over the raw rate of the same prepared batches."""

import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.children import Child, child
from indexer.build.writing import build_indexer
from indexer.settings import Settings
from indexer.write_path import Indexer

ENCODER_CORE, OTHER_CORE = "0", "1"


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement: what of, into which store, in how many rounds, the first of which warm up, with which goal."""

    name: str
    store: str
    products: Sequence[Mapping[str, object]]
    rounds: int
    warm: int
    goal: float


@dataclass(frozen=True, slots=True)
class Round:
    """One round: seconds of the bare encoder, of accept, of the whole; passes of the worker."""

    products: int
    raw_s: float
    accept_s: float
    whole_s: float
    passes: int


def measure(case: Case, environment: dict[str, str], folder: Path) -> None:
    """Interleave rounds of both, print a line each and the ratio's median; those that warm up do not count."""
    os.environ.update(environment)
    os.sched_setaffinity(0, {int(OTHER_CORE)})
    indexer = build_indexer(Settings.load())
    size = len(case.products) // case.rounds
    print(f"\n## Pipeline, {case.name}: {size} products a round, store {case.store}")
    print(f"{'round':>5} {'raw/s':>8} {'pipeline/s':>11} {'ratio':>6} {'accept alone/s':>15}")
    rounds = []
    with (
        child("benchmarks.raw", ENCODER_CORE, environment=environment) as raw,
        child("benchmarks.worker", ENCODER_CORE, case.store, environment=environment) as worker,
    ):
        for number in range(case.rounds):
            feed = folder / f"{case.store}-round-{number}.jsonl"
            chosen = case.products[number * size : (number + 1) * size]
            feed.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in chosen))
            if number == case.warm:
                before = bulk_requests(environment)
            one = _round(indexer, feed, raw, worker, products=len(chosen))
            rounds += [one] if number >= case.warm else []
            name = number if number >= case.warm else "warm"
            rates = [one.products / seconds for seconds in (one.raw_s, one.whole_s, one.accept_s)]
            print(f"{name:>5} {rates[0]:>8.0f} {rates[1]:>11.0f} {one.raw_s / one.whole_s:>6.2f} {rates[2]:>15.0f}", flush=True)
    ratios = [one.raw_s / one.whole_s for one in rounds]
    print(f"median ratio {median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); goal {case.goal}")
    fed, spent = sum(one.products for one in rounds), sum(one.raw_s for one in rounds)
    hint = hint_s(indexer, environment)
    share = sum(one.passes for one in rounds) * hint / spent
    print(f"hints {sum(one.passes for one in rounds)}, {hint * 1000:.2f} ms each: {share:.2%} of the encoders' time; goal under 3 %")
    if case.store == "opensearch":
        bulks, refreshes = (now - then for now, then in zip(bulk_requests(environment), before, strict=True))
        print(f"bulk requests {bulks}, {1000 * bulks / fed:.2f} per 1,000 products; goal at most 4")
        print(f"refreshes asked for from outside: {refreshes}; goal 0")
    indexer.close()


def _round(indexer: Indexer, feed: Path, raw: Child, worker: Child, *, products: int) -> Round:
    raw_s = float(raw.ask(feed))
    passes = int(worker.ask("").split()[0])
    began = time.perf_counter()
    job = indexer.accept(feed)
    accept_s = time.perf_counter() - began
    while indexer.ledger.pending(job):
        time.sleep(0.02)
    whole_s = time.perf_counter() - began
    return Round(products, raw_s, accept_s, whole_s, int(worker.ask("").split()[0]) - passes)


def hint_s(indexer: Indexer, environment: Mapping[str, str]) -> float:
    """Seconds of one hint with nothing to do behind it, from publishing to the worker's being free again, sender and worker together."""
    with child("benchmarks.worker", ENCODER_CORE, "null", environment=environment) as worker:
        begun, spent = worker.ask("").split()
        own = time.process_time()
        while int(worker.ask("").split()[0]) - int(begun) < 200:
            indexer.publisher.work("backfill", hints=20)
            time.sleep(0.05)
        passes, after = worker.ask("").split()
        return (float(after) - float(spent) + time.process_time() - own) / (int(passes) - int(begun))


def bulk_requests(environment: Mapping[str, str]) -> tuple[int, int]:
    """Bulk requests that the node has seen since it started, and refreshes that someone asked for."""
    address = f"{environment['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/_nodes/usage/rest_actions"
    with urllib.request.urlopen(address, timeout=30) as answer:
        (node,) = json.load(answer)["nodes"].values()
    return int(node["rest_actions"].get("bulk_action", 0)), int(node["rest_actions"].get("refresh_action", 0))
