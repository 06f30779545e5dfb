"""A shop's day, against the plain loop: the first load, the same feed again, new prices; with texts alone and with photos."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.children import Child, child
from indexer.build.writing import build_indexer
from indexer.settings import Settings
from indexer.write_path import Indexer

STEPS = {"first load": 1.0, "the same feed again": 10.0, "new prices": 2.0}
"""The steps of a day, and how many times faster than the plain loop each is to be."""


@dataclass(frozen=True, slots=True)
class Day:
    """One measurement: rounds, each of new products; `price_goal` for the last step."""

    name: str
    products: Sequence[Mapping[str, object]]
    rounds: int
    price_goal: float


def measure(day: Day, environment: dict[str, str], folder: Path) -> None:
    """Interleave both, step by step, all of the machine's cores for each; print products per second and the ratio of each step."""
    os.environ.update(environment)
    cores = ",".join(map(str, range(os.cpu_count() or 1)))
    os.sched_setaffinity(0, set(range(os.cpu_count() or 1)))
    indexer = build_indexer(Settings.load())
    size = len(day.products) // day.rounds
    print(f"\n## A day, {day.name}: {size} products a round, {day.rounds} rounds; products/s until all of it is searchable")
    seconds: dict[str, list[tuple[float, float]]] = {step: [] for step in STEPS}
    index = f"plain-{day.name.replace(' ', '-')}"
    with (
        child("benchmarks.plain_loop", cores, environment["FUSEDEX_OPENSEARCH_URL"], index, environment=environment) as plain,
        child("benchmarks.worker", cores, "opensearch", environment=environment),
    ):
        for number in range(day.rounds):
            rows = day.products[number * size : (number + 1) * size]
            first = _written(folder / f"{index}-{number}.jsonl", rows)
            dearer = _written(folder / f"{index}-{number}-dearer.jsonl", [{**row, "price": "24.99 EUR"} for row in rows])
            for step, feed in zip(STEPS, (first, first, dearer), strict=True):
                seconds[step].append((_plain(plain, feed), _ours(indexer, feed)))
    indexer.close()
    print(f"{'step':>20} {'plain loop/s':>13} {'fusedex/s':>10} {'times':>6} {'goal':>5}")
    for step, pairs in seconds.items():
        plain_s, ours_s = (median(one) for one in zip(*pairs, strict=True))
        ratio = median(one / other for one, other in pairs)
        goal = day.price_goal if step == "new prices" else STEPS[step]
        print(f"{step:>20} {size / plain_s:>13.0f} {size / ours_s:>10.0f} {ratio:>6.2f} {goal:>5.1f}", flush=True)


def _plain(plain: Child, feed: Path) -> float:
    return float(plain.ask(feed))


def _ours(indexer: Indexer, feed: Path) -> float:
    began = perf_counter()
    indexer.wait(indexer.accept(feed))
    return perf_counter() - began


def _written(file: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    return file
