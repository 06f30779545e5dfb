"""The one line between relevant and not: hits, total, facets, sort and pages all come from what lies inside it."""

from collections.abc import Sequence
from itertools import pairwise

from indexer.rank.blend import Ranked
from indexer.records import Bound

GAP_AFTER = 3
"""So many products stay inside a gap whatever the scores: the first of a ranking often stand alone, and one hit is a poor answer."""

GAP_SHARE = 0.25
"""The least part of the scores' span that a drop must be to count as a gap: scores that fall evenly have none from six products on,
while what follows a cluster of good matches lies clearly below it. Chosen by judgement, not measured."""


def bounded(ranked: Sequence[Ranked], *, kind: Bound, min_cosine: float, top: int) -> tuple[list[Ranked], float | None]:
    """The products inside the boundary, in their order, and its limit as Boundary names it. `ranked` is the whole order, best first.

    all: everything; no limit. score: what a leg other than the vectors' found, what has a cosine of `min_cosine` or more, and what no leg
    scored (browsing); `min_cosine`. gap: what stands before the widest drop between neighbours' scores, looked for after the first
    GAP_AFTER and only where it is GAP_SHARE of the span or more, the first of equals; the drop, or None where nothing is cut.
    top: the first `top`; that number.
    """
    if kind == "score":
        return [one for one in ranked if (near := one.nearness) is None or near >= min_cosine], min_cosine
    if kind == "gap":
        return _before_gap(ranked)
    if kind == "top":
        return list(ranked[:top]), float(top)
    return list(ranked), None


def _before_gap(ranked: Sequence[Ranked]) -> tuple[list[Ranked], float | None]:
    drops = [before.score - after.score for before, after in pairwise(ranked)][GAP_AFTER - 1 :]
    widest = max(drops, default=0.0)
    if widest <= 0 or widest < GAP_SHARE * (ranked[0].score - ranked[-1].score):
        return list(ranked), None
    return list(ranked[: GAP_AFTER + drops.index(widest)]), widest
