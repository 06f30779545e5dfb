"""`fusedex learn fuse` on drawn photos, with the real image network and hashed words."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.errors import LearningError, ModelError, SettingsError
from indexer.fuse.catalog import make_fusion
from indexer.settings import EncodeSettings
from tests.unit.learn.fuse_shop import COLOURS, classes


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    classes(tmp_path / "photos", each=6)
    lines = [f"{name},{name} shirt\n{name},{name} thing" for name in COLOURS]
    (tmp_path / "texts.csv").write_text("class,text\n" + "\n".join(lines) + "\n")
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "hashed")
    monkeypatch.setenv("FUSEDEX_ENCODE__THREADS", "1")
    return tmp_path


def learn(*words: str) -> str:
    result = CliRunner().invoke(make_app("learn"), ["learn", "fuse", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_a_folder_of_classes_becomes_a_fusion(shop: Path) -> None:
    told = ("--classes", str(shop / "photos"), "--texts", str(shop / "texts.csv"), "--seeds", "1", "--epochs", "2", "--batch", "8")
    figures = json.loads(learn(*told, "--out", str(shop / "fusion"), "--state", str(shop / "state"), "--views", "1", "--json"))
    assert set(figures["before"]) == set(figures["after"]) == {"recall@1", "recall@5", "precision@10", "score"}
    assert figures["data"]["items"] == 4
    assert sorted(file.name for file in (shop / "fusion").iterdir()) == [
        "card.md",
        "curves.png",
        "metrics.json",
        "spec.json",
        "weights.safetensors",
    ]
    assert (shop / "state" / "seed-0" / "log.jsonl").read_text().count('"epoch"') == 2
    settings = EncodeSettings(text="hashed", photo="image", fusion="mlp", fusion_folder=shop / "fusion")
    width = json.loads((shop / "fusion" / "spec.json").read_text())["text_width"]
    assert make_fusion(settings, width=width).spec.name == "learned"
    with pytest.raises(ModelError, match="exists already"):
        learn(*told, "--out", str(shop / "fusion"))


def test_what_to_learn_from_must_be_said(shop: Path) -> None:
    for words in (
        [],
        ["--classes", str(shop / "photos")],
        [str(shop / "a.csv"), "--classes", str(shop), "--texts", str(shop / "texts.csv")],
    ):
        with pytest.raises(SettingsError, match="from a catalogue, or from classes"):
            learn(*words, "--out", str(shop / "fusion"))


def test_a_catalogue_without_photos_teaches_nothing(shop: Path) -> None:
    (shop / "products.csv").write_text("id,title\n1,Tee\n2,Hat\n")
    with pytest.raises(LearningError, match="at least two are needed"):
        learn(str(shop / "products.csv"), "--out", str(shop / "fusion"))
    assert not (shop / "fusion").exists()
