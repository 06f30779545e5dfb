"""Clicks become grades: the shares by hand, what is refused, and the files they come in."""

import json
from pathlib import Path

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.clicks import ClickHow, Shown, ctr_line, examined, judged_by_clicks, read_clicks, steps_of

HOW = ClickHow(least=1, prior=0.0, steps=(0.75, 1.25, 2.0))


def test_clicks_over_what_its_ranks_get_anyway() -> None:
    log = [Shown("mug", "a", 1, 100, 30), Shown("mug", "b", 2, 100, 20), Shown("cup", "c", 1, 100, 10), Shown("cup", "d", 2, 100, 10)]
    found = judged_by_clicks(log, HOW)
    assert found.ctr == {1: 40 / 200, 2: 30 / 200}
    assert found.coec == {
        ("mug", "a"): pytest.approx(30 / 20),
        ("mug", "b"): pytest.approx(20 / 15),
        ("cup", "c"): pytest.approx(10 / 20),
        ("cup", "d"): pytest.approx(10 / 15),
    }
    assert found.judgments.grades == {"cup": {"c": 0, "d": 0}, "mug": {"a": 2, "b": 2}}
    assert found.graded() == {0: 2, 2: 2}


def test_what_is_clicked_only_for_standing_first_is_not_better() -> None:
    """Both get exactly what their ranks get: the first one's hundred clicks more say nothing."""
    log = [Shown(query, product, rank, 1000, clicks) for query in "xyz" for product, rank, clicks in (("a", 1, 200), ("b", 5, 100))]
    found = judged_by_clicks(log, HOW)
    assert set(found.coec.values()) == {1.0}


def test_a_prior_keeps_a_pair_seen_twice_from_being_judged_by_luck() -> None:
    log = [Shown("mug", "often", 1, 1000, 100), Shown("mug", "twice", 1, 2, 2)]
    without, smoothed = judged_by_clicks(log, HOW), judged_by_clicks(log, ClickHow(least=1, prior=2.0))
    assert without.coec["mug", "twice"] > 9
    assert smoothed.coec["mug", "twice"] < 2


def test_pairs_shown_too_rarely_are_counted_and_not_judged() -> None:
    log = [Shown("mug", "often", 1, 50, 5), Shown("mug", "rare", 2, 3, 1)]
    found = judged_by_clicks(log, ClickHow(least=20))
    assert set(found.judgments.grades["mug"]) == {"often"}
    assert found.rare == 1


def test_impressions_at_several_ranks_add_up_and_queries_are_compared_folded() -> None:
    log = [Shown("Red  Mug ", "a", 1, 10, 4), Shown("red mug", "a", 2, 10, 2), Shown("other", "b", 2, 10, 1)]
    found = judged_by_clicks(log, HOW)
    assert list(found.judgments.grades) == ["other", "red mug"]
    assert found.coec["red mug", "a"] == pytest.approx(6 / (10 * 0.4 + 10 * 3 / 20))


def test_shares_never_rise_with_the_rank() -> None:
    assert examined({1: (10, 1), 2: (10, 3), 3: (10, 2), 4: (10, 0)}) == {1: 0.2, 2: 0.2, 3: 0.2, 4: 0.0}
    assert ctr_line({1: 0.25, 7: 0.1, 10: 0.015}) == "1: 25.0%, 10: 1.5%"


@pytest.mark.parametrize(
    ("log", "how", "told"),
    [
        ([], HOW, "no click"),
        ([Shown("mug", "a", 1, 10, 0)], HOW, "no click"),
        ([Shown("mug", "a", 1, 10, 1)], ClickHow(least=11), "shown 11 times"),
        ([Shown("mug", "a", 1, 10, 1)], ClickHow(steps=(2.0, 1.0)), "do not rise"),
        ([Shown("mug", "a", 1, 10, 1)], ClickHow(steps=()), "do not rise"),
    ],
)
def test_what_can_not_be_judged_is_refused(log: list[Shown], how: ClickHow, told: str) -> None:
    with pytest.raises(EvaluationError, match=told):
        judged_by_clicks(log, how)


def test_a_log_as_csv_and_as_json_lines(tmp_path: Path) -> None:
    sheet, lines = tmp_path / "log.csv", tmp_path / "log.jsonl"
    sheet.write_text('query,product_id,rank,impressions,clicks\n黑色T恤,T-1,1,20,3\nmug,"M,1",2,5,\n', encoding="utf-8-sig")
    rows = [
        {"query": "黑色T恤", "product_id": "T-1", "rank": 1, "impressions": 20, "clicks": 3},
        {"query": "mug", "product_id": "M,1", "rank": 2, "impressions": 5},
    ]
    lines.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    assert list(read_clicks(sheet)) == list(read_clicks(lines)) == [Shown("黑色T恤", "T-1", 1, 20, 3), Shown("mug", "M,1", 2, 5, 0)]


def test_one_line_an_impression(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("query,product_id,rank,clicked\nmug,a,1,1\nmug,a,1,0\n")
    assert list(read_clicks(log)) == [Shown("mug", "a", 1, 1, 1), Shown("mug", "a", 1, 1, 0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("query,product_id\nmug,a\n", "lacks the column 'rank'"),
        ("query,product_id,rank\nmug,a,first\n", "line 2"),
        ("query,product_id,rank,impressions,clicks\nmug,a,1,1,2\n", "line 2: rank 1, impressions 1, clicks 2"),
        ("query,product_id,rank\nmug,a,0\n", "Ranks count from 1|can't be"),
        ('{"query": "mug"}\n', "line 1"),
        ('{"query": "mug"\n', "line 1: no JSON"),
        ('{"query": "mug", "product_id": "a", "rank": 1}\n[1]\n', "line 2: no object"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, told: str) -> None:
    log = tmp_path / "log"
    log.write_text(text)
    with pytest.raises(EvaluationError, match=told):
        list(read_clicks(log))


def test_a_missing_log_and_steps_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="can't be read"):
        list(read_clicks(tmp_path / "none.csv"))
    assert steps_of("0.75, 1.25,2") == (0.75, 1.25, 2.0)
    with pytest.raises(EvaluationError, match="no numbers"):
        steps_of("low,high")
