"""The read path: Searcher and AsyncSearcher are two short loops that fetch what `plan` (read_plan.py) says it needs.

query ─► encode ─► store ─► rank ─► answer
"""

import asyncio
from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Self, TypeVar

from indexer.encoders import Encoders, QueryRows
from indexer.errors import IndexerError
from indexer.observe import RunObserver
from indexer.query.normalise import as_query, similar_to
from indexer.rank.suggest import suggested
from indexer.read.clock import Clock, late
from indexer.read.desk import Desk
from indexer.read.known import Known
from indexer.read.needs import Ask, Describe, Got, Need, OpenPoint, Scores
from indexer.read.together import together
from indexer.read_plan import plan, suggest_query
from indexer.records import Answer, Filter, Query, Suggestion
from indexer.settings import SearchSettings
from indexer.store.base import AsyncProductReader, ProductReader
from indexer.store.identity import Description
from indexer.text.cleaning import DEFAULT, Cleaning

T = TypeVar("T")


class Searcher:
    """Answers queries over one store; safe across threads. Use it as a context manager, or close it."""

    def __init__(
        self,
        store: ProductReader,
        encoders: Encoders | Known,
        *,
        settings: SearchSettings,
        photo_pixels: int,
        cleaning: Cleaning = DEFAULT,
    ) -> None:
        """Join a store with what encodes for its index; `photo_pixels` caps a query's photo, `cleaning` is the feeds'."""
        self._store = store
        self._desk = Desk(encoders, settings=settings, photo_pixels=photo_pixels, cleaning=cleaning)

    def listen(self, observer: RunObserver) -> None:
        """Tell the observer of each search from now on (`RunObserver.searched`): metrics hang here."""
        self._desk.observer = observer

    def search(
        self,
        query: Query | str = "",
        *,
        filters: Sequence[Filter | str] = (),
        facets: Sequence[str] = (),
        page: int | None = None,
        per_page: int | None = None,
    ) -> Answer:
        """One page of what is relevant, best first; a text alone stands for a Query of that text.

        `filters` (records, or texts like price<1500) and `facets` are added to the query's, `page` (from 1) and `per_page` replace them.
        Raises QueryError, UnusablePhoto, EmptyIndex, IndexMissing, EncoderMismatch, ModelError and StoreUnavailable (also out of time).
        """
        return self.multi([as_query(query, filters=filters, facets=facets, page=page, per_page=per_page)])[0]

    def similar(
        self,
        product_id: str,
        *,
        filters: Sequence[Filter | str] = (),
        facets: Sequence[str] = (),
        page: int | None = None,
        per_page: int | None = None,
    ) -> Answer:
        """The products most like one of the index, itself left out; arguments and errors as for `search`."""
        return self.search(similar_to(product_id), filters=filters, facets=facets, page=page, per_page=per_page)

    def suggest(self, text: str, *, size: int = 8, filters: Sequence[Filter | str] = ()) -> tuple[Suggestion, ...]:
        """What a shopper who has typed this may mean: brands, categories and titles of products that there are. Runs no model."""
        query = suggest_query(text, filters)
        return suggested(self.search(query), text, size=size, cleaning=self._desk.cleaning)

    def multi(self, queries: Sequence[Query | str]) -> list[Answer]:
        """Several searches at once, answered in order, with as few requests as one; an error of one is the error of all."""
        asked = [as_query(query) for query in queries]
        clock = self._desk.clock(asked)
        return self._desk.told(self._run(together([plan(query, self._desk.kit()) for query in asked]), clock), clock)

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias, kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""
        return self._store.describe(fresh=fresh)

    def warm(self, *, photos: bool = True) -> None:
        """Load the models now; without it the first search does, within its own time limit. Raises ModelError classes, and StoreError."""
        self._store.ask(self._desk.warm(photos=photos))

    def _run(self, steps: Generator[Need, Got, T], clock: Clock) -> T:
        got: Got | IndexerError = None
        try:
            while True:
                need = steps.throw(got) if isinstance(got, IndexerError) else steps.send(got)
                clock.check()
                try:
                    got = self._met(need, clock)
                except IndexerError as error:
                    got = error
        except StopIteration as end:
            value: T = end.value
            return value

    def _met(self, need: Need, clock: Clock) -> Got:
        if isinstance(need, Describe):
            return self._desk.described(self._store.describe(fresh=need.fresh))
        if isinstance(need, OpenPoint):
            return self._store.open_point(keep_s=need.keep_s)
        if isinstance(need, Ask):
            return self._store.ask(need.legs, point=need.point)
        if (rows := self._desk.at_hand(need)) is not None:
            return rows()
        left_s = max(0.0, clock.left_s())
        try:
            return self._desk.started(need).result(left_s if need.within_s is None else min(need.within_s, left_s))
        except TimeoutError:
            raise clock.late() if need.within_s is None else late(need) from None

    def close(self) -> None:
        """Close the store, and end the threads once they are idle."""
        self._desk.close()
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncSearcher:
    """Searcher for an event loop: the same answers; encoding runs in a few threads of its own, so that the loop never waits for it."""

    def __init__(
        self,
        store: AsyncProductReader,
        encoders: Encoders | Known,
        *,
        settings: SearchSettings,
        photo_pixels: int,
        cleaning: Cleaning = DEFAULT,
    ) -> None:
        """Join a store with what encodes for its index; `photo_pixels` caps a query's photo, `cleaning` is the feeds'."""
        self._store = store
        self._desk = Desk(encoders, settings=settings, photo_pixels=photo_pixels, cleaning=cleaning)

    def listen(self, observer: RunObserver) -> None:
        """What Searcher.listen does."""
        self._desk.observer = observer

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
        return (await self.multi([as_query(query, filters=filters, facets=facets, page=page, per_page=per_page)]))[0]

    async def similar(
        self,
        product_id: str,
        *,
        filters: Sequence[Filter | str] = (),
        facets: Sequence[str] = (),
        page: int | None = None,
        per_page: int | None = None,
    ) -> Answer:
        """What Searcher.similar gives."""
        return await self.search(similar_to(product_id), filters=filters, facets=facets, page=page, per_page=per_page)

    async def suggest(self, text: str, *, size: int = 8, filters: Sequence[Filter | str] = ()) -> tuple[Suggestion, ...]:
        """What Searcher.suggest gives."""
        query = suggest_query(text, filters)
        return suggested(await self.search(query), text, size=size, cleaning=self._desk.cleaning)

    async def multi(self, queries: Sequence[Query | str]) -> list[Answer]:
        """What Searcher.multi gives."""
        asked = [as_query(query) for query in queries]
        clock = self._desk.clock(asked)
        try:
            async with asyncio.timeout(clock.left_s()):
                return self._desk.told(await self._run(together([plan(query, self._desk.kit()) for query in asked])), clock)
        except TimeoutError as error:
            raise clock.late() from error

    async def describe(self, *, fresh: bool = False) -> Description:
        """What Searcher.describe gives."""
        return await self._store.describe(fresh=fresh)

    async def warm(self, *, photos: bool = True) -> None:
        """What Searcher.warm does, beside the loop."""
        await self._store.ask(await asyncio.get_running_loop().run_in_executor(self._desk.threads, lambda: self._desk.warm(photos=photos)))

    async def _run(self, steps: Generator[Need, Got, T]) -> T:
        got: Got | IndexerError = None
        try:
            while True:
                need = steps.throw(got) if isinstance(got, IndexerError) else steps.send(got)
                try:
                    got = await self._met(need)
                except IndexerError as error:
                    got = error
        except StopIteration as end:
            value: T = end.value
            return value

    async def _met(self, need: Need) -> Got:
        if isinstance(need, Describe):
            return self._desk.described(await self._store.describe(fresh=need.fresh))
        if isinstance(need, OpenPoint):
            return await self._store.open_point(keep_s=need.keep_s)
        if isinstance(need, Ask):
            return await self._store.ask(need.legs, point=need.point)
        if (rows := self._desk.at_hand(need)) is not None:
            return rows()
        coming = asyncio.wrap_future(self._desk.started(need))
        ready, _ = await asyncio.wait([coming], timeout=need.within_s)
        if not ready:
            coming.add_done_callback(_forget)
            raise late(need)
        return coming.result()

    async def close(self) -> None:
        """Close the store, and end the threads once they are idle."""
        self._desk.close()
        await self._store.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()


def _forget(coming: "asyncio.Future[QueryRows | Scores | None]") -> None:
    """Whatever comes of it: the search has gone on without it, and its row is kept for the next one."""
    if not coming.cancelled():
        coming.exception()
