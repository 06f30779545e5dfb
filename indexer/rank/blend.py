"""Rankings with scores of different scales to one ranking with scores in 0..1, each the sum of its terms."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from indexer.rank.near import nearest, nearness
from indexer.rank.rules import RULES
from indexer.records import Blend, Term
from indexer.records.making import maker

NEUTRAL = 0.5
"""What every hit of a leg gets whose scores do not differ: such a leg says who belongs, not who is better."""

NOISE = 1e-6
"""Scores nearer than this (times the larger figure, at least 1) are equal: engines compute in float32, whose step is 1.2e-7."""

_term = maker(Term)


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """One leg's raw scores by product id, under the leg's name, with its weight (the weights of all legs sum to 1).

    `eased` has the products for which the leg weighs less, each with the factor (0..1) that is left.
    """

    name: str
    weight: float
    scores: Mapping[str, float]
    eased: Mapping[str, float] = field(default_factory=dict)

    def weight_of(self, id_: str) -> float:
        """What the leg weighs for that product."""
        return self.weight * self.eased.get(id_, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """What each leg gives to a score: the legs by name, and for each the shares (0..1) of the products that it holds.

    `near` has the cosines of the products that no leg but the vectors' holds.
    """

    legs: Sequence[Ranking]
    shares: Sequence[Mapping[str, float]]
    near: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        """Look for what is near only."""
        object.__setattr__(self, "near", nearest({leg.name: leg.scores for leg in self.legs}))

    def scores(self) -> dict[str, float]:
        """Σ weight · share of each product, added up in the order of the legs."""
        added: dict[str, float] = {}
        for leg, mine in zip(self.legs, self.shares, strict=True):
            for id_, share in mine.items():
                value = leg.weight_of(id_) * share
                added[id_] = added[id_] + value if id_ in added else value
        if len(self.legs) > 2:  # from Python 3.12 on sum() of three and more keeps what rounding loses
            return {id_: sum([term.value for term in self.terms(id_)]) for id_ in added}
        return added

    def terms(self, id_: str) -> tuple[Term, ...]:
        """The addends of a product's score."""
        held = zip(self.legs, self.shares, strict=True)
        return tuple(
            [_term(leg.name, (weight := leg.weight_of(id_)) * mine[id_], leg.scores[id_], weight) for leg, mine in held if id_ in mine]
        )


class Ranked:
    """One product of the blended order: its score is exactly the sum of its terms' values; the legs' terms by name, then the rules'.

    A search ranks hundreds and shows a few: the terms are made when they are looked at.
    """

    __slots__ = ("_told", "id", "score")

    def __init__(self, id_: str, score: float, told: tuple[Term, ...] | Shares) -> None:
        """Take the terms, or what they are made from."""
        self.id = id_
        self.score = score
        self._told = told

    @property
    def terms(self) -> tuple[Term, ...]:
        """The addends of the score."""
        if isinstance(self._told, Shares):
            self._told = self._told.terms(self.id)
        return self._told

    @property
    def nearness(self) -> float | None:
        """The (greatest) cosine, where nothing but the vectors found the product."""
        return self._told.near.get(self.id) if isinstance(self._told, Shares) else _nearness(self._told)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranked) and (self.id, self.score, self.terms) == (other.id, other.score, other.terms)

    def __hash__(self) -> int:
        return hash((self.id, self.score))

    def __repr__(self) -> str:
        return f"Ranked({self.id!r}, {self.score!r}, {self.terms!r})"


def _nearness(terms: tuple[Term, ...]) -> float | None:
    return nearness([term for term in terms if term.name not in RULES])


def blended(rankings: Sequence[Ranking], *, blend: Blend, rrf_constant: int = 60) -> list[Ranked]:
    """The union of the rankings, best first, ties by id; the order of the legs and of their hits does not matter.

    score(d) = Σ weight(d) · share(d) over the legs that hold d, in 0..1, with the shares of `min_max`, `z_score`, `l2` or `rrf`; absent in
    a leg = no term. The weight is the leg's, less where it is eased for d. Raises ValueError when names repeat, or weights are negative or
    do not sum to 1.
    """
    legs = _fitting(rankings)
    told = Shares(legs, _rrf_shares(legs, rrf_constant) if blend == "rrf" else _score_shares(legs, blend))
    order = sorted([(-score, id_) for id_, score in told.scores().items()])
    return [Ranked(id_, -negative, told) for negative, id_ in order]


def _rrf_shares(legs: Sequence[Ranking], constant: int) -> list[dict[str, float]]:
    return [rrf(leg.scores, constant=constant) for leg in legs]


def _score_shares(legs: Sequence[Ranking], blend: Blend) -> list[dict[str, float]]:
    """Each leg's shares by a blend of scores.

    The shares of l2 are the smaller the longer their leg is, so that NEUTRAL would put a lone hit above the best of a hundred: there
    a leg whose scores do not differ gets NEUTRAL times the best share of those that do, as it does in min_max, where the best is 1.
    """
    shares = [SCORE_BLENDS[blend](leg.scores) for leg in legs]
    if blend != "l2":
        return shares
    differ = [_differ(leg.scores) for leg in legs]
    best = max((max(mine.values()) for mine, differs in zip(shares, differ, strict=True) if differs), default=0.0) or 1.0
    return [mine if differs else dict.fromkeys(mine, NEUTRAL * best) for mine, differs in zip(shares, differ, strict=True)]


def min_max(scores: Mapping[str, float]) -> dict[str, float]:
    """share(d) = (score(d) - min) / (max - min), 0..1 (Fox and Shaw 1994 blend sums of such shares, CombSUM).

    One hit, or several with scores that differ by NOISE only, get NEUTRAL: else a lone weak match would count as the best.

    >>> min_max({"mug": 8.0, "cup": 6.0, "jug": 4.0}), min_max({"mug": 0.1})
    ({'mug': 1.0, 'cup': 0.5, 'jug': 0.0}, {'mug': 0.5})
    """
    low, span = _spread(scores)
    return {id_: (score - low) / span for id_, score in scores.items()} if span else dict.fromkeys(scores, NEUTRAL)


def z_score(scores: Mapping[str, float]) -> dict[str, float]:
    """share(d) = Φ((score(d) - mean) / deviation), 0..1; one hit or equal scores NEUTRAL, which is Φ(0), the share of a mean score.

    Zero mean and unit variance are Montague and Aslam's (2001) ZMUV. Φ, the normal distribution's share below, brings that to 0..1
    without a cut: a line clipped at some deviations would make equals of the outliers, which are often the very hits that count.

    >>> {id_: round(share, 3) for id_, share in z_score({"mug": 8.0, "cup": 6.0, "jug": 4.0}).items()}
    {'mug': 0.89, 'cup': 0.5, 'jug': 0.11}
    """
    if not _differ(scores):
        return dict.fromkeys(scores, NEUTRAL)
    spread = min_max(scores)  # neither shift nor scale matters to z, and squares of shares can't overflow
    mean = math.fsum(spread.values()) / len(spread)
    deviation = math.sqrt(math.fsum((share - mean) ** 2 for share in spread.values()) / len(spread))
    return {id_: math.erfc((mean - share) / (deviation * math.sqrt(2))) / 2 for id_, share in spread.items()}


def l2(scores: Mapping[str, float]) -> dict[str, float]:
    """share(d) = score(d) / ‖scores‖, 0..1, a score below 0 counting as 0; one hit or equal scores NEUTRAL.

    This is the l2 technique of OpenSearch's normalisation processor. A cosine below 0 says that a product points away from the query,
    and how far it does so says nothing of how it fits. Blended (`blended`), NEUTRAL is lowered to the scale of the other legs.

    >>> l2({"mug": 4.0, "cup": 3.0, "jug": -1.0}), l2({"mug": 0.1})
    ({'mug': 0.8, 'cup': 0.6, 'jug': 0.0}, {'mug': 0.5})
    """
    if not _differ(scores):
        return dict.fromkeys(scores, NEUTRAL)
    high = max(scores.values())
    if high <= 0:
        return dict.fromkeys(scores, 0.0)
    parts = {id_: max(score, 0.0) / high for id_, score in scores.items()}  # squares of parts can't overflow
    length = math.sqrt(math.fsum(part * part for part in parts.values()))
    return {id_: part / length for id_, part in parts.items()}


SCORE_BLENDS: Mapping[Blend, Callable[[Mapping[str, float]], dict[str, float]]] = {"min_max": min_max, "z_score": z_score, "l2": l2}
"""The blends whose shares come from the scores themselves, not from ranks."""


def _differ(scores: Mapping[str, float]) -> bool:
    """Whether the scores say who is better: several, further apart than NOISE, and with a span that a double can hold."""
    return _spread(scores)[1] > 0


def _spread(scores: Mapping[str, float]) -> tuple[float, float]:
    """The least score, and how far above it the greatest is: 0 where the scores do not say who is better."""
    if not scores:
        return 0.0, 0.0
    low, high = min(scores.values()), max(scores.values())
    span = high - low
    return low, span if span > NOISE * max(1.0, abs(high), abs(low)) and math.isfinite(span) else 0.0


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


def _fitting(rankings: Sequence[Ranking]) -> list[Ranking]:
    """The legs by name, with weights whose sum, added up in that order, is not above 1: thirds and tenths may round to more."""
    if len({leg.name for leg in rankings}) < len(rankings):
        raise ValueError("Two legs have the same name.")
    legs = sorted(rankings, key=lambda leg: leg.name)
    weights = [leg.weight for leg in legs]
    if any(not weight >= 0 for weight in weights) or (legs and not math.isclose(math.fsum(weights), 1.0, abs_tol=1e-9)):
        raise ValueError(f"The legs' weights {weights} are not shares of 1.")
    total = sum(weights)
    if total <= 1.0:
        return legs
    return [replace(leg, weight=leg.weight / total * (1 - 1e-12)) for leg in legs]
