"""`fusedex model` over real encoders."""

import json
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from indexer.cli import make_app
from indexer.encode.hashed import HashedText
from indexer.errors import IndexerError, ModelError, ModelUnavailable, SettingsError, UnknownName
from indexer.testing import TEXT_CASES
from tests.data.catalogue import JSONL, PHOTOS
from tests.data.models import tiny_bert


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "220")
    monkeypatch.setenv("FUSEDEX_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FUSEDEX_ENCODE__DEVICE", "cpu")


@pytest.fixture
def bert(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tiny_bert(tmp_path / "tiny")
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT_FOLDER", str(folder))
    return folder


def run(*words: str) -> Result:
    result = CliRunner().invoke(make_app("model"), ["model", *words], catch_exceptions=True)
    if isinstance(result.exception, IndexerError):
        raise result.exception
    return result


def test_list_shows_every_encoder_and_what_is_missing() -> None:
    result = run("list", "--json")
    rows = {(row["kind"], row["name"]): row for row in json.loads(result.stdout)}
    assert rows["text", "hashed"]["at_hand"] == "yes"
    assert rows["text", "minilm"] == {"kind": "text", "name": "minilm", "width": 384, "licence": "Apache-2.0", "at_hand": "yes"}
    assert "needs a folder" in rows["text", "dual"]["at_hand"]
    assert rows["photo", "image"]["width"] == 1280
    assert "bridge" in run("list").stdout


def test_list_shows_recommended_models_with_who_published_their_scores() -> None:
    told = json.loads(run("list", "--recommended", "--json").stdout)
    assert {"marqo-ecommerce-b", "marqo-ecommerce-l", "siglip-multilingual", "chinese-clip"} == {one["name"] for one in told}
    assert all(one["licence"] and one["published_by"] and one["scores"] for one in told)
    assert "None of these was run here" in run("list", "--recommended").stdout


def test_show_prints_the_whole_spec(bert: Path) -> None:
    told = json.loads(run("show", "transformer", "--json").stdout)
    assert (told["width"], told["max_tokens"], told["pooling"], len(told["digest"])) == (16, 24, "mean", 16)
    assert "mean" in run("show", "transformer").stdout
    assert '"side"' in run("show", "hashed", "--kind", "photo").stdout


def test_try_compares_with_the_first_and_measures() -> None:
    told = json.loads(run("try", "hashed", "red shoes", "shoes in red", "a sofa", "--json").stdout)
    assert told["cosines"]["shoes in red"] > told["cosines"]["a sofa"]
    assert told["a_second"] > 0
    printed = run("try", "hashed", "red shoes", "a sofa", "shoes in red").stdout.splitlines()
    assert printed[0].endswith("shoes in red")
    assert HashedText().spec.width == 64
    assert "64 numbers a row" in printed[-1]


def test_try_takes_photos_too(tmp_path: Path) -> None:
    files = [str(file) for file in sorted(PHOTOS.iterdir())[:3]]
    told = json.loads(run("try", "hashed", *files, "--kind", "photo", "--json").stdout)
    assert list(told["cosines"]) == files[1:]
    (tmp_path / "none.jpg").write_bytes(b"no photo")
    with pytest.raises(ModelError, match="photo"):
        run("try", "hashed", str(tmp_path / "none.jpg"), "--kind", "photo")


def test_check_holds_an_encoder_to_its_contract(bert: Path) -> None:
    for words in (["transformer"], ["hashed"], ["hashed", "--kind", "photo"]):
        result = run("check", *words)
        assert result.exit_code == 0, result.stdout
        assert "broken" not in result.stdout
    assert len(run("check", "hashed").stdout.splitlines()) == len(TEXT_CASES)


def test_check_says_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HashedText, "length", lambda *_: 0.0)
    result = run("check", "hashed")
    assert result.exit_code == 1
    assert [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("broken")] == [["broken", "length:"]]


def test_shrink_prunes_and_says_what_it_costs(bert: Path, tmp_path: Path) -> None:
    out = tmp_path / "pruned"
    told = json.loads(run("shrink", "transformer", "--to", "pruned", "--share", "0.2", "--out", str(out), "--json").stdout)
    assert 0.9 < told["mean_cosine"] <= 1.0001
    assert 0 < told["recall"] <= 1
    assert told["bytes"] == pytest.approx(told["bytes_before"], rel=0.1)  # zeros are stored as other numbers are
    printed = run("shrink", "transformer", "--to", "pruned", "--out", str(tmp_path / "two"), "--texts", str(JSONL)).stdout
    assert "by 30 texts" in printed
    assert "not the work" in printed
    with pytest.raises(ModelError, match="exists already"):
        run("shrink", "transformer", "--to", "pruned", "--out", str(out))


def test_shrink_leaves_layers_out_and_what_it_writes_is_searched_with(bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("shrink", "transformer", "--to", "layers", "--share", "0.5", "--out", str(tmp_path / "one")).stdout
    assert "left out, counted from 0: layer" in printed
    assert "not the work" not in printed
    told = json.loads(run("shrink", "transformer", "--to", "int8", "--out", str(tmp_path / "int8"), "--json").stdout)
    assert told["left_out"] == []
    for name, folder in (("transformer", "one"), ("onnx", "int8")):
        monkeypatch.setenv("FUSEDEX_ENCODE__TEXT_FOLDER", str(tmp_path / folder))
        assert all(line.startswith("kept") for line in run("check", name).stdout.splitlines() if line)
        cosines = json.loads(run("try", name, "oak chair", "oak chair", "red sofa", "--json").stdout)["cosines"]
        assert cosines["oak chair"] > cosines["red sofa"]


def test_shrink_needs_enough_to_compare(bert: Path, tmp_path: Path) -> None:
    feed = tmp_path / "few.jsonl"
    feed.write_text('{"id": "1", "title": "oak chair"}\n')
    with pytest.raises(ModelError, match="too few"):
        run("shrink", "transformer", "--to", "onnx", "--out", str(tmp_path / "x"), "--texts", str(feed))
    with pytest.raises(SettingsError, match="photos are needed"):
        run("shrink", "image", "--kind", "photo", "--to", "onnx", "--out", str(tmp_path / "x"))
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    with pytest.raises(ModelError, match="too few"):
        run("shrink", "hashed", "--kind", "photo", "--to", "onnx", "--out", str(tmp_path / "x"), "--photos", str(tmp_path))
    assert not (tmp_path / "x").exists()


def test_what_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName, match="'hashed'"):
        run("show", "hashd")
    with pytest.raises(ModelError, match="encodes nothing"):
        run("show", "none", "--kind", "photo")
    monkeypatch.setenv("FUSEDEX_ENCODE__TEXT_FOLDER", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="safetensors"):
        run("show", "transformer")
