"""Two-tower encoders on tiny models of each kind, against what transformers itself computes; and what they refuse."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.dual import DualPhoto, DualText
from indexer.errors import ModelUnavailable, SettingsError
from indexer.settings import EncodeSettings
from tests.data.models import SIDE, tiny_dual

KINDS = {"clip": 24, "siglip": 32, "chinese_clip": 24}
TEXTS = ["oak chair", "red sofa a b a b", "", "running shoes " * 40]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    root = tmp_path_factory.mktemp("towers")
    return {kind: tiny_dual(root / kind, kind) for kind in KINDS}


@pytest.fixture
def spoilt(folders: Mapping[str, Path], tmp_path: Path) -> Path:
    """A copy of the CLIP, to be changed."""
    return Path(shutil.copytree(folders["clip"], tmp_path / "clip"))


def encoders(folder: Path) -> tuple[TextEncoder, PhotoEncoder]:
    settings = EncodeSettings(text="dual", photo="dual", text_folder=folder, device="cpu")
    text = make_text_encoder(settings)
    photo = make_photo_encoder(settings, text)
    assert photo is not None
    return text, photo


def photographs() -> list[Pixels]:
    random = np.random.default_rng(4)
    return [random.integers(0, 256, shape, dtype=np.uint8) for shape in ((48, 48, 3), (40, 90, 3), (SIDE, SIDE, 3))]


def rows_of(features: object) -> npt.NDArray[np.float32]:
    rows = np.asarray(cast("Any", features).pooler_output.numpy(), dtype=np.float32)
    return cast("npt.NDArray[np.float32]", rows / np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.mark.parametrize("kind", KINDS)
def test_texts_get_the_rows_that_transformers_gives(kind: str, folders: Mapping[str, Path]) -> None:
    import torch
    from transformers import AutoModel, BertTokenizer

    encoder, _ = encoders(folders[kind])
    tokenizer = BertTokenizer(str(folders[kind] / "vocab.txt"))
    model = AutoModel.from_pretrained(folders[kind]).eval()
    padding: dict[str, Any] = {"padding": "max_length"} if kind == "siglip" else {}
    most = 52 if kind == "chinese_clip" else 16
    for text, row in zip(TEXTS, encoder.encode(TEXTS, side="query"), strict=True):
        tokens = tokenizer([text], truncation=True, max_length=most, return_tensors="pt", **padding)
        told = {"input_ids": tokens["input_ids"]} | ({} if kind == "siglip" else {"attention_mask": tokens["attention_mask"]})
        with torch.inference_mode():
            expected = rows_of(model.get_text_features(**told))[0]
        assert row == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_photos_get_the_rows_that_transformers_gives(kind: str, folders: Mapping[str, Path]) -> None:
    import torch
    from PIL import Image
    from transformers import AutoModel

    _, encoder = encoders(folders[kind])
    model = AutoModel.from_pretrained(folders[kind]).eval()
    told = json.loads((folders[kind] / "preprocessor_config.json").read_text())
    photo = photographs()[1]
    picture = Image.fromarray(photo)
    if kind == "clip":  # the shorter side, then the centre
        left = (picture.width - picture.height) / 2
        box = (left, 0.0, left + picture.height, float(picture.height))
    else:
        box = (0.0, 0.0, float(picture.width), float(picture.height))
    small = picture.resize((SIDE, SIDE), Image.Resampling(told["resample"]), box=box)
    pixels = (np.asarray(small, dtype=np.float32) / 255 - np.array(told["image_mean"])) / np.array(told["image_std"])
    with torch.inference_mode():
        block = torch.from_numpy(pixels.transpose(2, 0, 1)[None].astype(np.float32))
        expected = rows_of(model.get_image_features(pixel_values=block))[0]
    assert encoder.encode([photo])[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_both_towers_share_one_network_and_one_space(kind: str, folders: Mapping[str, Path]) -> None:
    text, photo = encoders(folders[kind])
    assert isinstance(text, DualText)
    assert isinstance(photo, DualPhoto)
    assert photo.network is text.network
    assert text.spec.width == photo.spec.width == KINDS[kind]
    assert text.spec.digest != photo.spec.digest
    assert photo.spec.image is not None
    assert (photo.spec.image.side, photo.spec.image.squash) == (SIDE, kind != "clip")
    assert photo.spec.image.interpolation == ("bilinear" if kind == "chinese_clip" else "bicubic")
    alone = np.concatenate([photo.encode([one]) for one in photographs()])
    assert photo.encode(photographs()) == pytest.approx(alone, abs=1e-5)


def test_another_texts_photos_may_have_towers_of_their_own(folders: Mapping[str, Path]) -> None:
    told = EncodeSettings(text="dual", photo="dual", text_folder=folders["clip"], photo_folder=folders["chinese_clip"], device="cpu")
    text = make_text_encoder(told)
    photo = make_photo_encoder(told, text)
    assert isinstance(photo, DualPhoto)
    assert isinstance(text, DualText)
    assert photo.network is not text.network
    with pytest.raises(SettingsError, match="PHOTO_FOLDER"):
        make_photo_encoder(EncodeSettings(text="hashed", photo="dual"), make_text_encoder(EncodeSettings(text="hashed")))


def test_prefixes_tokens_and_grey_are_settable(folders: Mapping[str, Path]) -> None:
    told = EncodeSettings(text="dual", photo="dual", text_folder=folders["clip"], query_prefix="a ", text_tokens=6, grey=True, device="cpu")
    text = make_text_encoder(told)
    plain, colour = encoders(folders["clip"])
    assert (text.spec.max_tokens, plain.spec.max_tokens) == (6, 16)
    assert text.encode(["oak"], side="query")[0] == pytest.approx(plain.encode(["a oak"], side="query")[0], abs=1e-5)
    photo = make_photo_encoder(told, text)
    assert photo is not None
    assert photo.spec.digest != colour.spec.digest
    siglip = make_text_encoder(told.model_copy(update={"text_folder": folders["siglip"]}))
    assert siglip.spec.max_tokens == 16  # it was trained on texts of one length


def test_the_digest_sees_weights_tokens_and_preprocessing(spoilt: Path) -> None:
    seen = {tuple(encoder.spec.digest for encoder in encoders(spoilt))}
    for name in ("tokenizer.json", "preprocessor_config.json", "config.json"):
        (spoilt / name).write_text((spoilt / name).read_text() + " ")
        seen.add(tuple(encoder.spec.digest for encoder in encoders(spoilt)))
    content = bytearray((spoilt / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (spoilt / "model.safetensors").write_bytes(content)
    seen.add(tuple(encoder.spec.digest for encoder in encoders(spoilt)))
    assert len(seen) == 5


def changed(file: str, **told: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        (folder / file).write_text(json.dumps(content | told))

    return change


def without(file: str) -> Callable[[Path], None]:
    return lambda folder: (folder / file).unlink()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("model.safetensors"), "safetensors"),
        (without("preprocessor_config.json"), "preprocessor_config.json can't be read"),
        (without("config.json"), "config.json can't be read"),
        (changed("config.json", model_type="marqo", auto_map={"AutoModel": "evil.Evil"}), r"kind 'marqo'.*never run"),
        (changed("config.json", projection_dim="wide"), "no width"),
        (changed("preprocessor_config.json", crop_size={"height": 8, "width": 9}), "no square"),
        (changed("preprocessor_config.json", resample=5), "interpolation"),
        (changed("preprocessor_config.json", do_normalize=False), "pixel / 255"),
        (changed("preprocessor_config.json", rescale_factor=1 / 127.5), "pixel / 255"),
    ],
)
def test_what_can_not_be_read_is_refused(change: Callable[[Path], None], reason: str, spoilt: Path) -> None:
    change(spoilt)
    with pytest.raises(ModelUnavailable, match=reason):
        encoders(spoilt)


def test_weights_of_another_network_are_refused_when_they_load(spoilt: Path) -> None:
    (spoilt / "model.safetensors").write_bytes(b"no tensors")
    text, _ = encoders(spoilt)
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        text.encode(["oak"], side="query")
