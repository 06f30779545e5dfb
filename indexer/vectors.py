"""Rows of float32: checked for shape, length and finiteness at birth, so that nothing later has to."""

import numpy as np
import numpy.typing as npt

from indexer.errors import NotFinite, WidthMismatch, ZeroRow

Row = npt.NDArray[np.float32]
"""One vector, shape (width,)."""

Rows = npt.NDArray[np.float32]
"""Several vectors, shape (n, width)."""

SHORTEST = 1e-12
"""Below this length a row's direction is rounding noise (float32 epsilon squared is 1.4e-14)."""


UNIT = 1e-5
"""How far the square of a float32 row's length may be from 1: rounding takes 1e-6 at widths of a thousand."""


def checked_rows(rows: npt.ArrayLike, *, width: int) -> Rows:
    """Return rows as contiguous float32 of shape (n, width), unscaled.

    Raises WidthMismatch for another shape and NotFinite (with the row's number) for NaN or infinity.
    """
    array = _shaped(rows, width=width)
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise NotFinite(f"Row {int(np.argmin(finite))} holds NaN or infinity.")
    return array


def unit_rows(rows: npt.ArrayLike, *, width: int) -> Rows:
    """Return rows as float32 of shape (n, width), each of length 1.

    Raises WidthMismatch, NotFinite, and ZeroRow (each with the row's number).
    """
    wide = _shaped(rows, width=width).astype(np.float64)
    # The squares of float32 can't overflow float64, so a length is finite exactly where its row is.
    lengths = np.sqrt(np.vecdot(wide, wide))
    if not np.isfinite(lengths).all():
        checked_rows(wide, width=width)
    if (lengths < SHORTEST).any():
        raise ZeroRow(f"Row {int(np.argmin(lengths))} has no length, so no direction.")
    return np.asarray(wide / lengths[:, None], dtype=np.float32)


def unit_row(row: npt.ArrayLike, *, width: int) -> Row:
    """Return one row, of shape (width,) or (1, width), as float32 of length 1; one that is so already as it is.

    Raises as `unit_rows`.
    """
    if isinstance(row, np.ndarray) and row.dtype == np.float32 and row.shape == (width,) and abs(float(row @ row) - 1) < UNIT:
        return row
    array = np.asarray(row)
    unit: Row = unit_rows(array[None] if array.ndim == 1 else array, width=width)[0]
    return unit


def _shaped(rows: npt.ArrayLike, *, width: int) -> Rows:
    array = np.ascontiguousarray(rows, dtype=np.float32)
    if array.ndim == 1 and array.size == 0:
        array = array.reshape(0, width)
    if array.ndim != 2 or array.shape[1] != width:
        raise WidthMismatch(f"Rows of shape {array.shape} where (n, {width}) was expected.")
    return array


def cosine(left: Row, right: Row) -> float:
    """Cosine of two rows of any length, -1..1, computed in float64.

    Raises WidthMismatch and ZeroRow.
    """
    if left.shape != right.shape:
        raise WidthMismatch(f"Rows of widths {left.shape} and {right.shape} have no cosine.")
    a, b = left.astype(np.float64), right.astype(np.float64)
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    if length < SHORTEST:
        raise ZeroRow("A row without length has no cosine.")
    return float(np.clip(a @ b / length, -1.0, 1.0))
