"""Any timm backbone as the encoder `image`: its features, its own preprocessing, a projection behind it, and what is refused."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import PhotoEncoder
from indexer.encode.catalog import make_photo_encoder
from indexer.encode.hashed import HashedText
from indexer.encode.image import ImageEncoder
from indexer.errors import BadDigest, ModelUnavailable, NotFinite, WidthMismatch
from indexer.settings import EncodeSettings
from tests.data.models import tiny_timm

VIT: dict[str, object] = {
    "model_args": {"img_size": 32, "embed_dim": 48, "depth": 2, "num_heads": 4},
    "input_size": [3, 32, 32],
    "crop_pct": 1.0,
}
NETWORKS: dict[str, tuple[int, dict[str, object]]] = {
    "resnet10t": (512, {"input_size": [3, 64, 64], "interpolation": "bilinear"}),
    "vit_tiny_patch16_224": (48, VIT),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    root = tmp_path_factory.mktemp("timm")
    return {name: tiny_timm(root / name, name, config) for name, (_, config) in NETWORKS.items()}


@pytest.fixture
def folder(folders: Mapping[str, Path], tmp_path: Path) -> Path:
    return Path(shutil.copytree(folders["vit_tiny_patch16_224"], tmp_path / "vit"))


def encoder_of(folder: Path, **settings: object) -> PhotoEncoder:
    told = EncodeSettings.model_validate({"photo": "image", "photo_folder": folder, "fusion": "mlp", "device": "cpu"} | settings)
    encoder = make_photo_encoder(told, HashedText())
    assert encoder is not None
    return encoder


def photographs() -> list[npt.NDArray[np.uint8]]:
    """As smooth as photographs are: in noise, a pixel's shift is another picture."""
    from PIL import Image

    random = np.random.default_rng(4)
    coarse = [Image.fromarray(random.integers(0, 256, (5, 5, 3), dtype=np.uint8)) for _ in range(2)]
    sizes = ((80, 80), (120, 70))
    return [np.asarray(one.resize(size, Image.Resampling.BICUBIC)) for one, size in zip(coarse, sizes, strict=True)]


def save_projection(folder: Path, encoder: PhotoEncoder, *, width: int = 64, told: Mapping[str, object] | None = None) -> Path:
    from safetensors.numpy import save

    random = np.random.default_rng(2)
    weight = random.normal(size=(width, encoder.spec.width)).astype(np.float32)
    content = save({"weight": weight, "bias": random.normal(size=width).astype(np.float32)})
    folder.mkdir()
    (folder / "projection.safetensors").write_bytes(content)
    spec = {"name": "p", "licence": "MIT", "origin": "a test", "input": encoder.spec.digest}
    (folder / "spec.json").write_text(json.dumps({**spec, "sha256": hashlib.sha256(content).hexdigest()} | dict(told or {})))
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_rows_are_timms_features_of_timms_own_preprocessing(name: str, folders: Mapping[str, Path]) -> None:
    import timm
    import torch
    from PIL import Image
    from safetensors.torch import load_file

    encoder = encoder_of(folders[name])
    config = json.loads((folders[name] / "config.json").read_text())
    model: Any = timm.create_model(name, num_classes=10, **config["model_args"]).eval()
    data: Any = timm.data
    model.load_state_dict(load_file(folders[name] / "model.safetensors"))
    told = data.resolve_data_config(pretrained_cfg={**model.pretrained_cfg, **config["pretrained_cfg"]})
    transform = data.create_transform(**told)
    rows = encoder.encode(photographs())
    assert rows.shape == (2, NETWORKS[name][0])
    for photo, row in zip(photographs(), rows, strict=True):
        with torch.inference_mode():
            raw = model.forward_head(model.forward_features(transform(Image.fromarray(photo))[None]), pre_logits=True)[0].numpy()
        # timm scales, then crops, on whole pixels; we do both in one step
        assert float(row @ (raw / np.linalg.norm(raw))) > 0.995
    assert encoder.spec.image is not None
    assert encoder.spec.image.interpolation == told["interpolation"]
    assert encoder.spec.image.crop_share == told["crop_pct"]
    assert encoder.spec.revision == name
    assert encoder.spec.licence


def test_one_file_with_the_architectures_name_does_as_well(folders: Mapping[str, Path], tmp_path: Path) -> None:
    weights = shutil.copy(folders["resnet10t"] / "model.safetensors", tmp_path / "mine.safetensors")
    encoder = encoder_of(Path(weights), photo_backbone="resnet10t")
    assert encoder.spec.width == 512
    assert encoder.encode(photographs()).shape == (2, 512)


def test_a_projection_leads_into_the_texts_width(folder: Path, tmp_path: Path) -> None:
    plain = encoder_of(folder)
    projected = encoder_of(folder, projection_folder=save_projection(tmp_path / "p", plain), fusion="weighted")
    assert projected.spec.width == 64
    assert projected.spec.digest != plain.spec.digest
    assert projected.spec.licence.endswith("MIT (projection)")
    from safetensors.numpy import load_file

    stored = load_file(tmp_path / "p" / "projection.safetensors")
    expected = plain.encode(photographs()) @ stored["weight"].T + stored["bias"]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert projected.encode(photographs()) == pytest.approx(expected, abs=1e-5)


def test_the_bundled_network_takes_a_projection_too(tmp_path: Path) -> None:
    plain = make_photo_encoder(EncodeSettings(photo="image", fusion="mlp", device="cpu"), HashedText())
    assert isinstance(plain, ImageEncoder)
    told = EncodeSettings(photo="image", projection_folder=save_projection(tmp_path / "p", plain), device="cpu")
    projected = make_photo_encoder(told, HashedText())
    assert projected is not None
    assert projected.spec.width == 64


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        ({"sha256": "0" * 64}, BadDigest),
        ({"input": "another"}, ModelUnavailable),
    ],
)
def test_a_projection_that_does_not_fit_is_refused(spoil: dict[str, object], error: type[Exception], folder: Path, tmp_path: Path) -> None:
    save_projection(tmp_path / "p", encoder_of(folder), told=spoil)
    with pytest.raises(error):
        encoder_of(folder, projection_folder=tmp_path / "p")


@pytest.mark.parametrize(
    ("weight", "error"),
    [(np.ones((64, 3)), WidthMismatch), (np.full((64, 48), np.nan), NotFinite), (np.ones(48), WidthMismatch), (None, ModelUnavailable)],
)
def test_a_projection_of_other_shapes_is_refused(
    weight: npt.NDArray[np.float64] | None, error: type[Exception], folder: Path, tmp_path: Path
) -> None:
    from safetensors.numpy import save

    save_projection(tmp_path / "p", encoder_of(folder))
    content = b"none" if weight is None else save({"weight": weight.astype(np.float32)})
    (tmp_path / "p" / "projection.safetensors").write_bytes(content)
    told = json.loads((tmp_path / "p" / "spec.json").read_text())
    (tmp_path / "p" / "spec.json").write_text(json.dumps({**told, "sha256": hashlib.sha256(content).hexdigest()}))
    with pytest.raises(error):
        encoder_of(folder, projection_folder=tmp_path / "p")
    (tmp_path / "p" / "projection.safetensors").unlink()
    with pytest.raises(ModelUnavailable, match="can't be read"):
        encoder_of(folder, projection_folder=tmp_path / "p")


def rewrite(folder: Path, **told: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | told))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"architecture": "no_such_net"}, "can't build"),
        ({"pretrained_cfg": {"input_size": [3, 32, 64]}}, "only squares"),
        ({"pretrained_cfg": {"input_size": [1, 32, 32]}}, "only squares"),
        ({"pretrained_cfg": {"crop_mode": "border"}}, "'border'"),
        ({"pretrained_cfg": {"interpolation": "random"}}, "'random'"),
    ],
)
def test_what_can_not_be_used_is_refused(told: dict[str, object], reason: str, folder: Path) -> None:
    rewrite(folder, **told)
    with pytest.raises(ModelUnavailable, match=reason):
        encoder_of(folder)


def test_weights_are_safetensors_of_that_architecture(folder: Path) -> None:
    rewrite(folder, architecture="resnet10t", model_args={})
    with pytest.raises(ModelUnavailable, match="not those of resnet10t"):
        encoder_of(folder).encode(photographs())
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelUnavailable, match="can run code"):
        encoder_of(folder)
    with pytest.raises(ModelUnavailable, match=r"config\.json can't be read"):
        encoder_of(folder.parent)
