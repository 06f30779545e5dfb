"""Accept in SQL: read a batch's rows at once, merge in memory, write what changed at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, literal_column, select, update

from indexer.batches import batches
from indexer.ledger.base import Outcome
from indexer.ledger.database import inserting, locks_rows
from indexer.ledger.draft import Draft, state_of, state_text
from indexer.ledger.merge import RowState, is_future, stamp_of
from indexer.ledger.tables import letters, rows
from indexer.records import Event

AT_ONCE = 1000
"""Keys in one question: far below what a database takes as parameters (SQLite 32766, PostgreSQL 65535)."""

ZERO: ColumnElement[int] = literal_column("0")
EMPTY: ColumnElement[str] = literal_column("''")
"""Constants of statements that run for many rows: as parameters they would be handed over with each."""

READ = (
    rows.c.id,
    rows.c.state,
    rows.c.offer,
    rows.c.row_version,
    rows.c.lane,
    rows.c.buried_lane,
    rows.c.due,
    rows.c.attempts,
    rows.c.touched,
)

BY_KEY = update(rows).where(rows.c.id == bindparam("key"))
"""Run with a list of mappings: `key`, and the columns to change. A column with an index is best left out where it does not change."""


@dataclass(frozen=True, slots=True)
class Moment:
    """The job's arrival and the clock (microseconds), and how far ahead of it an update time may lie (seconds).

    `snapshot` is when the newest snapshot that is still being taken began, 0 without one: what events name is noted for it.
    `upgrading`: a next index is being kept beside the one in use, and new rows have a part in it.
    """

    arrival: int
    now: int
    future_s: float
    snapshot: int = 0
    upgrading: bool = False

    @property
    def touch(self) -> int:
        """What is noted of a row that is named now: the clock, but never before the snapshot began on a faster one."""
        return max(self.now, self.snapshot)


@dataclass(frozen=True, slots=True)
class Accepted:
    """One outcome an event, in order, and the row versions that are still to be indexed: given out here, or found dirty."""

    outcomes: list[Outcome]
    versions: list[int]


def accept(connection: Connection, events: Sequence[Event], moment: Moment) -> Accepted:
    """Merge events in order and keep what they come to; raises InvalidField for a number that is not finite."""
    stamps = [stamp_of(event.version, arrival=moment.arrival) for event in events]
    futures = [is_future(stamp, now=moment.now, allowed_s=moment.future_s) for stamp in stamps]
    # A refused event leaves no trace: not even a row for a product that nobody knows. But a snapshot that holds it, holds it.
    wanted = sorted({event.id for event, future in zip(events, futures, strict=True) if not future})
    named = sorted({event.id for event in events}) if moment.snapshot and any(futures) else wanted
    drafts = read(connection, named, wanted=wanted, upgrading=moment.upgrading)
    outcomes = [
        Outcome.FUTURE if future else drafts[event.id].apply(event, stamp=stamp, now=moment.now)
        for event, stamp, future in zip(events, stamps, futures, strict=True)
    ]
    note(connection, [draft.id for draft in drafts.values() if draft.exists and draft.touched < moment.snapshot], moment)
    write(connection, [draft for draft in drafts.values() if draft.moved], moment)
    # An unchanged row that an earlier job left dirty counts too: whoever waits for this job waits for all of its products.
    return Accepted(outcomes, [draft.version_after(moment.now) for draft in drafts.values() if draft.lane is not None])


def note(connection: Connection, keys: Sequence[str], moment: Moment) -> None:
    """Note that rows, which the caller has locked, were named while a snapshot is being taken."""
    for some in batches(keys, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(touched=moment.touch))


def locked(connection: Connection, keys: Sequence[str], columns: Sequence[object]) -> Iterator[Row[tuple[object, ...]]]:
    """The rows of those keys, in order of key, locked until the transaction ends; keys without a row are passed over."""
    for some in batches(sorted(set(keys)), size=AT_ONCE):
        question = select(*columns).where(rows.c.id.in_(some)).order_by(rows.c.id).with_for_update()  # type: ignore[call-overload]  # columns of one table
        yield from connection.execute(question)


def read(connection: Connection, keys: list[str], *, wanted: list[str], upgrading: bool = False) -> dict[str, Draft]:
    """Drafts of those keys, their rows locked; of keys in order, of which the wanted ones are to have a row."""
    if locks_rows(connection):
        _reserve(connection, wanted, upgrading=upgrading)
    drafts = {key: Draft(key) for key in keys}
    found: Iterator[Any] = locked(connection, keys, READ)
    for key, state, offer, version, lane, buried_lane, due, attempts, touched in found:
        drafts[key] = Draft(
            key,
            exists=True,
            state=state_of(state),
            offer=offer,
            row_version=version,
            lane=lane,
            buried_lane=buried_lane,
            due=due,
            attempts=attempts,
            touched=touched,
        )
    return drafts


def _reserve(connection: Connection, keys: list[str], *, upgrading: bool) -> None:
    """Make empty rows of unknown keys, so that there is something to lock: of two writers the second waits for the first.

    In order of key, and before any lock on a row that exists: so no two batches wait for each other.
    """
    known: set[str] = set()
    for some in batches(keys, size=AT_ONCE):
        known.update(connection.execute(select(rows.c.id).where(rows.c.id.in_(some))).scalars())
    fixed: dict[str, object] = {"standing": "waiting", "state": state_text(RowState()), "next_version": 0 if upgrading else None}
    blank = [fixed | {"id": key} for key in keys if key not in known]
    if blank:
        connection.execute(inserting(connection, rows).on_conflict_do_nothing(), blank)


def write(connection: Connection, drafts: list[Draft], moment: Moment) -> None:
    """Keep what drafts have become: whole rows where the content changed, else only the columns that did."""
    now = moment.now
    if whole := [draft for draft in drafts if draft.content_changed or not draft.exists]:
        part = {"next_version": 0 if moment.upgrading else None}
        values = [{"id": draft.id} | part | _whole(draft, moment) for draft in whole]
        statement = inserting(connection, rows)
        keep = {name: statement.excluded[name] for name in values[0] if name not in ("id", "next_version")}
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=keep), values)
    rest = [draft for draft in drafts if draft.exists and not draft.content_changed]
    if moved := [{"key": draft.id, "state": state_text(draft.state)} for draft in rest if not draft.reshaped]:
        connection.execute(BY_KEY, moved)
    if changed := [draft for draft in rest if draft.reshaped]:
        connection.execute(BY_KEY, [{"key": draft.id} | _light(draft, now) for draft in changed])
    if turned := [{"key": draft.id, "standing": draft.standing} for draft in rest if draft.turned]:
        connection.execute(BY_KEY, turned)
    revived = [draft.id for draft in drafts if draft.revived]
    for some in batches(revived, size=AT_ONCE):
        connection.execute(delete(letters).where(letters.c.id.in_(some)))


def _light(draft: Draft, now: int) -> dict[str, object]:
    return {
        "state": state_text(draft.state),
        "offer": draft.offer,
        "row_version": draft.version_after(now),
        "lane": draft.lane,
        "buried_lane": draft.buried_lane,
        "due": draft.due,
        "attempts": draft.attempts,
    }


def _whole(draft: Draft, moment: Moment) -> dict[str, object]:
    """All columns that events decide; with new content, the parts of the old one are no longer this row's."""
    since = draft.version_after(moment.now) if draft.content_changed else 0
    return _light(draft, moment.now) | {
        "standing": draft.standing,
        "content": draft.content,
        "content_since": since,
        "parts": None,
        "photo_status": "none",
        "touched": moment.touch,
    }
