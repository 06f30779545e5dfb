"""The command: run files, searches, comparisons, what it prints and writes, exit codes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import evaluate as command
from indexer.cli.evaluate import search_settings
from indexer.errors import EvaluationError, SettingsError
from indexer.evaluate.runs import read_run
from indexer.read_path import Searcher
from indexer.settings import SearchSettings, Settings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products

Command = Callable[..., Result]

JUDGMENTS = "query,product_id,grade\nblue sofa,0001,3\nblue sofa,0002,0\n沙发,0003,2\nhopeless,0001,0\n"
GOOD = "query,product_id,rank\nblue sofa,0001,1\n沙发,0003,1\n"
BAD = "query,product_id,rank\nblue sofa,0002,1\nblue sofa,0001,2\n"


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    filled = MemoryStore()
    fill(filled, encoders(), products())
    return filled


@pytest.fixture
def run(store: MemoryStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command over a store in memory, with the search settings that it was given."""

    def build(settings: Settings) -> Searcher:
        return Searcher(store, encoders(), settings=settings.search, photo_pixels=PIXELS)

    monkeypatch.setattr(command, "build_searcher", build)
    monkeypatch.chdir(tmp_path)
    for name, content in (("judged.csv", JUDGMENTS), ("good.csv", GOOD), ("bad.csv", BAD)):
        Path(name).write_text(content, encoding="utf-8")
    app = typer.Typer()
    app.command()(command.evaluate)
    return lambda *arguments: CliRunner().invoke(app, ["judged.csv", *arguments], env={"COLUMNS": "200"})


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.exception
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_run_files_are_measured_and_compared(run: Command) -> None:
    answer = told(run("--run", "bad.csv", "--run", "good.csv", "--json"))
    assert [one["name"] for one in answer["runs"]] == ["bad", "good"]
    assert [one["views"]["full"]["RR@10"]["mean"] for one in answer["runs"]] == [0.25, 1.0]
    assert answer["comparisons"][0]["views"]["full"]["RR@10"]["wins"] == 2
    assert answer["judgments"]["left_out"] == ["hopeless"]


def test_the_tables_name_runs_views_and_queries(run: Command) -> None:
    result = run("--run", "bad.csv", "--run", "good.csv", "--all-queries")
    assert result.exit_code == 0
    for text in (
        "3 queries, 4 judged pairs",
        "A bad",
        "B good",
        "condensed",
        "rerank",
        "nDCG@10",
        "沙发",
        "B good against A bad",
        "language zh",
    ):
        assert text in result.stdout
    assert "A: 2 queries found nothing" in result.stdout


def test_without_a_run_the_index_is_searched(run: Command) -> None:
    answer = told(run("--json", "--set", "bound=all"))
    only = answer["runs"][0]
    assert only["name"] == "bound=all"
    assert only["settings"]["bound"] == "all"
    assert only["settings"]["strategy"] == SearchSettings().strategy
    assert only["settings"]["index"] == "products"
    assert answer["queries"][0]["runs"][0]["found"] == 30
    assert answer["comparisons"] == []


def test_a_second_configuration_is_compared_with_the_first(run: Command) -> None:
    answer = told(run("--set", "depth=50", "--against", "strategy=lexical,bound=all", "--against", "lexical_weight=0.1", "--json"))
    assert [one["name"] for one in answer["runs"]] == ["depth=50", "strategy=lexical,bound=all", "lexical_weight=0.1"]
    assert [one["settings"]["depth"] for one in answer["runs"]] == [50, 50, 50], "changes are to the baseline's settings"
    assert [one["settings"]["strategy"] for one in answer["runs"]] == ["msearch", "lexical", "msearch"]
    assert answer["runs"][2]["settings"]["lexical_weight"] == 0.1
    assert len(answer["comparisons"]) == 2


def test_a_search_is_compared_with_a_run_file(run: Command) -> None:
    answer = told(run("--run", "good.csv", "--against", "strategy=lexical", "--json"))
    assert [one["name"] for one in answer["runs"]] == ["good", "strategy=lexical"]
    both = told(run("--run", "good.csv", "--set", "strategy=lexical", "--json"))
    assert [one["name"] for one in both["runs"]] == ["strategy=lexical", "good"]


def test_settings_may_come_from_a_file(run: Command) -> None:
    Path("tuned.toml").write_text('[search]\nstrategy = "lexical"\ndepth = 20\n')
    answer = told(run("--against", "tuned.toml", "--json"))
    assert [one["name"] for one in answer["runs"]] == ["current", "tuned.toml"]
    assert answer["runs"][1]["settings"]["depth"] == 20


@pytest.mark.parametrize("name", ["saved.trec", "saved.csv"])
def test_a_saved_run_gives_the_same_figures_again(run: Command, name: str) -> None:
    first = told(run("--json", "--save-run", name))
    again = told(run("--json", "--run", name))
    assert first["runs"][0]["sha256"] == again["runs"][0]["sha256"]
    assert first["runs"][0]["views"] == again["runs"][0]["views"]
    assert read_run(Path(name)).name == "saved"


def test_the_report_lies_in_its_folder(run: Command) -> None:
    result = run("--run", "good.csv", "--report", "out/report")
    assert result.exit_code == 0, result.exception
    assert "written: out/report/report.html" in result.stdout
    assert sorted(path.name for path in Path("out/report").iterdir()) == [
        "qrels.trec",
        "queries.csv",
        "report.html",
        "report.json",
        "run.trec",
    ]


def test_queries_join_ids_and_kinds(run: Command) -> None:
    Path("judged.csv").write_text("1 0 0001 3\n2 0 0003 2\n")
    Path("queries.csv").write_text("query_id,query,kind\n1,blue sofa,head\n2,沙发,tail\n")
    answer = told(run("--queries", "queries.csv", "--json", "--against", "strategy=lexical"))
    assert [one["text"] for one in answer["queries"]] == ["blue sofa", "沙发"]
    assert {"kind head", "kind tail", "language zh"} <= set(answer["groups"])


def test_trec_ids_are_no_texts_to_search_for(run: Command) -> None:
    Path("judged.csv").write_text("1 0 0001 3\n")
    Path("run.trec").write_text("1 Q0 0001 1 1 t\n")
    result = run()
    assert isinstance(result.exception, EvaluationError)
    assert "--queries" in result.exception.cure
    assert told(run("--run", "run.trec", "--json"))["runs"][0]["views"]["full"]["P@10"]["mean"] == pytest.approx(0.1)


def test_a_refused_query_makes_it_partly_done(run: Command) -> None:
    Path("judged.csv").write_text(JUDGMENTS + f"{'sofa ' * 200},0001,1\n", encoding="utf-8")
    result = run("--set", "strategy=vector")
    assert result.exit_code == 3
    assert "A: 1 query was refused, at score zero" in result.stdout
    assert "may have 512 characters" in result.stdout


def test_files_of_one_name_are_told_apart(run: Command) -> None:
    Path("old").mkdir()
    Path("old/good.csv").write_text(BAD)
    answer = told(run("--run", "good.csv", "--run", "old/good.csv", "--json"))
    assert [one["name"] for one in answer["runs"]] == ["good.csv", "old/good.csv"]


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (["--set", "dept=20"], SettingsError, "'dept' is no search setting"),
        (["--set", "depth=many"], SettingsError, "depth"),
        (["--set", "nothing"], SettingsError, "neither key=value nor a file"),
        (["--against", "depth=20,nothing"], SettingsError, "'nothing' is no setting"),
        (["--against", "judged.csv"], SettingsError, "is no TOML"),
        (["--against", "depth=20", "--against", "depth=20"], SettingsError, "Two searches are called"),
        (["--run", "none.csv"], EvaluationError, "none.csv can't be read"),
        (["--run", "good.csv", "--report", "good.csv"], EvaluationError, "can't be written"),
        (["--run", "good.csv", "--relevant", "4"], EvaluationError, "grade 4 or more"),
    ],
)
def test_wrong_usage_is_told(run: Command, arguments: list[str], error: type[Exception], reason: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert reason in str(result.exception)


def test_saving_a_run_without_a_search_is_wrong_usage(run: Command) -> None:
    result = run("--run", "good.csv", "--save-run", "x.trec")
    assert result.exit_code == 2
    assert not Path("x.trec").exists()


def test_changes_of_search_settings(tmp_path: Path) -> None:
    current = SearchSettings(depth=50)
    changed = search_settings(current, "blend=rrf, lexical_weight=0.25,group=true,min_cosine=")
    assert (changed.depth, changed.blend, changed.lexical_weight, changed.group, changed.min_cosine) == (50, "rrf", 0.25, True, None)
    file = tmp_path / "no.toml"
    file.write_text("search = 1\n")
    with pytest.raises(SettingsError, match=r"has no table \[search\]"):
        search_settings(current, str(file))
