"""The broker killed, wiped, cut off, and fed with what is no message: hints may go, products may not."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from indexer.embedded.stack import Endpoints, Given, Stack
from tests.faults.nursery import Nursery
from tests.faults.proxy import Mood
from tests.faults.site import Recovery, Site
from tests.live.write_path.plant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]


@pytest.fixture
def own_broker(tmp_path: Path, stack: Endpoints) -> Iterator[Stack]:
    """A broker that may be killed, beside the session's OpenSearch."""
    broker = Stack(tmp_path / "broker-home", given=Given(opensearch_url=stack.opensearch_url))
    broker.up(workers=False)
    yield broker
    broker.reset()


@pytest.fixture
def killable(
    own_broker: Stack, stack_env: dict[str, str], tmp_path: Path, nursery: Nursery, seed: int, report: Callable[[Recovery], None]
) -> Iterator[Site]:
    endpoints = own_broker.endpoints()
    assert endpoints is not None
    folder = tmp_path / "site"
    folder.mkdir()
    site = Site(stack_env | {"FUSEDEX_BROKER_URL": endpoints.broker_url}, folder, nursery=nursery, seed=seed, report=report)
    yield site
    site.close()


def kill_broker(stack: Stack) -> None:
    (pid,) = (engine.pid for engine in stack.status() if engine.name == "broker")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(lambda: stack.endpoints() is None)


def test_killed_and_started_again(killable: Site, own_broker: Stack) -> None:
    for _ in range(2):
        killable.birth().wait_ready()
    killable.feed(killable.truth.first(150))
    for _ in range(3):
        feeder = threading.Thread(target=killable.feed, args=(killable.truth.mixed(120),))
        feeder.start()
        kill_broker(own_broker)
        feeder.join()  # accepting needs no broker
        time.sleep(1)
        own_broker.up(workers=False)
    with killable.recovery("kill -9 of the broker, three times"):
        pass
    assert all(one.alive for one in killable.born)
    assert killable.suspects() == 0
    killable.check()


def test_wiped_while_it_is_used(site: Site) -> None:
    site.birth().wait_ready()
    site.feed(site.truth.first(100))
    for _ in range(12):
        site.feed(site.truth.mixed(30))
        site.broker.flushall()
    with site.recovery("FLUSHALL"):
        site.broker.flushall()
    site.check()


def test_connections_cut(site: Site) -> None:
    for _ in range(2):
        site.birth().wait_ready()
    site.feed(site.truth.first(100))
    for _ in range(10):
        feeder = threading.Thread(target=site.feed, args=(site.truth.mixed(40),))
        feeder.start()
        time.sleep(0.1)
        site.broker.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]  # redis-py
        feeder.join()
    with site.recovery("CLIENT KILL TYPE normal"):
        pass
    assert all(one.alive for one in site.born)
    site.check()


def test_connections_cut_while_bulk_requests_are_slow(site: Site) -> None:
    """Hints that are held are delivered once more while their first run goes on: claims keep the two apart."""
    site.proxy.slow_s = 0.4
    site.birth().wait_ready()
    with site.proxy.being(Mood.SLOW):
        site.feed(site.truth.first(150))
        for _ in range(5):
            time.sleep(0.3)
            site.broker.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")  # type: ignore[no-untyped-call]  # redis-py
        with site.recovery("CLIENT KILL with bulk requests under way"):
            pass
    site.check()


FOREIGN: list[str | bytes] = [
    "no JSON at all",
    b"\xff\xfe\x00 not even text",
    "",
    "[" * 5000,
    "7",
    "null",
    '["a", "list"]',
    "{}",
    json.dumps({"body": "e30=", "properties": {}}),
    json.dumps({"body": 5, "properties": {"delivery_tag": "1", "delivery_info": {}}, "headers": {}}),
    json.dumps({"body": "*", "properties": {"delivery_tag": "2", "delivery_info": {}, "body_encoding": "base64"}, "headers": {}}),
    json.dumps({"body": "e30=", "properties": {"delivery_tag": "3", "delivery_info": {}}, "headers": []}),
    json.dumps({"body": "bm8=", "properties": {"delivery_tag": "4", "delivery_info": {}, "body_encoding": "base64"}, "headers": {}}),
]


def test_foreign_elements_in_every_queue_are_logged_counted_and_fatal_to_nobody(site: Site) -> None:
    worker = site.birth().wait_ready()
    site.feed(site.truth.first(50))
    for queue in ("offers", "encode_new", "encode", "backfill", "accept"):
        for element in FOREIGN:
            site.broker.rpush(queue, element)
    site.feed(site.truth.mixed(50))
    with site.recovery("foreign elements in the queues"):
        pass
    until(lambda: not any(site.broker.llen(queue) for queue in ("offers", "accept", "backfill")))
    assert worker.alive
    logged = [json.loads(line) for line in worker.text().splitlines() if '"stranger_in_queue"' in line]
    assert {line["kind"] for line in logged} >= {"not JSON", "no message"}
    assert all(line["size"] >= 0 and len(line["begins"]) <= 80 for line in logged if "begins" in line)
    assert len(logged) < 3 * len(FOREIGN)  # of a kind the first and the tenth, not each
    assert "Traceback" not in worker.text()
    site.check()


def test_unknown_tasks_old_messages_and_oversized_ones_are_told_and_dropped(site: Site) -> None:
    worker = site.birth().wait_ready()
    app = site.sender._app
    for _ in range(30):
        app.send_task("fusedex.work.v9", kwargs={"lane": "encode"}, queue="accept", retry=False)
    app.send_task("fusedex.work.v1", args=["encode"], queue="accept", retry=False)
    app.send_task("fusedex.accept.v1", kwargs={"job_id": "old", "products": []}, queue="accept", retry=False)
    app.send_task(
        "fusedex.accept.v1", kwargs={"job_id": "big", "rows": [{"id": "p", "title": "x" * 1_100_000}]}, queue="accept", retry=False
    )
    protocol_1 = {"task": "fusedex.ancient", "id": "1", "args": [], "kwargs": {}}
    with app.connection_for_write() as connection:
        connection.SimpleQueue("accept").put(protocol_1, serializer="json")
    for job_id, told in (("old", "products"), ("big", "bytes")):
        until(lambda job_id=job_id: (job := site.indexer.job(job_id)) is not None and bool(job.failed))  # type: ignore[misc]  # bound now
        job = site.indexer.job(job_id)
        assert job is not None
        assert told in job.failed
    site.feed(site.truth.first(40))
    with site.recovery("unknown, old and oversized messages"):
        pass
    until(lambda: site.broker.llen("accept") == 0)
    logged = [json.loads(line) for line in worker.text().splitlines() if '"unknown task"' in line]
    assert {line["name"] for line in logged} == {"fusedex.work.v9", "fusedex.ancient"}
    assert sum(line["name"] == "fusedex.work.v9" for line in logged) == 2  # the first and the tenth of thirty
    assert all("@" in line["origin"] for line in logged if line["name"] == "fusedex.work.v9")  # who sent it
    assert worker.alive
    assert "xxxxxxxxxx" not in worker.text()
    site.check()


def test_a_feed_whose_hints_nobody_takes_fills_no_queue(site: Site) -> None:
    site.env["FUSEDEX_FEED__BATCH"] = "1"
    settings = site.indexer.settings.model_copy(update={"feed": site.indexer.settings.feed.model_copy(update={"batch": 1})})
    site.indexer.settings = settings
    site.feed(site.truth.first(300))
    assert isinstance(site.broker, redis.Redis)
    assert 0 < int(site.broker.llen("encode_new")) <= 256
    site.birth()
    with site.recovery("a feed before any worker"):
        pass
    site.check()
