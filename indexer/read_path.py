"""The read path: Searcher and AsyncSearcher are two short loops that fetch what `plan` (read_plan.py) says it needs.

query ─► encode ─► store ─► rank ─► answer
"""

import asyncio
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Self

from indexer.encoders import Encoders, QueryParts
from indexer.errors import StoreError, StoreUnavailable, ZeroRow
from indexer.photos.decode import decode
from indexer.query.normalise import as_query
from indexer.read_plan import Ask, Describe, Encode, Got, Need, Steps, plan
from indexer.records import Answer, Filter, Query
from indexer.settings import SearchSettings
from indexer.store.base import AsyncProductReader, Description, ProductReader
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.vectors import Row

ENCODING_THREADS = 2
"""One decodes a photo while the other runs a model; more would only share the same processor."""


class Searcher:
    """Answers queries over one store; safe across threads. Use it as a context manager, or close it."""

    def __init__(
        self, store: ProductReader, encoders: Encoders, *, settings: SearchSettings, photo_pixels: int, cleaning: Cleaning = DEFAULT
    ) -> None:
        """Join a store with the encoders that its index was built with; `photo_pixels` caps a query's photo, `cleaning` is the feeds'."""
        self._store, self._encoders = store, encoders
        self._settings, self._photo_pixels, self._cleaning = settings, photo_pixels, cleaning

    def search(
        self,
        query: Query | str = "",
        *,
        filters: Sequence[Filter | str] = (),
        facets: Sequence[str] = (),
        page: int | None = None,
        per_page: int | None = None,
    ) -> Answer:
        """One page of what fits, best first; a text alone stands for a Query of that text.

        `filters` (records, or texts like price<1500) and `facets` are added to the query's, `page` (from 1) and
        `per_page` replace them. Raises QueryError, UnusablePhoto, EmptyIndex, IndexMissing, EncoderMismatch, ModelError and
        StoreUnavailable, the last also when `settings.timeout_s` is over.
        """
        clock = _Clock(self._settings.timeout_s)
        asked = as_query(query, filters=filters, facets=facets, page=page, per_page=per_page)
        steps = plan(asked, self._settings, self._encoders.check, cleaning=self._cleaning)
        need = _advanced(steps, None)
        while not isinstance(need, Answer):
            clock.check()
            try:
                got = self._met(need)
            except StoreError as error:
                need = _advanced(steps, error)
            else:
                need = _advanced(steps, got)
        return clock.stamped(need)

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias, kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""
        return self._store.describe(fresh=fresh)

    def warm(self, *, photos: bool = True) -> None:
        """Load the models now; without it the first search does, within its own time limit. Raises ModelError classes."""
        self._encoders.warm(photos=photos)

    def _met(self, need: Need) -> Got:
        if isinstance(need, Describe):
            return self._store.describe(fresh=need.fresh)
        if isinstance(need, Ask):
            return self._store.ask(need.legs)
        return _row(self._encoders, need, self._photo_pixels)

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncSearcher:
    """Searcher for an event loop: the same answers; encoding runs in a few threads of its own, so that the loop never waits for it."""

    def __init__(
        self, store: AsyncProductReader, encoders: Encoders, *, settings: SearchSettings, photo_pixels: int, cleaning: Cleaning = DEFAULT
    ) -> None:
        """Join a store with the encoders that its index was built with; `photo_pixels` caps a query's photo, `cleaning` is the feeds'."""
        self._store, self._encoders = store, encoders
        self._settings, self._photo_pixels, self._cleaning = settings, photo_pixels, cleaning
        self._threads = ThreadPoolExecutor(ENCODING_THREADS, thread_name_prefix="encode-query")

    async def search(
        self,
        query: Query | str = "",
        *,
        filters: Sequence[Filter | str] = (),
        facets: Sequence[str] = (),
        page: int | None = None,
        per_page: int | None = None,
    ) -> Answer:
        """What Searcher.search gives, with its arguments and errors."""
        clock = _Clock(self._settings.timeout_s)
        asked = as_query(query, filters=filters, facets=facets, page=page, per_page=per_page)
        steps = plan(asked, self._settings, self._encoders.check, cleaning=self._cleaning)
        need = _advanced(steps, None)
        try:
            async with asyncio.timeout(clock.left_s()):
                while not isinstance(need, Answer):
                    try:
                        got = await self._met(need)
                    except StoreError as error:
                        need = _advanced(steps, error)
                    else:
                        need = _advanced(steps, got)
        except TimeoutError as error:
            raise clock.late() from error
        return clock.stamped(need)

    async def describe(self, *, fresh: bool = False) -> Description:
        """What Searcher.describe gives."""
        return await self._store.describe(fresh=fresh)

    async def warm(self) -> None:
        """What Searcher.warm does, beside the loop."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._encoders.warm)

    async def _met(self, need: Need) -> Got:
        if isinstance(need, Describe):
            return await self._store.describe(fresh=need.fresh)
        if isinstance(need, Ask):
            return await self._store.ask(need.legs)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, _row, self._encoders, need, self._photo_pixels)

    async def close(self) -> None:
        """Close the store, and end the threads once they are idle."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def _advanced(steps: Steps, got: Got | StoreError) -> Need | Answer:
    try:
        return steps.throw(got) if isinstance(got, StoreError) else steps.send(got)
    except StopIteration as end:
        answer: Answer = end.value
        return answer


def _row(encoders: Encoders, need: Encode, photo_pixels: int) -> Row | None:
    """The query's row; None where the encoder sees nothing in it. Raises UnusablePhoto, QueryError, ModelError."""
    photo = None if need.photo is None else decode(need.photo, pixels=photo_pixels)
    parts = QueryParts(text=need.text, photo=photo, text_weight=need.text_weight, photo_weight=need.photo_weight)
    try:
        return encoders.query_row(parts)
    except ZeroRow:
        return None


class _Clock:
    """The time of one search, and its end."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s, self._started = timeout_s, time.perf_counter()

    def left_s(self) -> float:
        """Seconds until the end; negative after it."""
        return self._timeout_s - (time.perf_counter() - self._started)

    def check(self) -> None:
        """Raise the error below when the end has come."""
        if self.left_s() <= 0:
            raise self.late()

    def late(self) -> StoreUnavailable:
        """The error of a search that took too long."""
        return StoreUnavailable(
            f"The search took longer than {self._timeout_s:g} s.", cure="Try again, or raise FUSEDEX_SEARCH__TIMEOUT_S."
        )

    def stamped(self, answer: Answer) -> Answer:
        """The answer with the time that the search has taken."""
        return replace(answer, took_ms=(time.perf_counter() - self._started) * 1000)
