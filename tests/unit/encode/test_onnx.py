"""ONNX forms of tiny models, made by the real exporter and run by onnxruntime; pruned ones; and what is refused."""

import json
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.folder import Folder
from indexer.encode.hashed import HashedText
from indexer.encode.image import ImageEncoder
from indexer.encode.onnx import OnnxPhoto, OnnxText
from indexer.encode.parity import kept_neighbours, measured, sample_texts
from indexer.encode.prune import prune
from indexer.encode.shrink import Export, export
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import BadDigest, ModelError, ModelUnavailable
from indexer.settings import EncodeSettings
from indexer.testing import PHOTO_CASES, TEXT_CASES, photographs
from indexer.whole import new_folder
from tests.data.models import tiny_bert, tiny_timm

TEXTS = ["oak chair", "red sofa a b a b a b a b", "", "zzz", "a b " * 30]


@pytest.fixture(scope="module")
def torch_text(tmp_path_factory: pytest.TempPathFactory) -> TransformerEncoder:
    folder = tiny_bert(tmp_path_factory.mktemp("onnx") / "tiny")
    told = Folder(path=folder, name="tiny", query_prefix="query : ", product_prefix="")
    return TransformerEncoder(told, device="cpu", threads=1)


@pytest.fixture(scope="module")
def torch_photo(tmp_path_factory: pytest.TempPathFactory) -> ImageEncoder:
    folder = tiny_timm(tmp_path_factory.mktemp("onnx") / "resnet", "resnet10t", {"input_size": [3, 32, 32]})
    return ImageEncoder(Backbone(BackboneFiles(path=folder), device="cpu", threads=1))


@pytest.fixture(scope="module")
def made(torch_text: TransformerEncoder, torch_photo: ImageEncoder, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    root = tmp_path_factory.mktemp("exported")
    forms: list[tuple[str, TransformerEncoder | ImageEncoder, Export]] = [
        ("text", torch_text, "onnx"),
        ("text8", torch_text, "int8"),
        ("photo", torch_photo, "onnx"),
    ]
    for name, encoder, form in forms:
        new_folder(root / name, partial(export, encoder, form=form))
    return {name: root / name for name, _, _ in forms}


@pytest.fixture
def spoilt(made: Mapping[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made["text"], tmp_path / "spoilt"))


def test_float32_gives_the_originals_rows_under_the_originals_spec(torch_text: TransformerEncoder, made: Mapping[str, Path]) -> None:
    encoder = make_text_encoder(EncodeSettings(text="onnx", text_folder=made["text"], threads=1))
    assert encoder.spec == torch_text.spec
    for side in ("query", "product"):
        expected = torch_text.encode(TEXTS, side="query" if side == "query" else "product")
        assert encoder.encode(TEXTS, side="query" if side == "query" else "product") == pytest.approx(expected, abs=1e-5)
    assert encoder.length("oak " * 500) == torch_text.length("oak " * 500)


def test_photos_give_the_originals_rows(torch_photo: ImageEncoder, made: Mapping[str, Path]) -> None:
    told = EncodeSettings(photo="onnx", photo_folder=made["photo"], fusion="mlp", threads=1)
    encoder = make_photo_encoder(told, HashedText())
    assert encoder is not None
    assert encoder.spec == torch_photo.spec
    assert encoder.encode(photographs()) == pytest.approx(torch_photo.encode(photographs()), abs=1e-4)


def test_eight_bits_are_near_smaller_and_another_model(torch_text: TransformerEncoder, made: Mapping[str, Path]) -> None:
    encoder = OnnxText(made["text8"], threads=1)
    assert encoder.spec.digest != torch_text.spec.digest
    assert encoder.spec.name == "tiny-int8"
    cosines = (encoder.encode(TEXTS, side="product") * torch_text.encode(TEXTS, side="product")).sum(axis=1)
    assert cosines.min() > 0.95
    assert not (made["text8"] / "plain.onnx").exists()


@pytest.mark.parametrize("name", ["text", "text8"])
def test_text_forms_keep_the_contract(name: str, made: Mapping[str, Path]) -> None:
    for case in TEXT_CASES:
        case.check(lambda: OnnxText(made[name], threads=1))


def test_photo_forms_keep_the_contract(made: Mapping[str, Path]) -> None:
    for case in PHOTO_CASES:
        case.check(lambda: OnnxPhoto(made["photo"], threads=1))


def rewritten(**told: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / "spec.json").read_text())
        (folder / "spec.json").write_text(json.dumps(content | told))

    return change


def longer(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes((folder / name).read_bytes() + b" ")

    return change


@pytest.mark.parametrize(
    ("change", "error", "reason"),
    [
        (longer("model.onnx"), BadDigest, "sha-256"),
        (longer("tokenizer.json"), BadDigest, "sha-256"),
        (lambda folder: (folder / "model.onnx").unlink(), ModelUnavailable, "can't be read"),
        (lambda folder: (folder / "spec.json").unlink(), ModelUnavailable, "spec.json can't be read"),
        (rewritten(kind="photo"), ModelUnavailable, "photo encoder"),
        (rewritten(sha256={}), ModelUnavailable, "digest of model.onnx"),
        (rewritten(model={"name": "x"}), ModelUnavailable, "no model"),
        (rewritten(numbers="int4"), ModelUnavailable, "numbers"),
    ],
)
def test_a_folder_that_is_not_as_promised_is_refused(
    change: Callable[[Path], None], error: type[Exception], reason: str, spoilt: Path
) -> None:
    change(spoilt)
    with pytest.raises(error, match=reason):
        OnnxText(spoilt)


def test_pruning_zeroes_the_share_and_leaves_the_original_alone(torch_text: TransformerEncoder, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    before = torch_text.encode(TEXTS, side="product")
    new_folder(tmp_path / "pruned", partial(prune, torch_text, share=0.5))
    stored = load_file(tmp_path / "pruned" / "model.safetensors")
    linear = [tensor for name, tensor in stored.items() if tensor.ndim == 2 and "embeddings" not in name]
    assert sum((tensor == 0).sum() for tensor in linear) / sum(tensor.size for tensor in linear) == pytest.approx(0.5, abs=0.01)
    smaller = TransformerEncoder(Folder(path=tmp_path / "pruned", name="tiny"), device="cpu")
    cosines = (smaller.encode(TEXTS, side="product") * before).sum(axis=1)
    assert cosines.mean() > 0.9
    assert not np.array_equal(smaller.encode(TEXTS, side="product"), before)
    assert np.array_equal(torch_text.encode(TEXTS, side="product"), before)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_that_is_none_is_refused(share: float, torch_text: TransformerEncoder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="share"):
        new_folder(tmp_path / "pruned", partial(prune, torch_text, share=share))
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_network_can_not_be_shrunk(tmp_path: Path) -> None:
    for make in (partial(export, HashedText(), form="onnx"), partial(prune, HashedText(), share=0.5)):
        with pytest.raises(ModelError, match="'hashed' can't be"):
            new_folder(tmp_path / "x", make)
    (tmp_path / "there").mkdir()
    with pytest.raises(ModelError, match="exists already"):
        new_folder(tmp_path / "there", lambda _: None)


def test_parity_by_hand() -> None:
    rows = np.eye(12, dtype=np.float32)
    half = rows.copy()
    half[:6] = -half[:6]
    parity = measured(
        list(range(12)), lambda some: rows[[int(str(one)) for one in some]], lambda some: half[[int(str(one)) for one in some]]
    )
    assert (parity.mean_cosine, parity.least_cosine, parity.inputs) == (0, -1, 12)
    assert kept_neighbours(rows, rows) == 1
    with pytest.raises(ValueError, match="more than 10"):
        measured([1] * 10, lambda _: rows, lambda _: rows)
    line = np.stack([np.array([np.cos(at / 40), np.sin(at / 40)]) for at in range(30)]).astype(np.float32)
    assert kept_neighbours(line, line[::-1]) == 1  # the same distances
    assert kept_neighbours(line, np.roll(line, 15, axis=0)) < 1


def test_the_sample_is_large_enough_and_holds_each_title_once() -> None:
    assert len(sample_texts()) == len(set(sample_texts())) == 240
