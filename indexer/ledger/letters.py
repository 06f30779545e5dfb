"""Dead letters: rows that are no longer tried, each with its reason, until somebody replays it or a later event revives it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Row, case, delete, false, func, null, or_, select, true, update

from indexer.batches import batches
from indexer.ledger.base import Letter
from indexer.ledger.database import inserting, storable
from indexer.ledger.rows import AT_ONCE, BY_KEY, EMPTY, ZERO, locked
from indexer.ledger.tables import letters, rows
from indexer.records import LANES, Lane

DIED = "WorkerDied"
DIED_TEXT = "The process that worked on it ended without a word, {} times."
UNEXPLAINED = "Unexplained"
"""What a swept row's letter names as its error: no word from its workers, or none but that of the last release."""

_SHOWN = [column for column in letters.c if column.name != "replayed"]
_HERE = letters.c.replayed.is_(False)


def bury(connection: Connection, owner: str, wanted: Sequence[Letter], *, now: int) -> None:
    """Bury dirty rows, with their reason; a row changed meanwhile is due again instead, another owner's is left alone."""
    by_key = {letter.id: letter for letter in wanted}
    columns = [rows.c.id, rows.c.row_version, rows.c.lane, rows.c.lease_owner]
    mine = [row for row in locked(connection, list(by_key), columns) if row.lane is not None and row.lease_owner in (owner, None)]
    _keep(connection, [by_key[row.id] for row in mine if row.row_version == by_key[row.id].row_version])
    changed = [row.id for row in mine if row.row_version != by_key[row.id].row_version]
    for some in batches(changed, size=AT_ONCE):
        fresh = {"lease_owner": None, "due": now, "attempts": 0, "trouble": ""}
        connection.execute(update(rows).where(rows.c.id.in_(some)).values(fresh))


def sweep(connection: Connection, *, attempts: int, now: int) -> dict[Lane, int]:
    """Bury rows that nobody holds and whose claims ended unexplained `attempts` times; count what is due, by lane."""
    hopeless = (
        select(rows.c.id, rows.c.row_version, rows.c.attempts, rows.c.trouble)
        .where(rows.c.lane.in_(LANES), rows.c.attempts >= attempts, or_(rows.c.lease_owner.is_(None), rows.c.due <= now))
        .order_by(rows.c.id)
        .with_for_update(skip_locked=True)
    )
    _keep(
        connection,
        [
            Letter(
                id=row.id,
                row_version=row.row_version,
                error=UNEXPLAINED if row.trouble else DIED,
                reason=row.trouble or DIED_TEXT.format(row.attempts),
                attempts=row.attempts,
                first_seen=now,
                last_seen=now,
            )
            for row in connection.execute(hopeless)
        ],
    )
    due = select(rows.c.lane, func.count()).where(rows.c.lane.in_(LANES), rows.c.due <= now).group_by(rows.c.lane)
    found: dict[Lane, int] = {lane: count for lane, count in connection.execute(due) if lane is not None}
    return {lane: found.get(lane, 0) for lane in LANES}


def latest(connection: Connection, *, limit: int, error: str = "") -> list[Letter]:
    """The letters last seen, latest first; of one error where it is named."""
    question = select(*_SHOWN).where(_HERE, *([letters.c.error == storable(error)] if error else []))
    found = connection.execute(question.order_by(letters.c.last_seen.desc(), letters.c.id).limit(limit))
    return [_letter(row) for row in found]


def find(connection: Connection, product_id: str) -> Letter | None:
    """The product's letter, or None."""
    row = connection.execute(select(*_SHOWN).where(_HERE, letters.c.id == storable(product_id))).first()
    return None if row is None else _letter(row)


def size(connection: Connection) -> int:
    """How many letters there are."""
    return connection.execute(select(func.count()).select_from(letters).where(_HERE)).scalar_one()


def replay(connection: Connection, ids: Sequence[str], *, now: int) -> int:
    """Put the rows of letters back into the lanes they came from, attempts cleared; the letters are kept, unseen. How many."""
    mine = _of_letters(connection, ids)
    if mine:
        connection.execute(_REVIVE, [{"key": row.id, "lane": row.buried_lane, "due": now} for row in mine])
        for some in batches([row.id for row in mine], size=AT_ONCE):
            connection.execute(update(letters).where(letters.c.id.in_(some)).values(replayed=true()))
    return len(mine)


def discard(connection: Connection, ids: Sequence[str]) -> int:
    """Forget letters; their rows stay buried, so that only a newer event revives them. How many."""
    mine = _of_letters(connection, ids)
    forget(connection, [row.id for row in mine])
    return len(mine)


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Drop the letters of those products, seen or not, whose rows the caller has locked."""
    if connection.execute(select(letters.c.id).limit(1)).first() is None:
        return  # so that finishing pays for letters only where there are any
    for some in batches(ids, size=AT_ONCE):
        connection.execute(delete(letters).where(letters.c.id.in_(some)))


_REVIVE = BY_KEY.values(buried_lane=null(), lease_owner=null(), attempts=ZERO, trouble=EMPTY)


def _of_letters(connection: Connection, ids: Sequence[str]) -> list[Row[tuple[object, ...]]]:
    """The buried rows among those products that have a letter, locked before their letters are looked at."""
    wanted = [one for one in ids if storable(one) == one]
    buried = [row for row in locked(connection, wanted, [rows.c.id, rows.c.buried_lane]) if row.buried_lane is not None]
    seen: set[str] = set()
    for some in batches([row.id for row in buried], size=AT_ONCE):
        seen.update(connection.execute(select(letters.c.id).where(letters.c.id.in_(some), _HERE)).scalars())
    return [row for row in buried if row.id in seen]


def _letter(row: Row[tuple[object, ...]]) -> Letter:
    return Letter(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name


def _keep(connection: Connection, kept: Iterable[Letter]) -> None:
    """Write the letters and take their rows out of their lanes; one that was replayed in vain goes on from its first letter."""
    statement = inserting(connection, letters)
    new = statement.excluded
    changed = {name: new[name] for name in ("row_version", "error", "reason", "last_seen")} | {
        "first_seen": case((letters.c.replayed, letters.c.first_seen), else_=new.first_seen),
        "attempts": case((letters.c.replayed, letters.c.attempts + new.attempts), else_=new.attempts),
        "replayed": false(),
    }
    for some in batches(kept, size=AT_ONCE):
        values = [
            {
                "id": letter.id,
                "row_version": letter.row_version,
                "error": storable(letter.error),
                "reason": storable(letter.reason),
                "attempts": letter.attempts,
                "first_seen": letter.first_seen,
                "last_seen": letter.last_seen,
                "replayed": False,
            }
            for letter in some
        ]
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), values)
        buried = {"buried_lane": rows.c.lane, "lane": None, "lease_owner": None, "due": 0, "attempts": 0, "trouble": ""}
        connection.execute(update(rows).where(rows.c.id.in_([letter.id for letter in some])).values(buried))
