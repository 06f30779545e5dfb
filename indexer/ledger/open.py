"""The ledger itself: every method is one transaction over the functions of this room."""

import time
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection

from indexer.errors import IndexerError
from indexer.ledger import claims, inventory, jobs, next_rows, recipes, rows, snapshots, standing
from indexer.ledger import letters as dead_letters
from indexer.ledger.base import Absent, Claimed, Finished, Job, LedgerCounts, Letter, Outcome, Standing
from indexer.ledger.database import Database
from indexer.ledger.next import NextLedger
from indexer.ledger.schema import LEDGER, bring_up
from indexer.records import Event, Lane, Product, Rejected

Clock = Callable[[], int]
"""Microseconds since 1970."""

WAKES = 100
"""Transactions in which one sweep wakes rows; what is left wakes at the next."""


def wall_clock() -> int:
    """The time of this machine; machines that share a ledger need a common time to within a fraction of a lease."""
    return time.time_ns() // 1000


def open_ledger(url: str, *, future_s: float, clock: Clock = wall_clock) -> "SqlLedger":
    """The ledger at that address, its tables made or migrated first.

    `url` is SQLAlchemy's (sqlite:////path or postgresql+psycopg://user:password@host/name); `future_s` is how many
    seconds ahead of the clock an update time may lie. Raises LedgerUnavailable, LedgerTooNew and LedgerError.
    """
    database = Database(url)
    try:
        bring_up(database, LEDGER)
        return SqlLedger(database, future_s=future_s, clock=clock)
    except IndexerError:
        database.close()
        raise


class SqlLedger:
    """A `Ledger` in SQLite or PostgreSQL; what each method promises stands in `base.Ledger`."""

    def __init__(self, database: Database, *, future_s: float, clock: Clock = wall_clock) -> None:
        """Use a database whose tables are there; `open_ledger` sees to that."""
        self._database = database
        self._future_s = future_s
        self._clock = clock
        self.next = NextLedger(database, clock=clock)
        self._id = database.write(lambda connection: standing.name(connection, now=clock()))

    @property
    def id(self) -> str:
        """The ledger's own name, 32 hex digits."""
        return self._id

    def begin_job(self, job_id: str, source: str, *, snapshot: bool = False) -> Job:
        """The job of that id, made now if it is new, under way again if it had failed; committed ones stay as they are."""
        known = self.job(job_id)
        if known is not None and (known.committed or (not known.failed and known.snapshot == snapshot)):
            return known
        return self._database.write(lambda connection: jobs.begin(connection, job_id, source, snapshot=snapshot, now=self._clock()))

    def accept(self, job_id: str, events: Sequence[Event]) -> list[Outcome]:
        """One outcome an event, in order; all of them happen or none."""
        if not events:
            return []

        def work(connection: Connection) -> list[Outcome]:
            moment = self._moment(connection, job_id)
            accepted = rows.accept(connection, events, moment)
            jobs.widen(connection, job_id, accepted.versions)
            return accepted.outcomes

        return self._database.write(work)

    def reject(self, job_id: str, rejected: Sequence[Rejected]) -> None:
        """Keep rejected raw rows, the first 1000 of a job; a snapshot holds their products all the same."""

        def work(connection: Connection) -> None:
            jobs.reject(connection, job_id, rejected)
            snapshots.hold(connection, [one.id for one in rejected], self._moment(connection, job_id))

        self._database.write(work)

    def absent(self, job_id: str) -> Absent:
        """What the snapshot does not hold; raises LedgerError for a job that is none."""
        return self._database.read(lambda connection: snapshots.absent(connection, job_id))

    def drop_absent(self, job_id: str, *, limit: int = 1000) -> int:
        """Delete up to `limit` products that the snapshot does not hold; how many, 0 only where none is left."""
        return self._database.write(
            lambda connection: snapshots.drop_absent(connection, job_id, limit=limit, moment=self._moment(connection, job_id))
        )

    def commit_job(self, job_id: str, counts: Mapping[str, int]) -> Job:
        """Close the job; closing it again changes nothing."""
        return self._database.write(lambda connection: jobs.commit(connection, job_id, counts))

    def fail_job(self, job_id: str, reason: str) -> Job:
        """Note why the job can't be accepted; a committed one stays committed."""
        return self._database.write(lambda connection: jobs.fail(connection, job_id, reason))

    def job(self, job_id: str) -> Job | None:
        """The job of that id, or None."""
        return self._database.read(lambda connection: jobs.find(connection, job_id))

    def pending(self, job: Job) -> int:
        """How many rows of the job's span are dirty, letters apart."""
        return self._database.read(lambda connection: jobs.pending(connection, job))

    def buried(self, job: Job) -> int:
        """How many rows of the job's span are dead letters."""
        return self._database.read(lambda connection: jobs.buried(connection, job))

    def trouble(self, job: Job) -> str:
        """The reason of one dirty row of the span that was put back, the one that is due last."""
        return self._database.read(lambda connection: jobs.trouble(connection, job))

    def claim(self, lane: Lane, *, owner: str, limit: int, lease_s: float, alone: bool = False) -> list[Claimed]:
        """Due dirty rows of the lane, longest due first; with `alone` one that has an attempt behind it, or none.

        A product's version is the one its source gave its content (None without one), update times in microseconds.
        """
        return self._database.write(
            lambda connection: claims.claim(connection, lane, lease=self._lease(owner, lease_s), limit=limit, alone=alone)
        )

    def suspects(self, lane: Lane) -> int:
        """How many due rows of the lane must be claimed alone."""
        return self._database.read(lambda connection: claims.suspects(connection, lane, now=self._clock()))

    def renew(self, owner: str, *, lease_s: float) -> int:
        """Prolong all leases of this owner; how many it still holds."""
        return self._database.write(lambda connection: claims.renew(connection, self._lease(owner, lease_s)))

    def finish(self, owner: str, done: Sequence[Finished], *, recipe: str = "", counted: Mapping[str, int] | None = None) -> int:
        """Mark rows clean where they have not changed meanwhile, unless another recipe is in force, and count; how many became so."""

        def work(connection: Connection) -> int:
            clean = claims.finish(connection, owner, done, recipe=recipe, now=self._clock())
            standing.count(connection, counted or {})  # last: all workers add to the same few rows
            return clean

        return self._database.write(work)

    def recipe(self) -> str:
        """The recipe in force, or nothing."""
        return self._database.read(recipes.in_force)

    def set_recipe(self, recipe: str) -> None:
        """Put another recipe in force, as soon as those who are finishing by the old one have."""
        self._database.write(lambda connection: recipes.put_in_force(connection, recipe))

    def release(self, owner: str, ids: Sequence[str], *, delay_s: float, give_back: bool, reason: str = "") -> None:
        """Put back those of the rows that this owner still holds."""
        self._database.write(
            lambda connection: claims.release(
                connection, claims.Lease(owner, self._clock(), self._after(delay_s)), ids, give_back=give_back, reason=reason
            )
        )

    def bury(self, owner: str, letters: Sequence[Letter]) -> None:
        """Move rows to the dead letters; those that changed meanwhile are due again instead."""
        self._database.write(lambda connection: dead_letters.bury(connection, owner, letters, now=self._clock()))

    def sweep(self, *, attempts: int) -> Mapping[Lane, int]:
        """Wake what is to wake, 100,000 rows at most; bury what failed unexplained that often; due rows by lane, all lanes named."""
        for _ in range(WAKES):
            if self._database.write(lambda connection: inventory.wake(connection, now=self._clock())) < inventory.WOKEN_AT_ONCE:
                break

        def work(connection: Connection) -> Mapping[Lane, int]:
            due = dead_letters.sweep(connection, attempts=attempts, now=self._clock())
            return due | {"upgrade": next_rows.sweep(connection, attempts=attempts, now=self._clock())}

        return self._database.write(work)

    def letters(self, *, limit: int = 100, error: str = "") -> list[Letter]:
        """The latest dead letters, latest first; of one error where it is named."""
        return self._database.read(lambda connection: dead_letters.latest(connection, limit=limit, error=error))

    def letter(self, product_id: str) -> Letter | None:
        """The product's dead letter, or None."""
        return self._database.read(lambda connection: dead_letters.find(connection, product_id))

    def replay(self, ids: Sequence[str]) -> int:
        """Set buried rows to work again; how many. Ids without a letter are passed over."""
        return self._database.write(lambda connection: dead_letters.replay(connection, ids, now=self._clock()))

    def discard(self, ids: Sequence[str]) -> int:
        """Forget letters; how many. Ids without one are passed over."""
        return self._database.write(lambda connection: dead_letters.discard(connection, ids))

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Standing]:
        """The next products by id (code points), from behind `after`; fewer than `limit` at the end."""
        return self._database.read(lambda connection: inventory.walk(connection, after=after, limit=limit))

    def standing(self, product_id: str) -> Standing | None:
        """How one product stands, or None for an id that nothing was ever heard of."""
        return self._database.read(lambda connection: inventory.standing(connection, product_id))

    def product(self, product_id: str) -> Product | None:
        """The product as it is known; None where it is unknown, deleted, or an offer alone."""
        return self._database.read(lambda connection: inventory.product(connection, product_id))

    def redo(self, ids: Mapping[str, int], *, lane: Lane = "backfill", forget_parts: bool = False) -> int:
        """Make products dirty again, above the given floors, in one transaction; how many."""
        return self._database.write(
            lambda connection: inventory.redo(connection, ids, lane=lane, forget_parts=forget_parts, now=self._clock())
        )

    def lead(self, role: str, *, owner: str, ttl_s: float) -> bool:
        """Take or keep a role for a time; False while another owner has it."""
        return self._database.write(
            lambda connection: standing.lead(connection, role, owner=owner, now=self._clock(), until=self._after(ttl_s))
        )

    def count(self, **amounts: int) -> None:
        """Add to the named counters."""
        self._database.write(lambda connection: standing.count(connection, amounts))

    def counts(self) -> LedgerCounts:
        """How the ledger stands now."""
        return self._database.read(standing.counts)

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The row versions of those products that have a row; 0 where nothing was ever given out to be indexed."""
        return self._database.read(lambda connection: standing.known(connection, ids))

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    def _moment(self, connection: Connection, job_id: str) -> rows.Moment:
        return jobs.moment(connection, job_id, now=self._clock(), future_s=self._future_s)

    def _lease(self, owner: str, seconds: float) -> claims.Lease:
        return claims.Lease(owner, self._clock(), self._after(seconds))

    def _after(self, seconds: float) -> int:
        return self._clock() + round(seconds * 1_000_000)
