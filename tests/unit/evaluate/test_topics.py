"""Queries behind ids: read, joined with judgments, guessed languages."""

from pathlib import Path

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic, by_name, joined, language_of, read_topics, topics_csv


def read(tmp_path: Path, content: str) -> tuple[Topic, ...]:
    path = tmp_path / "queries.csv"
    path.write_text(content, encoding="utf-8")
    return read_topics(path)


def test_kind_and_language_may_be_given_or_not(tmp_path: Path) -> None:
    topics = read(tmp_path, "query_id,query,kind,language\n1,gps watch,head,\n2,黑色T恤,tail,\n3,sofa,,de\n")
    assert topics == (
        Topic(id="1", text="gps watch", kind="head", language="en"),
        Topic(id="2", text="黑色T恤", kind="tail", language="zh"),
        Topic(id="3", text="sofa", kind="", language="de"),
    )
    assert read(tmp_path, topics_csv(topics)) == topics
    assert read(tmp_path, "id,text\n1,sofa\n") == (Topic(id="1", text="sofa", language="en"),)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("query_id,query\n1,sofa\n1,lamp\n", "line 3: the query id '1' was there before"),
        ("query_id,query\n1,\n", "line 2: the query or its id is empty"),
        ("query_id,query\n", "holds no query"),
        ("1 sofa\n", "begins no form that we read"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, content: str, told: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        read(tmp_path, content)
    assert told in caught.value.message


def test_without_a_file_each_query_is_its_own_text() -> None:
    judged = Judgments({"gps watch": {"a": 1}, "手表": {"b": 1}})
    same, topics = joined(judged, None)
    assert same is judged
    assert [(one.id, one.text, one.language) for one in topics] == [("gps watch", "gps watch", "en"), ("手表", "手表", "zh")]


def test_judgments_may_name_a_query_by_id_or_by_text() -> None:
    known = (Topic(id="1", text="lamp"), Topic(id="2", text="sofa"), Topic(id="3", text="unjudged"))
    judged, topics = joined(Judgments({"sofa": {"a": 1}, "1": {"b": 1}}), known)
    assert judged.grades == {"2": {"a": 1}, "1": {"b": 1}}
    assert topics == (known[1], known[0])


def test_a_judged_query_that_the_file_lacks_is_named() -> None:
    judged = Judgments({name: {"a": 1} for name in ("lamp", "sofa", "desk", "bed", "chair")})
    with pytest.raises(EvaluationError, match="'sofa', 'desk', 'bed' and 1 more"):
        joined(judged, (Topic(id="1", text="lamp"),))


def test_a_text_of_two_queries_names_neither_and_ids_win() -> None:
    names = by_name([Topic(id="1", text="lamp"), Topic(id="2", text="lamp"), Topic(id="lamps", text="2")])
    assert names == {"1": "1", "2": "2", "lamps": "lamps"}


def test_languages_are_guessed_by_their_characters() -> None:
    assert [language_of(text) for text in ("ps4", "Ｔ恤", "größe", "")] == ["en", "zh", "en", "en"]
