"""Encoders written down again are loaded as the same ones: texts, photos, and the projection between them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.folder import Folder
from indexer.encode.image import ImageEncoder, Lite0
from indexer.encode.projection import read_projection
from indexer.encode.saved import save_backbone, save_projection, save_transformer
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelError
from indexer.specs import ModelSpec
from tests.data.models import tiny_bert, tiny_timm

TEXTS = ["a red oak chair", "running shoes", "sofa"]


def pictures() -> list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    random = np.random.default_rng(5)
    return [random.integers(0, 256, (60, 50, 3), dtype=np.uint8) for _ in range(3)]


def test_a_transformer_comes_back_with_what_settings_told(tmp_path: Path) -> None:
    told = Folder(path=tiny_bert(tmp_path / "a"), name="t", pooling="max", max_tokens=7, query_prefix="query: ", product_prefix="passage: ")
    one = TransformerEncoder(told, device="cpu", threads=1)
    (tmp_path / "b").mkdir()
    save_transformer(one, tmp_path / "b")
    again = TransformerEncoder(Folder(path=tmp_path / "b", name="t"), device="cpu", threads=1)
    for name in ("pooling", "max_tokens", "query_prefix", "product_prefix", "width"):
        assert getattr(again.spec, name) == getattr(one.spec, name)
    for side in ("query", "product"):
        assert again.encode(TEXTS, side=side) == pytest.approx(one.encode(TEXTS, side=side), abs=1e-6)
    assert not list((tmp_path / "b").glob("*.bin"))


def test_what_changed_in_the_network_is_what_comes_back(tmp_path: Path) -> None:
    one = TransformerEncoder(Folder(path=tiny_bert(tmp_path / "a"), name="t"), device="cpu", threads=1)
    before = one.encode(TEXTS, side="query")
    for name, parameter in one.torch_model()[0].named_parameters():
        if "LayerNorm" in name:
            parameter.data[::2] += 0.5
    (tmp_path / "b").mkdir()
    save_transformer(one, tmp_path / "b")
    again = TransformerEncoder(Folder(path=tmp_path / "b", name="t"), device="cpu", threads=1)
    assert again.encode(TEXTS, side="query") == pytest.approx(one.encode(TEXTS, side="query"), abs=1e-6)
    assert again.encode(TEXTS, side="query") != pytest.approx(before, abs=1e-4)
    assert again.spec.digest != one.spec.digest


@pytest.mark.parametrize("grey", [False, True])
def test_a_backbone_and_its_projection_come_back(tmp_path: Path, grey: bool) -> None:
    config = {"input_size": [3, 32, 32], "crop_pct": 0.9, "interpolation": "bilinear", "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.2, 0.3]}
    files = BackboneFiles(path=tiny_timm(tmp_path / "a", "resnet10t", config))
    one = ImageEncoder(Backbone(files, grey=grey, device="cpu", threads=1))
    for name in ("photo", "projection"):
        (tmp_path / name).mkdir()
    plain = save_backbone(one, tmp_path / "photo")
    assert plain.spec.image == one.spec.image
    assert plain.encode(pictures()) == pytest.approx(one.encode(pictures()), abs=1e-6)
    random = np.random.default_rng(2)
    weight, bias = random.normal(size=(8, 512)).astype(np.float32), random.normal(size=8).astype(np.float32)
    save_projection(tmp_path / "projection", onto=plain, weight=weight, bias=bias)
    read = read_projection(tmp_path / "projection", digest=plain.spec.digest, width=512)
    assert (read.weight == weight).all()
    assert (read.bias == bias).all()


def test_the_bundled_network_becomes_a_folder_that_image_loads(tmp_path: Path) -> None:
    one = ImageEncoder(Lite0(device="cpu", threads=1))
    plain = save_backbone(one, tmp_path)
    assert plain.spec.image == one.spec.image
    assert plain.spec.licence == "Apache-2.0"
    assert plain.encode(pictures()[:1]) == pytest.approx(one.encode(pictures()[:1]), abs=1e-5)


class Blind(ImageEncoder):
    """An image encoder whose spec forgot its input."""

    @property
    def told(self) -> ModelSpec:
        return replace(self.spec, image=None)


def test_an_encoder_without_an_input_of_photos_can_not_be_written(tmp_path: Path) -> None:
    one = Blind(Lite0(device="cpu"))
    one.spec = one.told
    with pytest.raises(ModelError, match="takes no photos"):
        save_backbone(one, tmp_path)
