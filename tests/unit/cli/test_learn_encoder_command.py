"""`fusedex learn encoder` on a tiny shop, from a feed to a folder that search may use."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from indexer.cli import make_app
from indexer.cli.learn_encoder import drawn, frozen, photo_encoder, text_encoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.errors import EvaluationError, LearningError, ModelError, SettingsError
from indexer.feed.written import row_of
from indexer.records import Product
from indexer.settings import EncodeSettings, Settings
from tests.unit.learn import encoder_shop


def write(file: Path, products: Sequence[Product]) -> Path:
    file.write_text("".join(json.dumps(row_of(one)) + "\n" for one in products))
    return file


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A feed with photos, judgments, and a profile with a tiny transformer and a tiny image network."""
    products = encoder_shop.products(photos=tmp_path / "photos")
    write(tmp_path / "products.jsonl", products)
    (tmp_path / "judgments.csv").write_text(encoder_shop.judged(products)[0].csv())
    encoder_shop.text_encoder(tmp_path / "bert")
    encoder_shop.photo_encoder(tmp_path / "vit")
    for name, value in {
        "HOME": "home",
        "ENCODE__TEXT": "transformer",
        "ENCODE__TEXT_FOLDER": "bert",
        "ENCODE__PHOTO": "image",
        "ENCODE__PHOTO_FOLDER": "vit",
        "ENCODE__FUSION": "mlp",
    }.items():
        monkeypatch.setenv(f"FUSEDEX_{name}", str(tmp_path / value) if name.endswith(("HOME", "FOLDER")) else value)
    monkeypatch.setenv("FUSEDEX_ENCODE__THREADS", "1")
    return tmp_path


def learn(*words: str | Path) -> str:
    result = CliRunner().invoke(make_app("learn"), ["learn", "encoder", *map(str, words)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_a_feed_with_photos_and_judgments_becomes_encoders(shop: Path) -> None:
    plan = (
        "--judgments",
        shop / "judgments.csv",
        "--relevant",
        "2",
        "--epochs",
        "1",
        "--batch",
        "16",
        "--text-rate",
        "1e-3",
        "--tokens",
        "16",
    )
    more = ("--freeze-text", "1", "--freeze-photo", "1", "--licence", "CC0-1.0", "--state", shop / "state")
    figures = json.loads(learn(shop / "products.jsonl", *plan, *more, "--out", shop / "out", "--json"))
    assert set(figures["report"]) == {"judged", "synthetic", "attributes", "described", "pictured"}
    assert figures["data"]["sources"] == ["products.jsonl", "judgments.csv"]
    assert figures["settings"]["tokens"] == 16
    assert sum(figures["data"]["products"].values()) <= 96
    for measures in figures["report"].values():
        for one in measures.values():
            assert one["low"] <= one["mean"] <= one["high"]
            assert one["after"] - one["before"] == pytest.approx(one["mean"])
    told = EncodeSettings(
        text="transformer",
        text_folder=shop / "out" / "text",
        photo="image",
        photo_folder=shop / "out" / "photo",
        projection_folder=shop / "out" / "projection",
    )
    text = make_text_encoder(told)
    assert text.encode(["black chair"], side="query").shape == (1, 32)
    photo = make_photo_encoder(told, text)
    assert photo is not None
    assert photo.spec.width == 32
    assert (shop / "state" / "log.jsonl").read_text().count('"epoch"') == 1
    with pytest.raises(ModelError, match="exists already"):
        learn(shop / "products.jsonl", *plan, "--out", shop / "out")


def test_texts_alone_learn_where_the_profile_has_no_image_network(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_ENCODE__PHOTO", "bridge")
    told = learn(shop / "products.jsonl", "--epochs", "1", "--limit", "90", "--out", shop / "out")
    assert "FUSEDEX_ENCODE__TEXT=transformer FUSEDEX_ENCODE__TEXT_FOLDER=" in told
    assert "PHOTO_FOLDER" not in told
    assert "by mrr: " in told
    assert sorted(path.name for path in (shop / "out").iterdir()) == ["card.md", "curves.png", "metrics.json", "text"]


def test_what_can_not_be_learned_from_is_told_and_leaves_nothing(shop: Path) -> None:
    write(shop / "few.jsonl", encoder_shop.products(8))
    with pytest.raises(LearningError, match="pairs are too few"):
        learn(shop / "few.jsonl", "--out", shop / "out")
    with pytest.raises(SettingsError, match="--freeze-photo is a number of stages or `all`, not 'most'"):
        learn(shop / "products.jsonl", "--freeze-photo", "most", "--out", shop / "out")
    (shop / "trec.txt").write_text("q1 0 1 1\n")
    with pytest.raises(EvaluationError, match="names its queries by ids"):
        learn(shop / "products.jsonl", "--judgments", shop / "trec.txt", "--out", shop / "out")
    assert not (shop / "out").exists()


def test_the_first_words_of_the_command_are_read() -> None:
    assert [frozen(told) for told in (None, "all", "3")] == [None, "all", 3]
    some = encoder_shop.products(10)
    chosen = drawn(some, {"7", "8"}, limit=4, seed=0)
    ids = [one.id for one in chosen]
    assert {"7", "8"} <= set(ids)
    assert ids == sorted(ids, key=int)
    assert len(ids) == 4
    assert drawn(some, set(), limit=99, seed=0) == some


def test_what_begins_is_the_folder_or_the_profile_or_minilm(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert text_encoder(Settings.load(), None, 12).spec.max_tokens == 12
    assert text_encoder(Settings.load(), None, None).folder == shop / "bert"
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT", "sentence")
    assert text_encoder(Settings.load(), None, 12).spec.name == "minilm"
    assert text_encoder(Settings.load(), shop / "bert", 9).spec.max_tokens == 9
    made = photo_encoder(Settings.load())
    assert made is not None
    assert made.spec.width == 16
    monkeypatch.setenv("FUSEDEX_ENCODE__PHOTO", "none")
    assert photo_encoder(Settings.load()) is None
