"""Dead letters: rows that are no longer tried, each with its reason, until a later event of the product revives it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, func, or_, select, update

from indexer.batches import batches
from indexer.ledger.base import Letter
from indexer.ledger.database import inserting, storable
from indexer.ledger.rows import AT_ONCE, locked
from indexer.ledger.tables import letters, rows
from indexer.records import LANES, Lane

DIED = "WorkerDied"
UNEXPLAINED = "Unexplained"
"""What a swept row's letter names as its error: no word from its workers, or none but that of the last release."""


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
                reason=row.trouble or f"The process that worked on it ended without a word, {row.attempts} times.",
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


def latest(connection: Connection, *, limit: int) -> list[Letter]:
    """The letters last seen, latest first."""
    question = select(letters).order_by(letters.c.last_seen.desc(), letters.c.id).limit(limit)
    return [Letter(**row._mapping) for row in connection.execute(question)]  # noqa: SLF001 - SQLAlchemy's public name


def _keep(connection: Connection, kept: Iterable[Letter]) -> None:
    """Write the letters and take their rows out of their lanes."""
    for some in batches(kept, size=AT_ONCE):
        statement = inserting(connection, letters)
        changed = {column.name: statement.excluded[column.name] for column in letters.c if column.name != "id"}
        values = [
            {
                "id": letter.id,
                "row_version": letter.row_version,
                "error": storable(letter.error),
                "reason": storable(letter.reason),
                "attempts": letter.attempts,
                "first_seen": letter.first_seen,
                "last_seen": letter.last_seen,
            }
            for letter in some
        ]
        connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), values)
        buried = {"buried_lane": rows.c.lane, "lane": None, "lease_owner": None, "due": 0, "attempts": 0, "trouble": ""}
        connection.execute(update(rows).where(rows.c.id.in_([letter.id for letter in some])).values(buried))
