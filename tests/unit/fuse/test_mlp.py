"""The learned fusion: its checkpoints, and its numbers against torch's."""

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import BadDigest, ModelError, ModelUnavailable, NotFinite, WidthMismatch, ZeroRow
from indexer.fuse.base import PartRow
from indexer.fuse.catalog import make_fusion
from indexer.fuse.checkpoint import CheckpointSpec, Layers, load_checkpoint, save_checkpoint
from indexer.fuse.mlp import MlpFusion
from indexer.settings import EncodeSettings
from indexer.vectors import Row

TEXT, PHOTO, WIDTH = 5, 3, 4


def spec_of(**changes: object) -> CheckpointSpec:
    plain = {"name": "fusion-test", "revision": "1", "licence": "Apache-2.0", "origin": "a test"}
    return CheckpointSpec.model_validate({**plain, "text_width": TEXT, "photo_width": PHOTO, "width": WIDTH, **changes})


def layers_of(spec: CheckpointSpec, *hidden: int) -> Layers:
    random = np.random.default_rng(7)
    sizes = [spec.inputs, *hidden, spec.width]
    return tuple((random.normal(size=(b, a)).astype(np.float32), random.normal(size=b).astype(np.float32)) for a, b in pairwise(sizes))


def unit(size: int, seed: int) -> Row:
    row = np.random.default_rng(seed).normal(size=size)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    spec = spec_of()
    save_checkpoint(tmp_path / "fusion", spec, layers_of(spec, 6))
    return tmp_path / "fusion"


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    spec = spec_of(activation="tanh", missing="zeros", title_weight=3)
    layers = layers_of(spec, 6, 7)
    sha256 = save_checkpoint(tmp_path / "deep" / "fusion", spec, layers)
    again, found, same = load_checkpoint(tmp_path / "deep" / "fusion")
    assert (again, found) == (spec, sha256)
    for left, right in zip(layers, same, strict=True):
        assert (left[0] == right[0]).all()
        assert (left[1] == right[1]).all()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["fusion"]


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
@pytest.mark.parametrize("missing", ["zeros", "zeros+flags"])
def test_it_computes_what_torch_computes(tmp_path: Path, activation: str, missing: str) -> None:
    import torch

    spec = spec_of(activation=activation, missing=missing)
    layers = layers_of(spec, 8, 8)
    fusion = MlpFusion(spec, layers, sha256="x")
    title, photo = unit(TEXT, 1), unit(PHOTO, 2)
    steps: list[torch.nn.Module] = []
    for weight, bias in layers:
        linear = torch.nn.Linear(weight.shape[1], weight.shape[0])
        linear.load_state_dict({"weight": torch.from_numpy(weight), "bias": torch.from_numpy(bias)})
        steps += [linear, {"relu": torch.nn.ReLU(), "gelu": torch.nn.GELU(), "tanh": torch.nn.Tanh()}[activation]]
    network = torch.nn.Sequential(*steps[:-1])
    flags = {"zeros": [], "zeros+flags": [[1, 1], [1, 0]]}[missing]
    for number, (parts, block) in enumerate(
        [
            ([PartRow("title", title), PartRow("photo", photo)], np.concatenate([title, photo])),
            ([PartRow("title", title)], np.concatenate([title, np.zeros(PHOTO)])),
        ]
    ):
        x = np.concatenate([block, *flags[number : number + 1]])
        with torch.inference_mode():
            expected = network(torch.from_numpy(x.astype(np.float32))).numpy()
        row = fusion.fuse(parts)
        assert row is not None
        # float64 here, float32 there: three layers of eight numbers differ in the sixth digit
        assert row == pytest.approx(expected / np.linalg.norm(expected), abs=1e-5)


def test_text_parts_are_averaged_by_the_checkpoints_weights() -> None:
    spec = spec_of(title_weight=3, description_weight=1)
    fusion = MlpFusion(spec, layers_of(spec, 6), sha256="x")
    title, description, photo = unit(TEXT, 1), unit(TEXT, 2), PartRow("photo", unit(PHOTO, 3))
    mean = 3 * title + description
    joined = PartRow("text", np.asarray(mean / np.linalg.norm(mean), dtype=np.float32))
    left = fusion.fuse([PartRow("title", title), PartRow("description", description), photo])
    right = fusion.fuse([joined, photo])
    assert left is not None
    assert left == pytest.approx(right, abs=1e-5)


def test_leaning_scales_the_lighter_block() -> None:
    spec = spec_of(missing="zeros", width=TEXT + PHOTO)
    same = ((np.eye(TEXT + PHOTO, dtype=np.float32), np.zeros(TEXT + PHOTO, dtype=np.float32)),)
    fusion = MlpFusion(spec, same, sha256="x")
    text, photo = unit(TEXT, 1), unit(PHOTO, 2)
    row = fusion.fuse([PartRow("text", text, 1.0), PartRow("photo", photo, 4.0)])
    assert row is not None
    assert np.linalg.norm(row[:TEXT]) / np.linalg.norm(row[TEXT:]) == pytest.approx(0.25, abs=1e-5)
    # a lone part is whole, whatever its weight
    assert fusion.fuse([PartRow("text", text, 0.1)]) == pytest.approx(np.concatenate([text, np.zeros(PHOTO)]), abs=1e-6)


def test_nothing_in_nothing_out() -> None:
    spec = spec_of()
    fusion = MlpFusion(spec, layers_of(spec, 6), sha256="x")
    assert fusion.fuse([]) is None
    assert fusion.fuse([PartRow("title", unit(TEXT, 1), 0.0)]) is None
    with pytest.raises(WidthMismatch):
        fusion.fuse([PartRow("photo", unit(TEXT, 1))])
    with pytest.raises(ModelError, match="titel"):
        fusion.fuse([PartRow("titel", unit(TEXT, 1))])


def test_a_network_that_gives_nothing_is_an_error() -> None:
    spec = spec_of()
    zeros = ((np.zeros((WIDTH, spec.inputs), dtype=np.float32), np.zeros(WIDTH, dtype=np.float32)),)
    with pytest.raises(ZeroRow):
        MlpFusion(spec, zeros, sha256="x").fuse([PartRow("title", unit(TEXT, 1))])


def test_settings_load_it_and_check_the_text_width(saved: Path) -> None:
    fusion = make_fusion(EncodeSettings(fusion="mlp", fusion_folder=saved), width=TEXT)
    assert fusion.spec.width == WIDTH
    assert fusion.spec.licence == "Apache-2.0"
    assert isinstance(fusion, MlpFusion)
    assert fusion.photo_width == PHOTO
    with pytest.raises(WidthMismatch, match="5 numbers, the text encoder gives 512"):
        make_fusion(EncodeSettings(fusion="mlp", fusion_folder=saved), width=512)


def test_the_digest_sees_weights_and_spec(saved: Path, tmp_path: Path) -> None:
    spec, sha256, layers = load_checkpoint(saved)
    digest = MlpFusion(spec, layers, sha256=sha256).spec.digest
    assert MlpFusion(spec, layers, sha256="other").spec.digest != digest
    assert MlpFusion(spec_of(title_weight=9), layers, sha256=sha256).spec.digest != digest


def test_other_weights_than_promised_are_refused(saved: Path) -> None:
    content = bytearray((saved / "weights.safetensors").read_bytes())
    content[-1] ^= 1
    (saved / "weights.safetensors").write_bytes(content)
    with pytest.raises(BadDigest):
        load_checkpoint(saved)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"text_width": TEXT + 1}, WidthMismatch),
        ({"width": WIDTH + 1}, WidthMismatch),
        ({"missing": "zeros"}, WidthMismatch),
        ({"format": 2}, ModelError),
        ({"activation": "sigmoid"}, ModelError),
        ({"surprise": 1}, ModelError),
        ({"sha256": "0" * 64}, BadDigest),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(saved: Path, changes: dict[str, object], error: type[ModelError]) -> None:
    told = json.loads((saved / "spec.json").read_text())
    (saved / "spec.json").write_text(json.dumps({**told, **changes}))
    with pytest.raises(error):
        load_checkpoint(saved)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_spec_that_is_none_is_refused(saved: Path, content: str) -> None:
    (saved / "spec.json").write_text(content)
    with pytest.raises(ModelError):
        load_checkpoint(saved)


@pytest.mark.parametrize("name", ["spec.json", "weights.safetensors"])
def test_a_missing_file_is_named(saved: Path, name: str) -> None:
    (saved / name).unlink()
    with pytest.raises(ModelUnavailable, match=name):
        load_checkpoint(saved)


def test_saving_checks_first_and_never_overwrites(saved: Path) -> None:
    spec = spec_of()
    layers = layers_of(spec, 6)
    with pytest.raises(ModelError, match="exists already"):
        save_checkpoint(saved, spec, layers)
    weight, bias = layers[0]
    wrong: list[tuple[Layers, type[ModelError]]] = [
        ((), WidthMismatch),
        (layers[:1], WidthMismatch),
        (((weight * np.float32("nan"), bias), *layers[1:]), NotFinite),
        (((weight.astype(np.float16), bias), *layers[1:]), ModelError),
    ]
    for bad, error in wrong:
        with pytest.raises(error):
            save_checkpoint(saved.parent / "new", spec, bad)
    assert [path.name for path in saved.parent.iterdir()] == ["fusion"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    spec = spec_of()
    with pytest.raises(ModelError, match="No space left"):
        save_checkpoint(tmp_path / "fusion", spec, layers_of(spec, 6))
    assert not list(tmp_path.iterdir())
