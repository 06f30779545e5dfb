"""The second look's arithmetic: terms that add up, an order that follows them, and the others never ahead."""

import doctest
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.rank import rerank
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.explain import explained
from indexer.rank.rerank import PASSAGE_LETTERS, passage_of, reranked
from indexer.records import Product

RANKED = blended(
    [Ranking("lexical", 0.75, {"a": 9.0, "b": 7.0, "c": 5.0, "d": 1.0}), Ranking("vector", 0.25, {"a": 0.2, "b": 0.4, "c": 0.9})],
    blend="min_max",
)
figures = st.floats(-50, 50, allow_nan=False)
scores = st.dictionaries(st.sampled_from("abcdefghij"), st.floats(0, 30, allow_nan=False), min_size=1)


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(rerank).failed == 0


def test_the_formula_by_hand() -> None:
    assert [one.id for one in RANKED] == ["a", "b", "c", "d"]
    told = reranked(RANKED, [1.0, 3.0, 2.0], by="cross_encoder", weight=0.4)
    assert [one.id for one in told] == ["b", "c", "a", "d"]
    best = told[0]
    assert best.terms[-1].name == "cross_encoder"
    assert (best.terms[-1].raw, best.terms[-1].weight, best.terms[-1].value) == (3.0, 0.4, 0.4)
    before = next(one for one in RANKED if one.id == "b").score
    assert best.score == pytest.approx(0.6 * before + 0.4)
    assert [term.name for term in told[-1].terms] == ["lexical"]  # d was not looked at


@given(first=scores, second=scores, told=st.lists(figures, min_size=10, max_size=10), weight=st.floats(0, 1))
def test_scores_stay_sums_within_bounds_and_the_others_behind(
    first: dict[str, float], second: dict[str, float], told: list[float], weight: float
) -> None:
    ranked = blended([Ranking("lexical", 0.5, first), Ranking("vector", 0.5, second)], blend="min_max")
    looked = told[: max(1, len(ranked) // 2)]
    again = reranked(ranked, looked, by="learned", weight=weight)
    assert {one.id for one in again} == {one.id for one in ranked}
    assert {one.id for one in again[: len(looked)]} == {one.id for one in ranked[: len(looked)]}
    for one in again:
        assert one.score == sum([term.value for term in one.terms])
        assert -1e-9 <= one.score <= 1 + 1e-9
    assert all(before.score >= after.score - 1e-9 for before, after in pairwise(again))


def test_no_weight_changes_no_order_and_all_of_it_follows_the_figures_alone() -> None:
    told = [0.1, 0.4, 0.2, 0.3]
    assert [one.id for one in reranked(RANKED, told, by="learned", weight=0.0)] == [one.id for one in RANKED]
    by_figure = [id_ for _, id_ in sorted(zip(told, (one.id for one in RANKED), strict=True), reverse=True)]
    assert [one.id for one in reranked(RANKED, told, by="learned", weight=1.0)] == by_figure


def test_equal_figures_say_nothing_about_the_order() -> None:
    again = reranked(RANKED, [2.5] * 4, by="cross_encoder", weight=0.5)
    assert [one.id for one in again] == [one.id for one in RANKED]
    assert {one.terms[-1].value for one in again} == {0.25}


def test_ties_go_by_id() -> None:
    ranked = [Ranked("x", 0.0, ()), Ranked("m", 0.0, ()), Ranked("k", 0.0, ())]
    assert [one.id for one in reranked(ranked, [1.0, 1.0, 1.0], by="learned", weight=0.5)] == ["k", "m", "x"]


def test_more_figures_than_products_are_refused_and_none_scale_only() -> None:
    with pytest.raises(ValueError, match="2 scores for 1"):
        reranked(RANKED[:1], [1.0, 2.0], by="learned", weight=0.5)
    assert [one.id for one in reranked(RANKED, [], by="learned", weight=0.5)] == [one.id for one in RANKED]


def test_an_explanation_still_adds_up_and_names_the_second_look() -> None:
    one = reranked(RANKED, [1.0, 3.0, 2.0], by="cross_encoder", weight=0.4)[1]
    lines = explained(one, blend="rrf", fields={}, parts={})
    assert sum(line.figure for line in lines if line.depth == 1) == pytest.approx(lines[0].figure)
    assert lines[-1].what == (
        "the cross-encoder: score 2.00 gives a share of 0.50 by where it lies between the weakest and the best, times weight 0.4"
    )


def test_a_passage_has_the_brand_once_and_is_cut() -> None:
    assert passage_of(Product(id="1", title="ACME chair", brand="Acme", description="Oak.")) == "ACME chair. Oak."
    assert passage_of(Product(id="1", title="Chair", description="x" * 5000)) == "Chair. " + "x" * (PASSAGE_LETTERS - 7)
    assert passage_of(Product(id="p9", title="")) == "p9"
