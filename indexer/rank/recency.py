"""Newness as a bounded part of a score."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from indexer.dates import DAY
from indexer.rank.blend import Ranked
from indexer.rank.rules import RECENCY
from indexer.records import Term


def newer_up(
    ranked: Sequence[Ranked], since_of: Callable[[str], int | None], *, moment: int, most: float, half_life: float
) -> list[Ranked]:
    """The products by score' = (1 - most) · score + most · best · 2^(-age / half_life), best being the highest score before.

    So newness gives at most `most` (0..1) of the best score, and a product passes another only where that one leads by less than
    most / (1 - most) of it. The age is in whole days of UTC, so that an order holds all day long; `moment` and `since_of` are in
    microseconds since 1970, `half_life` is in days. A product without a date, or with one still to come, is not new. `ranked` is best
    first; equal scores keep their order. Each term is scaled alike, and the new one is RECENCY, its raw figure the age.
    """
    best = max((one.score for one in ranked), default=0.0)
    if not most or best <= 0:
        return list(ranked)
    told = [_with(one, _age(since_of(one.id), moment), best=best, most=most, half_life=half_life) for one in ranked]
    return sorted(told, key=lambda one: -one.score)


def _age(since: int | None, moment: int) -> int | None:
    """Whole days; None where there is no date, or it is still to come."""
    return None if since is None or since > moment else moment // DAY - since // DAY


def _with(one: Ranked, age: int | None, *, best: float, most: float, half_life: float) -> Ranked:
    terms = tuple(replace(term, value=term.value * (1 - most), weight=term.weight * (1 - most)) for term in one.terms)
    if age is None:
        return Ranked(one.id, sum([term.value for term in terms]), terms)
    value = most * best * 0.5 ** (age / half_life)
    if sum([*(term.value for term in terms), value]) > best:  # by a step of rounding
        value = math.nextafter(value, 0.0)
    terms = (*terms, Term(RECENCY, value, float(age), most * best))
    return Ranked(one.id, sum([term.value for term in terms]), terms)
