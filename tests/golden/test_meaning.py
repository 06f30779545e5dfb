"""What the real models are for: words find what they mean, in another language and in photographs too."""

import os
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import TextEncoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.engine import Engine
from indexer.photos import decode
from indexer.settings import EncodeSettings
from indexer.vectors import Rows

TITLES = (
    "Three-seater corner sofa in grey linen",
    "Trail running shoe with a firm sole",
    "Mirrorless digital camera with 24 mm lens",
    "15 inch laptop with 512 GB drive",
    "Rattan garden chair",
    "Stainless steel frying pan",
    "Cotton T-shirt, white",
    "Bonsai tree in a pot",
)
EACH = 12
"""Photographs taken of each class, by name: enough that luck would not do."""


@cache
def encoder(name: str) -> TextEncoder:
    return make_text_encoder(EncodeSettings(text=name, device="cpu"))


def ranked(query: str, *, model: str) -> list[str]:
    titles = encoder(model).encode(TITLES, side="product")
    scores = titles @ encoder(model).encode([query], side="query")[0]
    return [TITLES[position] for position in np.argsort(-scores)]


@pytest.mark.parametrize("model", ["sentence", "minilm"])
@pytest.mark.parametrize(
    ("query", "word"), [("running shoes", "shoe"), ("couch", "sofa"), ("notebook computer", "laptop"), ("DSLR", "camera")]
)
def test_words_find_what_they_mean(model: str, query: str, word: str) -> None:
    assert word in ranked(query, model=model)[0]


@pytest.mark.parametrize(
    ("query", "word"),
    [("沙发", "sofa"), ("相机", "camera"), ("跑步鞋", "shoe"), ("笔记本电脑", "laptop"), ("Kamera", "camera"), ("canapé", "sofa")],
)
def test_sentence_finds_across_languages(query: str, word: str) -> None:
    assert word in ranked(query, model="sentence")[0]


@cache
def photographs() -> tuple[tuple[str, ...], Rows]:
    """The class of each photograph, and its row in the text space."""
    root = os.environ.get("FUSEDEX_TEST_DATA", "")
    if not root:
        reason = "FUSEDEX_TEST_DATA is not set: photographs are not tested"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folders = sorted(path for path in (Path(root) / "clothing" / "validation").iterdir() if path.is_dir())
    files = [(folder.name, file) for folder in folders for file in sorted(folder.iterdir())[:EACH]]
    pixels = [decode(file.read_bytes(), pixels=40_000_000) for _, file in files]
    bridge = make_photo_encoder(EncodeSettings(photo="bridge", device="cpu"), encoder("sentence"))
    assert bridge is not None
    encoded = Engine().photos(bridge, pixels, batch=32)
    assert not encoded.failed
    return tuple(kind for kind, _ in files), np.stack([encoded.rows[position] for position in range(len(files))])


def average_precision(order: npt.NDArray[np.bool_]) -> float:
    """Mean of the precisions at each relevant place."""
    return float((np.cumsum(order) / np.arange(1, len(order) + 1))[order].mean())


@pytest.mark.parametrize(
    ("kind", "words", "times"),
    [
        ("shoes", ("shoes", "鞋"), 5.0),
        ("t-shirt", ("t-shirt", "T恤"), 3.0),
        ("pants", ("jeans", "牛仔裤"), 3.0),
        ("hat", ("hat", "帽子"), 1.3),
    ],
)
def test_words_find_photographs_better_than_chance(kind: str, words: tuple[str, ...], times: float) -> None:
    kinds, rows = photographs()
    relevant = np.array([one == kind for one in kinds])
    queries = encoder("sentence").encode(words, side="query")
    found = np.mean([average_precision(relevant[np.argsort(-(rows @ query))]) for query in queries])
    # What a random order reaches on average, from five hundred of them with a fixed seed.
    random = np.random.default_rng(1)
    chance = np.mean([average_precision(random.permutation(relevant)) for _ in range(500)])
    assert found > times * chance
