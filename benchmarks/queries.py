"""A search through the library over the bare client's `_msearch` with the same body: time, processor, instructions, memory, growth."""

import math
from statistics import fmean, median, quantiles

from benchmarks.cost import instructions, memory
from benchmarks.products import made, rows
from benchmarks.record import Results, digest_of, written
from benchmarks.rivals import QUERIES, WIDTH, Rivals, Times, alone

PRODUCTS = 5000
ROUNDS, WARM, ASKED = 4, 1, 1000
"""Rounds, those that warm the engine up, and searches of each kind in a round."""
SIZES, ASKED_A_SIZE = (1_000, 10_000, 100_000), 400
"""How many products the growing index has when it is asked, and how often it is."""
CUTS = (("p50", 49), ("p99", 98))


def measure(url: str) -> None:
    """Interleave both, print everything, and write queries.json."""
    origin, products = rows(PRODUCTS)
    rivals = Rivals(url, "asked")
    rivals.fill(products, "bench")
    print(f"\n## Queries: {PRODUCTS} products ({origin}), {len(QUERIES)} queries, vectors of {WIDTH} cached; both send the same bodies")
    with alone():
        results = {"data": {"products": digest_of(products), "origin": origin}} | _timed(rivals)
    results["kib"] = kib = memory(rivals)
    for part, told in kib.items():
        print(f"{part:>28}: {told['kept']:.1f} KiB kept, {told['peak']:.1f} at most")
    rivals.close()
    results["instructions"] = counted = instructions(url, "asked")
    if counted is None:
        print("instructions: valgrind is not installed")
    else:
        print("instructions a search: " + ", ".join(f"{name} {figure / 1e6:.2f} million" for name, figure in counted.items()))
    written("queries", results)


def _timed(rivals: Rivals) -> Results:
    times = Times()
    ratios: dict[str, list[float]] = {name: [] for name, _ in CUTS}
    for number in range(ROUNDS):
        found = Times().measure(rivals, QUERIES * (ASKED // len(QUERIES)))
        if number < WARM:
            continue
        times.add(found)
        for name, cut in CUTS:
            ratios[name].append(quantiles(found.wall["library"], n=100)[cut] / quantiles(found.wall["bare"], n=100)[cut])
    told = {name: _told(times, name) for name in times.wall}
    for name, figures in told.items():
        print(f"{name:>8}: " + ", ".join(f"{what} {figure:.2f}" for what, figure in figures.items()))
    for name, values in ratios.items():
        print(f"ratio at {name}: {median(values):.3f} (from {min(values):.3f} to {max(values):.3f}); goal 1.1")
    return {"searches of each": len(times.wall["bare"]), "ms": told, "ratios by round": ratios}


def _told(times: Times, name: str) -> dict[str, float]:
    """Milliseconds: on the clock, and of the processor in the client's thread."""
    wall, cpu = times.wall[name], times.cpu[name]
    figures = {f"ms {label}": quantiles(wall, n=100)[cut] for label, cut in CUTS}
    figures |= {"processor ms p50": median(cpu), "processor ms mean": fmean(cpu)}
    return {what: figure * 1000 for what, figure in figures.items()}


def measure_growth(url: str) -> None:
    """The time of a search as the same index grows, and the exponent from one size to the next: printed, and written to growth.json."""
    rivals = Rivals(url, "growing")
    told: list[Results] = []
    products, p50 = made(max(SIZES)), 0.0
    print(f"\n## Queries as the index grows: made-up sentences, vectors of {WIDTH}, {ASKED_A_SIZE} searches of each kind")
    print("products, ms at p50 and p99 of the library, p50 of the bare client, exponent")
    for before, size in zip((0, *SIZES), SIZES, strict=False):
        rivals.fill(products[before:size], "bench")
        with alone():
            Times().measure(rivals, QUERIES * 20)
            times = Times().measure(rivals, QUERIES * (ASKED_A_SIZE // len(QUERIES)))
        one = {name: _told(times, name) for name in times.wall}
        p50, last_p50 = one["library"]["ms p50"], p50
        exponent = math.log(p50 / last_p50) / math.log(size / before) if before else None
        told.append({"products": size, "ms": one, "exponent": exponent})
        figures = f"{p50:7.2f} {one['library']['ms p99']:7.2f} {one['bare']['ms p50']:7.2f}"
        print(f"{size:>9,} {figures} {'' if exponent is None else f'{exponent:.2f}'}", flush=True)
    rivals.close()
    written("growth", {"data": {"products": digest_of(products), "origin": "made-up sentences"}, "growth": told})
