"""One evaluation: what is measured, compared, grouped and told as JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.evaluation import Evaluation, How, evaluated
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import MEASURES, VIEWS
from indexer.evaluate.queries import Topic
from indexer.evaluate.runs import Listed, Run
from indexer.evaluate.slices import groups

JUDGED = Judgments({"1": {"a": 3, "b": 0}, "2": {"a": 1, "c": 2}, "3": {"a": 0}, "4": {"d": 1}}, "trec")
TOPICS = (
    Topic(id="1", text="gps watch", kind="head", language="en"),
    Topic(id="2", text="手表", kind="tail", language="zh"),
    Topic(id="3", text="netflix", kind="tail", language="en"),
    Topic(id="4", text="sofa", kind="", language="en"),
)


def run(name: str, **lists: str) -> Run:
    found = {query.removeprefix("q"): tuple(Listed(one, -float(rank)) for rank, one in enumerate(ids)) for query, ids in lists.items()}
    return Run(name=name, lists=found)


FIRST, SECOND = run("first", q1="ba", q2="ca", q3="a"), run("second", q1="ab", q2="xca", q4="d")


def told(evaluation: Evaluation) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(json.dumps(evaluation.as_object()))
    return answer


def test_queries_that_can_not_score_are_left_out_unless_asked_for() -> None:
    some, everything = evaluated(JUDGED, TOPICS, [FIRST]), evaluated(JUDGED, TOPICS, [FIRST], how=How(all_queries=True))
    assert [one.id for one in some.topics] == ["1", "2", "4"]
    assert [one.text for one in some.left_out] == ["netflix"]
    assert everything.left_out == ()
    for name in MEASURES[:4]:
        few, all_ = some.figures[0]["full", name].mean, everything.figures[0]["full", name].mean
        assert few * 3 == pytest.approx(all_ * 4)
    assert everything.groups["with a relevant product"] == (0, 1, 3)
    assert "with a relevant product" not in some.groups


def test_silence_counts() -> None:
    one = evaluated(JUDGED, TOPICS, [FIRST])
    assert one.silent(FIRST) == 1
    assert one.measured[0].of("full", "nDCG@10")[2] == 0.0


def test_each_run_is_compared_with_the_first() -> None:
    third = replace(FIRST, name="third")
    found = evaluated(JUDGED, TOPICS, [FIRST, SECOND, third])
    assert [one.place for one in found.against] == [1, 2]
    better, same = found.against
    main = better.comparisons["full", "nDCG@10"]
    assert (main.wins, main.ties, main.losses) == (2, 0, 1)
    assert main.mean == pytest.approx(found.figures[1]["full", "nDCG@10"].mean - found.figures[0]["full", "nDCG@10"].mean)
    assert same.comparisons["full", "nDCG@10"].p == 1.0
    assert better.corrected["full", "nDCG@10"] == min(1.0, 2 * main.p)


def test_runs_may_name_queries_by_text() -> None:
    by_text = replace(SECOND, lists={"gps watch": SECOND.lists["1"], "手表": SECOND.lists["2"], "4": SECOND.lists["4"], "other": ()})
    found = evaluated(JUDGED, TOPICS, [SECOND, replace(by_text, name="by text")])
    assert found.runs[0].digest == found.runs[1].digest
    assert found.against[0].comparisons["full", "nDCG@10"].ties == 3


def test_groups_by_kind_and_language() -> None:
    found = evaluated(JUDGED, TOPICS, [FIRST])
    assert found.groups == {"all queries": (0, 1, 2), "kind head": (0,), "kind tail": (1,), "language en": (0, 2), "language zh": (1,)}
    assert groups(TOPICS[2:], JUDGED) == {"all queries": (0, 1), "with a relevant product": (1,), "kind tail": (0,)}


def test_the_json_object_holds_every_figure() -> None:
    first = replace(FIRST, settings={"strategy": "lexical"}, refused={"4": "Not a query."}, degraded={"2": "vector: late"})
    answer = told(evaluated(JUDGED, TOPICS, [first, SECOND], name="mine", how=How(seed=7)))
    assert answer["judgments"] == {
        "name": "mine",
        "sha256": JUDGED.digest,
        "queries": 4,
        "pairs": 6,
        "relevant_from": 1,
        "measured_queries": 3,
        "left_out": ["3"],
    }
    assert answer["seed"] == 7
    one = answer["runs"][0]
    assert (one["name"], one["sha256"], one["settings"]) == ("first", answer["runs"][0]["sha256"], {"strategy": "lexical"})
    assert (one["silent"], one["refused"], one["degraded"]) == (1, {"4": "Not a query."}, {"2": "vector: late"})
    assert set(one["views"]) == set(VIEWS)
    assert all(set(figures) == set(MEASURES) for figures in one["views"].values())
    assert set(one["views"]["full"]["nDCG@10"]) == {"mean", "low", "high"}
    compared = answer["comparisons"][0]
    assert (compared["first"], compared["second"]) == ("first", "second")
    assert set(compared["views"]["full"]["RR@10"]) == {"mean", "low", "high", "p", "p_holm", "wins", "ties", "losses"}
    assert answer["groups"]["kind head"]["queries"] == 1
    watch = answer["queries"][0]
    assert (watch["id"], watch["text"], watch["kind"], watch["judged"], watch["relevant"]) == ("1", "gps watch", "head", 2, 1)
    assert watch["runs"][1]["hits"] == [{"id": "a", "score": 0.0, "grade": 3}, {"id": "b", "score": -1.0, "grade": 0}]
    means = [query["runs"][0]["views"]["full"]["P@10"] for query in answer["queries"]]
    assert sum(means) / 3 == pytest.approx(one["views"]["full"]["P@10"]["mean"])


def test_the_same_in_is_the_same_out() -> None:
    assert told(evaluated(JUDGED, TOPICS, [FIRST, SECOND])) == told(evaluated(JUDGED, TOPICS, [FIRST, SECOND]))


@pytest.mark.parametrize(
    ("runs", "how", "reason"),
    [
        ([], How(), "no run to measure"),
        ([FIRST, FIRST], How(), "Two runs have one name: first, first"),
        ([run("elsewhere", q9="a")], How(), "elsewhere holds none of the 4 judged queries"),
        ([Run(name="both", lists={"1": (), "gps watch": ()})], How(), "lists 'gps watch' by its text and by its id"),
        ([FIRST], How(relevant=4), "No query has a product of grade 4"),
    ],
)
def test_what_can_not_be_measured_is_told(runs: list[Run], how: How, reason: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        evaluated(JUDGED, TOPICS, runs, how=how)
    assert reason in caught.value.message
    assert caught.value.cure
