"""Real broker, real workers, real OpenSearch, and what happens to them: nothing may be lost, nothing applied twice."""

import json
import signal
import threading
import time

import pytest

from tests.live.write_path.plant import DOOMED, PATIENCE_S, Plant, until
from workers.app import SOFT_STOP_S

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

Rows = list[dict[str, object]]


def rows(number: int, *, prefix: str = "p") -> Rows:
    return [{"id": f"{prefix}{n}", "title": f"chair {n}", "description": f"of oak, kind {n % 17}", "price": "10.00"} for n in range(number)]


def ids(number: int, *, prefix: str = "p") -> list[str]:
    return [f"{prefix}{n}" for n in range(number)]


def test_a_feed_goes_through_the_queue_and_only_a_price_change_writes_again(plant: Plant) -> None:
    worker = plant.worker().wait_ready()
    job = plant.indexer.accept(rows(300))
    waited = plant.indexer.wait(job, timeout_s=PATIENCE_S)
    assert (waited.pending, waited.dead) == (0, 0)
    plant.check_all_there_once(ids(300))

    texts = plant.indexer.counts().counters["texts"]
    again = plant.indexer.accept(rows(300))
    assert again.counts["unchanged"] == 300
    changed = plant.indexer.accept([row | {"price": "11.00"} for row in rows(7)])
    assert changed.counts["offer_only"] == 7
    assert plant.indexer.wait(changed, timeout_s=PATIENCE_S).pending == 0
    assert plant.indexer.counts().counters["texts"] == texts
    assert plant.applied() == 307
    assert worker.terminate() == 0


def test_a_worker_killed_in_mid_feed_loses_nothing_and_writes_nothing_twice(plant: Plant) -> None:
    first = plant.worker().wait_ready()
    feeding = threading.Thread(target=plant.indexer.accept, args=(rows(500),), kwargs={"job_id": "feed"})
    feeding.start()
    until(lambda: plant.indexer.counts().counters["written"] > 0)
    first.kill()
    plant.worker().wait_ready()
    feeding.join()
    job = plant.indexer.job("feed")
    assert job is not None
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(500))


def test_workers_killed_at_every_step_lose_nothing_and_write_nothing_twice(plant: Plant) -> None:
    job = plant.indexer.accept(rows(200))
    for stage in ("claimed", "encoded", "in the bulk", "written", "finishing"):
        assert plant.worker(DOOMED, stage).process.wait(timeout=PATIENCE_S) == -signal.SIGKILL
    assert plant.suspects() >= 5 * 16
    plant.worker().wait_ready()
    waited = plant.indexer.wait(job, timeout_s=PATIENCE_S)
    assert (waited.pending, waited.dead) == (0, 0)
    plant.check_all_there_once(ids(200))


def test_a_broker_wiped_in_mid_feed_loses_nothing(plant: Plant) -> None:
    plant.worker().wait_ready()
    feeding = threading.Thread(target=plant.indexer.accept, args=(rows(500),), kwargs={"job_id": "feed"})
    feeding.start()
    while feeding.is_alive():
        plant.broker.flushall()
        time.sleep(0.05)
    feeding.join()
    plant.broker.flushall()
    job = plant.indexer.job("feed")
    assert job is not None
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(500))


def test_a_message_wiped_before_it_is_accepted_is_no_promise_and_sent_again_it_is_kept(plant: Plant) -> None:
    plant.sender.send_accept("monday", rows=rows(40))
    plant.broker.flushall()
    plant.worker().wait_ready()
    assert plant.indexer.job("monday") is None
    for _ in range(2):  # twice, as a careful sender might
        plant.sender.send_accept("monday", rows=rows(40))
    until(lambda: (job := plant.indexer.job("monday")) is not None and job.committed)
    job = plant.indexer.job("monday")
    assert job is not None
    assert job.counts["encoded"] == 40
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(40))


def test_a_worker_told_to_stop_ends_in_time_and_leaves_no_row_behind(plant: Plant) -> None:
    worker = plant.worker().wait_ready()
    job = plant.indexer.accept(rows(1500))
    until(lambda: plant.indexer.counts().counters["written"] > 0)
    began = time.monotonic()
    assert worker.terminate() == 0
    assert time.monotonic() - began < SOFT_STOP_S + 5
    assert plant.indexer.ledger.pending(job) > 0
    assert plant.suspects() == 0  # no attempt is left on any row: all were given back


def test_messages_that_are_none_are_logged_and_the_worker_goes_on(plant: Plant) -> None:
    worker = plant.worker().wait_ready()
    app = plant.sender._app
    for task, payload in [
        ("fusedex.work.v9", {"lane": "encode"}),
        ("fusedex.work.v1", {"lane": "fast"}),
        ("fusedex.work.v1", {}),
        ("fusedex.accept.v1", {"job_id": "both", "rows": [], "feed": "/x"}),
        ("fusedex.accept.v1", {"rows": []}),
    ]:
        app.send_task(task, kwargs=payload, queue="accept", retry=False)
    message = json.loads(plant.broker.lindex("accept", 0) or "null")
    if message is not None:  # unless the worker was quicker
        plant.broker.lpush("accept", json.dumps(message | {"body": "bm90IGpzb24="}))
    until(lambda: plant.indexer.job("both") is not None and bool(plant.indexer.job("both").failed))  # type: ignore[union-attr]
    plant.sender.send_accept("outside", feed="/etc/hostname")
    until(lambda: plant.indexer.job("outside") is not None and bool(plant.indexer.job("outside").failed))  # type: ignore[union-attr]
    job = plant.indexer.accept(rows(20))
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    assert worker.process.poll() is None
