"""Whole layers left out of a transformer: which ones, what is written, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from indexer.encode.folder import Folder
from indexer.encode.hashed import HashedText
from indexer.encode.prune import drop_layers
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelError
from indexer.whole import new_folder
from tests.data.models import tiny_bert

TEXTS = ["oak chair", "red sofa", "running shoes", "a b oak", "passage : red chair"]
IDLE = 1
"""The layer that changes next to nothing."""


def encoder_of(folder: Path) -> TransformerEncoder:
    return TransformerEncoder(Folder(path=folder, name="tiny", query_prefix="query : ", product_prefix=""), device="cpu", threads=1)


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of four layers; one of them adds nothing to what goes through it."""
    from transformers import BertModel

    folder = tiny_bert(tmp_path_factory.mktemp("prune") / "four", num_hidden_layers=4, initializer_range=0.5)
    model = BertModel.from_pretrained(folder)
    idle: Any = model.encoder.layer[IDLE]
    with torch.no_grad():
        for part in (idle.attention.output.dense, idle.output.dense):
            part.weight.zero_()
            part.bias.zero_()
    model.save_pretrained(folder)
    return folder


def dropped(folder: Path, out: Path, share: float) -> tuple[int, ...]:
    told: list[tuple[int, ...]] = []
    new_folder(out, lambda draft: told.append(drop_layers(encoder_of(folder), draft, share=share, texts=TEXTS)))
    return told[0]


def test_the_layer_that_does_least_goes_first(four: Path, tmp_path: Path) -> None:
    assert dropped(four, tmp_path / "three", 0.25) == (IDLE,)
    before = encoder_of(four).encode(TEXTS, side="product")
    after = encoder_of(tmp_path / "three").encode(TEXTS, side="product")
    assert np.allclose(after, before, atol=1e-4)
    gone = dropped(four, tmp_path / "two", 0.5)
    assert IDLE in gone
    assert len(gone) == 2
    further = encoder_of(tmp_path / "two").encode(TEXTS, side="product")
    assert float((further * before).sum(axis=1).mean()) < 0.999


def test_what_is_written_is_a_smaller_model_of_the_same_kind(four: Path, tmp_path: Path) -> None:
    dropped(four, tmp_path / "two", 0.5)
    assert json.loads((tmp_path / "two" / "config.json").read_text())["num_hidden_layers"] == 2
    names = {name.split(".")[2] for name in load_file(tmp_path / "two" / "model.safetensors") if name.startswith("encoder.layer.")}
    assert names == {"0", "1"}  # numbered anew
    smaller, original = encoder_of(tmp_path / "two"), encoder_of(four)
    assert smaller.spec.width == original.spec.width
    assert smaller.spec.digest != original.spec.digest
    assert smaller.spec.max_tokens == original.spec.max_tokens


def test_the_original_goes_on_as_it_is(four: Path, tmp_path: Path) -> None:
    encoder = encoder_of(four)
    before = encoder.encode(TEXTS, side="product")
    new_folder(tmp_path / "one", lambda draft: (drop_layers(encoder, draft, share=0.75, texts=TEXTS), None)[1])
    assert np.array_equal(encoder.encode(TEXTS, side="product"), before)


def test_one_layer_goes_at_the_least(four: Path, tmp_path: Path) -> None:
    assert len(dropped(four, tmp_path / "x", 0.01)) == 1


@pytest.mark.parametrize(("share", "reason"), [(0.9, "none of the 4 layers"), (0.0, "between 0 and 1"), (1.0, "between 0 and 1")])
def test_a_share_that_is_none_is_refused(four: Path, tmp_path: Path, share: float, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        dropped(four, tmp_path / "x", share)
    assert list(tmp_path.iterdir()) == []


def test_what_has_no_layers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'hashed' can't be pruned"):
        drop_layers(HashedText(), tmp_path, share=0.5, texts=TEXTS)


def test_layers_that_can_not_be_told_are_refused(four: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = encoder_of(four)
    fresh = encoder.again()
    model, _ = fresh.torch_model()
    monkeypatch.setattr(encoder, "again", lambda: fresh)
    model.config.num_hidden_layers = 7  # type: ignore[union-attr]
    with pytest.raises(ModelError, match="7 layers can't be told"):
        new_folder(tmp_path / "x", lambda draft: (drop_layers(encoder, draft, share=0.5, texts=TEXTS), None)[1])
    assert not (tmp_path / "x").exists()
