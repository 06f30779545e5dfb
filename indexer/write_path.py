"""The write path: what comes in is accepted into the ledger, and what is dirty there becomes documents in the store.

accept:  feed ─► events ─► ledger ─► hints            (a backend, a command, a task)
work:    claim ─► parts ─► rows ─► fused ─► store ─► finish      (the workers)
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.batches import batches
from indexer.errors import FeedError, IndexMissing
from indexer.feed.read import read_feed, read_rows
from indexer.feed.terms import Terms
from indexer.ledger.base import Job, Ledger, LedgerCounts, Target
from indexer.observe import RunObserver, log
from indexer.publish.base import Publisher
from indexer.publish.hints import Hints
from indexer.records import Event, Lane, Rejected
from indexer.settings import Settings
from indexer.work.benches import NEXT, Benches
from indexer.work.claims import Claims, Stopping
from indexer.work.documents import Workshop, make_documents
from indexer.work.intake import Intake
from indexer.work.pace import Gate

Feed = Path | Sequence[Path] | Iterable[Mapping[str, object]]
"""A file or folder (`-`: standard input), several of them as one feed, or raw rows."""

USUAL = Terms()

FIRST_BATCH = 256
"""Events of a feed's first transaction; each next one takes twice as many, up to the setting, so that workers begin at once."""

SUSPECTS_AT_ONCE = 8
"""Suspects worked one by one in one call, before the other threads of the process may go on."""
FIRST_POLL_S, LAST_POLL_S, POLL_SHARE = 0.05, 0.25, 0.05
"""How long `wait` rests between its first looks at the ledger, between its last ones, and the share of its time that looking may take."""


@dataclass(frozen=True, slots=True)
class Waited:
    """How a job stood when the waiting ended: rows buried, and rows still to do (0: all of it is searchable)."""

    dead: int
    pending: int


class Indexer:
    """Both halves of the write path over one ledger. Safe across threads; `work` may run in many processes at once."""

    def __init__(
        self, ledger: Ledger, publisher: Publisher, workshop: Workshop, settings: Settings, *, observer: RunObserver | None = None
    ) -> None:
        """Join the parts; nothing of the workshop is made before `work` or `wait` need it."""
        self.ledger = ledger
        self.publisher = publisher
        self.workshop = workshop
        self.settings = settings
        self._observer = observer or RunObserver()
        self._claims = {False: Claims(ledger, settings.work), True: Claims(ledger.next, settings.work)}
        self._gate = Gate()
        self._stopping = threading.Event()
        self._benches = Benches(ledger, workshop, settings, observer=self._observer)

    def accept(
        self,
        feed: Feed,
        *,
        terms: Terms = USUAL,
        job_id: str | None = None,
        roots: Sequence[Path] | None = None,
        observer: RunObserver | None = None,
    ) -> Job:
        """The committed job of this feed: each row merged into the ledger or rejected with its reason, none lost without a word.

        `counts` has the outcomes' names, `rejected` and, for a snapshot, `dropped`. A job that is committed already is
        returned as it is, so a feed may be sent again. Holds one batch in memory. `roots` (for what came in a message)
        bounds where paths may lead. Raises FeedError where the whole feed can't be taken, or not on these terms (noted in
        the job too), and LedgerUnavailable; a broker that is away only delays the work until the next sweep.
        """
        paths = _paths(feed)
        source = ", ".join(map(str, paths[:3])) + ("" if len(paths) < 4 else f" and {len(paths) - 3} more") if paths else "rows"
        job = self.ledger.begin_job(job_id or uuid.uuid4().hex, source, snapshot=terms.snapshot)
        if job.committed:
            return job
        hints = Hints(self.publisher, claim=self.settings.work.claim)
        intake = Intake(self.ledger, job, terms=terms, hints=hints, observer=observer or self._observer)
        try:
            for batch in self._batches(feed, terms, roots):
                if self._stopping.is_set():
                    raise Stopping
                with self._gate.shared():  # so that a feed that kills the process is not blamed on a suspect worked beside it
                    intake.take(batch)
            return intake.close()
        except FeedError as error:
            self.ledger.fail_job(job.id, error.message)
            raise

    def job(self, job_id: str) -> Job | None:
        """The job of that id, or None; what it holds is promised once it is committed."""
        return self.ledger.job(job_id)

    def counts(self) -> LedgerCounts:
        """How the ledger stands."""
        return self.ledger.counts()

    def wait(self, job: Job, *, timeout_s: float = 600, on_progress: Callable[[int], None] | None = None) -> Waited:
        """Wait until the job's rows are searchable (or buried); `on_progress` gets the rows still to do, at each look.

        Raises LedgerUnavailable, StoreUnavailable. Needs workers elsewhere; loads no model.
        """
        deadline = time.monotonic() + timeout_s
        pause = FIRST_POLL_S
        while True:
            began = time.monotonic()
            pending = self.ledger.pending(job)
            took_s = time.monotonic() - began
            if on_progress is not None:
                on_progress(pending)
            left = deadline - time.monotonic()
            if not pending or left <= 0:
                break
            time.sleep(min(max(pause, took_s / POLL_SHARE), left))  # a million dirty rows take a while to count
            pause = min(pause * 1.5, LAST_POLL_S)
        try:
            self.workshop.store.refresh()
        except IndexMissing:
            log.debug("nothing_to_refresh", job=job.id)  # all rows wait or were rejected: there is no index yet
        return Waited(dead=self.ledger.buried(job), pending=pending)

    def work(self, lane: Lane) -> int:
        """Work one claim of the lane, then suspects one by one; how many rows are settled (in the index, or buried).

        0 means: nothing due, an engine is down (rows are put back, to be tried later), or this process is stopping.
        An unexplained error is raised, after its rows were made suspects. Raises LedgerUnavailable.
        """
        target: Target = self.ledger.next if lane == NEXT else self.ledger
        if self._claims[lane == NEXT].pauses.active or self._stopping.is_set():
            return 0
        with self._gate.shared():
            settled = self._pass(lane, alone=False)
        if target.suspects(lane):
            # What has had its attempts is buried now: waiting for the sweep's leader would cost more processes.
            self.ledger.sweep(attempts=self.settings.work.attempts)
            for _ in range(min(target.suspects(lane), SUSPECTS_AT_ONCE)):
                with self._gate.alone():
                    settled += self._pass(lane, alone=True)
        return settled

    def warm(self) -> None:
        """Load the models now and run each once. Raises ModelError classes."""
        try:
            self.workshop.warm()
        finally:
            self._observer.stage_moved("idle")  # so that the watchdog does not wait for this thread's next step

    def stop(self) -> None:
        """Ask all passes of this process to put their rows back at their next step; may be called in a signal's handler."""
        self._stopping.set()

    def abandon(self) -> int:
        """Put back what is still held, unblamed, whatever the threads that hold it are doing; how many rows."""
        return sum(claims.abandon() for claims in self._claims.values())

    def close(self) -> int:
        """Stop, put back what is still held, and give all connections back; how many rows were put back."""
        self.stop()
        held = self.abandon()
        for claims in self._claims.values():
            claims.close()
        self.workshop.close()
        self.publisher.close()
        self.ledger.close()
        return held

    def _batches(self, feed: Feed, terms: Terms, roots: Sequence[Path] | None) -> Iterator[list[Event | Rejected]]:
        settings = self.settings.feed
        paths = _paths(feed)
        if paths or isinstance(feed, Path):
            return batches(read_feed(paths, settings, terms=terms, roots=roots), size=settings.batch, first=FIRST_BATCH)
        rows = read_rows(feed, origin="rows", settings=settings, terms=terms, roots=roots)
        return batches(rows, size=settings.batch, first=FIRST_BATCH)

    def _pass(self, lane: Lane, *, alone: bool) -> int:
        self._observer.stage_moved("claiming")
        claims = self._claims[lane == NEXT]
        try:
            with claims.open() as claim:
                bench = self._benches.of(lane)  # first: what can't be made is not claimed
                rows = claim.take(lane, alone=alone) if bench else []
                if bench and rows:
                    self._move("claimed")
                    made = make_documents(rows, bench.workshop, bench.settings, lane=lane)
                    self._move("encoded")
                    self._observer.parts_encoded(texts=made.texts, photos=made.photos, cached=made.cached)
                    settled = bench.writer.write(claim, made)
                    if not claim.rows:
                        claims.pauses.worked()
                    return settled
        finally:
            self._observer.stage_moved("idle")
        return 0

    def _move(self, stage: str) -> None:
        """A step is done; the next one begins, unless this process is to stop."""
        self._observer.stage_moved(stage)
        if self._stopping.is_set():
            raise Stopping


def _paths(feed: Feed) -> list[Path]:
    """The paths that a feed is, or none where it is rows."""
    if isinstance(feed, Path):
        return [feed]
    if isinstance(feed, Sequence) and feed and all(isinstance(one, Path) for one in feed):
        return [one for one in feed if isinstance(one, Path)]
    return []
