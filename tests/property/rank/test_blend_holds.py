"""What blending keeps, whatever the legs."""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.rank.blend import NEUTRAL, NOISE, Ranking, blended, l2, min_max, rrf, z_score
from indexer.records import Blend

IDS = st.text("abcdef", min_size=1, max_size=2)
FIGURES = st.one_of(
    st.floats(-1e6, 1e6, allow_nan=False),
    st.sampled_from([0.0, 1.0, 0.5, 1e-300, 5e-324, 1e308, -1e308]),
)
SCORES = st.dictionaries(IDS, FIGURES, max_size=12)
Shares = Callable[[Mapping[str, float]], dict[str, float]]
BLENDS: st.SearchStrategy[Blend] = st.sampled_from(["min_max", "z_score", "l2", "rrf"])
SCORE_BASED = [min_max, z_score, l2]
STEP = 1e-12  # above what rounding does to a share


@st.composite
def legs(draw: st.DrawFn) -> list[Ranking]:
    parts = draw(st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda parts: sum(parts) > 0.1))
    names = ("extra", "lexical", "vector")  # thirds and the like: weights that may add up to a little more than 1
    return [Ranking(name, part / sum(parts), draw(SCORES)) for name, part in zip(names, parts, strict=True)]


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
        assert [term.name for term in one.terms] == [name for name in sorted(by_name) if one.id in by_name[name].scores]
        assert all(term.raw == by_name[term.name].scores[one.id] for term in one.terms)


@pytest.mark.parametrize("shares", [*SCORE_BASED, rrf])
@given(scores=SCORES)
def test_a_higher_score_never_gets_a_lower_share_and_equals_get_equal_ones(shares: Shares, scores: dict[str, float]) -> None:
    share = shares(scores)
    assert share.keys() == scores.keys()
    assert all(0.0 <= one <= 1.0 for one in share.values())
    ordered = sorted(scores, key=scores.__getitem__)
    for lower, higher in pairwise(ordered):
        assert share[lower] <= share[higher] + STEP
        assert scores[lower] != scores[higher] or share[lower] == share[higher]


@pytest.mark.parametrize("shares", [*SCORE_BASED, rrf])
@given(scores=st.dictionaries(IDS, st.floats(-1, 1), min_size=2, max_size=10), more=st.floats(0.001, 2), data=st.data())
def test_who_scores_more_never_gets_less(shares: Shares, scores: dict[str, float], more: float, data: st.DataObject) -> None:
    risen = data.draw(st.sampled_from(sorted(scores)))
    after = scores | {risen: scores[risen] + more}
    assume(all(max(one.values()) - min(one.values()) > 2 * NOISE for one in (scores, after)))  # equal scores get NEUTRAL
    assert shares(scores)[risen] <= shares(after)[risen] + STEP


@pytest.mark.parametrize("shares", SCORE_BASED)
@given(scores=SCORES.filter(bool), figure=FIGURES)
def test_scores_that_do_not_differ_are_neutral(shares: Shares, scores: dict[str, float], figure: float) -> None:
    assert set(shares(dict.fromkeys(scores, figure)).values()) == {NEUTRAL}


@pytest.mark.parametrize("blend", ["min_max", "z_score", "l2"])
@given(lone=FIGURES, cosines=st.lists(st.floats(0.1, 1), min_size=2, max_size=100), exponent=st.integers(0, 30))
def test_a_lone_hit_never_comes_before_the_best_of_a_leg_of_equal_weight(
    blend: Blend, lone: float, cosines: list[float], exponent: int
) -> None:
    assume(max(cosines) - min(cosines) > 2 * NOISE)
    vector = Ranking("vector", 0.5, {str(number): cosine * 2.0**exponent for number, cosine in enumerate(cosines)})
    ranked = blended([Ranking("lexical", 0.5, {"lone": lone}), vector], blend=blend)
    assert ranked[0].id != "lone"
    assert ranked[0].score >= next(one.score for one in ranked if one.id == "lone")


@given(legs(), st.floats(0.001, 1), st.integers(1, 1000), st.data())
def test_by_ranks_who_is_worse_than_two_others_does_not_turn_them(
    rankings: list[Ranking], less: float, constant: int, data: st.DataObject
) -> None:
    before = [one.id for one in blended(rankings, blend="rrf", rrf_constant=constant)]
    worse = [
        Ranking(leg.name, leg.weight, {**leg.scores, "worse": min(leg.scores.values(), default=0.0) - less * 1e300})
        if data.draw(st.booleans())
        else leg
        for leg in rankings
    ]
    after = [one.id for one in blended(worse, blend="rrf", rrf_constant=constant)]
    assert [id_ for id_ in after if id_ != "worse"] == before


@given(st.dictionaries(IDS, st.floats(0, 100), max_size=8), st.floats(1, 16), st.floats(-50, 50))
def test_z_score_sees_neither_scale_nor_shift_of_a_leg(scores: dict[str, float], factor: float, shift: float) -> None:
    if scores and max(scores.values()) - min(scores.values()) > 1:
        moved = {id_: score * factor + shift for id_, score in scores.items()}
        assert z_score(moved) == pytest.approx(z_score(scores), abs=1e-9)


@given(st.dictionaries(IDS, st.floats(-100, 100), max_size=8), st.floats(1, 16))
def test_l2_makes_a_unit_row_of_what_is_above_zero_and_does_not_see_the_scale(scores: dict[str, float], factor: float) -> None:
    assume(scores and max(scores.values()) > 1 and max(scores.values()) - min(scores.values()) > 1)
    shares = l2(scores)
    assert math.hypot(*shares.values()) == pytest.approx(1)
    assert all((share == 0) == (scores[id_] <= 0) for id_, share in shares.items() if not 0 < scores[id_] < 1e-300)
    assert l2({id_: score * factor for id_, score in scores.items()}) == pytest.approx(shares, abs=1e-9)


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
