"""Rankings with scores of different scales to one ranking with scores in 0..1, each the sum of its terms."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from indexer.records import Blend, Term

NEUTRAL = 0.5
"""What every hit of a leg gets whose scores do not differ: such a leg says who belongs, not who is better."""

NOISE = 1e-6
"""Scores nearer than this (times the larger figure, at least 1) are equal: engines compute in float32, whose step is 1.2e-7."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """One leg's raw scores by product id, under the leg's name, with its weight (the weights of all legs sum to 1)."""

    name: str
    weight: float
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One product of the blended order: its score is exactly the sum of its terms' values, terms by name."""

    id: str
    score: float
    terms: tuple[Term, ...]


def blended(rankings: Sequence[Ranking], *, blend: Blend, rrf_constant: int = 60) -> list[Ranked]:
    """The union of the rankings, best first, ties by id; the order of the legs and of their hits does not matter.

    score(d) = Σ weight · share(d) over the legs that hold d, with share from `min_max` or `rrf`; absent in a leg = no term.
    Raises ValueError when names repeat, or weights are negative or do not sum to 1.
    """
    _check(rankings)
    terms: dict[str, list[Term]] = {}
    for leg in sorted(rankings, key=lambda ranking: ranking.name):
        shares = min_max(leg.scores) if blend == "min_max" else rrf(leg.scores, constant=rrf_constant)
        for id_, share in shares.items():
            terms.setdefault(id_, []).append(Term(leg.name, leg.weight * share, leg.scores[id_], leg.weight))
    ranked = [Ranked(id_, sum(term.value for term in mine), tuple(mine)) for id_, mine in terms.items()]
    return sorted(ranked, key=lambda one: (-one.score, one.id))


def min_max(scores: Mapping[str, float]) -> dict[str, float]:
    """share(d) = (score(d) - min) / (max - min), 0..1 (Fox and Shaw 1994 blend sums of such shares, CombSUM).

    One hit, or several with scores that differ by NOISE only, get NEUTRAL: else a lone weak match would count as the best.

    >>> min_max({"mug": 8.0, "cup": 6.0, "jug": 4.0}), min_max({"mug": 0.1})
    ({'mug': 1.0, 'cup': 0.5, 'jug': 0.0}, {'mug': 0.5})
    """
    if not scores:
        return {}
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    if span <= NOISE * max(1.0, abs(high), abs(low)) or not math.isfinite(span):
        return dict.fromkeys(scores, NEUTRAL)
    return {id_: (score - low) / span for id_, score in scores.items()}


def rrf(scores: Mapping[str, float], *, constant: int = 60) -> dict[str, float]:
    """share(d) = (constant + 1) / (constant + rank(d)), ranks from 1 (reciprocal rank fusion: Cormack, Clarke, Büttcher 2009).

    The factor constant + 1 makes the first rank's share 1, so that blended scores stay in 0..1; the order is the paper's.
    Equal scores share the mean of their ranks, so that none of them wins by its id.

    >>> rrf({"mug": 9.0, "cup": 7.0, "jug": 7.0}, constant=1)
    {'mug': 1.0, 'cup': 0.5714285714285714, 'jug': 0.5714285714285714}
    """
    return {id_: (constant + 1) / (constant + rank) for id_, rank in _mean_ranks(scores)}


def _mean_ranks(scores: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    order = sorted(scores, key=lambda id_: (-scores[id_], id_))
    before = 0
    for _, group in groupby(order, key=scores.__getitem__):
        equals = list(group)
        yield from ((id_, before + (len(equals) + 1) / 2) for id_ in equals)
        before += len(equals)


def _check(rankings: Sequence[Ranking]) -> None:
    if len({leg.name for leg in rankings}) < len(rankings):
        raise ValueError("Two legs have the same name.")
    weights = [leg.weight for leg in rankings]
    if any(not weight >= 0 for weight in weights) or (rankings and not math.isclose(math.fsum(weights), 1.0, abs_tol=1e-9)):
        raise ValueError(f"The legs' weights {weights} are not shares of 1.")
