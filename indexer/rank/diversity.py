"""Hits that differ from those before them: maximal marginal relevance."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from indexer.rank.blend import Ranked
from indexer.vectors import Row


def diverse(ranked: Sequence[Ranked], rows: Mapping[str, Row], *, weight: float, first: int) -> list[Ranked]:
    """The first `first` products by maximal marginal relevance (Carbonell and Goldstein 1998), the rest behind them as they were.

    One after the other is taken that has the most (1 - weight) · score - weight · (its largest cosine with those taken), ties in the given
    order. `rows` are unit rows by id; a product without one, and a cosine below 0, count as not alike at all. Scores are left as they
    are, so the order is no longer theirs. A weight of 0 changes nothing. Takes O(first² · width).
    Raises ValueError for a weight outside 0..1.
    """
    if not 0 <= weight <= 1:
        raise ValueError(f"A weight of {weight!r} is not in 0..1.")
    if weight == 0:
        return list(ranked)
    head = ranked[:first]
    alike = _alike(head, rows)
    relevance = (1 - weight) * np.array([one.score for one in head], dtype=np.float64)
    nearest = np.zeros(len(head))  # so a cosine below 0 never counts
    taken = np.zeros(len(head), dtype=bool)
    order: list[Ranked] = []
    for _ in head:
        best = int(np.argmax(np.where(taken, -np.inf, relevance - weight * nearest)))
        order.append(head[best])
        taken[best] = True
        np.maximum(nearest, alike[best], out=nearest)
    return [*order, *ranked[first:]]


def _alike(head: Sequence[Ranked], rows: Mapping[str, Row]) -> npt.NDArray[np.float64]:
    """The cosines (n, n), 0 for what has no row, without the digits that float32 makes up (1e-6): equal rows are equally alike."""
    known = [number for number, one in enumerate(head) if one.id in rows]
    alike = np.zeros((len(head), len(head)))
    if known:
        stacked = np.stack([rows[head[number].id] for number in known])
        alike[np.ix_(known, known)] = (stacked @ stacked.T).astype(np.float64).round(5)
    return alike
