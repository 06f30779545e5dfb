import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from indexer.errors import NotFinite, WidthMismatch, ZeroRow
from indexer.vectors import checked_rows, cosine, unit_rows

finite = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@given(arrays(np.float32, (3, 4), elements=finite))
def test_unit_rows_have_length_one_or_are_refused(rows: np.ndarray) -> None:
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    if (lengths < 1e-12).any():
        with pytest.raises(ZeroRow):
            unit_rows(rows, width=4)
    else:
        assert np.allclose(np.linalg.norm(unit_rows(rows, width=4), axis=1), 1, atol=1e-5)


@pytest.mark.parametrize(
    "odd",
    [
        np.ones((4, 6), dtype=np.float64)[:, ::2],
        np.ones((4, 3), dtype=">f4"),
        [[1, 2, 3]],
        np.ones((2, 3), dtype=np.int64),
        np.asfortranarray(np.ones((2, 3), dtype=np.float32)),
    ],
    ids=["strided", "big endian", "lists", "integers", "fortran"],
)
def test_odd_inputs_become_contiguous_float32(odd: object) -> None:
    rows = unit_rows(odd, width=3)  # type: ignore[arg-type]  # the odd inputs are the point
    assert rows.dtype == np.float32
    assert rows.flags["C_CONTIGUOUS"]


def test_no_rows_keep_their_width() -> None:
    assert unit_rows([], width=7).shape == (0, 7)
    assert unit_rows(np.empty((0, 7)), width=7).shape == (0, 7)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 2, 3)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(WidthMismatch, match="expected"):
        checked_rows(np.ones(shape), width=3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_by_row(bad: float) -> None:
    rows = np.ones((3, 2))
    rows[1, 1] = bad
    with pytest.raises(NotFinite, match="Row 1 "):
        checked_rows(rows, width=2)


def test_a_zero_row_is_named() -> None:
    with pytest.raises(ZeroRow, match="Row 1 "):
        unit_rows([[1, 0], [0, 0]], width=2)


def test_cosine_by_hand() -> None:
    a, b = np.array([3, 4], dtype=np.float32), np.array([4, 3], dtype=np.float32)
    assert cosine(a, b) == pytest.approx(24 / 25)
    assert cosine(a, -a) == -1
    with pytest.raises(ZeroRow):
        cosine(a, np.zeros(2, dtype=np.float32))
    with pytest.raises(WidthMismatch):
        cosine(a, np.ones(3, dtype=np.float32))
