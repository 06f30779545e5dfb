"""What a claim's rows became, into the store, and what came of each back into the ledger."""

import threading
from dataclasses import dataclass

from indexer.errors import IndexMissing, StoreBusy, StoreError
from indexer.ledger.base import Ledger
from indexer.observe import RunObserver
from indexer.store.base import Written
from indexer.work.claims import Claim
from indexer.work.documents import Made, Workshop
from indexer.work.pace import Pace


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents go: the version of that name, or the one that the alias stands for when the first is written.

    Always by its own name from then on: when the alias moves, what was made for the old index must not reach the new one.
    """

    index: str = ""
    is_next: bool = False


class Writer:
    """The writes of one process to one index: it is made or checked first, and no more at once than the store takes well.

    Safe across threads.
    """

    def __init__(self, ledger: Ledger, workshop: Workshop, place: Place, *, most: int, observer: RunObserver) -> None:
        """At most `most` writes at once; nothing is asked of the store yet."""
        self._ledger = ledger
        self._workshop = workshop
        self._place = place
        self._pace = Pace(most=most)
        self._observer = observer
        self._ensured = threading.Lock()
        self._index = ""

    def write(self, claim: Claim, made: Made) -> int:
        """How many rows are settled: in the index, or buried for good. What the store did not take now goes back, unblamed.

        Raises StoreBusy where it took nothing at all, and what `ProductStore.ensure` and `write` raise.
        """
        self._ensure_index()
        self._observer.stage_moved("writing")
        written = self._bulk(made)
        self._observer.stage_moved("written")
        there = [result for result in written if result.outcome != "failed"]
        newer = sum(result.outcome == "newer" for result in there)
        self._observer.documents_written(written=len(there) - newer, newer=newer, failed=len(written) - len(there))
        self._observer.stage_moved("finishing")
        counted = made.counted(there=len(there), newer=newer)
        made_by = self._place.index if self._place.is_next else self._workshop.encoders.recipe
        claim.finish([made.finished[result.id] for result in there], recipe=made_by, counted=counted)
        refused = {r.id: StoreError(f"{r.error}: {r.reason}") for r in written if r.outcome == "failed" and not r.retryable}
        settled = len(there) + claim.bury(made.errors | refused)
        if claim.rows:
            later = next(result for result in written if result.id in claim.rows)
            if not settled:
                raise StoreBusy(f"No document was taken; {later.id!r} because of {later.error}: {later.reason}")
            claim.put_back_later(f"{later.error}: {later.reason}")
        return settled

    def _bulk(self, made: Made) -> list[Written]:
        if not made.documents:
            return []
        with self._pace.writing() as write:
            try:
                written = self._workshop.store.write(made.documents, index=self._index)
            except IndexMissing:
                self._index = ""
                raise
            if any(result.error == StoreBusy.__name__ for result in written):
                write.refused()
            return written

    def _ensure_index(self) -> None:
        with self._ensured:
            if self._index:
                return
            store, encoders = self._workshop.store, self._workshop.encoders
            identity = encoders.identity(self._ledger.id)
            index = self._place.index or store.ensure(identity)
            store.hold(index, identity)
            self._index = index
            if not self._ledger.recipe():
                self._ledger.set_recipe(encoders.recipe)
