"""Which items an item is told apart from: hard ones, that look or read alike, but none that may well be right too."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indexer.learn.neighbours import nearest
from indexer.vectors import Rows

ALIKE = 0.95
"""Cosine of two texts from which on they may name the same product, so that neither is a wrong answer for the other."""
SEEN = 4
"""Times as many neighbours are looked at as negatives are wanted: those that are alike leave a place to the next."""


def same_items(texts: Rows, kinds: Sequence[str], *, alike: float = ALIKE) -> npt.NDArray[np.bool_]:
    """(n, n), true where two items are no negatives of each other: of one kind that is not "", or with texts at least that alike."""
    names = np.array(kinds)
    same = (names[:, None] == names[None, :]) & (names != "")[:, None]
    found: npt.NDArray[np.bool_] = same | (texts @ texts.T >= alike)
    np.fill_diagonal(found, val=True)
    return found


def hard_negatives(rows: Rows, same: npt.NDArray[np.bool_], *, count: int) -> list[npt.NDArray[np.int64]]:
    """For each item up to `count` others whose rows are nearest, nearest first, never one of the `same` (which false negatives are).

    Mined as in ANCE (Xiong et al. 2021), once, by the rows before training.
    """
    scores = np.where(same, -np.inf, rows @ rows.T)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return [row[np.isfinite(scores[number, row])].astype(np.int64) for number, row in enumerate(order)]


def near_negatives(rows: Rows, *, count: int, alike: float = ALIKE) -> list[npt.NDArray[np.int64]]:
    """For each of many rows up to `count` others, nearest first, none of them `alike`; in blocks, where `hard_negatives` takes n by n."""
    near = nearest(rows, k=SEEN * count)
    return [places[cosines < alike][:count].astype(np.int64) for places, cosines in zip(near.places, near.cosines, strict=True)]
