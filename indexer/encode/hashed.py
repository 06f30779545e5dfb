"""Encoders without weights: deterministic on every machine, for tests and first steps.

Texts by feature hashing (Weinberger et al. 2009): words, letter trigrams, Chinese characters and their pairs.
Photos by their colour layout.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.encode.preprocess import photo_block
from indexer.specs import ImageInput, ModelSpec

WIDTH = 64

_WORDS = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+|[^\W_\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")
_WORD, _TRIGRAM, _PAIR = 1.0, 0.4, 1.5
"""Weights of a feature: a shared word outweighs its shared trigrams; two Chinese characters are about a word."""


class HashedText(TextEncoder):
    """Texts that share words, parts of words or Chinese characters get near rows; no training, no meaning."""

    def __init__(self, *, width: int = WIDTH) -> None:
        """Make rows of `width` numbers."""
        self.spec = ModelSpec(
            name="hashed",
            revision="1",
            width=width,
            weights="feature hashing: blake2b, words 1.0, trigrams 0.4, pairs of Chinese characters 1.5",
            licence="Apache-2.0",
            origin="https://arxiv.org/abs/0902.2206",
        )

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width); a text without any letter or digit gets a row of its own."""
        texts = cast("list[str]", inputs)
        rows = np.zeros((len(texts), self.spec.width))
        for row, text in zip(rows, texts, strict=True):
            for feature, weight in _features(text.casefold()):
                number = _hashed(feature)
                # The lowest bit is the sign: collisions then cancel on average instead of adding up.
                row[(number >> 1) % self.spec.width] += weight if number & 1 else -weight
            if not row.any():
                row[_hashed("\0" + text) % self.spec.width] = 1.0
        return rows


class HashedPhoto(PhotoEncoder):
    """Photos with like colours in like places get near rows."""

    def __init__(self, *, width: int = WIDTH, grey: bool = False) -> None:
        """Make rows of `width` numbers, which must be at least 4: the colours of a grid, and a constant."""
        side = math.isqrt((width - 1) // 3)
        if side < 1:
            raise ValueError(f"A hashed photo row needs at least 4 numbers, not {width}.")
        self._input = ImageInput(side=side, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), grey=grey)
        self.spec = ModelSpec(
            name="hashed-photo",
            revision="1",
            width=width,
            weights="colour layout, constant 0.25",
            licence="Apache-2.0",
            origin="this library",
            image=self._input,
        )

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """A block (n, 3, side, side) of colours in -1..1."""
        return photo_block(photos, self._input)

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width): the layout, then zeros, then a constant that keeps an even grey from having no length."""
        block = cast("npt.NDArray[np.float32]", inputs)
        rows = np.zeros((len(block), self.spec.width))
        layout = block.reshape(len(block), -1)
        rows[:, : layout.shape[1]] = layout
        rows[:, -1] = 0.25
        return rows


def _features(text: str) -> Iterator[tuple[str, float]]:
    for match in _WORDS.finditer(text):
        word = match.group()
        if _is_han(word[0]):
            yield from ((character, _WORD) for character in word)
            yield from ((word[at : at + 2], _PAIR) for at in range(len(word) - 1))
            continue
        yield word, _WORD
        bounded = f"^{word}$"
        yield from ((bounded[at : at + 3], _TRIGRAM) for at in range(len(bounded) - 2))


def _is_han(character: str) -> bool:
    return "\u3400" <= character <= "\u4dbf" or "\u4e00" <= character <= "\u9fff" or "\uf900" <= character <= "\ufaff"


@lru_cache(maxsize=65536)
def _hashed(feature: str) -> int:
    return int.from_bytes(hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
