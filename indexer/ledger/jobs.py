"""Jobs: when each arrived, what it came to, which raw rows it could not take."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import Connection, case, func, not_, select, update

from indexer.errors import LedgerError
from indexer.ledger.base import Job
from indexer.ledger.canonical import canonical, digest_of
from indexer.ledger.database import inserting, storable
from indexer.ledger.rows import Moment
from indexer.ledger.tables import jobs, letters, rejections, rows
from indexer.ledger.upgrades import KEEPING, serves_next
from indexer.records import Rejected

KEPT = 1000
"""Rejected rows kept of one job: enough to see what is wrong with a feed, too few to fill a disk."""


def begin(connection: Connection, job_id: str, source: str, *, snapshot: bool, now: int) -> Job:
    """Make the job if it is new; one that failed, or was begun as something else, is under way again."""
    blank = {"id": job_id, "source": storable(source), "arrival": now, "committed": False, "failed": "", "counts": "{}"}
    connection.execute(inserting(connection, jobs).on_conflict_do_nothing(), [blank | {"snapshot": snapshot}])
    still_open = update(jobs).where(jobs.c.id == job_id, jobs.c.committed.is_(False))
    connection.execute(still_open.values(failed="", snapshot=snapshot))
    return known(connection, job_id)


def find(connection: Connection, job_id: str) -> Job | None:
    """The job with its rejected rows in the order they came in, or None."""
    row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
    if row is None:
        return None
    kept = select(rejections.c.rejected).where(rejections.c.job == job_id).order_by(rejections.c.place)
    return Job(
        id=row.id,
        source=row.source,
        arrival=row.arrival,
        committed=row.committed,
        counts=json.loads(row.counts),
        rejected=tuple(Rejected(**json.loads(text)) for text in connection.execute(kept).scalars()),
        first_version=row.first_version,
        last_version=row.last_version,
        failed=row.failed,
        snapshot=row.snapshot,
    )


def moment(connection: Connection, job_id: str, *, now: int, future_s: float) -> Moment:
    """The job's arrival, the clock, and the newest snapshot under way; raises LedgerError for a job that was never begun."""
    newest = select(func.max(jobs.c.arrival)).where(jobs.c.snapshot, not_(jobs.c.committed)).scalar_subquery()
    row = connection.execute(select(jobs.c.arrival, newest, KEEPING).where(jobs.c.id == job_id)).first()
    if row is None:
        raise _unknown(job_id)
    return Moment(row[0], now, future_s, snapshot=row[1] or 0, upgrading=bool(row[2]))


def widen(connection: Connection, job_id: str, versions: Sequence[int]) -> None:
    """Let the job's span of row versions include these."""
    if not versions:
        return
    first, last = min(versions), max(versions)
    span = {
        "first_version": case((jobs.c.first_version < first, jobs.c.first_version), else_=first),
        "last_version": case((jobs.c.last_version > last, jobs.c.last_version), else_=last),
    }
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(span))


def reject(connection: Connection, job_id: str, rejected: Sequence[Rejected]) -> None:
    """Keep the first 1000 rejected rows of the job; one that is known from an earlier try is not kept twice."""
    if connection.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update()).first() is None:
        raise _unknown(job_id)
    have = set(connection.execute(select(rejections.c.digest).where(rejections.c.job == job_id)).scalars())
    new: dict[str, dict[str, object]] = {}
    for one in rejected:
        text = canonical(asdict(one))
        digest = digest_of(text)
        place = len(have) + len(new)
        if place < KEPT and digest not in have and digest not in new:
            new[digest] = {"job": job_id, "digest": digest, "place": place, "rejected": text}
    if new:
        connection.execute(rejections.insert(), list(new.values()))


def commit(connection: Connection, job_id: str, counts: Mapping[str, int]) -> Job:
    """Close the job; the counts of its first closing stay."""
    closed = {"committed": True, "counts": canonical(dict(counts)), "failed": ""}
    connection.execute(update(jobs).where(jobs.c.id == job_id, jobs.c.committed.is_(False)).values(closed))
    return known(connection, job_id)


def fail(connection: Connection, job_id: str, reason: str) -> Job:
    """Note why the job can't be accepted; one that is committed stays so."""
    still_open = update(jobs).where(jobs.c.id == job_id, jobs.c.committed.is_(False))
    connection.execute(still_open.values(failed=storable(reason)))
    return known(connection, job_id)


def pending(connection: Connection, job: Job) -> int:
    """How many rows of the job's span are dirty; while an upgrade's index is the one in use, towards that one."""
    if job.first_version is None:
        return 0
    inside = rows.c.row_version.between(job.first_version, job.last_version)
    dirty = rows.c.row_version > rows.c.next_version if serves_next(connection) else rows.c.lane.is_not(None)
    return connection.execute(select(func.count()).select_from(rows).where(dirty, inside)).scalar_one()


def trouble(connection: Connection, job: Job) -> str:
    """Why the dirty row of the job's span that is due last was put back; empty where none was."""
    if job.first_version is None:
        return ""
    inside = rows.c.row_version.between(job.first_version, job.last_version)
    question = select(rows.c.trouble).where(rows.c.lane.is_not(None), inside, rows.c.trouble != "").order_by(rows.c.due.desc()).limit(1)
    return str(connection.execute(question).scalar() or "")


def buried(connection: Connection, job: Job) -> int:
    """How many rows of the job's span are dead letters."""
    if job.first_version is None:
        return 0
    inside = letters.c.row_version.between(job.first_version, job.last_version)
    return connection.execute(select(func.count()).select_from(letters).where(inside, letters.c.replayed.is_(False))).scalar_one()


def known(connection: Connection, job_id: str) -> Job:
    """The job of that id; raises LedgerError for one that was never begun."""
    job = find(connection, job_id)
    if job is None:
        raise _unknown(job_id)
    return job


def _unknown(job_id: str) -> LedgerError:
    return LedgerError(f"The ledger knows no job {job_id!r}.", cure="Begin it first.")
