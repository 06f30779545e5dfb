"""Accept in SQL: read a batch's rows at once, merge in memory, write what changed at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, delete, select, update

from indexer.batches import batches
from indexer.ledger.base import Outcome
from indexer.ledger.database import inserting, locks_rows
from indexer.ledger.draft import Draft, state_of, state_text
from indexer.ledger.merge import RowState, is_future, stamp_of
from indexer.ledger.tables import letters, rows
from indexer.records import Event

AT_ONCE = 1000
"""Keys in one question: far below what a database takes as parameters (SQLite 32766, PostgreSQL 65535)."""

READ = (
    rows.c.id,
    rows.c.state,
    rows.c.offer,
    rows.c.row_version,
    rows.c.lane,
    rows.c.buried_lane,
    rows.c.due,
    rows.c.attempts,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """The job's arrival and the clock (microseconds), and how far ahead of it an update time may lie (seconds)."""

    arrival: int
    now: int
    future_s: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """One outcome an event, in order, and the row versions that are still to be indexed: given out here, or found dirty."""

    outcomes: list[Outcome]
    versions: list[int]


def accept(connection: Connection, events: Sequence[Event], moment: Moment) -> Accepted:
    """Merge events in order and keep what they come to; raises InvalidField for a number that is not finite."""
    stamps = [stamp_of(event.version, arrival=moment.arrival) for event in events]
    futures = [is_future(stamp, now=moment.now, allowed_s=moment.future_s) for stamp in stamps]
    # A refused event leaves no trace: not even a row for a product that nobody knows.
    wanted = sorted({event.id for event, future in zip(events, futures, strict=True) if not future})
    drafts = _read(connection, wanted)
    outcomes = [
        Outcome.FUTURE if future else drafts[event.id].apply(event, stamp=stamp, now=moment.now)
        for event, stamp, future in zip(events, stamps, futures, strict=True)
    ]
    _write(connection, [draft for draft in drafts.values() if draft.touched], moment.now)
    # An unchanged row that an earlier job left dirty counts too: whoever waits for this job waits for all of its products.
    return Accepted(outcomes, [draft.version_after(moment.now) for draft in drafts.values() if draft.lane is not None])


def locked(connection: Connection, keys: Sequence[str], columns: Sequence[object]) -> Iterator[Row[tuple[object, ...]]]:
    """The rows of those keys, in order of key, locked until the transaction ends; keys without a row are passed over."""
    for some in batches(sorted(set(keys)), size=AT_ONCE):
        question = select(*columns).where(rows.c.id.in_(some)).order_by(rows.c.id).with_for_update()  # type: ignore[call-overload]  # columns of one table
        yield from connection.execute(question)


def _read(connection: Connection, keys: list[str]) -> dict[str, Draft]:
    if locks_rows(connection):
        _reserve(connection, keys)
    drafts = {key: Draft(key) for key in keys}
    for row in locked(connection, keys, READ):
        drafts[row.id] = Draft(
            row.id,
            exists=True,
            state=state_of(row.state),
            offer=row.offer,
            row_version=row.row_version,
            lane=row.lane,
            buried_lane=row.buried_lane,
            due=row.due,
            attempts=row.attempts,
        )
    return drafts


def _reserve(connection: Connection, keys: list[str]) -> None:
    """Make empty rows of unknown keys, so that there is something to lock: of two writers the second waits for the first.

    In order of key, and before any lock on a row that exists: so no two batches wait for each other.
    """
    known: set[str] = set()
    for some in batches(keys, size=AT_ONCE):
        known.update(connection.execute(select(rows.c.id).where(rows.c.id.in_(some))).scalars())
    blank = [{"id": key, "standing": "waiting", "state": state_text(RowState())} for key in keys if key not in known]
    if blank:
        connection.execute(inserting(connection, rows).on_conflict_do_nothing(), blank)


def _write(connection: Connection, drafts: list[Draft], now: int) -> None:
    whole = [draft for draft in drafts if draft.content_changed or not draft.exists]
    light = [draft for draft in drafts if draft.exists and not draft.content_changed]
    if whole:
        statement = inserting(connection, rows)
        columns = ("standing", *_light(whole[0], now), *_content(whole[0], now))
        keep = {name: statement.excluded[name] for name in columns}
        values = [{"id": draft.id, "standing": draft.standing} | _light(draft, now) | _content(draft, now) for draft in whole]
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=keep), values)
    if light:
        by_key = update(rows).where(rows.c.id == bindparam("key"))
        connection.execute(by_key, [{"key": draft.id, "standing": draft.standing} | _light(draft, now) for draft in light])
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


def _content(draft: Draft, now: int) -> dict[str, object]:
    """New content, and with it: the parts of the old one are no longer this row's."""
    since = draft.version_after(now) if draft.content_changed else 0
    return {"content": draft.content, "content_since": since, "parts": None, "photo_status": "none"}
