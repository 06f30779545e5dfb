"""Ledger and index walked in step, by id: windows that hold every id of both sides once, whatever either side has in it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from indexer.errors import ForeignLedger, IndexMissing
from indexer.ledger.base import Ledger, Standing
from indexer.observe import log
from indexer.store.base import ProductStore, Stored

Side = TypeVar("Side", Standing, Stored)


@dataclass(frozen=True, slots=True)
class Pair:
    """One id on both sides; None where a side does not know it."""

    id: str
    standing: Standing | None
    stored: Stored | None


@dataclass(frozen=True, slots=True)
class Window:
    """The pairs of all ids behind `after`, up to `last` (None: all that follow), in order."""

    after: str
    last: str | None
    pairs: Sequence[Pair]


class Sides:
    """Ledger and index, read a page of each at a time: memory holds no more, however many products there are."""

    def __init__(self, ledger: Ledger, store: ProductStore, *, page: int) -> None:
        """Read nothing yet; `page` ids at once from each side."""
        self._ledger = ledger
        self._store = store
        self._page = page

    def check(self) -> None:
        """Raise ForeignLedger for an index of another ledger: all of its documents would seem unknown."""
        try:
            described = self._store.describe(fresh=True)
        except IndexMissing:
            return  # then all documents are missing, and that can be repaired
        if described.identity.ledger != self._ledger.id:
            raise ForeignLedger(
                f"The index {described.index} belongs to the ledger {described.identity.ledger}, not to {self._ledger.id}.",
                cure="Name its ledger in FUSEDEX_LEDGER_URL, or another alias in FUSEDEX_INDEX__ALIAS.",
            )

    def refresh(self) -> None:
        """Let the walk see all that was written."""
        try:
            self._store.refresh()
        except IndexMissing:
            log.debug("nothing_to_refresh")

    def windows(self) -> Iterator[Window]:
        """All ids of both sides, each once, in order."""
        after = ""
        while True:
            standings, documents = self._standings(after), self._documents(after)
            # A full page hides what lies behind it: both sides are known only up to the nearer of the two ends.
            ends = [page[-1].id for page in (standings, documents) if len(page) >= self._page]
            last = min(ends, default=None)
            yield Window(after, last, _joined(_until(standings, last), _until(documents, last)))
            if last is None:
                return
            after = last

    def again(self, window: Window) -> Iterator[tuple[Standing | None, Pair]]:
        """The window's ids as they stand now, each with what the ledger said of it before the index was read (None: nothing).

        What the ledger calls written before the index is refreshed and read has to be found there; what is found there has
        to be known to the ledger afterwards. So the ledger is read on both sides of the index.
        """
        before = {one.id: one for page in self._pages(self._standings, window) for one in page}
        self.refresh()
        there = [one for page in self._pages(self._documents, window) for one in page]
        behind = [one for page in self._pages(self._standings, window) for one in page]
        for pair in _joined(behind, there):
            yield before.get(pair.id), pair

    def _standings(self, after: str) -> list[Standing]:
        return self._ledger.walk(after=after, limit=self._page)

    def _documents(self, after: str) -> list[Stored]:
        try:
            return self._store.walk(after=after, limit=self._page)
        except IndexMissing:
            return []

    def _pages(self, read: Callable[[str], list[Side]], window: Window) -> Iterator[list[Side]]:
        after = window.after
        while page := read(after):
            yield _until(page, window.last)
            after = page[-1].id
            if len(page) < self._page or (window.last is not None and after >= window.last):
                return


def _until(page: Sequence[Side], last: str | None) -> list[Side]:
    return [one for one in page if last is None or one.id <= last]


def _joined(standings: Sequence[Standing], documents: Sequence[Stored]) -> list[Pair]:
    known, there = {one.id: one for one in standings}, {one.id: one for one in documents}
    return [Pair(id_, known.get(id_), there.get(id_)) for id_ in sorted(known.keys() | there.keys())]
