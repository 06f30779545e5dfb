"""The formulas by hand, in fractions."""

import math
import statistics

import pytest

from indexer.rank.blend import Ranked, Ranking, blended, l2, min_max, rrf, z_score
from indexer.records import Blend, Term


def order(ranked: list[Ranked]) -> list[str]:
    return [one.id for one in ranked]


def score(ranked: list[Ranked], id_: str) -> float:
    return next(one.score for one in ranked if one.id == id_)


def test_min_max_of_three() -> None:
    assert min_max({"mug": 11.0, "cup": 5.0, "jug": 3.0}) == {"mug": 1.0, "cup": 2 / 8, "jug": 0.0}


def test_min_max_of_negative_figures() -> None:
    assert min_max({"mug": 0.5, "cup": 0.0, "jug": -0.5}) == {"mug": 1.0, "cup": 1 / 2, "jug": 0.0}


@pytest.mark.parametrize("scores", [{"mug": 12.0}, {"mug": 0.0}, {"mug": 3.0, "cup": 3.0}, {"mug": 0.8, "cup": 0.8 + 1e-7}])
def test_min_max_of_scores_that_do_not_differ_is_neutral(scores: dict[str, float]) -> None:
    assert set(min_max(scores).values()) == {0.5}


def test_min_max_of_nothing() -> None:
    assert min_max({}) == {}


def test_z_score_is_the_normal_share_below() -> None:
    deviation = math.sqrt(((9 - 5) ** 2 + (5 - 5) ** 2 + (1 - 5) ** 2) / 3)
    normal = statistics.NormalDist(5, deviation)
    shares = z_score({"mug": 9.0, "cup": 5.0, "jug": 1.0})
    assert shares == pytest.approx({"mug": normal.cdf(9), "cup": 0.5, "jug": normal.cdf(1)})


def test_z_score_of_two_is_one_deviation_each_way() -> None:
    assert z_score({"mug": 0.9, "cup": 0.2}) == pytest.approx({"mug": 0.8413447, "cup": 0.1586553})


def test_z_score_keeps_outliers_apart() -> None:
    shares = z_score({"best": 40.0, "second": 36.0} | {f"rest{number}": 1.0 for number in range(98)})
    assert shares["best"] > shares["second"] > 0.99


def test_l2_divides_by_the_length() -> None:
    assert l2({"mug": 6.0, "cup": 3.0, "jug": 2.0}) == pytest.approx({"mug": 6 / 7, "cup": 3 / 7, "jug": 2 / 7})


def test_l2_of_what_points_away_is_nothing() -> None:
    assert l2({"mug": 0.6, "cup": 0.8, "jug": -0.9}) == pytest.approx({"mug": 0.6, "cup": 0.8, "jug": 0.0})
    assert l2({"mug": -0.2, "cup": -0.7}) == {"mug": 0.0, "cup": 0.0}


def test_l2_blend_of_a_flat_leg_is_half_of_the_best_of_the_other() -> None:
    lexical = Ranking("lexical", 0.5, {"noise": 0.01})
    vector = Ranking("vector", 0.5, {str(number): 0.9 - number / 1000 for number in range(100)})
    ranked = blended([lexical, vector], blend="l2")
    assert ranked[0].id == "0"
    assert score(ranked, "noise") == ranked[0].score / 2


def test_l2_blend_without_a_leg_that_differs_is_neutral() -> None:
    legs = [Ranking("lexical", 0.5, {"mug": 3.0}), Ranking("vector", 0.5, {"cup": 0.2})]
    assert [one.score for one in blended(legs, blend="l2")] == [0.25, 0.25]


def test_l2_blend_with_a_leg_that_points_away_leaves_the_other_its_share() -> None:
    legs = [Ranking("lexical", 0.5, {"mug": 3.0}), Ranking("vector", 0.5, {"cup": -0.2, "jug": -0.4})]
    assert [(one.id, one.score) for one in blended(legs, blend="l2")] == [("mug", 0.25), ("cup", 0.0), ("jug", 0.0)]


def test_weights_that_round_to_more_than_1_do_not_lift_a_score_above_1() -> None:
    weights = {"code": 0.1, "extra": 0.4, "lexical": 0.3, "vector": 0.20000000000000018}
    assert sum(weights.values()) > 1
    ranked = blended([Ranking(name, weight, {"mug": 1.0, "cup": 0.0}) for name, weight in weights.items()], blend="min_max")
    assert ranked[0].score == pytest.approx(1)
    assert ranked[0].score <= 1


def test_rrf_by_rank() -> None:
    assert rrf({"mug": 9.0, "cup": 4.0, "jug": 1.0}) == {"mug": 61 / 61, "cup": 61 / 62, "jug": 61 / 63}


def test_rrf_of_equal_scores_is_the_mean_rank() -> None:
    assert rrf({"mug": 2.0, "cup": 4.0, "jug": 2.0, "pot": 1.0}, constant=10) == {
        "cup": 11 / 11,
        "mug": 11 / 12.5,
        "jug": 11 / 12.5,
        "pot": 11 / 14,
    }


def test_rrf_of_nothing() -> None:
    assert rrf({}) == {}


def test_min_max_blend_of_two_legs() -> None:
    lexical = Ranking("lexical", 0.5, {"mug": 10.0, "cup": 6.0, "jug": 2.0})
    vector = Ranking("vector", 0.5, {"cup": 0.9, "pot": 0.7, "jug": 0.5})
    ranked = blended([lexical, vector], blend="min_max")
    assert order(ranked) == ["cup", "mug", "pot", "jug"]
    assert score(ranked, "cup") == pytest.approx(1 / 2 * 1 / 2 + 1 / 2 * 1)
    assert score(ranked, "mug") == 1 / 2
    assert score(ranked, "pot") == pytest.approx(1 / 2 * 1 / 2)
    assert score(ranked, "jug") == 0.0


def test_rrf_blend_of_the_same_legs() -> None:
    lexical = Ranking("lexical", 0.25, {"mug": 10.0, "cup": 6.0})
    vector = Ranking("vector", 0.75, {"cup": 0.9, "pot": 0.7, "mug": 0.5})
    ranked = blended([lexical, vector], blend="rrf", rrf_constant=60)
    assert score(ranked, "mug") == pytest.approx(1 / 4 * 61 / 61 + 3 / 4 * 61 / 63)
    assert score(ranked, "cup") == pytest.approx(1 / 4 * 61 / 62 + 3 / 4 * 61 / 61)
    assert score(ranked, "pot") == pytest.approx(3 / 4 * 61 / 62)
    assert order(ranked) == ["cup", "mug", "pot"]


def test_first_in_both_legs_scores_one() -> None:
    legs = [Ranking("lexical", 0.3, {"mug": 3.0, "cup": 1.0}), Ranking("vector", 0.7, {"mug": 0.9, "cup": 0.1})]
    assert score(blended(legs, blend="min_max"), "mug") == 1.0
    assert score(blended(legs, blend="rrf"), "mug") == 1.0


def test_a_lone_weak_match_does_not_beat_the_best_of_the_other_leg() -> None:
    lexical = Ranking("lexical", 0.5, {"noise": 0.01})
    vector = Ranking("vector", 0.5, {"best": 0.9, "next": 0.6, "noise": 0.3})
    ranked = blended([lexical, vector], blend="min_max")
    assert order(ranked) == ["best", "noise", "next"] or order(ranked) == ["best", "next", "noise"]
    assert score(ranked, "noise") == 1 / 2 * 1 / 2
    assert score(ranked, "best") == 1 / 2


def test_terms_tell_share_raw_figure_and_weight() -> None:
    legs = [Ranking("vector", 0.75, {"mug": 0.5, "cup": 0.25}), Ranking("lexical", 0.25, {"mug": 8.0, "pot": 4.0})]
    ranked = blended(legs, blend="min_max")
    assert ranked[0] == Ranked("mug", 1.0, (Term("lexical", 0.25, 8.0, 0.25), Term("vector", 0.75, 0.5, 0.75)))
    assert {one.id: one.terms for one in ranked}["cup"] == (Term("vector", 0.0, 0.25, 0.75),)


def test_equal_scores_stand_by_id() -> None:
    legs = [Ranking("lexical", 0.5, {"b": 1.0, "d": 0.0}), Ranking("vector", 0.5, {"a": 1.0, "c": 0.0})]
    assert order(blended(legs, blend="min_max")) == ["a", "b", "c", "d"]
    assert order(blended(legs, blend="rrf")) == ["a", "b", "c", "d"]


def test_an_empty_leg_keeps_its_weight_from_the_others() -> None:
    ranked = blended([Ranking("lexical", 0.4, {}), Ranking("vector", 0.6, {"mug": 0.9, "cup": 0.1})], blend="min_max")
    assert score(ranked, "mug") == 0.6


@pytest.mark.parametrize("blend", ["min_max", "z_score", "l2", "rrf"])
def test_no_candidates_no_ranking(blend: Blend) -> None:
    legs = [Ranking("lexical", 0.4, {}), Ranking("vector", 0.6, {})]
    assert blended(legs, blend=blend) == []
    assert blended([], blend=blend) == []


@pytest.mark.parametrize("weights", [(0.5, 0.6), (0.5, 0.4), (-0.5, 1.5), (float("nan"), 1.0)])
def test_weights_that_are_no_shares_are_refused(weights: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="not shares of 1"):
        blended([Ranking("lexical", weights[0], {"a": 1.0}), Ranking("vector", weights[1], {})], blend="min_max")


def test_a_leg_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        blended([Ranking("vector", 0.5, {}), Ranking("vector", 0.5, {})], blend="rrf")
