"""How far two rankings of the same query agree: shared hits, rank-biased overlap, and where over many queries they differ most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from indexer.errors import IndexerError
from indexer.records import Answer, Query, Strategy

DEPTH = 10
PATIENCE = 0.9
"""p of rank-biased overlap: a reader goes on from each hit to the next so likely, so ten hits carry most of the weight."""


def overlap(one: Sequence[str], other: Sequence[str], *, depth: int = DEPTH) -> float:
    """The share of the first `depth` that both have, 0..1; of the longer list where both are shorter; 1 where both are empty.

    >>> overlap(["a", "b", "c"], ["b", "d"], depth=2)
    0.5
    """
    first, second = set(one[:depth]), set(other[:depth])
    longest = max(len(first), len(second))
    return len(first & second) / longest if longest else 1.0


def rank_biased_overlap(one: Sequence[str], other: Sequence[str], *, p: float = PATIENCE) -> float:
    """RBO, extrapolated from what was seen (Webber, Moffat and Zobel 2010, equation 23): 1 for equal lists, 0 for disjoint ones.

    (X_k / k) · p^k + (1 - p) / p · Σ_d (X_d / d) · p^d over the depths d = 1..k of the longer list, with X_d the number of products that
    both have up to d. Two empty lists are equal. Raises ValueError for p outside of 0..1 (both excluded).
    """
    if not 0 < p < 1:
        raise ValueError(f"A patience of {p!r} is not between 0 and 1.")
    depth = max(len(one), len(other))
    if not depth:
        return 1.0
    seen_one, seen_other, shared, summed = set[str](), set[str](), 0.0, 0.0
    for d in range(1, depth + 1):
        seen_one.update(one[d - 1 : d])
        seen_other.update(other[d - 1 : d])
        shared = len(seen_one & seen_other) / d
        summed += shared * p**d
    return min(1.0, shared * p**depth + (1 - p) / p * summed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One query's two answers: the ids of the first hits of each, and how far they agree."""

    query: str
    ids: tuple[tuple[str, ...], tuple[str, ...]]
    totals: tuple[int, int]
    overlap: float
    rbo: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two strategies over the same queries: each query's difference, the largest first, and what each strategy could not answer.

    `failed` has the reason by strategy and query; `degraded` counts answers that lacked a part; `took_ms` is each one's median.
    """

    strategies: tuple[Strategy, Strategy]
    differences: tuple[Difference, ...]
    failed: tuple[tuple[Strategy, str, str], ...]
    degraded: tuple[int, int]
    took_ms: tuple[float, float]

    @property
    def overlap(self) -> float:
        """The mean share of hits that both have."""
        return fmean(one.overlap for one in self.differences) if self.differences else 0.0

    @property
    def rbo(self) -> float:
        """The mean rank-biased overlap."""
        return fmean(one.rbo for one in self.differences) if self.differences else 0.0

    @property
    def same(self) -> int:
        """How many queries have the same hits in the same order."""
        return sum(one.ids[0] == one.ids[1] for one in self.differences)


def side_by_side(search: Callable[[Query], Answer], queries: Sequence[str], *, strategies: tuple[Strategy, Strategy]) -> Agreement:
    """Ask each query by both strategies, and compare the first DEPTH hits; a query that one of them refuses is told and left out."""
    differences: list[Difference] = []
    failed: list[tuple[Strategy, str, str]] = []
    answers: list[tuple[Answer, Answer]] = []
    for text in queries:
        found: list[Answer] = []
        for strategy in strategies:
            try:
                found.append(search(Query(text=text, strategy=strategy, per_page=DEPTH)))
            except IndexerError as error:
                failed.append((strategy, text, error.message))
        if len(found) == len(strategies):
            answers.append((found[0], found[1]))
            differences.append(_difference(text, found[0], found[1]))
    return Agreement(
        strategies=strategies,
        differences=tuple(sorted(differences, key=lambda one: (one.rbo, one.query))),
        failed=tuple(failed),
        degraded=(sum(bool(pair[0].degraded) for pair in answers), sum(bool(pair[1].degraded) for pair in answers)),
        took_ms=(_median([pair[0] for pair in answers]), _median([pair[1] for pair in answers])),
    )


def _difference(text: str, one: Answer, other: Answer) -> Difference:
    first, second = (tuple(hit.id for hit in answer.hits) for answer in (one, other))
    return Difference(
        query=text,
        ids=(first, second),
        totals=(one.total, other.total),
        overlap=overlap(first, second),
        rbo=rank_biased_overlap(first, second),
    )


def _median(answers: Sequence[Answer]) -> float:
    return median(answer.took_ms for answer in answers) if answers else 0.0
