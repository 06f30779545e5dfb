"""How well words and photos find what they should: plain functions over rows, the same for a learned fusion and for what it replaces."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from indexer.vectors import Rows

DEPTH = 10
Floats = npt.NDArray[np.float64]


def ranks(queries: Rows, items: Rows, right: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many items stand before each query's right one, by cosine of unit rows; an equal score stands before it too."""
    scores = queries @ items.T
    own = np.take_along_axis(scores, right[:, None], axis=1)
    found: npt.NDArray[np.int64] = (scores >= own).sum(axis=1) - 1
    return found


def recalls(found: npt.NDArray[np.int64], *, depth: int) -> Floats:
    """1 for each query whose right item is among the first `depth`, else 0 (the mean is recall@depth, with one right item each)."""
    return (found < depth).astype(np.float64)


def precisions(queries: Rows, rows: Rows, right: npt.NDArray[np.bool_], *, depth: int = DEPTH) -> Floats:
    """For each query the share of right rows among its first `depth`, or among its first r where only r < depth are right; 0 without one.

    `right` (queries, rows). Equal scores keep the rows' order.
    """
    order = np.argsort(-(queries @ rows.T), axis=1, kind="stable")
    sorted_right = np.take_along_axis(right, order, axis=1)
    shares = np.zeros(len(queries))
    for number, flags in enumerate(sorted_right):
        seen = min(depth, int(flags.sum()))
        shares[number] = flags[:seen].mean() if seen else 0.0
    return shares


def measures(found: npt.NDArray[np.int64], words: Floats) -> Mapping[str, float]:
    """The means by name: photo to item, words to photo, and the mean of recall@1 and precision@10, by which an epoch is chosen."""
    one = float(recalls(found, depth=1).mean()) if found.size else 0.0
    five = float(recalls(found, depth=5).mean()) if found.size else 0.0
    precision = float(words.mean()) if words.size else 0.0
    return {"recall@1": one, "recall@5": five, "precision@10": precision, "score": (one + precision) / 2}
