"""What an encoder is: a spec and three stages, so that work on the processor and on the device can overlap.

A plug-in subclasses TextEncoder or PhotoEncoder and writes `run`; the other stages have defaults.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from indexer.specs import ModelSpec
from indexer.vectors import Rows, unit_rows

Side = Literal["query", "product"]
Pixels = npt.NDArray[np.uint8]
"""A decoded photo: RGB, shape (height, width, 3)."""


class TextEncoder(ABC):
    """Texts to unit rows."""

    spec: ModelSpec

    def length(self, text: str) -> int:
        """A cheap figure by which batches are sorted, so that little is padded; default: characters."""
        return len(text)

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

    def encode(self, texts: Sequence[str], *, side: Side) -> Rows:
        """Unit rows (n, width) for the texts, in their order, as one batch."""
        return self.finish(self.run(self.prepare(texts, side)))


class PhotoEncoder(ABC):
    """Decoded photos to unit rows."""

    spec: ModelSpec

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """Pixels to model inputs; default: as they are. Runs on the processor."""
        return list(photos)

    @abstractmethod
    def run(self, inputs: object) -> npt.ArrayLike:
        """Model inputs from `prepare` to raw rows (n, width), in order, of any length. Runs on the device."""

    def finish(self, raw: npt.ArrayLike) -> Rows:
        """Raw rows to float32 unit rows; raises WidthMismatch, NotFinite, ZeroRow."""
        return unit_rows(raw, width=self.spec.width)

    def encode(self, photos: Sequence[Pixels]) -> Rows:
        """Unit rows (n, width) for the photos, in their order, as one batch."""
        return self.finish(self.run(self.prepare(photos)))
