"""Searchers that go along with upgrades: warmed for the index that is in use, whatever their own settings say."""

import asyncio
import contextlib

from indexer.errors import StoreError
from indexer.read_path import AsyncSearcher, Searcher
from indexer.store.identity import Description


class FollowingSearcher(Searcher):
    """A Searcher over an alias that may come to stand for an index of other encoders."""

    def warm(self, *, photos: bool = True) -> None:
        """Load what the index in use needs, or our own encoders where there is none yet. Raises ModelError classes."""
        described: Description | None = None
        with contextlib.suppress(StoreError):  # the search will say what is wrong
            described = self.describe()
        self._desk.warm(photos=photos, described=described)


class AsyncFollowingSearcher(AsyncSearcher):
    """FollowingSearcher for an event loop."""

    async def warm(self, *, photos: bool = True) -> None:
        """What FollowingSearcher.warm does, beside the loop."""
        described: Description | None = None
        with contextlib.suppress(StoreError):
            described = await self.describe()
        await asyncio.get_running_loop().run_in_executor(self._desk.threads, lambda: self._desk.warm(photos=photos, described=described))
