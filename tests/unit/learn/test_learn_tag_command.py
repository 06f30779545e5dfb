"""`fusedex learn tag` and `fusedex tag`, from a feed to a filled feed; and the page of docs that shows them."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from indexer.cli import learn_tag as command
from indexer.cli.learn import learn
from indexer.cli.tag import MARK, tag, written
from indexer.errors import EncoderMismatch, LearningError, ModelError, ModelUnavailable
from indexer.feed.read import read_feed
from indexer.feed.written import row_of
from indexer.learn.rows import PhotoTable
from indexer.records import Product
from indexer.settings import FeedSettings, Settings
from tests.house.source import ROOT
from tests.unit.learn.tag_bert import MeanColour, tiny_bert, with_photos
from tests.unit.learn.tag_shop import shop

PAGE = (ROOT / "docs" / "tag.md").read_text(encoding="utf-8")
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bert(tmp_path_factory.mktemp("bert")).path


def colours(encoder: MeanColour) -> Callable[..., AbstractContextManager[PhotoTable | None]]:
    """What stands in for `photo_table`: the same table of another encoder's rows."""

    @contextmanager
    def table(settings: Settings, *, used: bool) -> Iterator[PhotoTable | None]:
        with closing(PhotoTable(encoder, settings.home / "learn")) as opened:
            yield opened if used else None

    return table


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Both commands as one application, with an encoder of photos that needs no weights."""
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))

    monkeypatch.setattr(command, "photo_table", colours(MeanColour()))
    monkeypatch.setattr("indexer.cli.tag.photo_table", colours(MeanColour()))
    app = typer.Typer()
    app.add_typer(learn, name="learn")
    app.command("tag")(tag)

    def invoke(*words: str | Path) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


def write(file: Path, products: Sequence[Product]) -> Path:
    file.write_text("".join(json.dumps(row_of(one)) + "\n" for one in products))
    return file


def learned(run: Run, bert: Path, feed: Path, out: Path, *more: str) -> Result:
    return run(
        *("learn", "tag", feed, "--out", out, "--text-folder", bert, "--epochs", "6", "--batch", "8"),
        *("--tokens", "32", "--learning-rate", "0.003", *more),
    )


def test_from_a_feed_to_a_filled_feed(run: Run, bert: Path, tmp_path: Path) -> None:
    feed = write(tmp_path / "shop.jsonl", with_photos(shop(), tmp_path / "photos"))
    done = learned(run, bert, feed, tmp_path / "tagger")
    assert done.exit_code == 0, done.output
    assert "labels from the catalogue's own fields" in done.stdout
    assert re.search(r"brand +│ 1\.000 │ 1\.000 │ 1\.000", done.stdout) or "micro" in done.stdout
    assert "micro F1 without photos" in done.stdout
    assert (tmp_path / "tagger" / "spec.json").exists()
    bare = write(tmp_path / "bare.jsonl", [Product(id="1", title="Norda Alba red chair 42 cm"), Product(id="2", title="xyz")])
    filled = run("tag", bare, "--tagger", tmp_path / "tagger", "--out", tmp_path / "filled.jsonl", "--least", "0.3")
    assert filled.exit_code == 0, filled.output
    assert "of 2 products were filled" in filled.stdout
    first, second = [one for one in read_feed(tmp_path / "filled.jsonl", FeedSettings()) if isinstance(one, Product)]
    assert first.brand == "Norda"
    assert first.attributes["colour"] == "red"
    assert any(str(mark).startswith("brand 0.") or str(mark).startswith("brand 1.") for mark in first.attributes[MARK])  # type: ignore[union-attr]
    assert second.id == "2"


def test_json_is_alone_on_standard_output(run: Run, bert: Path, tmp_path: Path) -> None:
    feed = write(tmp_path / "shop.jsonl", shop())
    done = learned(run, bert, feed, tmp_path / "tagger", "--no-photos", "--epochs", "1", "--json", "--limit", "80")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["tagger_without_photos"] is None
    assert set(told) == {"dictionary", "tagger", "tagger_without_photos", "values_withheld", "history"}
    counted = run("tag", feed, "--tagger", tmp_path / "tagger", "--out", tmp_path / "filled.jsonl", "--json")
    assert json.loads(counted.stdout)["products"] == 96


def test_an_interrupted_training_goes_on(run: Run, bert: Path, tmp_path: Path) -> None:
    feed = write(tmp_path / "shop.jsonl", shop())
    state = str(tmp_path / "state")
    assert learned(run, bert, feed, tmp_path / "one", "--no-photos", "--epochs", "2", "--state", state).exit_code == 0
    again = learned(run, bert, feed, tmp_path / "two", "--no-photos", "--epochs", "2", "--state", state)
    assert again.exit_code == 0
    weights = [(tmp_path / name / "weights.safetensors").read_bytes() for name in ("one", "two")]
    assert weights[0] == weights[1]
    lines = [json.loads(line) for line in (tmp_path / "state" / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines].count("epoch") == 2


def test_a_folder_that_exists_is_refused_before_anything_is_read(run: Run, bert: Path, tmp_path: Path) -> None:
    done = learned(run, bert, tmp_path / "absent.jsonl", tmp_path)
    assert isinstance(done.exception, ModelError)


def test_too_few_titles_leave_nothing(run: Run, bert: Path, tmp_path: Path) -> None:
    feed = write(tmp_path / "shop.jsonl", shop(12))
    done = learned(run, bert, feed, tmp_path / "tagger", "--no-photos")
    assert isinstance(done.exception, LearningError)
    assert not (tmp_path / "tagger").exists()


def test_a_folder_that_is_no_tagger_is_refused(run: Run, tmp_path: Path) -> None:
    feed = write(tmp_path / "shop.jsonl", shop(12))
    done = run("tag", feed, "--tagger", tmp_path / "absent", "--out", tmp_path / "filled.jsonl")
    assert isinstance(done.exception, ModelUnavailable)
    assert not (tmp_path / "filled.jsonl").exists()


def test_another_photo_encoder_is_refused(run: Run, bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = write(tmp_path / "shop.jsonl", with_photos(shop(), tmp_path / "photos"))
    assert learned(run, bert, feed, tmp_path / "tagger", "--epochs", "1").exit_code == 0
    other = MeanColour()
    other.spec = type(other.spec)(name="other", revision="2", width=4, weights="none", licence="none", origin="made for a test")
    monkeypatch.setattr("indexer.cli.tag.photo_table", colours(other))
    done = run("tag", feed, "--tagger", tmp_path / "tagger", "--out", tmp_path / "filled.jsonl")
    assert isinstance(done.exception, EncoderMismatch)
    without = run("tag", feed, "--tagger", tmp_path / "tagger", "--out", tmp_path / "filled.jsonl", "--no-photos")
    assert without.exit_code == 0


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(TypeError), written(tmp_path / "out.jsonl") as stream:
        print("half", *map(len, [1]), file=stream)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LearningError, match="can't be written"), written(tmp_path / "absent" / "out.jsonl") as stream:
        stream.write("x")


def test_the_page_names_every_option_of_both_commands() -> None:
    for words in (("learn", "tag"), ("tag",)):
        app = typer.Typer()
        app.add_typer(learn, name="learn")
        app.command("tag")(tag)
        shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"}).stdout
        options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
        assert options
        assert not [option for option in options if option not in PAGE]


def test_the_pages_code_runs(run: Run, bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    feed = write(tmp_path / "products.jsonl", shop())
    assert learned(run, bert, feed, tmp_path / "tagger", "--no-photos", "--epochs", "1").exit_code == 0
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/tag.md", "exec"), {})
