"""What blending keeps, whatever the legs."""

from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.rank.blend import Ranking, blended, min_max, rrf
from indexer.records import Blend

IDS = st.text("abcdef", min_size=1, max_size=2)
FIGURES = st.one_of(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.sampled_from([0.0, 1.0, 0.5, 1e-300, 5e-324, 1e308, -1e308]),
)
SCORES = st.dictionaries(IDS, FIGURES, max_size=12)
Shares = Callable[[Mapping[str, float]], dict[str, float]]
BLENDS = st.sampled_from(["min_max", "rrf"])


@st.composite
def legs(draw: st.DrawFn) -> list[Ranking]:
    weight = draw(st.floats(0, 1))
    return [Ranking("lexical", weight, draw(SCORES)), Ranking("vector", 1.0 - weight, draw(SCORES))]


@given(legs(), BLENDS, st.integers(1, 1000))
def test_scores_lie_in_0_to_1_and_are_exactly_the_sum_of_their_terms(rankings: list[Ranking], blend: Blend, constant: int) -> None:
    for one in blended(rankings, blend=blend, rrf_constant=constant):
        assert 0.0 <= one.score <= 1.0
        assert one.score == sum(term.value for term in one.terms)
        assert all(0.0 <= term.value <= term.weight for term in one.terms)


@given(legs(), BLENDS)
def test_the_union_comes_back_each_id_once_best_first(rankings: list[Ranking], blend: Blend) -> None:
    ranked = blended(rankings, blend=blend)
    ids = [one.id for one in ranked]
    assert sorted(ids) == sorted({id_ for leg in rankings for id_ in leg.scores})
    assert ranked == sorted(ranked, key=lambda one: (-one.score, one.id))


@given(legs(), BLENDS)
def test_neither_the_order_of_the_legs_nor_that_of_their_hits_matters(rankings: list[Ranking], blend: Blend) -> None:
    turned = [Ranking(leg.name, leg.weight, dict(reversed(list(leg.scores.items())))) for leg in reversed(rankings)]
    assert blended(turned, blend=blend) == blended(rankings, blend=blend)


@given(legs(), BLENDS)
def test_every_term_tells_the_raw_figure_of_its_leg(rankings: list[Ranking], blend: Blend) -> None:
    by_name = {leg.name: leg for leg in rankings}
    for one in blended(rankings, blend=blend):
        assert [term.name for term in one.terms] == [name for name in ("lexical", "vector") if one.id in by_name[name].scores]
        assert all(term.raw == by_name[term.name].scores[one.id] for term in one.terms)


@pytest.mark.parametrize("shares", [min_max, rrf])
@given(scores=SCORES)
def test_a_higher_score_never_gets_a_lower_share_and_equals_get_equal_ones(shares: Shares, scores: dict[str, float]) -> None:
    share = shares(scores)
    assert share.keys() == scores.keys()
    ordered = sorted(scores, key=scores.__getitem__)
    for lower, higher in pairwise(ordered):
        assert share[lower] <= share[higher]
        assert scores[lower] != scores[higher] or share[lower] == share[higher]


@given(st.dictionaries(IDS, st.floats(0, 100), max_size=8), st.floats(1, 16), st.floats(-50, 50))
def test_min_max_does_not_see_the_scale_of_a_leg(scores: dict[str, float], factor: float, shift: float) -> None:
    moved = {id_: score * factor + shift for id_, score in scores.items()}
    if scores and max(scores.values()) - min(scores.values()) > 1:  # far above what rounding or NOISE could hide
        assert min_max(moved) == pytest.approx(min_max(scores), abs=1e-9)


@given(SCORES.filter(bool), SCORES, st.floats(0.01, 0.99))
def test_a_leg_of_equal_scores_adds_the_same_to_all_its_hits(scores: dict[str, float], other: dict[str, float], weight: float) -> None:
    flat = Ranking("lexical", weight, dict.fromkeys(scores, 3.0))
    ranked = blended([flat, Ranking("vector", 1.0 - weight, other)], blend="min_max")
    assert {term.value for one in ranked for term in one.terms if term.name == "lexical"} == {weight * 0.5}
