"""Snapshots: full feeds that tell by their silence too. What one does not hold, and nothing has touched since it began, goes.

While a snapshot is being taken, every row that any event names is noted (`touched`), once; otherwise nothing is, so an
unchanged feed stays cheap. What was touched before it began is of no interest to it.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, func, select

from indexer.errors import LedgerError
from indexer.ledger import jobs
from indexer.ledger.base import Absent, Job
from indexer.ledger.database import storable
from indexer.ledger.rows import Moment, locked, note, read, write
from indexer.ledger.tables import rows

_LIVES = rows.c.standing == "live"


def absent(connection: Connection, job_id: str) -> Absent:
    """How many products live, and how many of them the snapshot does not hold."""
    job = _snapshot(connection, job_id)
    live = select(func.count()).select_from(rows).where(_LIVES)
    gone = live.where(rows.c.touched < job.arrival)
    return Absent(gone=connection.execute(gone).scalar_one(), live=connection.execute(live).scalar_one())


def drop_absent(connection: Connection, job_id: str, *, limit: int, moment: Moment) -> int:
    """Delete up to `limit` products that the snapshot does not hold; the job's span takes them in. How many: 0 only where none is left."""
    job = _snapshot(connection, job_id)
    question = select(rows.c.id).where(_LIVES, rows.c.touched < job.arrival).order_by(rows.c.touched).limit(limit)
    while keys := sorted(connection.execute(question).scalars()):
        # Locked, and looked at again: an event may have come in between.
        drafts = [draft for draft in read(connection, keys, wanted=[]).values() if draft.touched < job.arrival]
        dropped = [draft for draft in drafts if draft.drop(arrival=job.arrival, now=moment.now)]
        if dropped:
            write(connection, dropped, moment)
            jobs.widen(connection, job_id, [draft.version_after(moment.now) for draft in dropped if draft.lane is not None])
            return len(dropped)
    return 0


def hold(connection: Connection, ids: Iterable[str], moment: Moment) -> None:
    """Note products that a snapshot holds in rows that could not be taken; unknown ids are passed over."""
    if not moment.snapshot:
        return
    wanted = [one for one in set(ids) if one and storable(one) == one]
    stale = [row.id for row in locked(connection, wanted, [rows.c.id, rows.c.touched]) if row.touched < moment.snapshot]
    note(connection, stale, moment)


def _snapshot(connection: Connection, job_id: str) -> Job:
    job = jobs.known(connection, job_id)
    if not job.snapshot:
        raise LedgerError(f"The job {job_id!r} is no snapshot: what it does not hold says nothing.", cure="Begin it as one.")
    return job
