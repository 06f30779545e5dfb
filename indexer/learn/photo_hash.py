"""Photos that look the same: a hash of 64 bits that survives resizing and recompression, and pairs of near hashes."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from indexer.encode.base import Pixels

SIDE = 8
FLAT = 2.0
"""A photo whose cells differ by less than this (of 255) on average shows nothing: its hash is noise."""
BLOCK = 2048

Hashes = npt.NDArray[np.uint64]


def photo_hash(photo: Pixels) -> int | None:
    """64 bits: whether each cell of a grid of 8 rows by 9 columns is darker than the one to its right; None for an even photo.

    The difference hash of Krawetz 2013. Near photos differ in few bits, others in about 32.
    """
    cells = _cells(photo.astype(np.float64).mean(axis=2), SIDE, SIDE + 1)
    steps = np.diff(cells, axis=1)
    if np.abs(steps).mean() < FLAT:
        return None
    return int.from_bytes(np.packbits(steps > 0).tobytes(), "big")


def near_hashes(hashes: Sequence[int], *, most: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of hashes that differ in at most so many bits, the smaller place first, in order, with the number of bits."""
    array: Hashes = np.array(hashes, dtype=np.uint64)
    for start in range(0, len(array), BLOCK):
        bits = np.bitwise_count(array[start : start + BLOCK, None] ^ array[None, :])
        for here, there in np.argwhere(bits <= most):
            if start + here < there:
                yield int(start + here), int(there), int(bits[here, there])


def _cells(grey: npt.NDArray[np.float64], rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Means over a grid; a photo smaller than the grid repeats its pixels first."""
    height, width = grey.shape
    grey = np.repeat(np.repeat(grey, -(-rows // height), axis=0), -(-columns // width), axis=1)
    tops, lefts = (np.linspace(0, size, parts, endpoint=False).astype(int) for size, parts in zip(grey.shape, (rows, columns), strict=True))
    sums = np.add.reduceat(np.add.reduceat(grey, tops, axis=0), lefts, axis=1)
    counts = np.outer(np.diff([*tops, grey.shape[0]]), np.diff([*lefts, grey.shape[1]]))
    means: npt.NDArray[np.float64] = sums / counts
    return means
