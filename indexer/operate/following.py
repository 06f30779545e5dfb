"""Searchers that go along with upgrades: warmed for the index in use, and, during a trial, asking the new one for its share.

Each query is answered wholly by one index with its encoders. What is to be tried stands in the description that a search reads anyway
and keeps for some seconds, so a trial costs no request, and begins and ends everywhere within seconds.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from indexer.errors import IndexerError, ModelError, StoreError
from indexer.operate.part import Split, Trials, failed, shadowed, without_new
from indexer.operate.trial import overlap
from indexer.query.normalise import as_query
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Query
from indexer.store.identity import Description


class FollowingSearcher(Searcher):
    """A Searcher over an alias that may come to stand for an index of other encoders."""

    _trials: Trials[Searcher] | None = None

    def take_part(self, make: Callable[[str], Searcher], folder: Path | None) -> None:
        """Take part in trials from now on: `make` gives a searcher over one index, `folder` keeps what is counted."""
        self._trials = Trials(self._desk.known, make, folder)
        self._shadows = ThreadPoolExecutor(1, thread_name_prefix="shadow")
        self._waiting: set[Future[None]] = set()

    def multi(self, queries: Sequence[Query | str]) -> list[Answer]:
        """What Searcher.multi gives; during a trial, the queries that are the new index's are answered by that one."""
        asked = [as_query(query) for query in queries]
        split = self._trials.split(asked, self._described(), self._desk.observer) if self._trials else None
        if split is None:
            return super().multi(asked)
        if split.coming.shadow:
            return self._shadowed(asked, split)
        answers: dict[int, Answer] = {}
        for new in (False, True):
            if places := split.places(new=new):
                some = [asked[place] for place in places]
                answers |= zip(places, self._tried(some, split) if new else self._of_old(some, split), strict=True)
        return [answers[place] for place in range(len(asked))]

    def _of_old(self, queries: Sequence[Query], split: Split[Searcher]) -> list[Answer]:
        answers = super().multi(queries)
        split.tally.note("old", answers)
        return answers

    def _tried(self, queries: Sequence[Query], split: Split[Searcher]) -> list[Answer]:
        began = time.monotonic()
        try:
            answers = split.arm.multi(queries)
        except (StoreError, ModelError) as error:
            again = failed(queries, error, split.tally, left_s=self._desk.settings.timeout_s - (time.monotonic() - began))
            return [without_new(answer, error) for answer in super().multi(again)]
        split.tally.note("new", answers)
        return answers

    def _shadowed(self, queries: Sequence[Query], split: Split[Searcher]) -> list[Answer]:
        answers = self._of_old(queries, split)
        for place in shadowed(queries, split, self._waiting):
            future = self._shadows.submit(self._compared, queries[place], answers[place], split)
            self._waiting.add(future)
            future.add_done_callback(self._waiting.discard)
        return answers

    def _compared(self, query: Query, old: Answer, split: Split[Searcher]) -> None:
        try:
            (new,) = split.arm.multi([query])
        except IndexerError as error:
            failed([query], error, split.tally)
        else:
            split.tally.note("new", [new], shares=[overlap(old, new)])

    def _described(self) -> Description | None:
        with contextlib.suppress(StoreError):  # the search will say what is wrong
            return self.describe()
        return None

    def warm(self, *, photos: bool = True) -> None:
        """Load what the index in use needs, or our own encoders where there is none yet. Raises ModelError classes."""
        self._store.ask(self._desk.warm(photos=photos, described=self._described()))

    def close(self) -> None:
        """Close all, and write what was counted of trials; shadows that wait are dropped."""
        if self._trials:
            self._shadows.shutdown(wait=True, cancel_futures=True)
            for arm in self._trials.close():
                arm.close()
        super().close()


class AsyncFollowingSearcher(AsyncSearcher):
    """FollowingSearcher for an event loop."""

    _trials: Trials[AsyncSearcher] | None = None

    def take_part(self, make: Callable[[str], AsyncSearcher], folder: Path | None) -> None:
        """What FollowingSearcher.take_part does."""
        self._trials = Trials(self._desk.known, make, folder)
        self._waiting: set[asyncio.Task[None]] = set()

    async def multi(self, queries: Sequence[Query | str]) -> list[Answer]:
        """What FollowingSearcher.multi gives."""
        asked = [as_query(query) for query in queries]
        split = self._trials.split(asked, await self._described(), self._desk.observer) if self._trials else None
        if split is None:
            return await super().multi(asked)
        if split.coming.shadow:
            return await self._shadowed(asked, split)
        answers: dict[int, Answer] = {}
        for new in (False, True):
            if places := split.places(new=new):
                some = [asked[place] for place in places]
                answers |= zip(places, await (self._tried(some, split) if new else self._of_old(some, split)), strict=True)
        return [answers[place] for place in range(len(asked))]

    async def _of_old(self, queries: Sequence[Query], split: Split[AsyncSearcher]) -> list[Answer]:
        answers = await super().multi(queries)
        split.tally.note("old", answers)
        return answers

    async def _tried(self, queries: Sequence[Query], split: Split[AsyncSearcher]) -> list[Answer]:
        began = time.monotonic()
        try:
            answers = await split.arm.multi(queries)
        except (StoreError, ModelError) as error:
            again = failed(queries, error, split.tally, left_s=self._desk.settings.timeout_s - (time.monotonic() - began))
            return [without_new(answer, error) for answer in await super().multi(again)]
        split.tally.note("new", answers)
        return answers

    async def _shadowed(self, queries: Sequence[Query], split: Split[AsyncSearcher]) -> list[Answer]:
        answers = await self._of_old(queries, split)
        for place in shadowed(queries, split, self._waiting):
            task = asyncio.create_task(self._compared(queries[place], answers[place], split))
            self._waiting.add(task)
            task.add_done_callback(self._waiting.discard)
        return answers

    async def _compared(self, query: Query, old: Answer, split: Split[AsyncSearcher]) -> None:
        try:
            (new,) = await split.arm.multi([query])
        except IndexerError as error:
            failed([query], error, split.tally)
        else:
            split.tally.note("new", [new], shares=[overlap(old, new)])

    async def _described(self) -> Description | None:
        with contextlib.suppress(StoreError):
            return await self.describe()
        return None

    async def warm(self, *, photos: bool = True) -> None:
        """What FollowingSearcher.warm does, beside the loop."""
        described = await self._described()
        loop = asyncio.get_running_loop()
        await self._store.ask(await loop.run_in_executor(self._desk.threads, lambda: self._desk.warm(photos=photos, described=described)))

    async def close(self) -> None:
        """What FollowingSearcher.close does."""
        if self._trials:
            for task in list(self._waiting):
                task.cancel()
            await asyncio.gather(*self._waiting, return_exceptions=True)
            for arm in self._trials.close():
                await arm.close()
        await super().close()
