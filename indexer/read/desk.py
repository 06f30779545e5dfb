"""What both searchers have: settings and encoders, from which plans are made and rows come."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from indexer.encoders import Encoders, QueryRows
from indexer.observe import RunObserver, log
from indexer.read.assemble import Kit
from indexer.read.clock import Clock, late
from indexer.read.known import Known
from indexer.read.needs import Encode, Rerank, Scores
from indexer.read.parts import known_parts, query_parts
from indexer.read.rerankers import Rerankers, model_leg
from indexer.records import Answer, Query
from indexer.settings import SearchSettings
from indexer.store.base import Leg
from indexer.store.identity import Description
from indexer.text.cleaning import Cleaning

QueryRowsNow = Callable[[], QueryRows | None]
ENCODING_THREADS = 2
"""One decodes a photo while the other runs a model; more would only share the same processor."""


class Desk:
    """What both searchers have: the settings and encoders, from which plans are made and rows come."""

    def __init__(self, encoders: Encoders | Known, *, settings: SearchSettings, photo_pixels: int, cleaning: Cleaning) -> None:
        """Start the threads for encoding and reranking; none works before it is needed."""
        self.known = encoders if isinstance(encoders, Known) else Known(encoders)
        self.settings, self.photo_pixels = settings, photo_pixels
        self.cleaning, self.observer = cleaning, RunObserver()
        self.rerankers = Rerankers(settings, cleaning=cleaning)
        self.threads = ThreadPoolExecutor(ENCODING_THREADS, thread_name_prefix="encode-query")
        # Apart, so that slow reranking costs itself and never a vector.
        self._again = ThreadPoolExecutor(1, thread_name_prefix="rerank")

    def warm(self, *, photos: bool, described: Description | None = None) -> list[Leg]:
        """Load what searches of that index need (None: not known), so that none waits for it.

        What the store is to be asked, to see that it can. Raises ModelError classes.
        """
        self.known.fitting(described).warm(photos=photos)
        if self.settings.rerank == "plugin":
            return [model_leg(self.settings, "oak chair", ["none"])]
        if self.settings.rerank != "none":
            self.rerankers.warm(self.settings.rerank)
        return []

    def kit(self) -> Kit:
        """What a plan of this moment decides by."""
        return Kit(
            defaults=self.settings,
            check=self.known.check,
            floors=lambda asked, identity: self.known.of(identity).floors(text=bool(asked.text), photo=asked.photo is not None),
            moment=time.time_ns() // 1000,
            cleaning=self.cleaning,
        )

    def clock(self, queries: Sequence[Query]) -> Clock:
        """The time that these queries have together: the least that one of them asks for."""
        own = [query.timeout_s for query in queries if query.timeout_s is not None]
        return Clock(min(own, default=self.settings.timeout_s))

    def told(self, answers: Sequence[Answer], clock: Clock) -> list[Answer]:
        """The answers with the time that they have taken; the observer hears of each."""
        stamped = [replace(answer, took_ms=clock.passed_s() * 1000) for answer in answers]
        for one in stamped:
            for lack in one.degraded:
                log.warning("search_degraded", without=lack.part, reason=lack.reason)
            self.observer.searched(strategy=one.strategy, took_ms=one.took_ms, degraded=[lack.part for lack in one.degraded])
        return stamped

    def started(self, need: Encode | Rerank) -> Future[QueryRows | Scores | None]:
        """The query's rows, or the candidates' new scores, in the making. Ends with UnusablePhoto, QueryError, ModelError classes too."""
        if isinstance(need, Rerank):
            return self._again.submit(self._scores, need, time.perf_counter() + need.within_s)
        return self.threads.submit(self.rows, need)

    def rows(self, need: Encode) -> QueryRows | None:
        """The query's rows. Raises UnusablePhoto, QueryError, ModelError."""
        return self.known.of(need.identity).query_rows(query_parts(need, pixels=self.photo_pixels))

    def close(self) -> None:
        """End the threads once they are idle."""
        for threads in (self.threads, self._again):
            threads.shutdown(wait=False, cancel_futures=True)

    def _scores(self, need: Rerank, end: float) -> Scores:
        # Time spent in the line counts: a search that has gone on without it must not hold up the next one.
        left_s = end - time.perf_counter()
        if left_s <= 0:
            raise late(need)
        return Scores(tuple(self.rerankers.scores(need.by, need.text, need.candidates, within_s=left_s)))

    def at_hand(self, need: Encode | Rerank) -> QueryRowsNow | None:
        """What gives the query's rows at once, where no model has to run for them."""
        if isinstance(need, Rerank):
            return None
        parts, encoders = known_parts(need), self.known.of(need.identity)
        return partial(encoders.query_rows, parts) if parts is not None and encoders.at_hand(parts) else None

    def described(self, description: Description) -> Description:
        """The description, after a look at what is to come."""
        self.known.notice(description)
        return description
