"""Judgments in TREC and CSV: found by content, read alike, and refused with file, line, reason and cure."""

import gzip
from pathlib import Path

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments, read_judgments

TREC = "q1 0 a 3\nq1 0 b 0\nq2 0 a 1\n"
CSV = "query,product_id,grade\nq1,a,3\nq1,b,0\nq2,a,1\n"
GRADES = {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}}


def file(tmp_path: Path, content: str | bytes, name: str = "judged.txt") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        TREC,
        TREC.replace(" ", "\t"),
        TREC.replace("\n", "\r\n"),
        "\n  " + TREC.replace(" ", "   ") + "\n\n",
        CSV,
        "\ufeff" + CSV,
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        CSV.replace("\n", "\r\n"),
        CSV.replace("query,product_id,grade", "qid,doc_id,relevance"),
        CSV.replace("query,product_id,grade", ' "Query" , "Product_ID" , "Grade" '),
        "note,grade,query,product_id\n,3,q1,a\nx,0,q1,b\n,1,q2,a\n",
        CSV + "\n,,\n",
        gzip.compress(CSV.encode()),
        gzip.compress(TREC.encode()),
    ],
)
def test_a_file_is_read_by_its_content(tmp_path: Path, content: str | bytes) -> None:
    assert read_judgments(file(tmp_path, content)).grades == GRADES


def test_the_form_says_whether_ids_are_texts(tmp_path: Path) -> None:
    assert read_judgments(file(tmp_path, TREC)).form == "trec"
    assert read_judgments(file(tmp_path, CSV)).form == "csv"


def test_queries_of_csv_keep_blanks_commas_and_chinese(tmp_path: Path) -> None:
    read = read_judgments(file(tmp_path, 'query,product_id,grade\ngps watch,1,2\n"tv, flat",2,0\n黑色T恤,3,1\n'))
    assert read.queries == ("gps watch", "tv, flat", "黑色T恤")
    assert read.pairs == 3


def test_grades_below_zero_and_doubles_that_agree_are_taken(tmp_path: Path) -> None:
    read = read_judgments(file(tmp_path, "q 0 a -1\nq 0 a -1\nq 0 b +2\n"))
    assert read.grades == {"q": {"a": -1, "b": 2}}
    assert read.relevant("q") == 1
    assert read.relevant("q", least=3) == 0


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (TREC + "q3 0 a\n", "line 4: 3 fields where TREC judgments have 4"),
        (TREC + "q3 0 a good\n", "line 4: the grade 'good' is no whole number"),
        (TREC + "\nq1 0 a 2\n", "line 5: 'a' was judged 3 for 'q1' before, now 2"),
        (CSV + "q3,a,1.5\n", "line 5: the grade '1.5' is no whole number"),
        (CSV + "q3,a\n", "line 5: 2 fields where the header has 3"),
        (CSV + "q3,a,1,2\n", "line 5: 4 fields where the header has 3"),
        (CSV + ",a,1\n", "line 5: the query or the product is empty"),
        (CSV + 'q3,"a,1\n', "line 5: unexpected end of data"),
        ("query,product_id,grade\n", "holds no judgment"),
        ("", "is empty"),
        ("hello\n", "line 1: 'hello' begins no form that we read"),
        ("query,product_id\nq,a\n", "line 1: 'query,product_id' begins no form that we read"),
        (b"q 0 caf\xe9 1\n", "is not UTF-8 text (byte 7)"),
        (b"\x1f\x8bnothing", "can't be read"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_reason_and_cure(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = file(tmp_path, content)
    with pytest.raises(EvaluationError) as caught:
        read_judgments(path)
    assert caught.value.message.startswith(str(path))
    assert told in caught.value.message
    assert caught.value.cure


def test_a_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="No such file"):
        read_judgments(tmp_path / "none.csv")


def test_the_digest_is_of_the_pairs_and_nothing_else() -> None:
    same = Judgments({"q2": {"a": 1}, "q1": {"b": 0, "a": 3}}, "trec")
    assert Judgments(GRADES).digest == same.digest
    assert Judgments(GRADES | {"q3": {"a": 0}}).digest != same.digest


def test_answerable_leaves_out_queries_that_every_run_scores_zero_on() -> None:
    judged = Judgments({"q1": {"a": 0}, "q2": {"a": 1}, "q3": {"a": 0, "b": 2}})
    assert judged.answerable().queries == ("q2", "q3")
    assert judged.answerable(least=2).queries == ("q3",)


def test_two_queries_do_not_become_one() -> None:
    assert Judgments(GRADES).renamed({"q1": "one"}).queries == ("one", "q2")
    with pytest.raises(EvaluationError, match="one and the same"):
        Judgments(GRADES).renamed({"q1": "q2"})
