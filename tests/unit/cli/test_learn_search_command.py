"""`fusedex learn search` on drawn photos, and `learn fuse --settings` with what it found."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.errors import ModelError, SettingsError
from tests.unit.learn.fuse_shop import COLOURS, classes


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    classes(tmp_path / "photos", each=8)
    lines = [f"{name},{name} shirt\n{name},{name} thing" for name in COLOURS]
    (tmp_path / "texts.csv").write_text("class,text\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "hashed")
    monkeypatch.setenv("FUSEDEX_ENCODE__THREADS", "1")
    return tmp_path


def learn(*words: str | Path) -> str:
    result = CliRunner().invoke(make_app("learn"), ["learn", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def data(shop: Path) -> tuple[str | Path, ...]:
    return ("--classes", shop / "photos", "--texts", shop / "texts.csv", "--views", "1")


def test_what_a_search_finds_is_what_fuse_learns_with(shop: Path) -> None:
    more = ("--trials", "2", "--epochs", "1", "--state", shop / "state")
    figures = json.loads(learn("search", *data(shop), *more, "--out", shop / "found", "--json"))
    assert sorted(file.name for file in (shop / "found").iterdir()) == ["report.html", "settings.toml", "trials.json"]
    assert len(figures["trials"]) == 2
    assert figures["data"]["to report on"] > 0
    told = learn("search", *data(shop), *more, "--out", shop / "again")
    assert "use it: fusedex learn fuse ... --settings" in told
    assert (shop / "again" / "trials.json").read_text() == (shop / "found" / "trials.json").read_text(), "nothing was tried again"
    with pytest.raises(ModelError, match="exists already"):
        learn("search", *data(shop), "--out", shop / "found")

    fuse = ("fuse", *data(shop), "--seeds", "1", "--epochs", "1", "--settings", shop / "found" / "settings.toml")
    learn(*fuse, "--out", shop / "fusion", "--state", shop / "own")
    began = json.loads((shop / "own" / "seed-0" / "log.jsonl").read_text().splitlines()[0])["settings"]
    for name in ("learning_rate", "batch", "weight_decay"):
        assert began[name] == figures["settings"][name]
    assert began["epochs"] == 1
    assert json.loads((shop / "fusion" / "spec.json").read_text())["join"] == figures["settings"]["join"]
    learn(*fuse, "--batch", "5", "--out", shop / "other", "--state", shop / "mine")
    assert json.loads((shop / "mine" / "seed-0" / "log.jsonl").read_text().splitlines()[0])["settings"]["batch"] == 5


def test_settings_that_there_are_not_are_told_before_anything_is_learned(shop: Path) -> None:
    (shop / "wrong.toml").write_text("[fuse]\nlearning_rat = 1.0\n")
    with pytest.raises(SettingsError, match="'learning_rat' is no setting"):
        learn("fuse", *data(shop), "--settings", shop / "wrong.toml", "--out", shop / "fusion")
    assert not (shop / "fusion").exists()
