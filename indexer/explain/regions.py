"""Which region of a photo made a cosine: a window of even colour moves over it, and what the cosine loses is counted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.batches import batches
from indexer.encode.base import Pixels

Floats = npt.NDArray[np.float64]
Scores = Callable[[Sequence[Pixels]], Sequence[float]]
"""A cosine for each photo, in order."""

WINDOW = 0.25
"""A window's share of each side: about the size of what shops show beside one another; smaller ones hide too little of it."""
STRIDE = 0.125
AT_ONCE = 16
"""Photos scored together: copies of one, so memory is what bounds them."""


@dataclass(frozen=True, slots=True, eq=False)
class Heat:
    """What the cosine loses where a window hides the photo.

    `values` (rows, columns) belong to an even grid over the photo, whose cell is a stride: each the mean over the windows that
    cover it. `cosine` is that of the whole photo, `most` the window that costs most: left, top, right, bottom as shares of the
    sides, and its loss.
    """

    values: Floats
    cosine: float
    most: tuple[float, float, float, float]
    loss: float

    def as_object(self) -> dict[str, object]:
        """As a JSON object: the grid row by row."""
        box = dict(zip(("left", "top", "right", "bottom"), self.most, strict=True))
        told = {"method": "occlusion", "cosine": self.cosine, "strongest": box | {"loss": self.loss}}
        return {**told, "grid": [[float(value) for value in row] for row in self.values]}


def occluded(photo: Pixels, scores: Scores, *, window: float = WINDOW, stride: float = STRIDE) -> Heat:
    """Hide each window of the photo under its mean colour and ask for the cosine (Zeiler and Fergus 2014, arXiv:1311.2901).

    `window` and `stride` are shares of each side; the stride is at most the window, so that every place is hidden at least once.
    Raises ValueError for shares that break this.
    """
    if not 0 < stride <= window <= 1:
        raise ValueError(f"A window of {window} and a stride of {stride} of each side do not cover a photo.")
    cells, wide = max(1, round(1 / stride)), max(1, round(window / stride))
    corners = [(top, left) for top in range(cells - wide + 1) for left in range(cells - wide + 1)]
    fill = photo.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    (whole,) = scores([photo])
    losses = np.empty(len(corners))
    place = 0
    for some in batches(corners, size=AT_ONCE):
        found = scores([_hidden(photo, corner, wide / cells, cells, fill) for corner in some])
        losses[place : place + len(some)] = whole - np.asarray(found)
        place += len(some)
    total, times = np.zeros((cells, cells)), np.zeros((cells, cells))
    for (top, left), loss in zip(corners, losses, strict=True):
        total[top : top + wide, left : left + wide] += loss
        times[top : top + wide, left : left + wide] += 1
    worst = int(np.argmax(losses))
    top, left = corners[worst]
    box = (left / cells, top / cells, (left + wide) / cells, (top + wide) / cells)
    return Heat(total / times, float(whole), box, float(losses[worst]))


def _hidden(photo: Pixels, corner: tuple[int, int], share: float, cells: int, fill: npt.NDArray[np.uint8]) -> Pixels:
    height, width = photo.shape[:2]
    top, left = corner[0] / cells, corner[1] / cells
    copy = photo.copy()
    copy[round(top * height) : round((top + share) * height), round(left * width) : round((left + share) * width)] = fill
    return copy
