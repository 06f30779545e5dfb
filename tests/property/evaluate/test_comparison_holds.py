"""What holds for every comparison of two runs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.evaluate.compare import compared, holm, interval, randomised
from indexer.evaluate.measures import Floats

figures = st.one_of(st.integers(0, 10).map(lambda tenths: tenths / 10), st.floats(0, 1))
pairs = st.lists(st.tuples(figures, figures), min_size=1, max_size=25)
seeds = st.integers(0, 5)


def rows(pairs_: list[tuple[float, float]]) -> tuple[Floats, Floats]:
    both = np.array(pairs_)
    return both[:, 0], both[:, 1]


@given(pairs=pairs, seed=seeds)
def test_the_other_way_round_it_is_the_mirror(pairs: list[tuple[float, float]], seed: int) -> None:
    first, second = rows(pairs)
    forth, back = compared(first, second, seed=seed), compared(second, first, seed=seed)
    assert back.p == forth.p
    assert (back.wins, back.ties, back.losses) == (forth.losses, forth.ties, forth.wins)
    assert (back.mean, back.low, back.high) == pytest.approx((-forth.mean, -forth.high, -forth.low), abs=1e-9)


@given(row=st.lists(figures, min_size=1, max_size=25), seed=seeds)
def test_a_run_does_not_differ_from_itself(row: list[float], seed: int) -> None:
    found = compared(np.array(row), np.array(row), seed=seed)
    assert (found.p, found.mean, found.low, found.high) == (1.0, 0.0, 0.0, 0.0)
    assert (found.wins, found.ties, found.losses) == (0, len(row), 0)


@given(pairs=pairs, seed=seeds)
def test_figures_are_in_their_bounds_and_come_again(pairs: list[tuple[float, float]], seed: int) -> None:
    first, second = rows(pairs)
    found = compared(first, second, seed=seed)
    assert found == compared(first, second, seed=seed)
    assert 0.0 < found.p <= 1.0
    assert found.wins + found.ties + found.losses == len(pairs)
    differences = second - first
    assert differences.min() - 1e-9 <= found.low <= found.high <= differences.max() + 1e-9


@given(differences=st.lists(st.floats(-1, 1), min_size=1, max_size=12))
def test_the_order_of_the_queries_does_not_matter_where_all_flips_are_counted(differences: list[float]) -> None:
    # sums in another order may differ in the last bits, so figures are rounded to what sums keep
    row = np.round(np.array(differences), 3)
    assert randomised(row) == randomised(row[::-1])
    assert randomised(row) == randomised(np.concatenate([row, np.zeros(3)]))
    assert randomised(row) == randomised(-row)


@given(differences=st.lists(st.integers(-8, 8).map(lambda eighths: eighths / 8), min_size=14, max_size=16))
def test_drawn_flips_come_near_to_all_flips(differences: list[float]) -> None:
    row = np.array(differences)
    told = row[row != 0]
    patterns = 2 * (np.arange(2**told.size)[:, None] >> np.arange(told.size) & 1) - 1
    exact = float((np.abs(patterns @ told) >= abs(told.sum()) - 1e-9).mean()) if told.size else 1.0
    assert randomised(row) == pytest.approx(exact, abs=0.025)


@given(row=st.lists(figures, min_size=2, max_size=25), seed=seeds)
def test_the_interval_holds_the_mean_and_moves_with_it(row: list[float], seed: int) -> None:
    values = np.array(row)
    low, high = interval(values, seed=seed)
    assert low - 1e-9 <= float(np.median([low, values.mean(), high])) <= high + 1e-9
    shifted = interval(values + 1.0, seed=seed)
    assert shifted == pytest.approx((low + 1.0, high + 1.0), abs=1e-9)
    narrow = interval(values, seed=seed, level=0.5)
    assert low - 1e-12 <= narrow[0] <= narrow[1] <= high + 1e-12


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_only_raises_and_keeps_the_order(chances: list[float]) -> None:
    raised = holm(chances)
    assert all(given_ <= one <= 1.0 for given_, one in zip(chances, raised, strict=True))
    ranked = sorted(range(len(chances)), key=chances.__getitem__)
    assert [raised[place] for place in ranked] == sorted(raised)
    assert min(raised) == min(1.0, min(chances) * len(chances))
