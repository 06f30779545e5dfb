"""Neighbours and near pairs by blocks are those of the whole matrix."""

import numpy as np
import pytest

from indexer.learn import neighbours
from indexer.learn.neighbours import nearest, pairs_above
from indexer.vectors import unit_rows
from tests.unit.learn.listed import clouds


@pytest.mark.parametrize("block", [1, 7, 1000])
def test_blocks_find_what_the_whole_matrix_holds(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(neighbours, "BLOCK", block)
    _, rows = clouds({"a": 20, "b": 13})
    whole = (rows @ rows.T).astype(np.float64)
    pairs = {(left, right) for left, right, _ in pairs_above(rows, 0.9)}
    assert pairs == {(int(left), int(right)) for left, right in np.argwhere(whole >= 0.9) if left < right}
    np.fill_diagonal(whole, -np.inf)
    near = nearest(rows, k=4)
    assert near.cosines == pytest.approx(-np.sort(-whole, axis=1)[:, :4], abs=1e-6)
    assert np.take_along_axis(whole, near.places, axis=1) == pytest.approx(near.cosines, abs=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_rows_have_few_neighbours(n: int) -> None:
    near = nearest(unit_rows(np.eye(4)[:n], width=4), k=10)
    assert near.places.shape == near.cosines.shape == (n, max(0, n - 1))
    assert not any(place in row for place, row in enumerate(near.places.tolist()))
