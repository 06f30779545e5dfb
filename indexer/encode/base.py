"""What an encoder is: a spec and three stages, so that work on the processor and on the device can overlap.

A plug-in subclasses TextEncoder or PhotoEncoder and writes `run`; the other stages have defaults. The engine calls `prepare` on
several threads at once, `run` on one, and `finish` on another.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer.encode.device import free_memory
from indexer.specs import ModelSpec
from indexer.vectors import Rows, unit_rows

Side = Literal["query", "product"]
Pixels = npt.NDArray[np.uint8]
"""A decoded photo: RGB, shape (height, width, 3)."""


_ONE_EACH = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
"""Kana and Chinese characters: about a token each."""


def tokens(text: str) -> float:
    """About how many tokens a text has, without a tokeniser: a quarter of its letters, and each Chinese or Japanese character.

    >>> tokens("a small oak chair"), tokens("橡木椅子")
    (4.25, 4.0)
    """
    whole = 0 if text.isascii() else len(_ONE_EACH.findall(text))
    return whole + (len(text) - whole) / 4


class TextEncoder(ABC):
    """Texts to unit rows."""

    spec: ModelSpec
    floor: float = 0.0
    """The least cosine between a query and a product that have to do with each other; 0 where nobody has measured it."""
    sure: float = 0.0
    """What the nearest product's cosine must reach where no word of the query matches: below it, nothing is relevant."""

    def length(self, text: str) -> float:
        """A cheap figure by which batches are sorted and bounded, so that little is padded; default: about its tokens."""
        return tokens(text)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """Put the side's prefix before each text; override to tokenise as well. Runs on the processor."""
        prefix = self.spec.query_prefix if side == "query" else self.spec.product_prefix
        return [prefix + text for text in texts]

    @abstractmethod
    def run(self, inputs: object) -> npt.ArrayLike:
        """Model inputs from `prepare` to raw rows (n, width), in order, of any length. Runs on the device."""

    def finish(self, raw: npt.ArrayLike) -> Rows:
        """Raw rows to float32 unit rows; raises WidthMismatch, NotFinite, ZeroRow."""
        return unit_rows(raw, width=self.spec.width)

    def free(self) -> None:
        """Give memory back that is kept for reuse: called when it ran out, before a smaller batch is tried."""
        free_memory()

    def encode(self, texts: Sequence[str], *, side: Side) -> Rows:
        """Unit rows (n, width) for the texts, in their order, as one batch."""
        return self.finish(self.run(self.prepare(texts, side)))


class PhotoEncoder(ABC):
    """Decoded photos to unit rows."""

    spec: ModelSpec
    floor: float = 0.0
    """The least cosine between a query and a product that have to do with each other; 0 where nobody has measured it."""
    sure: float = 0.0
    """What the nearest product's cosine must reach where no word of the query matches: below it, nothing is relevant."""

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """Pixels to model inputs; default: as they are. Runs on the processor."""
        return list(photos)

    @abstractmethod
    def run(self, inputs: object) -> npt.ArrayLike:
        """Model inputs from `prepare` to raw rows (n, width), in order, of any length. Runs on the device."""

    def finish(self, raw: npt.ArrayLike) -> Rows:
        """Raw rows to float32 unit rows; raises WidthMismatch, NotFinite, ZeroRow."""
        return unit_rows(raw, width=self.spec.width)

    def free(self) -> None:
        """Give memory back that is kept for reuse: called when it ran out, before a smaller batch is tried."""
        free_memory()

    def encode(self, photos: Sequence[Pixels]) -> Rows:
        """Unit rows (n, width) for the photos, in their order, as one batch."""
        return self.finish(self.run(self.prepare(photos)))
