"""Runs in TREC and CSV, and runs made by asking."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import BadFilter, EvaluationError, StoreUnavailable
from indexer.evaluate.queries import Topic
from indexer.evaluate.runs import Listed, Run, falling, make_run, read_run


def read(tmp_path: Path, content: str, name: str = "run.txt") -> Run:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return read_run(path)


def test_a_trec_run_is_ordered_by_score_and_not_by_its_ranks(tmp_path: Path) -> None:
    run = read(tmp_path, "q Q0 a 1 0.5 tag\nq Q0 b 2 0.9 tag\nr Q0 c 1 7 tag\n", "mine.trec")
    assert (run.name, run.ids("q"), run.ids("r"), run.ids("s")) == ("mine", ("b", "a"), ("c",), ())
    assert run.lists["q"][0] == Listed("b", 0.9)


def test_equal_scores_are_ordered_as_trec_eval_orders_them(tmp_path: Path) -> None:
    run = read(tmp_path, "q Q0 a 1 0.5 t\nq Q0 c 2 0.50000000001 t\nq Q0 b 3 0.5 t\nq Q0 d 4 1e300 t\nq Q0 e 5 1e301 t\n")
    assert run.ids("q") == ("e", "d", "c", "b", "a"), "numbers of four bytes can't tell the scores apart: ids, falling"


def test_in_csv_the_rank_decides(tmp_path: Path) -> None:
    run = read(tmp_path, "query,product_id,rank,score\ngps watch,a,2,9\ngps watch,b,1,3\n")
    assert run.lists["gps watch"] == (Listed("b", 3.0), Listed("a", 9.0))


def test_csv_with_ranks_alone_or_scores_alone(tmp_path: Path) -> None:
    assert read(tmp_path, "query,product_id,rank\nq,a,2\nq,b,1\n").lists["q"] == (Listed("b", -1.0), Listed("a", -2.0))
    assert read(tmp_path, "query,product_id,score\nq,a,2\nq,b,1\nq,c,2\n").ids("q") == ("c", "a", "b")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("q Q0 a 1 0.5 t\nq Q0 b 2 0.4\n", "line 2: 5 fields where a TREC run has 6"),
        ("q Q0 a 1 best t\n", "line 1: the score 'best' is no number"),
        ("q Q0 a 1 nan t\n", "line 1: the score 'nan' is no number"),
        ("q Q0 a 1 2 t\nq Q0 a 2 1 t\n", "line 2: 'a' was listed for 'q' before"),
        ("query,product_id,rank\nq,a,1\nq,b,1\n", "line 3: the rank 1 was given for 'q' before"),
        ("query,product_id,rank\nq,a,first\n", "line 2: the rank 'first' is no number"),
        ("query,product_id,score\nq,,1\n", "line 2: the query or the product is empty"),
        ("query,product_id\nq,a\n", "has neither ranks nor scores"),
        ("query,product_id,rank\n", "holds no hit"),
        ("q 0 a 1\n", "begins no form that we read"),
    ],
)
def test_what_is_wrong_in_a_run_is_told(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        read(tmp_path, content)
    assert told in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert caught.value.cure


def test_scores_fall_strictly_as_numbers_of_four_bytes() -> None:
    lowered = falling([1.0, 1.0, 1.0, 0.9999999, 0.5, 0.7, -3.0, -3.0])
    assert lowered[0] == 1.0
    assert lowered[4] == 0.5
    assert all(np.float32(one) > np.float32(next_) for one, next_ in pairwise(lowered))
    assert lowered[3] == pytest.approx(1.0, abs=1e-5), "by no more than it takes"


def test_ids_with_blanks_survive_a_trec_run(tmp_path: Path) -> None:
    run = Run(name="my run", lists={"gps watch 100%": (Listed("a b", 1.0),)})
    assert run.trec() == "gps%20watch%20100%25 Q0 a%20b 1 1 my%20run\n"
    assert read(tmp_path, run.trec()).lists == run.lists


def test_percent_signs_of_others_stay(tmp_path: Path) -> None:
    assert read(tmp_path, "50%off Q0 %FF 1 1 t\n").lists == {"50%off": (Listed("%FF", 1.0),)}


def test_the_digest_knows_the_order_but_not_the_scores() -> None:
    one = Run(name="one", lists={"q": (Listed("a", 2.0), Listed("b", 1.0)), "r": ()})
    assert one.digest == Run(name="two", lists={"q": (Listed("a", 9.0), Listed("b", 8.0))}).digest
    assert one.digest != Run(name="one", lists={"q": (Listed("b", 2.0), Listed("a", 1.0))}).digest


TOPICS = [Topic(id="1", text="sofa"), Topic(id="2", text="nothing"), Topic(id="3", text="bad")]


def found(text: str, depth: int) -> Sequence[Listed]:
    if text == "bad":
        raise BadFilter("Not a query.", cure="Ask otherwise.")
    return [Listed("a", 3.0), Listed("b", 2.0), Listed("a", 1.0), Listed("c", 0.5)] if text == "sofa" else []


def test_a_run_is_made_by_asking_each_query() -> None:
    heard: list[int] = []
    run = make_run(found, TOPICS, name="mine", depth=2, on_query=heard.append)
    assert run.lists == {"1": (Listed("a", 3.0), Listed("b", 2.0)), "2": (), "3": ()}
    assert run.refused == {"3": "Not a query."}
    assert heard == [1, 2, 3]


def test_an_engine_that_is_away_ends_the_run() -> None:
    def away(text: str, depth: int) -> Sequence[Listed]:
        raise StoreUnavailable("No connection.")

    with pytest.raises(StoreUnavailable):
        make_run(away, TOPICS, name="mine")
