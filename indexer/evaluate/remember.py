"""A store's answers, asked for once: settings that only blend anew then cost no request."""

import functools
import threading
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np

from indexer.encoders import Encoders
from indexer.errors import EvaluationError
from indexer.read_path import Searcher
from indexer.records import Product
from indexer.settings import SearchSettings
from indexer.store.base import Found, Leg, LegAnswer, ProductReader
from indexer.store.identity import Description
from indexer.text.cleaning import DEFAULT, Cleaning

PATIENCE_S = 60.0
"""A search may take so long at least: quality is measured here, and a busy machine must not change it."""
PAGE = 100
"""Hits that come on one page at least, so that no trial needs a second one."""


class Remembering:
    """A ProductReader over another one that asks each leg once and keeps its answer for good. Safe across threads.

    All answers are of one index: where another one comes behind the alias meanwhile, it raises EvaluationError, as figures of two indexes
    can't be compared. Answers that lack something (a leg's error, shards that failed) are not kept. `requests` counts what was
    asked of the store.
    """

    def __init__(self, store: ProductReader) -> None:
        """Borrow `store`: closing this one leaves it open, so that several searchers can share it."""
        self._store = store
        self._description: Description | None = None
        self._kept: dict[Hashable, LegAnswer] = {}
        self._lock = threading.Lock()
        self.requests = 0

    def describe(self, *, fresh: bool = False) -> Description:
        """The index as it was first described; `fresh` looks again. Raises what the store raises, and EvaluationError."""
        if self._description is None or fresh:
            found = self._store.describe(fresh=fresh)
            with self._lock:
                self.requests += 1
                before, self._description = self._description, found
            if before is not None and before.index != found.index:
                raise EvaluationError(
                    f"The index {found.index} came behind the alias while {before.index} was measured.", cure="Begin anew, on the new one."
                )
        return self._description

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """The legs' answers, in order; those not known yet come from one request. Raises what the store raises."""
        keys = [(point, key_of(leg)) for leg in legs]
        missing = {key: leg for key, leg in zip(keys, legs, strict=True) if key not in self._kept}
        if not missing:
            return [self._kept[key] for key in keys]
        answers = dict(zip(missing, map(_read_once, self._store.ask(list(missing.values()), point=point)), strict=True))
        with self._lock:
            self.requests += 1
            self._kept |= {key: one for key, one in answers.items() if not one.error and not one.shards_failed}
        return [answers[key] if key in answers else self._kept[key] for key in keys]

    def open_point(self, *, keep_s: float) -> str:
        """A point of the store's."""
        with self._lock:
            self.requests += 1
        return self._store.open_point(keep_s=keep_s)

    def close(self) -> None:
        """Nothing: the store stays its owner's."""


class Searches:
    """Searchers with whatever settings over one store that is asked once, and one set of encoders."""

    def __init__(self, store: ProductReader, encoders: Encoders, *, photo_pixels: int, cleaning: Cleaning = DEFAULT) -> None:
        """Arguments as for Searcher; `encoders` should keep the rows of all queries (`query_cache`), so that each is encoded once."""
        self._remembering = Remembering(store)
        self._encoders, self._photo_pixels, self._cleaning = encoders, photo_pixels, cleaning

    def searcher(self, settings: SearchSettings) -> Searcher:
        """A searcher with these settings, but patient; closing it leaves store and memory as they are."""
        patient = settings.model_copy(
            update={
                "encode_s": max(settings.encode_s, PATIENCE_S),
                "timeout_s": max(settings.timeout_s, PATIENCE_S),
                "per_page_cap": max(settings.per_page_cap, PAGE),
            }
        )
        return Searcher(self._remembering, self._encoders, settings=patient, photo_pixels=self._photo_pixels, cleaning=self._cleaning)

    @property
    def requests(self) -> int:
        """How many requests the store was asked so far."""
        return self._remembering.requests

    def describe(self) -> Description:
        """The index that answers."""
        return self._remembering.describe()


def key_of(leg: object) -> Hashable:
    """A key that is equal for legs that ask the same: by type and fields, rows by their bytes."""
    return (type(leg).__name__, *(_plain(getattr(leg, one.name)) for one in fields(leg)))  # type: ignore[arg-type]  # every leg is a dataclass


def _plain(value: object) -> Hashable:
    if isinstance(value, np.ndarray):
        return (value.dtype.str, value.shape, value.tobytes())
    if isinstance(value, Mapping):
        return tuple(sorted((str(name), repr(one)) for name, one in value.items()))
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    return (type(value).__name__, repr(value))


class _ReadOnce(Found):
    """One whose product is read once, however many trials show it."""

    @functools.cached_property
    def product(self) -> Product:
        """The product, read once."""
        return super().product


def _read_once(answer: LegAnswer) -> LegAnswer:
    return replace(answer, found=tuple(_ReadOnce(one.id, one.score, one.source, one.row, one.fields) for one in answer.found))
