"""What the write path asks of a ledger: the truth about products, and what is still to be done."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from indexer.ledger.records import (
    Absent,
    CacheStats,
    Claimed,
    Finished,
    Job,
    LedgerCounts,
    Letter,
    Outcome,
    PartRef,
    Plan,
    Standing,
    Step,
    Upgrade,
)
from indexer.ledger.target import NextTarget, Target
from indexer.records import Event, Lane, Product, Rejected
from indexer.vectors import Row

__all__ = [
    "Absent",
    "CacheStats",
    "Claimed",
    "Finished",
    "Job",
    "Ledger",
    "LedgerCounts",
    "Letter",
    "NextTarget",
    "Outcome",
    "PartRef",
    "Plan",
    "Standing",
    "Step",
    "Target",
    "Upgrade",
    "VectorCache",
]


class Ledger(Target, Protocol):
    """One database; safe across threads and processes. Raises LedgerUnavailable when it does not answer."""

    @property
    def next(self) -> NextTarget:
        """The same rows towards the next index of an upgrade."""

    @property
    def id(self) -> str:
        """The ledger's own name, made once: it stands in the `_meta` of every index it writes."""

    def begin_job(self, job_id: str, source: str, *, snapshot: bool = False) -> Job:
        """Return the job of that id, made now if it is new; a snapshot notes every product that it holds."""

    def accept(self, job_id: str, events: Sequence[Event]) -> list[Outcome]:
        """Merge events in order, in one transaction; one outcome each."""

    def reject(self, job_id: str, rejected: Sequence[Rejected]) -> None:
        """Keep rejected raw rows with their job (the first 1000 of a job; all are counted by commit_job)."""

    def absent(self, job_id: str) -> Absent:
        """What the snapshot, read to its end, did not hold."""

    def drop_absent(self, job_id: str, *, limit: int = 1000) -> int:
        """Delete up to `limit` products that the snapshot did not hold; how many (0: none is left)."""

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

    def recipe(self) -> str:
        """The digest of the encoders and the fusion that documents must be made by; empty before the first index."""

    def set_recipe(self, recipe: str) -> None:
        """Put another recipe in force: what is being made by the old one will not count as finished."""

    def sweep(self, *, attempts: int) -> Mapping[Lane, int]:
        """Wake rows whose time has come, bury rows whose claims ended unexplained `attempts` times; due rows by lane.

        Expired leases are due too.
        """

    def letters(self, *, limit: int = 100, error: str = "") -> list[Letter]:
        """The latest dead letters, or the latest of one error."""

    def letter(self, product_id: str) -> Letter | None:
        """The product's dead letter, or None."""

    def replay(self, ids: Sequence[str]) -> int:
        """Set buried rows to work again, attempts cleared; how many. Buried again, a letter keeps when it was first seen."""

    def discard(self, ids: Sequence[str]) -> int:
        """Forget letters: their rows stay as they are until a newer event; how many."""

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Standing]:
        """The next products by id (code points), from behind `after`."""

    def standing(self, product_id: str) -> Standing | None:
        """How one product stands, or None for an id that nothing was ever heard of."""

    def product(self, product_id: str) -> Product | None:
        """The product as it is known; None where it is unknown, deleted, or an offer alone."""

    def redo(self, ids: Mapping[str, int], *, lane: Lane = "backfill", forget_parts: bool = False) -> int:
        """Make products dirty again, under new row versions above the given floors; how many. Buried rows stay buried.

        `forget_parts`: their texts are cleaned and their photos read again; else a cached part needs neither.
        """

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

    def stats(self) -> CacheStats:
        """What is kept, by spec."""

    def trim(self, *, max_bytes: int | None = None, unused_s: float | None = None) -> int:
        """Drop rows unused for so long, then the least recently used until the rest fits; how many."""

    def close(self) -> None:
        """Give the connections back."""
