"""The command: its folder, whole or not there; settings that search loads; what it prints, and what it refuses."""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import tune as command
from indexer.cli.evaluate import search_settings
from indexer.errors import EvaluationError, SettingsError
from indexer.evaluate.folder import write_folder
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic, topics_csv
from indexer.evaluate.remember import Searches
from indexer.evaluate.tuned import FILES
from indexer.settings import SearchSettings, Settings
from indexer.store.memory import MemoryStore
from tests.unit.evaluate.tune_shop import BEST, CURRENT, searches, shop

Command = Callable[..., Result]
Shop = tuple[MemoryStore, Judgments, tuple[Topic, ...]]
SPACE = "[space]\nlexical_weight = {from = 0.0, to = 0.8, step = 0.1}\nblend = ['min_max', 'rrf']\n"


@pytest.fixture(scope="module")
def filled() -> Shop:
    return shop(30)


@pytest.fixture
def run(filled: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """The command over a store in memory, with the made shop's settings in a settings file."""
    store, judgments, topics = filled

    @contextmanager
    def searching(settings: Settings, *, queries: int) -> Iterator[Searches]:
        assert queries == len(topics)
        yield searches(store)

    monkeypatch.setattr(command, "searching", searching)
    monkeypatch.chdir(tmp_path)
    Path("judged.csv").write_text(judgments.csv())
    Path("queries.csv").write_text(topics_csv(topics))
    Path("space.toml").write_text(SPACE)
    Path("mine.toml").write_text(f'[search]\nbound = "all"\ndepth = {CURRENT.depth}\nlexical_weight = {CURRENT.lexical_weight}\n')
    monkeypatch.setenv("FUSEDEX_CONFIG", "mine.toml")
    app = typer.Typer()
    app.command()(command.tune)
    whole = ["judged.csv", "--queries", "queries.csv", "--space", "space.toml", "--out", "out/tuned"]
    return lambda *arguments: CliRunner().invoke(app, [*whole, *arguments], env={"COLUMNS": "200"})


def test_the_folder_holds_settings_that_search_loads(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run()
    assert result.exit_code == 0, result.exception
    assert {path.name for path in Path("out/tuned").iterdir()} == FILES
    assert {path.name for path in Path("out").iterdir()} == {"tuned"}, "nothing else is left"
    monkeypatch.setenv("FUSEDEX_CONFIG", "out/tuned/tuned.toml")
    loaded = Settings.load().search
    assert loaded == CURRENT.model_copy(update={"lexical_weight": BEST})
    assert search_settings(SearchSettings(), "out/tuned/tuned.toml") == loaded, "evaluate --against takes it too"
    assert list(tomllib.loads(Path("out/tuned/tuned.toml").read_text())) == ["search"]


def test_it_ends_with_a_table_and_one_sentence(run: Command) -> None:
    result = run()
    for text in ("21 tuning queries", "9 held out", "chosen", "current", "lexical_weight=0.5", "for each of 17 others", "nested estimate"):
        assert text in result.stdout
    assert result.stdout.splitlines()[-1].startswith(("Better, shown on queries", "A gain is not proved"))
    assert "trials: 19" in result.stderr
    assert "nested: 95" in result.stderr


def test_json_is_the_evidence_and_nothing_else(run: Command) -> None:
    result = run("--json")
    told = json.loads(result.stdout)
    assert told == json.loads(Path("out/tuned/evidence.json").read_text())
    assert told["settings"]["current"]["lexical_weight"] == 0.1
    assert told["settings"]["tuned"]["lexical_weight"] == BEST
    assert len(told["trials"]) == 18
    assert {len(one["folds"]) for one in told["trials"]} == {5}
    assert told["requests"]["others"] == 0
    assert told["judgments"]["name"] == "judged.csv"
    assert len(told["judgments"]["sha256"]) == 64
    parts = [told["queries"]["held_out"], *told["queries"]["folds"]]
    assert len({id_ for ids in parts for id_ in ids}) == sum(map(len, parts)) == 30


class Shown(HTMLParser):
    """The page's tags, links and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name.split(":")[-1] in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("method", ["grid", "bayes"])
def test_the_page_shows_it_and_loads_nothing(run: Command, method: str) -> None:
    evil = "<script>alert(1)</script>"
    Path("queries.csv").write_text(Path("queries.csv").read_text().replace(",words,", f",{evil},"))
    assert run("--method", method, *(["--trials", "6"] if method == "bayes" else [])).exit_code == 0
    page = Shown(Path("out/tuned/report.html").read_text())
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert all(link.startswith("#") for link in page.links)
    assert page.tags.count("svg") == 4, "the score along the weight, the folds, the means, the differences"
    text = "".join(page.texts)
    for one in ("Tuning: judged.csv", "The score along lexical_weight", "Nested estimate", "Held-out queries", f"kind {evil}"):
        assert one in text


def test_a_folder_that_holds_something_is_left_alone(run: Command) -> None:
    assert run().exit_code == 0
    before = Path("out/tuned/evidence.json").read_bytes()
    again = run("--seed", "1")
    assert isinstance(again.exception, EvaluationError)
    assert "--force" in again.exception.cure
    assert Path("out/tuned/evidence.json").read_bytes() == before
    assert run("--seed", "1", "--force").exit_code == 0
    assert Path("out/tuned/evidence.json").read_bytes() != before
    Path("out/tuned/mine.txt").write_text("keep")
    refused = run("--force")
    assert "'mine.txt', which this command did not write" in str(refused.exception)
    assert Path("out/tuned/mine.txt").read_text() == "keep"


def test_an_empty_folder_is_filled(run: Command) -> None:
    Path("out/tuned").mkdir(parents=True)
    assert run().exit_code == 0
    assert {path.name for path in Path("out/tuned").iterdir()} == FILES


def test_an_interruption_leaves_nothing(run: Command, filled: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "tuning_page", interrupted)
    assert run().exit_code != 0
    assert list(Path("out").iterdir()) == []


def test_a_write_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write_folder(out, {"tuned.toml": "old"}, files=FILES, force=False)
    with pytest.raises(EvaluationError, match="can't be written"):
        write_folder(out, {"tuned.toml": "new", "no/such/folder": ""}, files=FILES, force=True)
    assert (out / "tuned.toml").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_link_to_a_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    written = write_folder(tmp_path / "link", {"tuned.toml": "x"}, files=FILES, force=False)
    assert written == [(tmp_path / "real" / "tuned.toml").resolve()]
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "error", "reason"),
    [
        (["--out", "judged.csv"], EvaluationError, "is no folder"),
        (["--out", "judged.csv/out"], EvaluationError, "can't be written"),
        (["--space", "mine.toml"], SettingsError, "no table [space]"),
        (["--queries", "none.csv"], EvaluationError, "none.csv can't be read"),
        (["--relevant", "2"], EvaluationError, "There are 0 queries with a relevant product"),
        (["--view", "rerank", "--measure", "R@100"], EvaluationError, "does not tell"),
        (["--holdout", "0.9"], EvaluationError, "27 to hold out and 3 for 5 folds"),
    ],
)
def test_wrong_usage_is_told_and_nothing_written(run: Command, arguments: list[str], error: type[Exception], reason: str) -> None:
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert reason in str(result.exception)
    assert not Path("out").exists() or not list(Path("out").iterdir())


def test_trec_judgments_need_texts(run: Command, filled: Shop) -> None:
    Path("qrels.trec").write_text(filled[1].trec())
    app = typer.Typer()
    app.command()(command.tune)
    result = CliRunner().invoke(app, ["qrels.trec", "--out", "out"])
    assert isinstance(result.exception, EvaluationError)
    assert "--queries" in result.exception.cure


@pytest.mark.parametrize("arguments", [["--trials", "5"], ["--method", "chance"], ["--folds", "1"], ["--holdout", "1"]])
def test_options_that_do_not_fit_are_wrong_usage(run: Command, arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2
