"""`fusedex check` over a store in memory: tables, JSON, exit codes, and what it says where there is nothing to compare."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import check as command
from indexer.errors import EvaluationError, StoreError
from indexer.read_path import Searcher
from indexer.records import Answer, Query
from indexer.settings import Settings
from indexer.store.capabilities import Capabilities
from tests.contract.read_path.shop import PIXELS, encoders
from tests.unit.operate.test_check import OURS, WHOLE, Cluster

Command = Callable[..., Result]


class Standing(Searcher):
    """A searcher whose server has the hybrid query, made up of the other strategies; it refuses "broken"."""

    def search(self, query: Query | str = "", **more: Any) -> Answer:
        if isinstance(query, Query) and query.strategy == "hybrid":
            if query.text == "broken":
                raise StoreError("The server gave nothing.")
            query = Query(text=query.text, strategy="lexical", per_page=query.per_page)
        return super().search(query, **more)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Capabilities], Command]:
    """The command over that server."""

    def over(server: Capabilities, *, full: bool = True) -> Command:
        store = Cluster(server, full=full)

        def searcher(settings: Settings) -> Searcher:
            return Standing(store, encoders(), settings=settings.search, photo_pixels=PIXELS)

        monkeypatch.setattr(command, "OpenSearchStore", lambda url, settings: store)
        monkeypatch.setattr(command, "endpoints", lambda settings: SimpleNamespace(opensearch_url="http://127.0.0.1:1"))
        monkeypatch.setattr(command, "build_encoders", lambda settings: encoders())
        monkeypatch.setattr(command, "build_searcher", searcher)
        monkeypatch.chdir(tmp_path)
        app = typer.Typer()
        app.command()(command.check)
        return lambda *arguments: CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})

    return over


def test_on_an_embedded_engine_it_says_what_is_missing_and_ends_well(run: Callable[..., Command]) -> None:
    result = run(OURS)()
    assert result.exit_code == 0, result.exception
    for text in ("no neural-search", "lucene; faiss would end", "30 products", "none that can't work here"):
        assert text in result.stdout
    assert "Not compared: this server has no neural-search, so there is no hybrid to compare msearch with" in result.stdout


def test_titles_of_the_index_are_searched_by_both(run: Callable[..., Command]) -> None:
    result = run(WHOLE)("--count", "6", "--json")
    assert result.exit_code == 0, result.exception
    told = json.loads(result.stdout)
    assert told["ok"] is True
    assert told["compared"]["queries"] == 6
    assert told["compared"]["strategies"] == ["msearch", "hybrid"]
    assert 0 < told["compared"]["overlap@10"] <= 1
    assert len(told["compared"]["differences"]) == 5
    assert told["compared"]["differences"][0]["rbo"] <= told["compared"]["rbo"]
    assert told["server"]["ltr"] is told["server"]["icu"] is told["server"]["smartcn"] is True
    assert told["not_compared"] == ""
    assert json.loads(run(WHOLE)("--count", "6", "--json").stdout)["compared"]["differences"] == told["compared"]["differences"]


def test_a_file_of_queries_and_other_strategies_on_any_server(run: Callable[..., Command]) -> None:
    over = run(OURS)
    Path("queries.txt").write_text("blue sofa\n\nshoes\nblue sofa\n", encoding="utf-8")
    result = over("--queries", "queries.txt", "--strategy", "lexical", "--against", "vector")
    assert result.exit_code == 0, result.exception
    assert "lexical against vector over 2 queries" in result.stdout
    assert "blue sofa  overlap" in result.stdout
    assert "  lexical: 0001" in result.stdout


def test_searches_that_fail_are_told_with_exit_code_three(run: Callable[..., Command]) -> None:
    over = run(WHOLE)
    Path("queries.txt").write_text("broken\nsofa\n", encoding="utf-8")
    result = over("--queries", "queries.txt")
    assert result.exit_code == 3
    assert "failed hybrid 'broken': The server gave nothing." in result.stdout
    assert "over 1 queries" in result.stdout


def test_what_can_not_work_ends_with_one_and_its_cure(run: Callable[..., Command], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_SEARCH__STRATEGY", "hybrid")
    result = run(OURS)()
    assert result.exit_code == 1
    assert "wrong" in result.stdout
    assert "FUSEDEX_SEARCH__STRATEGY=msearch" in result.stdout


def test_without_an_index_there_is_nothing_to_compare(run: Callable[..., Command]) -> None:
    result = run(WHOLE, full=False)("--json")
    assert result.exit_code == 0, result.exception
    told = json.loads(result.stdout)
    assert (told["index"], told["compared"], told["not_compared"]) == (None, None, "the index holds no product")


def test_an_index_of_other_encoders_is_not_searched(run: Callable[..., Command], monkeypatch: pytest.MonkeyPatch) -> None:
    over = run(WHOLE)
    monkeypatch.setattr(command, "build_encoders", lambda settings: encoders(width=32))
    result = over()
    assert result.exit_code == 1
    assert "Not compared: searches can't work before the above is cured." in result.stdout


def test_a_strategy_is_not_compared_with_itself(run: Callable[..., Command]) -> None:
    assert "both strategies are lexical" in run(WHOLE)("--strategy", "lexical", "--against", "lexical").stdout


@pytest.mark.parametrize(("content", "told"), [(b"", "holds no query"), (b"\xff\xfe\xff", "can't be read"), (None, "can't be read")])
def test_queries_that_can_not_be_read_are_refused(content: bytes | None, told: str, tmp_path: Path) -> None:
    path = tmp_path / "queries.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EvaluationError, match=told):
        command.read_queries(path)
