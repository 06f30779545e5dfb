"""The report: one page that loads nothing, escapes everything, and comes out the same again; files that other tools read."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.evaluation import Evaluation, evaluated
from indexer.evaluate.judgments import Judgments, read_judgments
from indexer.evaluate.measures import Meter
from indexer.evaluate.plots import differences_plot, letter, means_plot, spread_plot
from indexer.evaluate.queries import joined, read_topics
from indexer.evaluate.report import page, run_file, writable, write_report, write_text
from indexer.evaluate.runs import Listed, Run, read_run

EVIL = "<script>alert('x')</script> & \"http://example.com/a.png\""
JUDGED = Judgments({"黑色T恤": {"a": 3, "b": 0}, EVIL: {"a": 1, f"{EVIL} 1": 0}, "lamp": {"c": 1}, "hopeless <b>": {"a": 0}})


def run(name: str, *orders: list[str]) -> Run:
    lists = {
        query: tuple(Listed(id_, -float(rank)) for rank, id_ in enumerate(ids)) for query, ids in zip(JUDGED.queries, orders, strict=False)
    }
    return Run(name=name, lists=lists, settings={"strategy": EVIL}, refused={"lamp": EVIL}, degraded={EVIL: EVIL})


def evaluation(count: int = 2) -> Evaluation:
    runs = [run(f"{EVIL} A", ["b", "a"], [f"{EVIL} 1"]), run("zh 中文", ["a", "x"], ["a"], ["c"]), run("third", ["a"])][:count]
    judged, topics = joined(JUDGED, None)
    return evaluated(judged, topics, runs, name=EVIL)


class Tags(HTMLParser):
    """Every tag and attribute, and whether open tags are closed in their order."""

    EMPTY = frozenset({"meta", "link", "br", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.links += [value or "" for name, value in attrs if name.split(":")[-1] in ("src", "href", "action", "data")]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.EMPTY:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_page_is_whole_and_loads_nothing(count: int) -> None:
    text = page(evaluation(count))
    tags = Tags(text)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe", "object", "image", "foreignobject"} & set(tags.seen)
    assert all(link.startswith("#") for link in tags.links), "drawings refer to their own parts, nothing else"
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)
    assert tags.seen.count("svg") == 2 + (count - 1)


def test_what_came_from_outside_is_shown_and_not_obeyed() -> None:
    text = page(evaluation())
    assert "<script" not in text
    assert "hopeless <b>" not in text
    assert EVIL in "".join(Tags(text).texts)
    assert "黑色T恤" in text
    assert "中文" in text


def test_the_same_evaluation_gives_the_same_bytes() -> None:
    assert page(evaluation()) == page(evaluation())


def test_each_reference_in_a_drawing_has_its_target() -> None:
    one = evaluation(3)
    for drawing in (means_plot(one), spread_plot(one), differences_plot(one, 1), differences_plot(one, 2)):
        targets = set(re.findall(r'id="([^"]+)"', drawing))
        wanted = set(re.findall(r'href="#([^"]+)"', drawing)) | set(re.findall(r"url\(#([^)]+)\)", drawing))
        assert wanted
        assert wanted <= targets
        assert "://" not in drawing
        assert not re.search(r"\b20\d\d-\d\d-\d\d", drawing), "no date"


def test_more_runs_have_more_bars() -> None:
    few, many = means_plot(evaluation(1)), means_plot(evaluation(3))
    assert many.count("<path") > few.count("<path")


def test_the_page_tells_what_was_refused_left_out_and_found_nothing() -> None:
    text = "".join(Tags(page(evaluation())).texts)
    assert "1 of the 4 judged queries have no relevant product" in text
    assert "1 query was refused, at score zero" in text
    assert "1 query was answered without a part of the search" in text
    assert "No difference between B and A is shown" in text
    assert JUDGED.digest in text


def test_settings_are_told_once_and_then_what_differs() -> None:
    first = Run(name="current", lists={"lamp": (Listed("c", 1.0),)}, settings={"strategy": "msearch", "depth": 100})
    runs = [first, replace(first, name="other", settings={"strategy": "lexical", "depth": 100}), replace(first, name="same")]
    text = "".join(Tags(page(evaluated(JUDGED, joined(JUDGED, None)[1], runs))).texts)
    assert text.count("depth=100") == 1
    assert "as A, but strategy=lexical" in text
    assert "as A, but in nothing" in text


def test_groups_are_told_where_there_are_some() -> None:
    assert "language zh" in page(evaluation())
    lamps = Judgments({"lamp": {"c": 1}})
    judged, topics = joined(lamps, None)
    assert "By kind and language" not in page(evaluated(judged, topics, [Run(name="one", lists={"lamp": (Listed("c", 1.0),)})]))


def test_the_files_give_any_other_reader_the_same_figures(tmp_path: Path) -> None:
    one = evaluation()
    written = write_report(one, tmp_path / "new" / "folder", worst=3)
    assert [path.name for path in written] == ["report.html", "report.json", "qrels.trec", "queries.csv", "run.trec", "run-b.trec"]
    folder = written[0].parent
    assert json.loads((folder / "report.json").read_text())["judgments"]["sha256"] == JUDGED.digest
    judged, topics = joined(read_judgments(folder / "qrels.trec"), read_topics(folder / "queries.csv"))
    assert [(topic.id, topic.language) for topic in topics] == [(topic.id, topic.language) for topic in one.topics]
    for place, measured in enumerate(one.measured):
        again = Meter(judged).measure(read_run(folder / run_file(place)))
        assert {key: values.tolist() for key, values in again.values.items()} == {
            key: values.tolist() for key, values in measured.values.items()
        }


def test_a_place_that_can_not_be_written_is_told_before_and_after(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writable([tmp_path / "new" / "report.html"])
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(EvaluationError, match="can't be written"):
        writable([tmp_path / "file" / "report.html"])
    with pytest.raises(EvaluationError, match="can't be written"):
        write_text(tmp_path, "text")


def test_letters_of_runs() -> None:
    assert [letter(place) for place in (0, 1, 25, 26, 53)] == ["A", "B", "Z", "A2", "B3"]
    assert run_file(1) == "run-b.trec"
