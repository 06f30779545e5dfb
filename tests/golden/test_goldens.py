"""Our encoders against the numbers that other programs gave for the same inputs (see make.py)."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from indexer.encode.base import PhotoEncoder, TextEncoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.engine import Engine
from indexer.settings import EncodeSettings
from indexer.vectors import Rows
from tests.golden import inputs

TOLD = json.loads(Path(__file__).with_name("encoders.json").read_text(encoding="utf-8"))
RESAMPLED = 0.25
"""For the one photo that is not 256 by 256: torchvision scales, then crops; we do both in one step, and single pixels differ by a few
levels. 0.25 is a quarter of a usual number here (rows are scaled by the root of their width)."""


class Golden(NamedTuple):
    name: str
    width: int
    tolerance: float
    rows: Rows


GOLDENS = [Golden(told["name"], told["width"], told["tolerance"], np.array(told["rows"])) for told in TOLD["goldens"]]
texts = pytest.mark.parametrize("golden", [g for g in GOLDENS if g.name in ("sentence", "minilm")], ids=lambda golden: golden.name)
photos = pytest.mark.parametrize("golden", [g for g in GOLDENS if g.name in ("image", "bridge")], ids=lambda golden: golden.name)


def text_encoder(name: str) -> TextEncoder:
    return make_text_encoder(EncodeSettings(text=name, device="cpu"))


def photo_encoder(name: str) -> PhotoEncoder:
    encoder = make_photo_encoder(EncodeSettings(photo=name, fusion="mlp", device="cpu"), text_encoder("sentence"))
    assert encoder is not None
    return encoder


def scaled(rows: Rows) -> Rows:
    return np.asarray(rows * np.sqrt(rows.shape[1]), dtype=np.float32)


def test_the_inputs_are_those_of_the_file() -> None:
    assert inputs.digest() == TOLD["inputs_sha256"]
    assert len(GOLDENS) == 4
    assert all(told["made_by"] and told["why"] for told in TOLD["goldens"])


@texts
def test_text_encoders_give_their_reference_numbers(golden: Golden) -> None:
    encoder = text_encoder(golden.name)
    encoded = Engine().texts(encoder, inputs.TEXTS, side="product", batch=4)
    rows = np.stack([encoded.rows[position] for position in range(len(inputs.TEXTS))])
    assert encoder.spec.width == golden.width
    np.testing.assert_allclose(scaled(rows)[:, : TOLD["first"]], golden.rows, atol=golden.tolerance, rtol=0)


@texts
def test_a_batch_gives_what_single_texts_give(golden: Golden) -> None:
    encoder = text_encoder(golden.name)
    together = encoder.encode(inputs.TEXTS, side="query")
    alone = np.concatenate([encoder.encode([text], side="query") for text in inputs.TEXTS])
    # Padding and batch size change the order of float32 sums and nothing else.
    np.testing.assert_allclose(together, alone, atol=2e-6)


@photos
def test_photo_encoders_give_their_reference_numbers(golden: Golden) -> None:
    encoder = photo_encoder(golden.name)
    encoded = Engine().photos(encoder, inputs.photos(), batch=3)
    rows = scaled(np.stack([encoded.rows[position] for position in range(4)]))[:, : TOLD["first"]]
    assert encoder.spec.width == golden.width
    np.testing.assert_allclose(rows[:3], golden.rows[:3], atol=golden.tolerance, rtol=0)
    np.testing.assert_allclose(rows[3:], golden.rows[3:], atol=RESAMPLED, rtol=0)


@photos
def test_a_batch_gives_what_single_photos_give(golden: Golden) -> None:
    encoder = photo_encoder(golden.name)
    together = encoder.encode(inputs.photos())
    alone = np.concatenate([encoder.encode([photo]) for photo in inputs.photos()])
    np.testing.assert_allclose(together, alone, atol=1e-4)
