"""Dirty rows in and out of workers' hands: claim, renew, finish, release."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, bindparam, func, select, update

from indexer.batches import batches
from indexer.ledger.aspects import product_of
from indexer.ledger.base import Claimed, Finished, PartRef
from indexer.ledger.database import storable
from indexer.ledger.draft import state_of
from indexer.ledger.rows import AT_ONCE, locked
from indexer.ledger.tables import letters, rows
from indexer.records import Lane

ENCODING: tuple[Lane, ...] = ("encode_new", "encode", "backfill")


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
        select(rows)
        .where(rows.c.lane == lane, behind, rows.c.due <= lease.now)
        .order_by(rows.c.due)
        .limit(min(limit, 1) if alone else limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(question).all()
    for some in batches([row.id for row in found], size=AT_ONCE):
        taken = {"lease_owner": lease.owner, "due": lease.until, "attempts": rows.c.attempts + 1}
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(taken))
    return [_claimed(row) for row in found]


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


def finish(connection: Connection, owner: str, done: Sequence[Finished], *, now: int) -> int:
    """Note what is in the index now; rows that nobody changed meanwhile become clean, whoever holds them by now.

    Safe to repeat, and after the lease was lost: the document is there, that is what counts.
    """
    newest: dict[str, Finished] = {}
    for one in done:
        if one.id not in newest or one.row_version > newest[one.id].row_version:
            newest[one.id] = one
    columns = [column for column in rows.c if column.name not in ("content", "offer", "state")]
    found = list(locked(connection, list(newest), columns))
    changes = [{"key": row.id} | _after(row, newest[row.id], owner=owner, now=now) for row in found]
    if changes:
        connection.execute(update(rows).where(rows.c.id == bindparam("key")), changes)
    clean = [row for row in found if newest[row.id].row_version >= row.row_version]
    for some in batches([row.id for row in clean if row.buried_lane is not None], size=AT_ONCE):
        connection.execute(letters.delete().where(letters.c.id.in_(some)))
    return sum(1 for row in clean if row.lane is not None or row.buried_lane is not None)


def release(connection: Connection, lease: Lease, ids: Sequence[str], *, give_back: bool, reason: str) -> None:
    """Put rows that the lease's owner still holds back, due at its end; with `give_back` as if they had not been claimed."""
    held = [row.id for row in locked(connection, ids, [rows.c.id, rows.c.lease_owner]) if row.lease_owner == lease.owner]
    values: dict[str, object] = {"lease_owner": None, "due": lease.until, "trouble": storable(reason)}
    if give_back:
        values["attempts"] = rows.c.attempts - 1
    for some in batches(held, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(values))


def _after(row: Row[tuple[object, ...]], one: Finished, *, owner: str, now: int) -> dict[str, object]:
    """The row's columns once its document is in the index at `one.row_version`."""
    same_content = one.row_version >= row.content_since
    after = {
        "indexed_version": max(row.indexed_version, min(one.row_version, row.row_version)),
        "parts": json.dumps([[part.kind, part.digest] for part in one.parts]) if same_content else row.parts,
        "photo_status": one.photo_status if same_content else row.photo_status,
        "lane": row.lane,
        "buried_lane": row.buried_lane,
        "due": row.due,
        "attempts": row.attempts,
        "lease_owner": row.lease_owner,
        "trouble": row.trouble,
    }
    if one.row_version >= row.row_version:
        return after | {"lane": None, "buried_lane": None, "attempts": 0, "lease_owner": None, "trouble": ""}
    if same_content and row.lane in ENCODING:
        after["lane"] = "offers"  # what is left to write needs no model
    if row.lane is not None and row.lease_owner == owner:
        after |= {"due": now, "attempts": 0, "lease_owner": None, "trouble": ""}
    return after


def _claimed(row: Row[tuple[object, ...]]) -> Claimed:
    product = None
    if row.content is not None:
        content = state_of(row.state).content
        version = content.mark.stamp.value if content and content.mark.stamp.from_source else None
        product = product_of(row.id, content=row.content, offer=row.offer, version=version)
    parts = None if row.parts is None else tuple(PartRef(kind, digest) for kind, digest in json.loads(row.parts))
    return Claimed(
        id=row.id,
        row_version=row.row_version,
        product=product,
        attempts=row.attempts + 1,
        parts=parts,
        photo_status=row.photo_status,
    )
