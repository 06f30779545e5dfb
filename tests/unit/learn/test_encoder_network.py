"""What learns and what stays, in the text model and in the image network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from indexer.encode.image import ImageEncoder
from indexer.encode.projection import Projection
from indexer.errors import SettingsError
from indexer.learn.encoder_network import EncoderSettings, FreezePhoto, freeze, make_network, parameter_groups
from indexer.learn.settings import LoopSettings
from tests.unit.learn.encoder_shop import RESNET, photo_encoder, text_encoder


def projected(folder: Path) -> ImageEncoder:
    plain = photo_encoder(folder, RESNET)
    weight = np.random.default_rng(1).normal(size=(32, plain.spec.width)).astype(np.float32)
    return ImageEncoder(plain.network, Projection(weight, np.ones(32, dtype=np.float32), "", "none", "a test"))


@pytest.fixture
def network(tmp_path: Path) -> torch.nn.Module:
    return make_network(text_encoder(tmp_path / "bert"), projected(tmp_path / "resnet"))


def learning(network: torch.nn.Module) -> set[str]:
    return {name for name, parameter in network.named_parameters() if parameter.requires_grad}


def test_rows_are_those_of_the_encoders(tmp_path: Path) -> None:
    text, photo = text_encoder(tmp_path / "bert"), projected(tmp_path / "resnet")
    network = make_network(text, photo).eval()
    pictures = [np.random.default_rng(n).integers(0, 256, (40, 32, 3), dtype=np.uint8) for n in range(2)]
    block = photo.prepare(pictures)
    with torch.no_grad():
        (one, two), seen = network(
            [text.prepare(["a black chair"], "query"), text.prepare(["lamp", "red sofa"], "product")],
            torch.from_numpy(block),
        )
        none, missing = network([], None)
    assert text.finish(one.numpy()) == pytest.approx(text.encode(["a black chair"], side="query"), abs=1e-6)
    assert text.finish(two.numpy()) == pytest.approx(text.encode(["lamp", "red sofa"], side="product"), abs=1e-6)
    assert photo.finish(seen.numpy()) == pytest.approx(photo.encode(pictures), abs=1e-5)
    assert none == []
    assert missing is None


@pytest.mark.parametrize(
    ("count", "still"),
    [(None, ()), (0, ("embeddings.",)), (1, ("embeddings.", "encoder.layer.0.")), (2, ("embeddings.", "encoder."))],
)
def test_the_lowest_layers_of_the_text_model_stay(network: torch.nn.Module, count: int | None, still: tuple[str, ...]) -> None:
    freeze(network, EncoderSettings(freeze_text=count))
    for name, parameter in network.get_submodule("text").named_parameters():
        assert parameter.requires_grad == (not name.startswith((*still, "pooler."))), name
    assert any(name.startswith("photo.") for name in learning(network))


@pytest.mark.parametrize(("count", "still"), [(None, ()), (0, ("conv1", "bn1")), (1, ("conv1", "bn1", "layer1")), ("all", ("",))])
def test_the_lowest_stages_of_the_image_network_stay(network: torch.nn.Module, count: FreezePhoto, still: tuple[str, ...]) -> None:
    freeze(network, EncoderSettings(freeze_photo=count))
    for name, parameter in network.get_submodule("photo").named_parameters():
        assert parameter.requires_grad == (not still or not name.startswith(still)), name
    assert {"head.weight", "head.bias"} <= learning(network)


def test_more_layers_than_there_are_can_not_be_frozen(network: torch.nn.Module) -> None:
    with pytest.raises(SettingsError, match="has 2 layers, so 3 can't be frozen"):
        freeze(network, EncoderSettings(freeze_text=3))
    with pytest.raises(SettingsError, match="has 4 stages above its stem, so 5 can't be frozen"):
        freeze(network, EncoderSettings(freeze_photo=5))


def test_each_part_has_its_rate_and_norms_do_not_decay(network: torch.nn.Module) -> None:
    freeze(network, EncoderSettings())
    groups = parameter_groups(network, EncoderSettings(photo_rate=1e-4, heads=10.0), LoopSettings(learning_rate=2e-5, weight_decay=0.1))
    rates: dict[int, float] = {id(one): group["lr"] for group in groups for one in group["params"]}
    decays: dict[int, float] = {id(one): group["weight_decay"] for group in groups for one in group["params"]}
    wanted = {"text": 2e-5, "photo": 1e-4, "head": 1e-3}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            assert rates[id(parameter)] == pytest.approx(wanted[name.split(".")[0]])
            assert decays[id(parameter)] == (0.1 if parameter.ndim > 1 else 0.0)
    assert len(rates) == len(learning(network))


def test_the_statistics_of_norms_over_batches_stay(network: torch.nn.Module) -> None:
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    network.train()
    network([], torch.rand(4, 3, 32, 32))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.named_buffers())
    assert network.get_submodule("text").training


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"photo_rate": float("nan")}, {"hard": -1}, {"photos": 1}])
def test_settings_that_make_no_training(wrong: dict[str, float]) -> None:
    with pytest.raises(SettingsError):
        EncoderSettings(**wrong)  # type: ignore[arg-type]
