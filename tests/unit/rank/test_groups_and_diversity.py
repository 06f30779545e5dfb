"""Variants as one and hits unlike each other, by hand."""

import numpy as np
import pytest

from indexer.rank.blend import Ranked
from indexer.rank.diversity import diverse
from indexer.rank.groups import Group, grouped
from indexer.vectors import Row


def scored(**scores: float) -> list[Ranked]:
    return [Ranked(id_, score, ()) for id_, score in scores.items()]


def row(*figures: float) -> Row:
    return np.array(figures, dtype=np.float32) / np.float32(np.linalg.norm(figures))


def test_the_best_variant_is_shown_and_the_others_named_in_order() -> None:
    ranked = scored(a=0.9, b=0.8, c=0.7, d=0.6, e=0.5, f=0.4)
    groups = {"a": "", "b": "mug", "c": "cup", "d": " mug ", "e": "", "f": "mug"}
    assert grouped(ranked, groups.__getitem__) == [
        Group(ranked[0]),
        Group(ranked[1], ("d", "f")),
        Group(ranked[2]),
        Group(ranked[4]),
    ]


def test_a_group_called_like_an_id_does_not_swallow_that_product() -> None:
    ranked = scored(a=0.9, b=0.8)
    assert grouped(ranked, {"a": "", "b": "a"}.__getitem__) == [Group(ranked[0]), Group(ranked[1])]


def test_nothing_to_group() -> None:
    assert grouped([], str) == []


ROWS = {"red": row(1, 0, 0), "red2": row(1, 0.01, 0), "blue": row(0, 1, 0), "anti": row(-1, 0, 0)}


def order(ranked: list[Ranked], *, weight: float, first: int = 10) -> list[str]:
    return [one.id for one in diverse(ranked, ROWS, weight=weight, first=first)]


def test_what_is_like_those_before_it_comes_later() -> None:
    assert order(scored(red=0.9, red2=0.85, blue=0.6), weight=0.5) == ["red", "blue", "red2"]
    assert order(scored(red=0.9, red2=0.85, blue=0.6), weight=0.1) == ["red", "red2", "blue"]


def test_without_a_row_or_opposite_counts_as_not_alike_and_no_more_than_that() -> None:
    assert order(scored(red=0.9, red2=0.8, rowless=0.5, anti=0.5, blue=0.5), weight=0.5) == ["red", "rowless", "anti", "blue", "red2"]
    assert order(scored(x=0.9, y=0.8, z=0.7), weight=1.0) == ["x", "y", "z"]


def test_what_is_equally_good_and_equally_alike_keeps_its_order() -> None:
    one, other = np.random.default_rng(7).normal(size=(2, 384))
    rows = {str(number): row(*(one if number % 3 else other)) for number in range(61)}
    ranked = [Ranked(id_, 0.5, ()) for id_ in rows]
    after = [int(hit.id) for hit in diverse(ranked, rows, weight=0.5, first=61)]
    assert after == list(range(61))  # one of either kind, then all the others, each with a twin before it


def test_only_the_first_are_reordered_and_scores_stay() -> None:
    ranked = scored(red=0.9, red2=0.85, blue=0.6)
    assert order(ranked, weight=0.5, first=2) == ["red", "red2", "blue"]
    assert diverse(ranked, ROWS, weight=0.5, first=3) == [ranked[0], ranked[2], ranked[1]]


@pytest.mark.parametrize("weight", [-0.1, 1.1, float("nan")])
def test_a_weight_outside_0_to_1_is_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        diverse([], {}, weight=weight, first=1)
