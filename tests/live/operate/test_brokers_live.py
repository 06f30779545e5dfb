"""What the queue needs of a broker, on the embedded Valkey and on Debian's Redis: faults, and the users of deploy/valkey."""

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from indexer.publish.celery import CeleryPublisher
from tests.broker_server import SERVERS, BrokerServer, broker_server
from tests.live.write_path.plant import PATIENCE_S, ROOT, Plant, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(180)]

WORKER, SENDER = "of-the-worker", "of-the-sender"


def rows(number: int) -> list[dict[str, object]]:
    return [{"id": f"p{n}", "title": f"chair {n}", "price": "10.00"} for n in range(number)]


def ids(number: int) -> list[str]:
    return [f"p{n}" for n in range(number)]


def users() -> str:
    """The users of deploy/valkey as `make certs` writes them, under the passwords of this test."""
    text = (ROOT / "deploy" / "valkey" / "users.acl").read_text(encoding="ascii")
    for user, password in (("worker", WORKER), ("sender", SENDER)):
        text = text.replace(f"sha256-of-{user}", hashlib.sha256(password.encode()).hexdigest())
    return "\n".join(line for line in text.splitlines() if not line.startswith("//"))


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BrokerServer]:
    with broker_server(request.param, tmp_path / "broker") as running:
        yield running


@pytest.fixture
def plant(server: BrokerServer, stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env | {"FUSEDEX_BROKER_URL": server.url}, tmp_path)
    yield plant
    plant.close()


def test_a_broker_killed_and_started_again_in_mid_feed_loses_nothing(plant: Plant, server: BrokerServer) -> None:
    worker = plant.worker().wait_ready()
    feeding = threading.Thread(target=plant.indexer.accept, args=(rows(400),), kwargs={"job_id": "feed"})
    feeding.start()
    until(lambda: plant.indexer.counts().counters["written"] > 0)
    server.kill()
    feeding.join()
    server.start()
    job = plant.indexer.job("feed")
    assert job is not None
    assert job.committed
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(400))
    assert worker.terminate() == 0


def test_a_broker_that_forgets_and_cuts_connections_loses_nothing(plant: Plant, server: BrokerServer) -> None:
    plant.worker().wait_ready()
    job = plant.indexer.accept(rows(300))
    with server.client() as client:
        for _ in range(3):
            client.flushall()
            client.client_kill_filter(_type="normal", skipme=True)
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(300))


def test_a_killed_worker_loses_nothing(plant: Plant) -> None:
    first = plant.worker().wait_ready()
    job = plant.indexer.accept(rows(300))
    until(lambda: plant.indexer.counts().counters["written"] > 0)
    first.kill()
    plant.worker().wait_ready()
    assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
    plant.check_all_there_once(ids(300))


@pytest.mark.parametrize("kind", SERVERS)
def test_workers_and_senders_need_no_more_rights_than_they_are_given(kind: str, stack_env: dict[str, str], tmp_path: Path) -> None:
    with broker_server(kind, tmp_path / "broker", acl=users()) as server, server.client() as eyes:
        plant = Plant(stack_env | {"FUSEDEX_BROKER_URL": server.url_of("worker", WORKER)}, tmp_path)
        sender = CeleryPublisher(server.url_of("sender", SENDER))
        try:
            worker = plant.worker().wait_ready()
            sender.send_accept("sent", rows=rows(100))
            until(lambda: (job := plant.indexer.job("sent")) is not None and job.committed)
            job = plant.indexer.accept(rows(150))
            assert plant.indexer.wait(job, timeout_s=PATIENCE_S).pending == 0
            server.kill()
            server.start()
            again = plant.indexer.accept([{"id": "p7", "price": "11.00"}])
            assert plant.indexer.wait(again, timeout_s=PATIENCE_S).pending == 0
            worker.kill()  # what it held is restored by the next one
            other = plant.worker().wait_ready()
            last = plant.indexer.accept([{"id": "p8", "price": "12.00"}])
            assert plant.indexer.wait(last, timeout_s=PATIENCE_S).pending == 0
            assert other.terminate() == 0
            assert eyes.acl_log() == []
        finally:
            sender.close()
            plant.close()


@pytest.mark.parametrize("kind", SERVERS)
def test_more_than_that_is_refused(kind: str, tmp_path: Path) -> None:
    with broker_server(kind, tmp_path / "broker", acl=users()) as server:
        forbidden = {
            ("worker", WORKER): [
                ("CONFIG", "GET", "*"),
                ("FLUSHALL",),
                ("KEYS", "*"),
                ("GET", "elsewhere"),
                ("SUBSCRIBE", "any"),
                ("ACL", "LIST"),
            ],
            ("sender", SENDER): [("LPUSH", "encode", "x"), ("RPOP", "accept"), ("DEL", "accept"), ("EVAL", "return 1", "0")],
            ("probe", "any"): [("GET", "accept"), ("INFO",)],
        }
        for (user, password), commands in forbidden.items():
            with redis.Redis.from_url(server.url_of(user, password)) as client:
                assert client.ping()
                for command in commands:
                    with pytest.raises(redis.exceptions.NoPermissionError):
                        client.execute_command(*command)
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
