"""What the write path asks of a ledger: the truth about products, and what is still to be done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from indexer.records import Event, Lane, PhotoStatus, Product, Rejected
from indexer.vectors import Row


class Outcome(StrEnum):
    """What one event came to. Every accepted event has exactly one."""

    ENCODED = "encoded"
    """Its content is new or changed: the row is dirty in an encoding lane."""
    OFFER_ONLY = "offer_only"
    """Only price or stock changed: the row is dirty in the lane `offers` (or waits, where content is still missing)."""
    UNCHANGED = "unchanged"
    STALE = "stale"
    """Older than what is known, in every aspect that it carries."""
    DELETED = "deleted"
    CONFLICT = "conflict"
    """The source's version is equal and the content is not."""
    FUTURE = "future"
    """Its update time lies too far ahead of the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One feed's passage through accept.

    `first_version`..`last_version` span the row versions of its products that were still to be indexed when it was
    accepted: given out by it, or found dirty. `arrival` (microseconds since 1970) stands in for the version of rows
    that carry none; it is fixed when the job
    is first seen, so that sending a job again can't outrun what came in between.
    """

    id: str
    source: str
    arrival: int
    committed: bool
    counts: Mapping[str, int] = field(default_factory=dict)
    rejected: tuple[Rejected, ...] = ()
    first_version: int | None = None
    last_version: int | None = None
    failed: str = ""


@dataclass(frozen=True, slots=True)
class PartRef:
    """A part of a product as the cache knows it: kind (title, description, photo) and the digest of the cleaned input."""

    kind: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A dirty row in this worker's hands. `product` is None for a tombstone.

    `parts` and `photo_status` are what the last finished write of the same content recorded, or None.
    """

    id: str
    row_version: int
    product: Product | None
    attempts: int
    parts: tuple[PartRef, ...] | None = None
    photo_status: PhotoStatus = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A row whose document is in the index at `row_version` (or that a newer one has overtaken)."""

    id: str
    row_version: int
    parts: tuple[PartRef, ...] = ()
    photo_status: PhotoStatus = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A buried row: what went wrong, how often it was tried, and when (microseconds since 1970)."""

    id: str
    row_version: int
    error: str
    reason: str
    attempts: int
    first_seen: int
    last_seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCounts:
    """How the ledger stands: products that live, tombstones, offers that wait for content, dirty rows by lane, letters.

    `counters` are sums since the ledger began: texts, photos, cached, written, newer.
    """

    products: int
    deleted: int
    waiting: int
    dirty: Mapping[Lane, int]
    letters: int
    counters: Mapping[str, int]


class Ledger(Protocol):
    """One database; safe across threads and processes. Raises LedgerUnavailable when it does not answer."""

    @property
    def id(self) -> str:
        """The ledger's own name, made once: it stands in the `_meta` of every index it writes."""

    def begin_job(self, job_id: str, source: str) -> Job:
        """Return the job of that id, made now if it is new."""

    def accept(self, job_id: str, events: Sequence[Event]) -> list[Outcome]:
        """Merge events in order, in one transaction; one outcome each."""

    def reject(self, job_id: str, rejected: Sequence[Rejected]) -> None:
        """Keep rejected raw rows with their job (the first 1000 of a job; all are counted by commit_job)."""

    def commit_job(self, job_id: str, counts: Mapping[str, int]) -> Job:
        """Close the job with its counts; from now on it is a promise."""

    def fail_job(self, job_id: str, reason: str) -> Job:
        """Note why the job can't be accepted; sending it again tries again."""

    def job(self, job_id: str) -> Job | None:
        """The job of that id, or None."""

    def pending(self, job: Job) -> int:
        """How many rows of the job's span of row versions are dirty, letters apart."""

    def buried(self, job: Job) -> int:
        """How many rows of the job's span of row versions are dead letters."""

    def trouble(self, job: Job) -> str:
        """Why a dirty row of the job's span was last put back, in words; empty where none was."""

    def claim(self, lane: Lane, *, owner: str, limit: int, lease_s: float, alone: bool = False) -> list[Claimed]:
        """Take up to `limit` due dirty rows of the lane, longest due first, counting an attempt on each.

        Rows with an attempt behind them are only given out with `alone=True`, one at a time; without it they are passed over.
        """

    def suspects(self, lane: Lane) -> int:
        """How many due rows of the lane have an attempt behind them and must be claimed alone."""

    def renew(self, owner: str, *, lease_s: float) -> int:
        """Prolong all leases of this owner; how many it still holds."""

    def finish(self, owner: str, done: Sequence[Finished]) -> int:
        """Mark rows clean where they have not changed meanwhile; changed ones are due again at once, attempts cleared.

        Returns how many became clean.
        """

    def release(self, owner: str, ids: Sequence[str], *, delay_s: float, give_back: bool, reason: str = "") -> None:
        """Put rows back, due after the delay; `give_back` takes the attempt off again."""

    def bury(self, owner: str, letters: Sequence[Letter]) -> None:
        """Move rows to the dead letters, with their reason; a later event of the product revives it."""

    def sweep(self, *, attempts: int) -> Mapping[Lane, int]:
        """Bury rows whose claims ended unexplained `attempts` times; return due rows by lane (expired leases included)."""

    def letters(self, *, limit: int = 100) -> list[Letter]:
        """The latest dead letters."""

    def lead(self, role: str, *, owner: str, ttl_s: float) -> bool:
        """Take or keep a role for a time; False while another owner has it."""

    def count(self, **amounts: int) -> None:
        """Add to the named counters."""

    def counts(self) -> LedgerCounts:
        """How the ledger stands now."""

    def known(self, ids: Sequence[str]) -> Mapping[str, int]:
        """The row versions of those products that the ledger knows."""

    def close(self) -> None:
        """Give the connections back."""


class VectorCache(Protocol):
    """Part rows by (digest of the input, digest of the spec), in a store of their own."""

    def get(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
        """The rows that are known, float32 of shape (width,); notes their use."""

    def put(self, rows: Mapping[tuple[str, str], Row]) -> None:
        """Keep rows; a key that is known already keeps its row."""

    def size(self) -> int:
        """How many rows are kept."""

    def close(self) -> None:
        """Give the connections back."""
