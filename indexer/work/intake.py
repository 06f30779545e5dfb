"""One feed's way into the ledger: batches merged, outcomes counted, the caller's limits kept, what a snapshot lacks deleted."""

from collections import Counter
from collections.abc import Mapping, Sequence

from indexer.errors import SnapshotRefused, TooManyRejects
from indexer.feed.terms import Terms
from indexer.ledger.base import Job, Ledger, Outcome
from indexer.observe import RunObserver
from indexer.publish.hints import Hints
from indexer.records import Event, Lane, Rejected

DROPPED = "dropped"
"""The count of products that a snapshot's job deleted because the snapshot did not hold them."""


class Intake:
    """A job on its way: `take` for each batch, then `close`. For one thread."""

    def __init__(self, ledger: Ledger, job: Job, *, terms: Terms, hints: Hints, observer: RunObserver) -> None:
        """Count from nothing: a job that is sent again is counted again."""
        self._ledger = ledger
        self._job = job
        self._terms = terms
        self._hints = hints
        self._observer = observer
        upgrade = ledger.next.upgrade()
        self._also: tuple[Lane, ...] = ("upgrade",) if upgrade is not None and upgrade.keeping else ()
        self._counts: Counter[str] = Counter({outcome.value: 0 for outcome in Outcome} | {"rejected": 0})

    def take(self, batch: Sequence[Event | Rejected]) -> None:
        """Merge the events and keep the rejected rows. Raises TooManyRejects where there are more of these than the terms allow."""
        rejected = [row for row in batch if isinstance(row, Rejected)]
        events = [row for row in batch if not isinstance(row, Rejected)]
        outcomes = Counter(outcome.value for outcome in self._ledger.accept(self._job.id, events)) if events else Counter[str]()
        if rejected:
            self._ledger.reject(self._job.id, rejected)
            outcomes["rejected"] = len(rejected)
        self._counts.update(outcomes)
        for row in rejected:
            self._observer.row_rejected(row)
        self._observer.rows_accepted(outcomes)
        if lanes := _lanes(outcomes):
            self._hints.some(*lanes, *self._also)
        self._check_rejects()

    def close(self) -> Job:
        """The committed job. Raises SnapshotRefused, with nothing deleted, where a snapshot lacks more than the terms allow."""
        if self._terms.snapshot:
            self._drop_absent()
        job = self._ledger.commit_job(self._job.id, self._counts)
        self._hints.all_due(self._ledger.counts().dirty)
        return job

    def _check_rejects(self) -> None:
        allowed, rejected = self._terms.max_rejects, self._counts["rejected"]
        if allowed is not None and rejected > allowed:
            raise TooManyRejects(
                f"{rejected:,} of {self._counts.total():,} rows were rejected, more than the {allowed:,} allowed; the rest was not read.",
                cure="Mend the rows that the report names, or allow more; what was accepted stays, nothing was deleted.",
            )

    def _drop_absent(self) -> None:
        absent = self._ledger.absent(self._job.id)
        if absent.gone > self._terms.drop_limit * absent.live:
            raise SnapshotRefused(
                f"The snapshot lacks {absent.gone:,} of {absent.live:,} products ({absent.gone / absent.live:.1%}), "
                f"more than the {self._terms.drop_limit:.1%} that it may delete.",
                cure="See that the feed is whole; if it is, allow more (--drop-limit). Its rows were accepted, nothing was deleted.",
            )
        self._counts[DROPPED] = 0
        while dropped := self._ledger.drop_absent(self._job.id):
            self._counts[DROPPED] += dropped
            self._hints.some("offers", *self._also)


def _lanes(outcomes: Mapping[str, int]) -> list[Lane]:
    """The lanes that a batch of these outcomes has made work for."""
    lanes: list[Lane] = ["encode_new", "encode"] if outcomes.get(Outcome.ENCODED) else []
    if outcomes.get(Outcome.OFFER_ONLY) or outcomes.get(Outcome.DELETED):
        lanes.append("offers")
    return lanes
