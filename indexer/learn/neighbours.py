"""Nearest rows and nearly equal rows by cosine, in blocks, so that memory stays bounded however many rows there are."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.vectors import Rows

BLOCK = 1024
"""Rows compared at once with all others: 19,000 products take 80 MB."""

Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """For each row the places of its nearest others, nearest first, and their cosines; both (n, k)."""

    places: Places
    cosines: Floats


def nearest(rows: Rows, *, k: int) -> Near:
    """The k nearest other rows of each unit row (n, width), by exact cosine; fewer where there are not so many."""
    n = len(rows)
    k = min(k, max(0, n - 1))
    places, cosines = np.empty((n, k), dtype=np.intp), np.empty((n, k), dtype=np.float32)
    if not k:
        return Near(places, cosines)
    for start, block in _blocks(rows):
        here = np.arange(len(block))
        block[here, start + here] = -np.inf  # no row is its own neighbour
        found = np.argpartition(block, -k, axis=1)[:, -k:]
        values = np.take_along_axis(block, found, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        places[start : start + len(block)] = np.take_along_axis(found, order, axis=1)
        cosines[start : start + len(block)] = np.take_along_axis(values, order, axis=1)
    return Near(places, cosines)


def pairs_above(rows: Rows, least: float) -> Iterator[tuple[int, int, float]]:
    """Every pair of unit rows whose cosine is at least so much, the smaller place first, in order, with the cosine."""
    for start, block in _blocks(rows):
        for here, there in np.argwhere(block >= least):
            if start + here < there:
                yield int(start + here), int(there), float(block[here, there])


def _blocks(rows: Rows) -> Iterator[tuple[int, Floats]]:
    for start in range(0, len(rows), BLOCK):
        yield start, rows[start : start + BLOCK] @ rows.T
