"""What a ledger takes and gives: frozen records without behaviour of their own. `base` hands them on, with the protocols."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from indexer.records import Lane, PhotoStatus, Product, Rejected


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
    snapshot: bool = False


@dataclass(frozen=True, slots=True)
class Absent:
    """What a snapshot did not hold: `gone` living products that nothing touched since it began, of `live` altogether."""

    gone: int
    live: int


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
    """A row whose document is in the index at `row_version` (or that a newer one has overtaken).

    At `wake` (microseconds since 1970) it becomes dirty by itself, in `wake_lane`: a sale begins or ends, a photo is tried again.
    """

    id: str
    row_version: int
    parts: tuple[PartRef, ...] = ()
    photo_status: PhotoStatus = "none"
    wake: int | None = None
    wake_lane: Lane = "offers"


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
class Standing:
    """How one product stands, for a walk over all of them. `row_version` 0: nothing was ever given out to be indexed."""

    id: str
    row_version: int
    indexed_version: int
    live: bool
    dirty: bool
    buried: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """The vector cache: rows and bytes altogether, rows by spec digest, last uses (microseconds since 1970; 0: no rows)."""

    rows: int
    bytes: int
    by_spec: Mapping[str, int]
    oldest: int
    newest: int


class Step(StrEnum):
    """Where an upgrade stands. Of two names for a pair of steps, the first is the good end."""

    PLANNED = "planned"
    """Recorded; its index may be there or not."""
    LISTING = "listing"
    """The index is there, and row after row gets its part in it."""
    BUILDING = "building"
    """Every row has; workers fill the index."""
    READY = "ready"
    """The gate let it pass."""
    REFUSED = "refused"
    """The gate did not: the old index stays."""
    SWITCHING = "switching"
    """The alias is about to go to the new index, or has."""
    LIVE = "live"
    """The new index is the one in use; the old one is kept up for a rollback."""
    ROLLING_BACK = "rolling back"
    """The alias is about to go back, or has."""
    ROLLED_BACK = "rolled back"
    """The old index is in use again; the new one is kept up for another switch."""
    CLEANING = "cleaning"
    """The old index goes, and the rows' part in the new one becomes all there is."""
    DROPPING = "dropping"
    """The new index goes, and the rows' part in it is forgotten."""
    DONE = "done"
    DROPPED = "dropped"


ENDED = (Step.DONE, Step.DROPPED)
NOT_KEEPING = (*ENDED, Step.CLEANING, Step.DROPPING)
SERVING = (Step.SWITCHING, Step.LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """One upgrade as it is recorded. Profiles are the encoders' settings as JSON, recipes name what these make.

    `new_settings`: how the new index is to be made, as JSON; empty where an earlier release did not note it.
    `fresh_parts`: the parts that the old index's documents were made of are not all that the new one needs. `began` in
    microseconds since 1970, `evidence` is the gate's, as JSON.
    """

    number: int
    step: Step
    began: int
    old_index: str
    old_recipe: str
    old_profile: str
    new_recipe: str
    new_profile: str
    new_settings: str = ""
    fresh_parts: bool = False
    new_index: str = ""
    walked: str = ""
    evidence: str = ""

    @property
    def keeping(self) -> bool:
        """Whether both indices get every change."""
        return self.step not in NOT_KEEPING

    @property
    def ended(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.step in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an upgrade begins with: see `Upgrade`."""

    old_index: str
    old_recipe: str
    old_profile: str
    new_recipe: str
    new_profile: str
    new_settings: str = ""
    fresh_parts: bool = False
