"""Weighted means of part rows: what every fusion does first."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from indexer.errors import ModelError, WidthMismatch
from indexer.fuse.base import PartRow
from indexer.registry import did_you_mean
from indexer.vectors import Row, checked_rows, unit_row


def part_weights(parts: Sequence[PartRow], weights: Mapping[str, float]) -> list[float]:
    """Each part's weight, in order: its kind's times its own, divided by the parts of that kind; a negative one counts as none.

    Raises ModelError for a kind that `weights` lacks.
    """
    unknown = [part.kind for part in parts if part.kind not in weights]
    if unknown:
        raise ModelError(f"No fusion weight for parts of kind {unknown[0]!r}.", cure=did_you_mean(unknown[0], sorted(weights)))
    counts: dict[str, int] = {}
    for part in parts:
        if part.weight > 0:
            counts[part.kind] = counts.get(part.kind, 0) + 1
    # a part of negative weight counts as none, so its kind may have no count
    return [max(0.0, weights[part.kind] * part.weight) / counts.get(part.kind, 1) for part in parts]


def mean_row(parts: Sequence[PartRow], weights: Sequence[float], *, width: int) -> Row | None:
    """The unit row of Σ weight · row over parts of positive weight, None without one; computed in float64.

    Rows that cancel each other out have no mean direction: then the heaviest part's row stands for all (the first of equals).
    Raises WidthMismatch for a row of another shape than (width,), NotFinite, and ZeroRow where the heaviest row has no length.
    """
    chosen = [(weight, part.row) for weight, part in zip(weights, parts, strict=True) if weight > 0]
    if not chosen:
        return None
    for _, row in chosen:
        if row.shape != (width,):
            raise WidthMismatch(f"A part's row has the shape {row.shape} where ({width},) was expected.")
    rows = np.array([row for _, row in chosen], dtype=np.float64)
    total = np.array([weight for weight, _ in chosen]) @ rows
    length = math.sqrt(total @ total)
    if not math.isfinite(length):
        checked_rows(rows, width=width)
    # float32 rows cancel only up to their rounding, so "nothing left" is measured against what went in
    if length < 1e-6 * math.fsum(weight for weight, _ in chosen):
        total = rows[int(np.argmax([weight for weight, _ in chosen]))]
        return unit_row(total, width=width)
    return np.asarray(total / length, dtype=np.float32)


def block_row(parts: Sequence[PartRow], weights: Sequence[float], kinds: Sequence[str], *, width: int) -> Row | None:
    """The unit mean of the parts of these kinds, None without one; raises as `mean_row`."""
    own = [(part, weight) for part, weight in zip(parts, weights, strict=True) if part.kind in kinds]
    return mean_row([part for part, _ in own], [weight for _, weight in own], width=width)


def lean_of(parts: Sequence[PartRow], kinds: Sequence[str]) -> float:
    """The greatest weight of a part of these kinds, 0 without one: how much a query leans on them."""
    return max((part.weight for part in parts if part.kind in kinds), default=0.0)
