"""Dirty rows in and out of workers' hands: claim, renew, finish, release."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, null, select, update

from indexer.batches import batches
from indexer.ledger import recipes
from indexer.ledger.aspects import product_of
from indexer.ledger.base import Claimed, Finished, PartRef
from indexer.ledger.canonical import loaded
from indexer.ledger.database import storable
from indexer.ledger.draft import source_version
from indexer.ledger.letters import forget
from indexer.ledger.rows import AT_ONCE, BY_KEY, EMPTY, ZERO, locked
from indexer.ledger.tables import rows
from indexer.records import Lane, Product

ENCODING: tuple[Lane, ...] = ("encode_new", "encode", "backfill")

_COMPACT = json.JSONEncoder().encode
CLAIMING = [rows.c[name] for name in ("id", "row_version", "state", "content", "offer", "attempts", "parts", "photo_status")]
_UNTOUCHED = ("content", "offer", "state", "standing", "touched", "wake", "wake_lane")
_FINISHING = [column for column in rows.c if column.name not in _UNTOUCHED and not column.name.startswith("next_")]
_CLEAN = BY_KEY.values(
    {rows.c.indexed_version: rows.c.row_version, rows.c.attempts: ZERO, rows.c.trouble: EMPTY}
    | {rows.c.lane: null(), rows.c.buried_lane: null(), rows.c.lease_owner: null()}
)
_AGAIN = BY_KEY.values(buried_lane=null(), trouble=EMPTY)
"""Made once; their other columns are the keys of what they are run with."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who takes rows, when, and until when (microseconds)."""

    owner: str
    now: int
    until: int


def claim(connection: Connection, lane: Lane, *, lease: Lease, limit: int, alone: bool) -> list[Claimed]:
    """Take due rows, longest due first, passing over those that another worker is taking this moment.

    An attempt is counted before the work, since a process that dies says nothing afterwards.
    """
    behind = rows.c.attempts > 0 if alone else rows.c.attempts == 0
    question = (
        select(*CLAIMING)
        .where(rows.c.lane == lane, behind, rows.c.due <= lease.now)
        .order_by(rows.c.due)
        .limit(min(limit, 1) if alone else limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(question).all()
    for some in batches([row.id for row in found], size=AT_ONCE):
        taken = {"lease_owner": lease.owner, "due": lease.until, "attempts": rows.c.attempts + 1}
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(taken))
    return [claimed_of(row, attempts=row.attempts) for row in found]


def suspects(connection: Connection, lane: Lane, *, now: int) -> int:
    """How many due rows of the lane have an attempt behind them."""
    due = select(func.count()).select_from(rows).where(rows.c.lane == lane, rows.c.attempts > 0, rows.c.due <= now)
    return connection.execute(due).scalar_one()


def renew(connection: Connection, lease: Lease) -> int:
    """Prolong the leases of that owner, expired ones that nobody has taken included; how many it holds."""
    mine = select(rows.c.id).where(rows.c.lease_owner == lease.owner).order_by(rows.c.id).with_for_update()
    keys = list(connection.execute(mine).scalars())
    for some in batches(keys, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(due=lease.until))
    return len(keys)


def finish(connection: Connection, owner: str, done: Sequence[Finished], *, recipe: str, now: int) -> int:
    """Note what is in the index now; rows that nobody changed meanwhile become clean, whoever holds them by now.

    Safe to repeat, and after the lease was lost: the document is there, that is what counts. Documents of another recipe
    than the one in force do not count: their rows are due again under fresh versions, clean ones too (the document that is
    there may be the wrong one).
    """
    newest: dict[str, Finished] = {}
    for one in done:
        if one.id not in newest or one.row_version > newest[one.id].row_version:
            newest[one.id] = one
    in_force = recipes.in_force(connection, until_the_end=True) if recipe else ""
    found = list(locked(connection, list(newest), _FINISHING))
    if recipe and in_force not in ("", recipe):
        _due_again(connection, found, owner=owner, now=now)
        return 0
    clean = [row for row in found if newest[row.id].row_version >= row.row_version]
    if clean:
        connection.execute(_CLEAN, [_cleaned(row, newest[row.id]) for row in clean])
        forget(connection, [row.id for row in clean])
    if changed := [_overtaken(row, newest[row.id], owner=owner, now=now) for row in found if newest[row.id].row_version < row.row_version]:
        connection.execute(BY_KEY, changed)
    return sum(1 for row in clean if row.lane is not None or row.buried_lane is not None)


def release(connection: Connection, lease: Lease, ids: Sequence[str], *, give_back: bool, reason: str) -> None:
    """Put rows that the lease's owner still holds back, due at its end; with `give_back` as if they had not been claimed."""
    held = [row.id for row in locked(connection, ids, [rows.c.id, rows.c.lease_owner]) if row.lease_owner == lease.owner]
    values: dict[str, object] = {"lease_owner": None, "due": lease.until, "trouble": storable(reason)}
    if give_back:
        values["attempts"] = rows.c.attempts - 1
    for some in batches(held, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(values))


def _cleaned(row: Row[tuple[object, ...]], one: Finished) -> dict[str, object]:
    """What is noted of a row whose newest document is in the index."""
    same_content = one.row_version >= row.content_since
    return {
        "key": row.id,
        "parts": _parts_text(one) if same_content else row.parts,
        "photo_status": one.photo_status if same_content else row.photo_status,
        "wake": one.wake,
        "wake_lane": None if one.wake is None else one.wake_lane,
    }


def _overtaken(row: Row[tuple[object, ...]], one: Finished, *, owner: str, now: int) -> dict[str, object]:
    """The columns of a row that changed while an older document of it was made."""
    same_content = one.row_version >= row.content_since
    after = {
        "key": row.id,
        "indexed_version": max(row.indexed_version, one.row_version),
        "parts": _parts_text(one) if same_content else row.parts,
        "photo_status": one.photo_status if same_content else row.photo_status,
        # what is left to write needs no model
        "lane": "offers" if same_content and row.lane in ENCODING else row.lane,
        "due": row.due,
        "attempts": row.attempts,
        "lease_owner": row.lease_owner,
        "trouble": row.trouble,
    }
    if row.lane is not None and row.lease_owner == owner:
        after |= {"due": now, "attempts": 0, "lease_owner": None, "trouble": ""}
    return after


def _due_again(connection: Connection, found: Sequence[Row[tuple[object, ...]]], *, owner: str, now: int) -> None:
    """Make rows dirty under fresh versions, attempts cleared; what another owner holds stays in its hands, and will not count."""
    if not found:
        return
    values = []
    for row in found:
        held = row.lease_owner not in (owner, None)
        values.append(
            {
                "key": row.id,
                "row_version": max(row.row_version + 1, now),
                "lane": row.lane or row.buried_lane or "backfill",
                "due": row.due if held else now,
                "attempts": row.attempts if held else 0,
                "lease_owner": row.lease_owner if held else None,
            }
        )
    connection.execute(_AGAIN, values)
    forget(connection, [row.id for row in found])


def _parts_text(one: Finished) -> str:
    return _COMPACT([[part.kind, part.digest] for part in one.parts])


def product_of_row(row: Row[*tuple[object, ...]]) -> Product | None:
    """The product that a row with id, state, content and offer holds, or None where it holds none."""
    if row.content is None:
        return None
    return product_of(row.id, content=row.content, offer=row.offer, version=source_version(row.state))


def claimed_of(row: Row[*tuple[object, ...]], *, attempts: int) -> Claimed:
    """A row of CLAIMING's columns in its worker's hands, after so many attempts."""
    parts = None if row.parts is None else tuple(PartRef(kind, digest) for kind, digest in loaded(row.parts))
    return Claimed(
        id=row.id,
        row_version=row.row_version,
        product=product_of_row(row),
        attempts=attempts + 1,
        parts=parts,
        photo_status=row.photo_status,
    )
