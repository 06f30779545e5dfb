"""The gate by a file of judgments: what passes, what is refused and why, and that both indexes are asked alike."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from indexer.errors import EvaluationError, QueryError
from indexer.evaluate.judgments import read_judgments
from indexer.evaluate.queries import Topic, joined
from indexer.ledger.base import Step
from indexer.operate.gate import Limits, Search, by_judgments
from indexer.records import Hit, Product
from tests.unit.operate.renewed import Renewed

GRADES = "query,product_id,grade\noak chair,c1,2\noak chair,c2,1\nred lamp,l1,2\nsofa,s1,2\n"
RIGHT = {"oak chair": ["c1", "c2"], "red lamp": ["l1"], "sofa": ["s1"]}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "judgments.csv").write_text(GRADES, encoding="utf-8")
    return tmp_path / "judgments.csv"


def finding(answers: Mapping[str, Sequence[str]], asked: list[tuple[str, int]] | None = None) -> Search:
    """A search that finds these products by their order; notes what it was asked."""

    def search(text: str, depth: int) -> list[Hit]:
        if asked is not None:
            asked.append((text, depth))
        if text not in answers:
            raise QueryError(f"no answer to {text!r}")
        return [Hit(id=one, score=1 / (1 + at), terms=(), product=Product(id=one, title=one)) for at, one in enumerate(answers[text])]

    return search


def asked_by(file: Path) -> Sequence[Topic]:
    return joined(read_judgments(file), None)[1]


def test_equal_answers_pass_and_both_are_asked_the_same(file: Path) -> None:
    asked: dict[str, list[tuple[str, int]]] = {"old": [], "new": []}
    old, new = finding(RIGHT, asked["old"]), finding(RIGHT, asked["new"])
    evidence = by_judgments(old, new, read_judgments(file), asked_by(file), limits=Limits())
    assert (evidence.passed, evidence.by, evidence.against) == (True, "judgments", ())
    assert evidence.figures["queries"] == 3.0
    assert evidence.figures["old"] == evidence.figures["new"] == 1.0
    assert evidence.figures["difference"] == 0.0
    assert asked["old"] == asked["new"]
    assert {text for text, _ in asked["new"]} == set(RIGHT)
    assert {"old_ms_p50", "new_ms_p95"} <= evidence.figures.keys()


def test_better_answers_pass_and_say_by_how_much(file: Path) -> None:
    old = finding({**RIGHT, "sofa": ["c1", "s1"], "red lamp": ["x"]})
    evidence = by_judgments(old, finding(RIGHT), read_judgments(file), asked_by(file), limits=Limits(max_loss=0.0))
    assert evidence.passed
    assert evidence.figures["new"] > evidence.figures["old"]
    assert evidence.figures["low"] <= evidence.figures["difference"] <= evidence.figures["high"]


def test_worse_answers_are_refused_with_both_figures(file: Path) -> None:
    new = finding({**RIGHT, "sofa": ["c1", "c2"]})
    evidence = by_judgments(finding(RIGHT), new, read_judgments(file), asked_by(file), limits=Limits())
    assert not evidence.passed
    assert evidence.figures["new"] == pytest.approx(2 / 3, abs=1e-3)
    (reason,) = evidence.against
    assert reason.startswith("nDCG@10 falls from 1.000 to 0.667 (-0.333, 95 % interval")
    assert "more than the 0.010 allowed" in reason


def test_a_loss_that_was_allowed_passes(file: Path) -> None:
    new = finding({**RIGHT, "sofa": ["c1", "c2"]})
    assert by_judgments(finding(RIGHT), new, read_judgments(file), asked_by(file), limits=Limits(max_loss=0.4)).passed


def test_a_query_that_the_new_index_refuses_counts_as_nothing_found(file: Path) -> None:
    new = finding({text: found for text, found in RIGHT.items() if text != "sofa"})
    evidence = by_judgments(finding(RIGHT), new, read_judgments(file), asked_by(file), limits=Limits())
    assert not evidence.passed
    assert evidence.figures["queries"] == 3.0
    assert evidence.figures["new"] == pytest.approx(2 / 3, abs=1e-3)


def test_judgments_of_nothing_relevant_can_not_be_measured(tmp_path: Path) -> None:
    (tmp_path / "j.csv").write_text("query,product_id,grade\nsofa,s1,0\n", encoding="utf-8")
    with pytest.raises(EvaluationError):
        by_judgments(finding(RIGHT), finding(RIGHT), read_judgments(tmp_path / "j.csv"), asked_by(tmp_path / "j.csv"), limits=Limits())


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Renewed]:
    shop = Renewed(tmp_path / "shop")
    shop.feed([{"id": f"p{n:02}", "title": f"{kind} {n} of {wood}"} for n, (kind, wood) in enumerate(KINDS)])
    shop.drain()
    yield shop
    shop.close()


KINDS = [(kind, wood) for kind in ("chair", "table", "shelf") for wood in ("oak", "ash", "elm", "fir")]


def test_two_indexes_of_one_shop_are_judged_by_a_file(shop: Renewed, tmp_path: Path) -> None:
    wanted = "".join(f"{kind} of {wood},p{n:02},2\n" for n, (kind, wood) in enumerate(KINDS))
    (tmp_path / "j.csv").write_text("query,product_id,grade\n" + wanted, encoding="utf-8")
    upgrade = shop.begin()
    shop.drain()
    judged, topics = read_judgments(tmp_path / "j.csv"), asked_by(tmp_path / "j.csv")
    old, new = shop.search(upgrade.old_index), shop.search(upgrade.new_index)
    evidence = by_judgments(old, new, judged, topics, limits=Limits(max_loss=0.2))
    assert evidence.figures["queries"] == len(KINDS)
    assert evidence.figures["old"] > 0.8
    assert evidence.passed, evidence
    empty = by_judgments(old, lambda _text, _depth: [], judged, topics, limits=Limits(max_loss=0.2))
    assert not empty.passed
    assert empty.figures["new"] == 0.0
    kept = shop.upgrades.judge(upgrade, empty)
    assert kept.step is Step.REFUSED
    assert shop.store.describe().index == upgrade.old_index
