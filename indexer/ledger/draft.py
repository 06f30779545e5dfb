"""A product row in memory while a batch is merged into it: which lane it goes to, and what must be written."""

import json
from dataclasses import dataclass, field
from typing import Any

from indexer.ledger.aspects import content_text, offer_text
from indexer.ledger.base import Outcome
from indexer.ledger.canonical import digest_of, loaded
from indexer.ledger.merge import AspectState, Barrier, Incoming, Mark, Merged, RowState, Stamp, drop, merge
from indexer.records import Delete, Event, Lane, Product

MARKED = 5
"""What a mark's list holds; a barrier's list goes on after it where a snapshot had its say."""

_COMPACT = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Draft:
    """A row as it was read, and as the events of one batch leave it. Lane None: clean, buried, or nothing to index yet.

    `moved`: its registers have changed; `reshaped`: and more than the marks in them; `turned`: its standing has; `changed`:
    there is something to index.
    `touched` is when an event last named it, as far as that was noted.
    """

    id: str
    exists: bool = False
    state: RowState = field(default_factory=RowState)
    offer: str | None = None
    row_version: int = 0
    lane: Lane | None = None
    buried_lane: Lane | None = None
    due: int = 0
    attempts: int = 0
    touched: int = 0
    content: str | None = None
    moved: bool = False
    turned: bool = False
    reshaped: bool = False
    changed: bool = False
    content_changed: bool = False
    revived: bool = False

    def apply(self, event: Event, *, stamp: Stamp, now: int) -> Outcome:
        """Merge one event; raises InvalidField for a number that is not finite."""
        content = content_text(event) if isinstance(event, Product) else None
        offer = None if isinstance(event, Delete) else offer_text(event)
        merged = merge(self.state, Incoming(stamp, content and digest_of(content), offer and digest_of(offer)))
        if merged.state == self.state:
            return merged.outcome
        if merged.offer_changed:
            self.offer = offer
        lane = self._take(merged, content, now)
        return merged.outcome if lane is None or merged.outcome is not Outcome.UNCHANGED else self._outcome_of_revival(lane)

    def drop(self, *, arrival: int, now: int) -> bool:
        """Delete the product because the snapshot of that arrival did not hold it; False where it does not live."""
        merged = drop(self.state, arrival=arrival)
        if not merged.content_changed:
            return False
        self._take(merged, None, now)
        return True

    def version_after(self, now: int) -> int:
        """The row version to be written: max(old + 1, now) where there is something to index, the old one otherwise."""
        return max(self.row_version + 1, now) if self.changed else self.row_version

    @property
    def standing(self) -> str:
        """What the row is: live, deleted or waiting."""
        if self.state.content:
            return "live"
        return "deleted" if self.state.deleted else "waiting"

    def _take(self, merged: Merged, content: str | None, now: int) -> Lane | None:
        """Take a merged state over; the lane that it sends the row to, if any."""
        known, standing = self.state.content is not None, self.standing
        self.state, self.moved = merged.state, True
        self.turned = self.turned or self.standing != standing
        if merged.content_changed:
            self.content, self.content_changed = content, True
        lane = self._lane(merged, known=known)
        if lane is not None:
            self._make_dirty(lane, now)
        self.reshaped = self.reshaped or self.turned or merged.offer_changed or lane is not None
        return lane

    def _lane(self, merged: Merged, *, known: bool) -> Lane | None:
        """Where the row must go because of this event; None where it stays as it is."""
        current = self.lane or self.buried_lane
        if merged.state.content is None and merged.content_changed:
            # What was never given out is in no index. (A row version is only given out when the batch is written.)
            if self.row_version:
                return "offers"
            self.lane, self.changed = None, False
            return None
        if merged.content_changed:
            return "encode_new" if not known or current == "encode_new" else "encode"
        if merged.offer_changed and merged.state.content is not None:
            return current or "offers"
        return self.buried_lane

    def _outcome_of_revival(self, lane: Lane) -> Outcome:
        """A newer event with nothing new sets a buried row to work again, and says as what."""
        if self.state.deleted:
            return Outcome.DELETED
        return Outcome.OFFER_ONLY if lane == "offers" else Outcome.ENCODED

    def _make_dirty(self, lane: Lane, now: int) -> None:
        if self.lane is None:
            self.due, self.attempts = now, 0
        if self.buried_lane is not None:
            self.buried_lane, self.revived = None, True
        self.lane, self.changed = lane, True


def state_text(state: RowState) -> str:
    """The registers as JSON; `state_of` reads it."""
    kept: dict[str, list[object]] = {}
    if state.content:
        kept["content"] = [state.content.digest, *_mark_list(state.content.mark)]
    if state.offer:
        kept["offer"] = [state.offer.digest, *_mark_list(state.offer.mark)]
    if state.deleted:
        kept["deleted"] = _barrier_list(state.deleted)
    return _COMPACT(kept)


def state_of(text: str) -> RowState:
    """The registers that `state_text` wrote."""
    kept = json.loads(text)
    content, offer, deleted = kept.get("content"), kept.get("offer"), kept.get("deleted")
    known = AspectState(_mark(*content[1:]), content[0]) if content else None
    bargain = None
    if offer:
        # A full row marks both alike: one mark serves.
        mark = known.mark if known and content[1:] == offer[1:] else _mark(*offer[1:])
        bargain = AspectState(mark, offer[0])
    return RowState(known, bargain, _barrier(*deleted) if deleted else None)


def source_version(text: str) -> int | None:
    """The version that the source gave the content, out of a state's text: a sequence, or microseconds; None where it gave none."""
    content = loaded(text).get("content")
    if not content or not content[3]:
        return None
    version: int | float = content[2]
    if isinstance(version, int):
        return version
    exact: int = json.loads(text)["content"][2]  # more than 64 bits, of which the fast reader makes a float
    return exact


def _barrier_list(barrier: Barrier) -> list[object]:
    """An ordinary delete is its mark alone, as it always was."""
    marked = _mark_list(barrier.mark)
    return marked if barrier == Barrier(barrier.mark) else [*marked, int(barrier.hard), barrier.since]


def _mark_list(mark: Mark) -> list[object]:
    stamp = mark.stamp
    return ["s" if stamp.scale == "sequence" else "t", stamp.value, int(stamp.from_source), stamp.arrival, mark.other]


def _mark(scale: str, value: int, from_source: int, arrival: int, other: int | None) -> Mark:
    return Mark(Stamp("sequence" if scale == "s" else "time", value, bool(from_source), arrival), other)


def _barrier(*kept: Any) -> Barrier:
    mark = _mark(*kept[:MARKED])
    return Barrier(mark, bool(kept[MARKED]), kept[MARKED + 1]) if len(kept) > MARKED else Barrier(mark)
