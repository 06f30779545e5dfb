"""How the ledger stands: its name, its leaders, its counters, its sums."""

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, or_, select

from indexer.batches import batches
from indexer.ledger import letters as dead_letters
from indexer.ledger import next_rows
from indexer.ledger.base import LedgerCounts
from indexer.ledger.database import inserting
from indexer.ledger.rows import AT_ONCE
from indexer.ledger.tables import counters, identity, roles, rows
from indexer.records import LANES, Lane

COUNTERS = ("texts", "photos", "cached", "written", "newer")


def name(connection: Connection, *, now: int) -> str:
    """The ledger's own name, made at first sight: of several openers one names it."""
    fresh = {"one": 1, "id": uuid.uuid4().hex, "born": now}
    connection.execute(inserting(connection, identity).on_conflict_do_nothing(), [fresh])
    known: str = connection.execute(select(identity.c.id)).scalar_one()
    return known


def lead(connection: Connection, role: str, *, owner: str, now: int, until: int) -> bool:
    """Take a role that is free, expired or one's own, until then; False while another owner has it."""
    statement = inserting(connection, roles)
    free = or_(roles.c.owner == owner, roles.c.until <= now)
    take = statement.on_conflict_do_update(index_elements=["role"], set_={"owner": owner, "until": until}, where=free)
    connection.execute(take, [{"role": role, "owner": owner, "until": until}])
    leader: str = connection.execute(select(roles.c.owner).where(roles.c.role == role)).scalar_one()
    return leader == owner


def count(connection: Connection, amounts: Mapping[str, int]) -> None:
    """Add to the counters, in order of name, so that two that add to the same ones can't wait for each other."""
    statement = inserting(connection, counters)
    added = {"amount": counters.c.amount + statement.excluded.amount}
    values = [{"name": name, "amount": amount} for name, amount in sorted(amounts.items())]
    if values:
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=added), values)


def counts(connection: Connection) -> LedgerCounts:
    """All the sums; of one moment, as far as the database's isolation goes."""
    by_standing = select(rows.c.standing, func.count()).group_by(rows.c.standing)
    standing: dict[str, int] = dict(connection.execute(by_standing).all())
    by_lane = select(rows.c.lane, func.count()).where(rows.c.lane.in_(LANES)).group_by(rows.c.lane)
    dirty: dict[Lane, int] = {lane: amount for lane, amount in connection.execute(by_lane) if lane is not None}
    sums: dict[str, int] = dict(connection.execute(select(counters.c.name, counters.c.amount)).all())
    return LedgerCounts(
        products=standing.get("live", 0),
        deleted=standing.get("deleted", 0),
        waiting=standing.get("waiting", 0),
        dirty={lane: dirty.get(lane, 0) for lane in LANES} | {"upgrade": next_rows.dirty(connection)},
        letters=dead_letters.size(connection),
        counters={counter: sums.get(counter, 0) for counter in COUNTERS} | sums,
    )


def known(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The row versions of those products that have a row; 0 where nothing was ever given out to be indexed."""
    found: dict[str, int] = {}
    for some in batches(ids, size=AT_ONCE):
        found.update(connection.execute(select(rows.c.id, rows.c.row_version).where(rows.c.id.in_(some))).all())
    return found
