"""A product row in memory while a batch is merged into it: which lane it goes to, and what must be written."""

import json
from dataclasses import dataclass, field

from indexer.ledger.aspects import content_text, digest_of, offer_text
from indexer.ledger.base import Outcome
from indexer.ledger.merge import AspectState, Incoming, Mark, Merged, RowState, Stamp, merge
from indexer.records import Delete, Event, Lane, Product


@dataclass(slots=True)
class Draft:
    """A row as it was read, and as the events of one batch leave it. Lane None: clean, buried, or nothing to index yet."""

    id: str
    exists: bool = False
    state: RowState = field(default_factory=RowState)
    offer: str | None = None
    row_version: int = 0
    lane: Lane | None = None
    buried_lane: Lane | None = None
    due: int = 0
    attempts: int = 0
    content: str | None = None
    touched: bool = False
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
        before, self.state, self.touched = self.state, merged.state, True
        if merged.offer_changed:
            self.offer = offer
        if merged.content_changed:
            self.content, self.content_changed = content, True
        lane = self._lane(merged, known=before.content is not None)
        if lane is None:
            return merged.outcome
        outcome = merged.outcome if merged.outcome is not Outcome.UNCHANGED else self._outcome_of_revival(lane)
        self._make_dirty(lane, now)
        return outcome

    def version_after(self, now: int) -> int:
        """The row version to be written: max(old + 1, now) where there is something to index, the old one otherwise."""
        return max(self.row_version + 1, now) if self.changed else self.row_version

    @property
    def standing(self) -> str:
        """What the row is: live, deleted or waiting."""
        if self.state.content:
            return "live"
        return "deleted" if self.state.deleted else "waiting"

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
        kept["deleted"] = _mark_list(state.deleted)
    return json.dumps(kept, separators=(",", ":"))


def state_of(text: str) -> RowState:
    """The registers that `state_text` wrote."""
    kept = json.loads(text)
    content, offer, deleted = kept.get("content"), kept.get("offer"), kept.get("deleted")
    return RowState(
        AspectState(_mark(*content[1:]), content[0]) if content else None,
        AspectState(_mark(*offer[1:]), offer[0]) if offer else None,
        _mark(*deleted) if deleted else None,
    )


def _mark_list(mark: Mark) -> list[object]:
    stamp = mark.stamp
    return ["s" if stamp.scale == "sequence" else "t", stamp.value, int(stamp.from_source), stamp.arrival, mark.other]


def _mark(scale: str, value: int, from_source: int, arrival: int, other: int | None) -> Mark:
    return Mark(Stamp("sequence" if scale == "s" else "time", value, bool(from_source), arrival), other)
