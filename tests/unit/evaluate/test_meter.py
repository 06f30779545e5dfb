"""The measures by hand, the three views, and silence."""

import math

import numpy as np
import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import MEASURES, VIEWS, Measure, Meter, graded, need, seen_in
from indexer.evaluate.runs import Listed, Run

JUDGED = Judgments({"q": {"a": 3, "b": 0, "c": 1}, "silent": {"a": 2}, "hopeless": {"a": 0}})


def run(**lists: str) -> Run:
    """Products of one letter, best first; all scores alike, so that only the order can decide."""
    return Run(name="mine", lists={query: tuple(Listed(one, 0.0) for one in ids) for query, ids in lists.items()})


def figures(meter: Meter, mine: Run) -> dict[Measure, list[float]]:
    measured = meter.measure(mine)
    return {name: measured.of("full", name).tolist() for name in MEASURES}


def test_the_measures_are_what_a_hand_computes() -> None:
    # ranks: 1 unjudged, 2 grade 1, 3 grade 3, 4 grade 0; the best order is 3, 1.
    gained = 1 / math.log2(3) + 3 / math.log2(4)
    best = 3 / math.log2(2) + 1 / math.log2(3)
    found = figures(Meter(JUDGED), run(q="xcab", hopeless="a"))
    assert found["nDCG@10"] == pytest.approx([gained / best, 0, 0])
    assert found["RR@10"] == [1 / 2, 0, 0]
    assert found["P@10"] == [2 / 10, 0, 0]
    assert found["R@100"] == [1.0, 0, 0]
    assert found["Judged@10"] == [3 / 4, 0, 1.0]


def test_from_which_grade_on_a_product_is_relevant() -> None:
    found = figures(Meter(JUDGED, relevant=2), run(q="xcab"))
    assert found["RR@10"][0] == pytest.approx(1 / 3)
    assert found["P@10"][0] == pytest.approx(0.1)
    assert figures(Meter(JUDGED, relevant=3), run(q="c"))["R@100"][0] == 0.0
    with pytest.raises(EvaluationError, match="from grade 0 on"):
        Meter(JUDGED, relevant=0)


def test_the_tenth_rank_counts_and_the_eleventh_does_not() -> None:
    others = "0123456789"
    tenth, eleventh = (figures(Meter(JUDGED), run(q=others[:before] + "a")) for before in (9, 10))
    assert tenth["RR@10"][0] == pytest.approx(1 / 10)
    assert eleventh["RR@10"][0] == eleventh["P@10"][0] == eleventh["nDCG@10"][0] == 0.0
    assert eleventh["R@100"][0] == 0.5


def test_silence_scores_zero_in_every_view() -> None:
    measured = Meter(JUDGED).measure(run(silent="", q="a"))
    for view in VIEWS:
        for name in MEASURES:
            assert measured.of(view, name)[1] == 0.0
    nothing = Meter(JUDGED).measure(run(elsewhere="a"))
    assert all(not numbers.any() for numbers in nothing.values.values())


def test_the_views() -> None:
    grades = JUDGED.grades["q"]
    assert seen_in("full", ["x", "c", "y"], query="q", grades=grades) == ("x", "c", "y")
    assert seen_in("condensed", ["x", "c", "y"], query="q", grades=grades) == ("c",)
    reranked = seen_in("rerank", ["x", "c", "y"], query="q", grades=grades)
    assert reranked[0] == "c"
    assert sorted(reranked) == ["a", "b", "c"]
    assert seen_in("rerank", [], query="q", grades=grades) == ()


def test_what_a_run_lacks_is_ordered_without_regard_to_grades_or_ids() -> None:
    ids = [f"{number:03}" for number in range(100)]
    orders = {seen_in("rerank", ["x"], query=query, grades=dict.fromkeys(ids, 0)) for query in ("one", "two", "three")}
    again = seen_in("rerank", ["x"], query="one", grades={id_: place for place, id_ in enumerate(reversed(ids))})
    assert again in orders, "neither grades nor the order of the judgments matter"
    assert len(orders) == 3
    assert tuple(ids) not in orders


def test_means_over_all_and_over_some() -> None:
    measured = Meter(JUDGED).measure(run(q="a", silent="a"))
    assert measured.mean("full", "RR@10") == pytest.approx(2 / 3)
    assert measured.mean("full", "RR@10", among=[0, 1]) == 1.0
    assert measured.mean("full", "RR@10", among=[2]) == 0.0


def test_a_meter_of_one_view_and_measure_gives_the_same_figure() -> None:
    mine = run(q="xcab")
    small = Meter(JUDGED, views=("condensed",), measures=("nDCG@10",)).measure(mine)
    assert list(small.values) == [("condensed", "nDCG@10")]
    assert np.array_equal(small.of("condensed", "nDCG@10"), Meter(JUDGED).measure(mine).of("condensed", "nDCG@10"))


def test_chance_lies_between_nothing_and_the_best_and_comes_again() -> None:
    judged = Judgments({f"q{number}": {"a": 3, "b": 0, "c": 0, "d": 0} for number in range(50)})
    meter = Meter(judged)
    chance = meter.chance(seed=1)
    assert chance == meter.chance(seed=1) != meter.chance(seed=2)
    # one relevant product at each of four ranks, equally likely
    expected = sum(1 / math.log2(rank + 1) for rank in range(1, 5)) / 4
    assert chance["nDCG@10"] == pytest.approx(expected, abs=0.05)
    assert chance["RR@10"] == pytest.approx(sum(1 / rank for rank in range(1, 5)) / 4, abs=0.05)
    assert chance["Judged@10"] == pytest.approx(1.0)


def test_first_hits_come_with_their_grades() -> None:
    assert graded(run(q="xcab"), "q", JUDGED.grades["q"], first=2) == [(Listed("x", 0.0), None), (Listed("c", 0.0), 1)]
    assert graded(run(), "q", JUDGED.grades["q"], first=2) == []


def test_a_missing_package_names_the_extra() -> None:
    need("ir_measures", "matplotlib")
    with pytest.raises(EvaluationError) as caught:
        need("json", "a_package_that_nobody_wrote")
    assert "a_package_that_nobody_wrote" in caught.value.message
    assert "fusedex[evaluate]" in caught.value.cure
