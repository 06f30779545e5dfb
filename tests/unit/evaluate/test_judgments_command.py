"""`fusedex judgments`, as a user runs it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.evaluate.judgments import read_judgments
from indexer.evaluate.queries import joined, read_topics

LOG = "query,product_id,rank,impressions,clicks\nmug,a,1,100,30\nmug,b,2,100,20\ncup,c,1,100,10\ncup,d,2,100,10\n"


def run(*words: str) -> str:
    result = CliRunner().invoke(make_app("judgments"), ["judgments", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("ending", ["csv", "trec"])
def test_clicks_are_written_as_judgments_that_evaluate_reads(tmp_path: Path, ending: str) -> None:
    log, out = tmp_path / "log.csv", tmp_path / f"judged.{ending}"
    log.write_text(LOG)
    told = run("clicks", str(log), "--out", str(out), "--prior", "0")
    assert "4 pairs of 2 queries" in told
    assert "1: 20.0%" in told
    assert read_judgments(out).grades == {"cup": {"c": 0, "d": 0}, "mug": {"a": 2, "b": 2}}


def test_clicks_as_json(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG)
    told = json.loads(run("clicks", str(tmp_path / "log.csv"), "--out", str(tmp_path / "j.csv"), "--json"))
    assert (told["queries"], told["pairs"], told["rare"]) == (2, 4, 0)
    assert told["ctr"] == {"1": 0.2, "2": 0.15}


def test_known_items_of_a_feed(tmp_path: Path) -> None:
    feed, out, queries = tmp_path / "feed.jsonl", tmp_path / "known.csv", tmp_path / "queries.csv"
    rows = [{"id": f"p{n}", "title": f"Model{n} oak chair number{n} with arms"} for n in range(40)]
    feed.write_text("\n".join(map(json.dumps, rows)))
    told = run("known-items", str(feed), "--out", str(out), "--queries", str(queries), "--count", "20")
    assert "queries:" in told
    judged, topics = joined(read_judgments(out), read_topics(queries))
    assert len(topics) == len(judged.queries) > 5
    assert {topic.kind for topic in topics} <= {"title", "code"}
