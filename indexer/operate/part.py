"""Taking part in a trial: which queries are the new index's, who asks it, and what is counted; what both following searchers share."""

from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from indexer.errors import IndexerError
from indexer.observe import RunObserver, log
from indexer.operate.trial import Tally, drawn
from indexer.read.known import Known
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Degraded, Query
from indexer.store.identity import Coming, Description

OneIndex = TypeVar("OneIndex", Searcher, AsyncSearcher)

WAITING = 8
"""Shadows that may wait in a process; more are left out and counted, so that a slow new index delays nothing."""
LEAST_S = 0.5
"""What a query has left at least for the old index, where the new one has failed it."""


@dataclass(frozen=True, slots=True, eq=False)
class Split(Generic[OneIndex]):
    """Which of the queries asked together are the new index's, who asks it, and what is counted."""

    coming: Coming
    new: tuple[bool, ...]
    arm: OneIndex
    tally: Tally

    def places(self, *, new: bool) -> list[int]:
        """Where the queries of one side stand."""
        return [place for place, one in enumerate(self.new) if one is new]


class Trials(Generic[OneIndex]):
    """The trial that a searcher takes part in, if any, and the searcher of its new index, made once."""

    def __init__(self, known: Known, make: Callable[[str], OneIndex], folder: Path | None) -> None:
        """`make` gives a searcher over one index by name; `folder` is where tallies are kept."""
        self._known = known
        self._make: Callable[[str], OneIndex] = make
        self._folder = folder
        self._arms: dict[str, tuple[OneIndex, Tally]] = {}

    def split(self, queries: Sequence[Query], described: Description | None, observer: RunObserver) -> Split[OneIndex] | None:
        """How the queries are shared out; None where nothing is tried, or the new encoders are not ready here."""
        if described is None or (coming := described.coming) is None or not coming.share:
            return None
        self._known.notice(described)
        if not self._known.ready(coming.profile):
            return None
        if coming.index not in self._arms:
            self._arms[coming.index] = self._make(coming.index), Tally(self._folder, coming.index)
        arm, tally = self._arms[coming.index]
        arm.listen(RunObserver() if coming.shadow else observer)  # what nobody is shown is no search
        tally.observer = observer
        return Split(coming, tuple(drawn(query, coming) for query in queries), arm, tally)

    def close(self) -> list[OneIndex]:
        """Write what was counted; the searchers that are to be closed."""
        arms = list(self._arms.values())
        self._arms.clear()
        for _, tally in arms:
            tally.write()
        return [arm for arm, _ in arms]


def shadowed(queries: Sequence[Query], split: Split[OneIndex], waiting: Sized) -> Iterator[int]:
    """Where the queries stand that a shadow is to ask, one after the other as they join those `waiting`; what is left out is counted.

    A later page, or a cursor's, says nothing.
    """
    for place in split.places(new=True):
        if queries[place].cursor or queries[place].page != 1:
            continue
        if len(waiting) < WAITING:
            yield place
        else:
            split.tally.note("new", skipped=1)


def failed(queries: Sequence[Query], error: IndexerError, tally: Tally, *, left_s: float = 0.0) -> list[Query]:
    """The queries for the old index, in the time that is left; the failure is logged and counted. Raises what a cursor can't do without."""
    log.warning("trial_failed", index=tally.index, queries=len(queries), error=type(error).__name__, reason=error.message)
    tally.note("new", failed=len(queries))
    if any(query.cursor for query in queries):
        raise error
    return [replace(query, timeout_s=max(LEAST_S, left_s)) for query in queries]


def without_new(answer: Answer, error: IndexerError) -> Answer:
    """The old index's answer, saying that it is that."""
    return replace(answer, degraded=(*answer.degraded, Degraded("trial", error.message)))
