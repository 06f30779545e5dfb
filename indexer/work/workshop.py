"""What work needs, made when first asked for: store, cache, models, the threads that prepare, and who brings photos."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from indexer.encode.crew import Crew
from indexer.encoders import Encoders
from indexer.ledger.base import VectorCache
from indexer.photos.base import PhotoFetcher
from indexer.settings import EncodeSettings
from indexer.store.base import ProductStore
from indexer.work.parts import ProductEngine


def no_fetcher() -> None:
    """Nobody: photos named by an address are not fetched."""


@dataclass(frozen=True, slots=True)
class Others:
    """How encoders and their engine are made for other settings than a process's own."""

    encoders: Callable[[EncodeSettings], Encoders]
    engine: Callable[[Encoders, EncodeSettings], ProductEngine]


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """How the working parts are made: each is called at most once, and only when work needs it.

    `crew` decodes photos; let it be the engine's too, so that one pool of threads does all that prepares.
    `others` makes what an upgrade's profile names.
    """

    store: Callable[[], ProductStore]
    cache: Callable[[], VectorCache]
    encoders: Callable[[], Encoders]
    engine: Callable[[Encoders], ProductEngine]
    fetcher: Callable[[], PhotoFetcher | None] = no_fetcher
    crew: Callable[[], Crew] = Crew
    others: Others | None = None


class Workshop:
    """What work needs, made when first asked for: a process that only feeds loads no model. Safe across threads."""

    def __init__(self, makers: Makers) -> None:
        """Make nothing yet."""
        self._makers = makers
        self._lock = threading.RLock()
        self._store: ProductStore | None = None
        self._cache: VectorCache | None = None
        self._encoders: Encoders | None = None
        self._engine: ProductEngine | None = None
        self._crew: Crew | None = None
        self._fetcher: PhotoFetcher | None = None
        self._fetcher_made = False
        self._places: threading.Semaphore | None = None

    @property
    def others(self) -> Others | None:
        """How encoders of other settings are made, or None where they can't be."""
        return self._makers.others

    @property
    def store(self) -> ProductStore:
        """The store; loads no model."""
        with self._lock:
            if self._store is None:
                self._store = self._makers.store()
            return self._store

    @property
    def cache(self) -> VectorCache:
        """The vector cache."""
        with self._lock:
            if self._cache is None:
                self._cache = self._makers.cache()
            return self._cache

    @property
    def encoders(self) -> Encoders:
        """Encoders and fusion; the first call loads the models. Raises ModelError classes."""
        with self._lock:
            if self._encoders is None:
                self._encoders = self._makers.encoders()
            return self._encoders

    @property
    def engine(self) -> ProductEngine:
        """What runs the encoders."""
        with self._lock:
            if self._engine is None:
                self._engine = self._makers.engine(self.encoders)
            return self._engine

    @property
    def crew(self) -> Crew:
        """The threads that decode photos."""
        with self._lock:
            if self._crew is None:
                self._crew = self._makers.crew()
            return self._crew

    @property
    def fetcher(self) -> PhotoFetcher | None:
        """Who brings photos by address, or None where nothing is fetched."""
        with self._lock:
            if not self._fetcher_made:
                self._fetcher = self._makers.fetcher()
                self._fetcher_made = True
            return self._fetcher

    def with_others(self, encoders: Callable[[], Encoders], engine: Callable[[Encoders], ProductEngine]) -> "Workshop":
        """A workshop with other encoders that shares all the rest: close this one only."""
        return Workshop(
            Makers(
                store=lambda: self.store,
                cache=lambda: self.cache,
                encoders=encoders,
                engine=engine,
                fetcher=lambda: self.fetcher,
                crew=lambda: self.crew,
            )
        )

    def places(self, number: int) -> threading.Semaphore:
        """The places for decoded photos that all passes share; the first call says how many they are."""
        with self._lock:
            if self._places is None:
                self._places = threading.Semaphore(number)
            return self._places

    def warm(self) -> None:
        """Load the models now and run each once, so that the first claim does not wait. Raises ModelError classes."""
        self.engine.texts(["A chair of oak"])
        if self.encoders.photo is not None:
            self.engine.photos([np.full((64, 64, 3), 127, dtype=np.uint8)])

    def close(self) -> None:
        """Give the connections of what was made back, and end its threads."""
        with self._lock:
            if self._crew is not None:
                self._crew.shutdown(wait=False, cancel_futures=True)
            self._engine = None  # the engine's own threads end with it
            for made in (self._fetcher, self._store, self._cache):
                if made is not None:
                    made.close()
