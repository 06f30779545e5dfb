"""How versions merge: pure functions over frozen states; the database only keeps what they decide.

A product's state is three registers: content, offer, and the barrier that a delete leaves. A full row carries content
and offer, an offer row the offer, a delete the barrier. Each register keeps the newest that it has seen, so the order
in which versioned events arrive does not matter:

* newer is applied; newer with equal content only moves the version up; older is stale;
* equal with equal content is unchanged; equal with other content is applied where a version is an arrival time
  (two rows of one feed: the later row wins) and a conflict where both are the source's;
* what is not newer than the barrier is stale; a delete wins against content of its own version;
* only a newer full row lifts the barrier. A newer offer to a deleted product waits beside the barrier, as an offer to an
  unknown product does: the product stays deleted, and the full row that brings it back meets an offer that may be newer.

A product that a snapshot did not hold is dropped behind a *soft* barrier: no source ever said a version at which it went,
and sources list products again unchanged. The soft barrier stands at the version of the content that it hides, before
the content only (offers are judged, and wait, as if the content had not come), and remembers when the snapshot's job
arrived:

* a full row of a job that arrived later lifts it under that version or a newer one; under an older one it is stale;
* a full row of a job that arrived no later than the snapshot never lifts it: the snapshot knew better. Its content is
  stale, whatever its version;
* a delete that the source sends hardens it where its version is that of the hidden content or newer. The barrier then
  stands at that version, but still remembers the snapshot.

Scales. Arrival times and update times share the scale `time` (microseconds since 1970; an update time given in
seconds or milliseconds is raised to them). Any other version is a `sequence`. A sequence and a time can't be compared:
where a product gets both, the event whose job was first seen later is the newer, but never one that is not above
the highest value already applied on its own scale.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from indexer.ledger.base import Outcome

Scale = Literal["time", "sequence"]

FIRST_SECOND = 1_000_000_000
LAST_SECOND = 4_200_000_000
"""Update times are looked for between September 2001 and February 2103: in these bounds seconds, milliseconds and
microseconds do not overlap, and dates written as digits (20260102030405) fall outside. A sequence inside them can't
be told from a time."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """How new an event is: its value on a scale, whether the source said so, and when its job arrived (microseconds)."""

    scale: Scale
    value: int
    from_source: bool
    arrival: int


@dataclass(frozen=True, slots=True)
class Mark:
    """How new a register is: the stamp last applied, and the highest value applied on the other scale."""

    stamp: Stamp
    other: int | None = None


@dataclass(frozen=True, slots=True)
class AspectState:
    """An aspect's mark and the digest of its content."""

    mark: Mark
    digest: str


@dataclass(frozen=True, slots=True)
class Barrier:
    """What stands before a deleted product: its mark, whether a source put it there, and the arrival of the snapshot that dropped it."""

    mark: Mark
    hard: bool = True
    since: int | None = None


@dataclass(frozen=True, slots=True)
class RowState:
    """A product's registers. `content` and `deleted` are never both set; an offer alone waits for its content."""

    content: AspectState | None = None
    offer: AspectState | None = None
    deleted: Barrier | None = None


@dataclass(frozen=True, slots=True)
class Incoming:
    """An event as the rule sees it: a delete carries no digest, an offer only its own, a full row both."""

    stamp: Stamp
    content: str | None = None
    offer: str | None = None


@dataclass(frozen=True, slots=True)
class Merged:
    """The new state, the outcome, and which aspects hold something else than before."""

    state: RowState
    outcome: Outcome
    content_changed: bool = False
    offer_changed: bool = False


class _Verdict(Enum):
    APPLIED = auto()
    TOUCHED = auto()
    SAME = auto()
    STALE = auto()
    CONFLICT = auto()


def stamp_of(version: int | None, *, arrival: int) -> Stamp:
    """The stamp of an event with that version (None: its arrival stands in), times in microseconds."""
    if version is None:
        return Stamp("time", arrival, from_source=False, arrival=arrival)
    for per_second in (1, 1_000, 1_000_000):
        if FIRST_SECOND * per_second <= version < LAST_SECOND * per_second:
            return Stamp("time", version * (1_000_000 // per_second), from_source=True, arrival=arrival)
    return Stamp("sequence", version, from_source=True, arrival=arrival)


def is_future(stamp: Stamp, *, now: int, allowed_s: float) -> bool:
    """Whether the source's update time lies more than that ahead of the clock; a sequence never does."""
    return stamp.from_source and stamp.scale == "time" and stamp.value > now + allowed_s * 1_000_000


def merge(state: RowState, incoming: Incoming) -> Merged:
    """Apply one event to a product's state, by the rule at the head of this module."""
    stamp, barrier = incoming.stamp, state.deleted
    if incoming.offer is None:
        return _delete(state, stamp)
    hard = barrier is not None and barrier.hard
    behind = barrier.mark if barrier is not None and hard else None
    blocked = behind is not None and not _may_replace(behind, stamp)
    offer_verdict, offer = (_Verdict.STALE, state.offer) if blocked else _judge(state.offer, behind, stamp, incoming.offer)
    if incoming.content is None:
        verdicts = [offer_verdict]
        content, deleted = state.content, barrier
    else:
        content_verdict, content = _judge_content(state, stamp, incoming.content)
        verdicts = [content_verdict, offer_verdict]
        deleted = None if content is not None else barrier
    return Merged(
        RowState(content, offer, deleted),
        _outcome(verdicts),
        content_changed=len(verdicts) == 2 and verdicts[0] is _Verdict.APPLIED,
        offer_changed=offer_verdict is _Verdict.APPLIED,
    )


def drop(state: RowState, *, arrival: int) -> Merged:
    """Delete a product because the snapshot of that arrival did not hold it; one that does not live stays as it is."""
    if state.content is None:
        return Merged(state, Outcome.UNCHANGED)
    barrier = Barrier(state.content.mark, hard=False, since=arrival)
    return Merged(RowState(None, state.offer, barrier), Outcome.DELETED, content_changed=True)


def _judge_content(state: RowState, stamp: Stamp, digest: str) -> tuple[_Verdict, AspectState | None]:
    if state.deleted is None:
        return _judge(state.content, None, stamp, digest)
    if not _lifts(state.deleted, stamp):
        return _Verdict.STALE, None
    return _judge(None, state.deleted.mark, stamp, digest)


def _lifts(barrier: Barrier, stamp: Stamp) -> bool:
    if barrier.since is not None and stamp.arrival <= barrier.since:
        return False
    return _may_replace(barrier.mark, stamp) if barrier.hard else _order(barrier.mark, stamp) >= 0


def _judge(known: AspectState | None, behind: Mark | None, stamp: Stamp, digest: str) -> tuple[_Verdict, AspectState | None]:
    """The verdict on one aspect, and what it is from now on; `behind` is the mark of a barrier that the event has passed."""
    if known is None:
        return _Verdict.APPLIED, AspectState(_advanced(behind, stamp), digest)
    order = _order(known.mark, stamp)
    if order < 0:
        return _Verdict.STALE, known
    if digest == known.digest:
        moved = AspectState(_advanced(known.mark, stamp), digest)
        return (_Verdict.TOUCHED, moved) if order > 0 else (_Verdict.SAME, known)
    if not _may_replace(known.mark, stamp):
        return _Verdict.CONFLICT, known
    return _Verdict.APPLIED, AspectState(_advanced(known.mark, stamp), digest)


def _delete(state: RowState, stamp: Stamp) -> Merged:
    known = state.deleted
    reference = state.content.mark if state.content else None if known is None else known.mark
    order = 1 if reference is None else _order(reference, stamp)
    if order < 0:
        return Merged(state, Outcome.STALE)
    if known and known.hard and order == 0:
        return Merged(state, Outcome.UNCHANGED)
    barrier = Barrier(_advanced(reference, stamp), since=known.since if known else None)
    waiting = state.offer if state.offer and _order(barrier.mark, state.offer.mark.stamp) > 0 else None
    return Merged(
        RowState(None, waiting, barrier),
        Outcome.UNCHANGED if known else Outcome.DELETED,
        content_changed=state.content is not None,
        offer_changed=waiting is not state.offer,
    )


def _outcome(verdicts: list[_Verdict]) -> Outcome:
    """What was applied names the outcome; of what was not, a conflict tells more than unchanged, and that more than stale."""
    if len(verdicts) == 2 and verdicts[0] is _Verdict.APPLIED:
        return Outcome.ENCODED
    if verdicts[-1] is _Verdict.APPLIED:
        return Outcome.OFFER_ONLY
    if _Verdict.CONFLICT in verdicts:
        return Outcome.CONFLICT
    return Outcome.STALE if set(verdicts) == {_Verdict.STALE} else Outcome.UNCHANGED


def _order(mark: Mark, stamp: Stamp) -> int:
    """Positive where the stamp is newer than the mark, 0 where equal, negative where older."""
    if stamp.scale == mark.stamp.scale:
        return stamp.value - mark.stamp.value
    if mark.other is not None and stamp.value <= mark.other:
        return -1
    return 1 if stamp.arrival >= mark.stamp.arrival else -1


def _may_replace(mark: Mark, stamp: Stamp) -> bool:
    order = _order(mark, stamp)
    return order > 0 or (order == 0 and not (stamp.from_source and mark.stamp.from_source))


def _advanced(mark: Mark | None, stamp: Stamp) -> Mark:
    if mark is None:
        return Mark(stamp)
    latest = mark.stamp.arrival
    moved = stamp if stamp.arrival >= latest else Stamp(stamp.scale, stamp.value, stamp.from_source, latest)
    return Mark(moved, mark.other if stamp.scale == mark.stamp.scale else mark.stamp.value)
