"""Comparisons whose outcome is known."""

import numpy as np
import pytest

from indexer.evaluate.compare import Comparison, compared, holm, interval, randomised
from indexer.evaluate.slices import Moved, moved, worst


def test_a_few_differences_are_counted_exactly() -> None:
    # all five of one sign: 2 of the 32 flips lie as far from zero
    assert randomised(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) == 2 / 32
    # 3 - 1 = 2: of |±3 ± 1| all four lie at 2 or beyond
    assert randomised(np.array([3.0, -1.0])) == 1.0
    # 1 + 1 - 1: |sum| is 1 or 3, never less
    assert randomised(np.array([1.0, 1.0, -1.0])) == 1.0
    assert randomised(np.array([3.0, 1.0, 1.0])) == 2 / 8
    assert randomised(np.array([0.5, 0.0, 0.0, 0.0])) == 1.0, "ties tell nothing"


def test_many_differences_of_one_sign_get_the_least_p_that_can_be_shown() -> None:
    assert randomised(np.full(40, 0.1)) == 1 / 10_001
    assert randomised(np.full(40, 0.1), flips=99) == 1 / 100


def test_a_middling_p_is_the_normal_one() -> None:
    # mean 0.02, deviation 0.1, n 100: z = 2, two-sided p = 0.0455
    differences = np.where(np.arange(100) % 2 == 0, 0.12, -0.08)
    assert randomised(differences) == pytest.approx(0.057, abs=0.015)


def test_the_interval_is_the_normal_one_for_many_queries() -> None:
    values = np.where(np.arange(400) % 2 == 0, 1.0, 0.0)
    low, high = interval(values)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.025, 0.5 + 1.96 * 0.025), abs=0.004)
    assert interval(np.array([0.25])) == (0.25, 0.25)


def test_wins_ties_and_losses() -> None:
    first = np.array([0.1, 0.5, 0.7, 0.2])
    second = np.array([0.3, 0.5 + 1e-12, 0.6, 0.9])
    found = compared(first, second)
    assert (found.wins, found.ties, found.losses) == (2, 1, 1)
    assert found.mean == pytest.approx(0.2)
    assert found.low < found.mean < found.high


def test_identical_runs() -> None:
    row = np.array([0.0, 0.3, 1.0])
    assert compared(row, row) == Comparison(mean=0.0, low=0.0, high=0.0, p=1.0, wins=0, ties=3, losses=0)


def test_rows_of_other_queries_are_no_pair() -> None:
    with pytest.raises(ValueError, match="query by query"):
        compared(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="query by query"):
        compared(np.zeros(0), np.zeros(0))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_the_worst_and_the_most_moved() -> None:
    before, after = np.array([0.5, 0.2, 0.2, 1.0, 0.4]), np.array([0.1, 0.2, 0.9, 0.9, 0.5])
    assert worst(before, among=range(5), first=3) == (1, 2, 4)
    assert worst(before, among=[3, 0], first=3) == (0, 3)
    losers, winners = moved(before, after, first=1)
    assert losers == (Moved(0, 0.5, 0.1),)
    assert winners == (Moved(2, 0.2, 0.9),)
    assert winners[0].by == pytest.approx(0.7)
    assert [one.place for one in moved(before, after, first=9)[0]] == [0, 3]
