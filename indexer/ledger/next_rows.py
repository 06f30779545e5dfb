"""Rows towards the next index of an upgrade: the same dirt, leases and attempts as in claims.py, in columns of their own.

A row is dirty towards it while `row_version > next_version`: a backfill is every row dirty at once, and a live change makes a
row dirty towards both indices by the same comparison, so nothing writes anything twice.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection, Row, and_, func, null, or_, select, update

from indexer.batches import batches
from indexer.ledger.base import Claimed, Finished, Letter, Upgrade
from indexer.ledger.claims import CLAIMING, Lease, claimed_of
from indexer.ledger.database import storable
from indexer.ledger.letters import DIED_TEXT, forget
from indexer.ledger.records import NOT_KEEPING
from indexer.ledger.rows import AT_ONCE, BY_KEY, EMPTY, ZERO, locked
from indexer.ledger.tables import rows, upgrades

DIRTY = rows.c.row_version > rows.c.next_version
GIVEN_UP = and_(rows.c.next_trouble != "", rows.c.next_version >= rows.c.row_version)
"""Tried too often at this version: it will not be in the next index, unless an event changes it."""

_CLAIMING = [rows.c.next_attempts if column.name == "attempts" else column for column in CLAIMING]
_STANDING = [rows.c[name] for name in ("id", "row_version", "next_version", "next_due", "next_attempts", "next_owner", "next_trouble")]
_PROMOTING = [*_STANDING, *(rows.c[name] for name in ("lane", "buried_lane", "due", "attempts"))]
_NOTHING = {"next_version": None, "next_due": 0, "next_attempts": 0, "next_owner": None, "next_trouble": ""}
_TRIED_NO_MORE = BY_KEY.values(next_attempts=ZERO, next_owner=null(), next_due=ZERO)
_WRITTEN = BY_KEY.values(next_attempts=ZERO, next_owner=null(), next_due=ZERO, next_trouble=EMPTY)
"""Due at once, should an event change them: so a live change goes before what only waits to be backfilled."""


def claim(connection: Connection, *, lease: Lease, limit: int, alone: bool, fresh_parts: bool) -> list[Claimed]:
    """Take due rows, longest due first, as `claims.claim`; without their parts where the next index needs others."""
    behind = rows.c.next_attempts > 0 if alone else rows.c.next_attempts == 0
    question = (
        select(*_CLAIMING)
        .where(DIRTY, behind, rows.c.next_due <= lease.now)
        .order_by(rows.c.next_due)
        .limit(min(limit, 1) if alone else limit)
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(question).all()
    taken = {"next_owner": lease.owner, "next_due": lease.until, "next_attempts": rows.c.next_attempts + 1}
    for some in batches([row.id for row in found], size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(taken))
    return _as_claimed(found, fresh_parts=fresh_parts)


def dirty_rows(connection: Connection, *, between: tuple[str, str], limit: int, fresh_parts: bool) -> list[Claimed]:
    """Dirty rows by id, behind the first of `between` up to the second (empty: without an end), for who writes without claiming."""
    after, last = between
    until = (rows.c.id <= last,) if last else ()
    found = connection.execute(select(*_CLAIMING).where(DIRTY, rows.c.id > after, *until).order_by(rows.c.id).limit(limit)).all()
    return _as_claimed(found, fresh_parts=fresh_parts)


def _as_claimed(found: Sequence[Row[tuple[object, ...]]], *, fresh_parts: bool) -> list[Claimed]:
    made = [claimed_of(row) for row in found]
    return [replace(one, parts=None) for one in made] if fresh_parts else made


def suspects(connection: Connection, *, now: int) -> int:
    """How many due rows have an attempt behind them."""
    due = select(func.count()).select_from(rows).where(DIRTY, rows.c.next_attempts > 0, rows.c.next_due <= now)
    return connection.execute(due).scalar_one()


def renew(connection: Connection, lease: Lease) -> int:
    """Prolong the leases of that owner; how many it holds."""
    mine = select(rows.c.id).where(rows.c.next_owner == lease.owner).order_by(rows.c.id).with_for_update()
    keys = list(connection.execute(mine).scalars())
    for some in batches(keys, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(next_due=lease.until))
    return len(keys)


def finish(connection: Connection, owner: str, done: Sequence[Finished], *, index: str, now: int) -> int:
    """Note what is in the next index now; how many rows are clean towards it. Nothing counts that went to another index."""
    into = select(upgrades.c.number).where(upgrades.c.new_index == index, upgrades.c.step.not_in(NOT_KEEPING))
    if connection.execute(into.with_for_update(read=True)).first() is None:
        return 0
    versions: dict[str, int] = {}
    wakes: dict[str, Finished] = {}
    for one in done:
        if one.row_version > versions.get(one.id, -1):
            versions[one.id], wakes[one.id] = one.row_version, one
    found = [row for row in locked(connection, list(versions), [*_STANDING, rows.c.wake]) if row.next_version is not None]
    clean = [row for row in found if versions[row.id] >= row.row_version]
    if clean:
        connection.execute(_WRITTEN, [{"key": row.id, "next_version": row.row_version} for row in clean])
        sooner = [row for row in clean if (wake := wakes[row.id].wake) is not None and (row.wake is None or wake < row.wake)]
        if sooner:
            values = [{"key": row.id, "wake": wakes[row.id].wake, "wake_lane": wakes[row.id].wake_lane} for row in sooner]
            connection.execute(BY_KEY, values)
    changed = [row for row in found if versions[row.id] < row.row_version]
    if changed:
        connection.execute(BY_KEY, [{"key": row.id} | _overtaken(row, versions[row.id], owner=owner, now=now) for row in changed])
    return len(clean)


def release(connection: Connection, lease: Lease, ids: Sequence[str], *, give_back: bool, reason: str) -> None:
    """Put rows that the lease's owner still holds back, as `claims.release`."""
    held = [row.id for row in locked(connection, ids, [rows.c.id, rows.c.next_owner]) if row.next_owner == lease.owner]
    values: dict[str, object] = {"next_owner": None, "next_due": lease.until, "next_trouble": storable(reason)}
    if give_back:
        values["next_attempts"] = rows.c.next_attempts - 1
    for some in batches(held, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(values))


def give_up(connection: Connection, owner: str, letters: Sequence[Letter]) -> None:
    """Try rows no more at this version, with the reason; one that changed meanwhile is due again instead."""
    by_key = {letter.id: letter for letter in letters}
    mine = [row for row in locked(connection, list(by_key), _STANDING) if row.next_version is not None and row.next_owner in (owner, None)]
    values = []
    for row in mine:
        letter = by_key[row.id]
        hopeless = row.row_version == letter.row_version
        told = storable(f"{letter.error}: {letter.reason}") if hopeless else ""
        version = row.row_version if hopeless else row.next_version
        values.append({"key": row.id, "next_version": version, "next_trouble": told})
    if values:
        connection.execute(_TRIED_NO_MORE, values)


def sweep(connection: Connection, *, attempts: int, now: int) -> int:
    """Give up rows that nobody holds and whose claims ended unexplained that often; how many rows are due."""
    hopeless = (
        select(rows.c.id, rows.c.row_version, rows.c.next_attempts, rows.c.next_trouble)
        .where(DIRTY, rows.c.next_attempts >= attempts, or_(rows.c.next_owner.is_(None), rows.c.next_due <= now))
        .order_by(rows.c.id)
        .with_for_update(skip_locked=True)
    )
    given_up = [
        {
            "key": row.id,
            "next_version": row.row_version,
            "next_trouble": row.next_trouble or DIED_TEXT.format(row.next_attempts),
        }
        for row in connection.execute(hopeless)
    ]
    if given_up:
        connection.execute(_TRIED_NO_MORE, given_up)
    return connection.execute(select(func.count()).select_from(rows).where(DIRTY, rows.c.next_due <= now)).scalar_one()


def dirty(connection: Connection, *, until: int | None = None) -> int:
    """How many rows are still to be written to the next index; of those only that were last changed by that moment."""
    older = () if until is None else (rows.c.row_version <= until,)
    return connection.execute(select(func.count()).select_from(rows).where(DIRTY, *older)).scalar_one()


def trouble(connection: Connection) -> str:
    """Why a row that is still to be written was last put back; empty where none was."""
    question = select(rows.c.next_trouble).where(DIRTY, rows.c.next_trouble != "").order_by(rows.c.next_due.desc()).limit(1)
    return str(connection.execute(question).scalar() or "")


def given_up(connection: Connection, *, limit: int) -> tuple[int, list[tuple[str, str]]]:
    """How many rows were given up, and the first of them with their reasons."""
    total = connection.execute(select(func.count()).select_from(rows).where(GIVEN_UP)).scalar_one()
    some = connection.execute(select(rows.c.id, rows.c.next_trouble).where(GIVEN_UP).order_by(rows.c.id).limit(limit)).all()
    return total, [(row.id, row.next_trouble) for row in some]


def walk(connection: Connection, upgrade: Upgrade, *, limit: int) -> list[str]:
    """The next rows by id behind those that the step has walked, locked; noted as walked when the transaction ends."""
    question = select(rows.c.id).where(rows.c.id > upgrade.walked).order_by(rows.c.id).limit(limit).with_for_update()
    keys = list(connection.execute(question).scalars())
    if keys:
        connection.execute(update(upgrades).where(upgrades.c.number == upgrade.number).values(walked=keys[-1]))
    return keys


def take_part(connection: Connection, keys: Sequence[str], *, now: int) -> None:
    """Rows that the caller has locked are to be in the next index, from nothing."""
    for some in batches(keys, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(_NOTHING | {"next_version": 0, "next_due": now}))


def missed(connection: Connection, *, after: str, limit: int, now: int) -> tuple[str, int]:
    """Of the next rows by id: the last one looked at (empty: none was left), and how many had no part and have one now.

    An event that was being accepted while the upgrade began may have made a row behind the walk, and not known of it.
    """
    found = connection.execute(select(rows.c.id, rows.c.next_version).where(rows.c.id > after).order_by(rows.c.id).limit(limit)).all()
    without = [row.id for row in found if row.next_version is None]
    keys = [row.id for row in locked(connection, without, [rows.c.id, rows.c.next_version]) if row.next_version is None]
    take_part(connection, keys, now=now)
    return (found[-1].id if found else ""), len(keys)


def leave(connection: Connection, keys: Sequence[str]) -> None:
    """Rows that the caller has locked are to be in no next index."""
    for some in batches(keys, size=AT_ONCE):
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(_NOTHING))


def promote(connection: Connection, keys: Sequence[str], *, fresh_parts: bool, now: int) -> None:
    """The next index is the only one now: rows that are clean towards it are clean, the others due under fresh versions.

    Fresh, so that whoever still finishes what was written to the old index finds it overtaken.
    """
    clean: list[Row[tuple[object, ...]]] = []
    again: list[Row[tuple[object, ...]]] = []
    for row in locked(connection, keys, _PROMOTING):
        if row.next_version is None or not row.row_version:
            continue
        settled = row.lane is None and row.buried_lane is None and row.next_version >= row.row_version and not row.next_trouble
        (clean if settled else again).append(row)
    if clean:
        connection.execute(BY_KEY, [{"key": row.id, "indexed_version": row.next_version} for row in clean])
    if again:
        connection.execute(BY_KEY, [{"key": row.id} | _anew(row, now=now) for row in again])
        forget(connection, [row.id for row in again])
    leave(connection, keys)
    if fresh_parts:
        for some in batches(keys, size=AT_ONCE):
            connection.execute(update(rows).where(rows.c.id.in_(some)).values(parts=None, photo_status="none"))


def _anew(row: Row[tuple[object, ...]], *, now: int) -> dict[str, object]:
    return {
        "row_version": max(row.row_version + 1, now),
        "indexed_version": row.next_version if not row.next_trouble else 0,
        "lane": row.lane or row.buried_lane or "encode",
        "buried_lane": None,
        "due": now,
        "attempts": 0,
        "lease_owner": None,
        "trouble": "",
    }


def _overtaken(row: Row[tuple[object, ...]], version: int, *, owner: str, now: int) -> dict[str, object]:
    """The columns of a row that changed while an older document of it was made."""
    mine = row.next_owner == owner
    return {
        "next_version": max(row.next_version, version),
        "next_due": now if mine else row.next_due,
        "next_attempts": 0 if mine else row.next_attempts,
        "next_owner": None if mine else row.next_owner,
    }
