"""The two tasks, thin: check the message, call the indexer, log what came of it. A task never raises: what matters is in the ledger."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from celery import Celery
from celery.exceptions import Reject
from pydantic import JsonValue

from indexer.errors import BrokerUnavailable, FeedError, IndexerError
from indexer.feed.terms import DROP_LIMIT, Terms
from indexer.observe import log
from indexer.publish.messages import ACCEPT_TASK, WORK_TASK, AcceptMessage, WorkMessage, checked
from indexer.records import Lane
from indexer.work.claims import Stopping
from workers.runtime import Runtime


def register(app: Celery, runtime: Runtime) -> None:
    """Add both tasks to the application, under their versioned names; payloads go in by name."""

    @app.task(name=WORK_TASK, shared=False)  # type: ignore[untyped-decorator]  # Celery ships no types
    def _work(*values: JsonValue, **payload: JsonValue) -> None:
        try:
            work(runtime, _named(values, payload))
        except Exception:  # noqa: BLE001 - an edge: the rows have been dealt with, and the next hint must find a worker
            log.exception("work_failed")

    @app.task(name=ACCEPT_TASK, shared=False)  # type: ignore[untyped-decorator]  # the same
    def _accept(*values: JsonValue, **payload: JsonValue) -> None:
        try:
            accept(runtime, _named(values, payload))
        except Stopping:
            # In the middle of a feed: what is in the ledger stays, and another worker takes the job from its start.
            raise Reject(requeue=True) from None
        except Exception:  # noqa: BLE001 - an edge: the sender sees no committed job, and sends again
            log.exception("accept_failed", job=str(payload.get("job_id"))[:200])


def work(runtime: Runtime, payload: Mapping[str, JsonValue]) -> int:
    """Work one claim of the lane that the hint names; how many rows were settled. While rows are settled, the hint is passed on.

    So each hint is one chain of claims, which ends when nothing is due or an engine is down: hints never multiply. A hint of a
    lower encoding lane may work a higher one in its place (`Turns`), and goes on as what it is.
    """
    try:
        lane = checked(WorkMessage, payload, limit_bytes=runtime.settings.feed.message_bytes).lane
    except FeedError as error:
        log.warning("hint_refused", reason=error.message)
        return 0
    began = time.monotonic()
    settled, worked = 0, lane
    try:
        for worked in runtime.turns.of(lane):
            settled = runtime.indexer.work(worked)
            if settled:
                break
    except IndexerError as error:
        log.warning("work_failed", lane=worked, error=type(error).__name__, reason=str(error))
        runtime.comeback.trouble()
    if settled:
        log.info("worked", lane=worked, settled=settled, seconds=round(time.monotonic() - began, 3))
        _pass_on(runtime, lane)
    else:
        runtime.comeback.ended(lane)
    return settled


def accept(runtime: Runtime, payload: Mapping[str, JsonValue]) -> None:
    """Accept a message's products under its job; a feed that can't be taken is noted in the job, with the reason."""
    try:
        message = checked(AcceptMessage, payload, limit_bytes=runtime.settings.feed.message_bytes)
    except FeedError as error:
        _refuse(runtime, payload, error)
        return
    with runtime.only_one(f"accept {message.job_id}") as first:
        if first:
            _accept(runtime, message)
        else:
            log.info("accept_is_under_way", job=message.job_id)


def _accept(runtime: Runtime, message: AcceptMessage) -> None:
    feed = Path(message.feed) if message.feed is not None else message.rows or []
    told = message.terms
    limit = DROP_LIMIT if told.drop_limit is None else told.drop_limit
    terms = Terms(snapshot=told.snapshot, drop_limit=limit, max_rejects=told.max_rejects)
    try:
        job = runtime.indexer.accept(feed, terms=terms, job_id=message.job_id, roots=runtime.settings.feed.roots)
    except IndexerError as error:
        log.warning("accept_failed", job=message.job_id, error=type(error).__name__, reason=str(error))
    else:
        log.info("accepted", job=job.id, **{name: number for name, number in job.counts.items() if number})


def _refuse(runtime: Runtime, payload: Mapping[str, JsonValue], error: FeedError) -> None:
    """Tell the sender where it will look: in the job, if the message names one."""
    log.warning("accept_refused", error=type(error).__name__, reason=error.message)
    job_id = payload.get("job_id")
    if isinstance(job_id, str) and 0 < len(job_id) <= 200 and job_id.isprintable():
        ledger = runtime.indexer.ledger
        if not ledger.begin_job(job_id, "message").committed:
            ledger.fail_job(job_id, error.message)


def _pass_on(runtime: Runtime, lane: Lane) -> None:
    try:
        runtime.indexer.publisher.work(lane)
    except BrokerUnavailable as error:
        log.warning("hint_not_passed_on", lane=lane, reason=error.message)
        runtime.comeback.trouble()
        runtime.comeback.ended(lane)


def _named(values: Sequence[JsonValue], payload: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """The payload; with values that came without a name it is none of ours, and is refused as such."""
    return {**payload, "unnamed": list(values)} if values else payload
