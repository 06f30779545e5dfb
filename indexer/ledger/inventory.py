"""All products in order, and making chosen ones dirty again: what comparing an index with its ledger, and fusing anew, stand on."""

from collections.abc import Mapping

from sqlalchemy import Connection, Row, literal_column, null, select

from indexer.ledger.base import Standing
from indexer.ledger.claims import product_of_row
from indexer.ledger.rows import BY_KEY, locked
from indexer.ledger.tables import rows
from indexer.records import LANES, Lane, Product

WOKEN_AT_ONCE = 1000
"""Rows woken in one transaction: others want to write too."""

_STANDING = [rows.c[name] for name in ("id", "row_version", "indexed_version", "standing", "lane", "buried_lane")]
_WITHOUT_PARTS = BY_KEY.values(parts=null(), photo_status=literal_column("'none'"))
_SLEEP_NO_MORE = BY_KEY.values(wake=null(), wake_lane=null())


def walk(connection: Connection, *, after: str, limit: int) -> list[Standing]:
    """The next products by id, from behind `after`."""
    question = select(*_STANDING).where(rows.c.id > after).order_by(rows.c.id).limit(limit)
    return [_standing(row) for row in connection.execute(question)]


def standing(connection: Connection, product_id: str) -> Standing | None:
    """How one product stands, or None for an id that nothing was ever heard of."""
    row = connection.execute(select(*_STANDING).where(rows.c.id == product_id)).first()
    return None if row is None else _standing(row)


def product(connection: Connection, product_id: str) -> Product | None:
    """The product as it is known; None where it is unknown, deleted, or an offer alone."""
    row = connection.execute(select(rows.c.id, rows.c.state, rows.c.content, rows.c.offer).where(rows.c.id == product_id)).first()
    return None if row is None else product_of_row(row)


def redo(connection: Connection, floors: Mapping[str, int], *, lane: Lane, forget_parts: bool, now: int) -> int:
    """Make products dirty under new row versions, above the old one and the floor; how many.

    Left alone: unknown ids, what is buried, and what was never given out to be indexed (a row version of 0), unless a
    floor says that the index has it nevertheless. What is dirty already stays in its lane, attempts and all, but for an
    offer's lane where parts are to be made again.
    """
    columns = [rows.c[name] for name in ("id", "row_version", "lane", "buried_lane", "due", "attempts")]
    values: list[dict[str, object]] = []
    for row in locked(connection, list(floors), columns):
        floor = floors[row.id]
        if row.buried_lane is not None or not (row.row_version or floor):
            continue
        clean = row.lane is None
        values.append(
            {
                "key": row.id,
                "row_version": max(row.row_version + 1, floor + 1, now),
                "lane": lane if clean or (forget_parts and row.lane == "offers") else row.lane,
                "due": now if clean else row.due,
                "attempts": 0 if clean else row.attempts,
            }
        )
    if values:
        # What is being worked was made by the old parts: from its new version on it does not tell what the parts are.
        if forget_parts:
            values = [one | {"content_since": one["row_version"]} for one in values]
        connection.execute(_WITHOUT_PARTS if forget_parts else BY_KEY, values)
    return len(values)


def wake(connection: Connection, *, now: int) -> int:
    """Make the next rows whose time has come dirty, up to 1000 of them; how many were looked at.

    Only what is clean, live and indexed wakes. A row that is being worked gets its next time when it is finished.
    """
    question = select(rows.c.id).where(rows.c.wake <= now).order_by(rows.c.wake).limit(WOKEN_AT_ONCE)
    keys = sorted(connection.execute(question).scalars())
    columns = [rows.c[name] for name in ("id", "row_version", "indexed_version", "standing", "lane", "buried_lane", "wake", "wake_lane")]
    found = [row for row in locked(connection, keys, columns) if row.wake is not None and row.wake <= now]
    if found:
        connection.execute(_SLEEP_NO_MORE, [{"key": row.id} for row in found])
    ready = [row for row in found if row.lane is None and row.buried_lane is None and row.standing == "live"]
    values = [
        {
            "key": row.id,
            "row_version": max(row.row_version + 1, now),
            "lane": row.wake_lane if row.wake_lane in LANES else "offers",
            "due": now,
            "attempts": 0,
        }
        for row in ready
    ]
    if values:
        connection.execute(BY_KEY, values)
    return len(keys)


def _standing(row: Row[tuple[object, ...]]) -> Standing:
    return Standing(
        id=row.id,
        row_version=row.row_version,
        indexed_version=row.indexed_version,
        live=row.standing == "live",
        dirty=row.lane is not None,
        buried=row.buried_lane is not None,
    )
