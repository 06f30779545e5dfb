"""The stack without its slow part: OpenSearch is given, broker and worker are real."""

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from redis import Redis

from indexer.embedded.processes import is_running, mark_of
from indexer.embedded.stack import WORKERS, Endpoints, Given, Machine, Stack, stack_from
from indexer.errors import DiskFull, EngineError, IndexerError
from indexer.records import LANES
from indexer.settings import Settings

ELSEWHERE = "http://search.example:9200"
# A worker that writes its pid and its home down and stays.
WORKER = """
import os, sys, time
with open(sys.argv[1], "a") as notes:
    notes.write(f"{os.getpid()} {os.environ['FUSEDEX_HOME']}\\n")
time.sleep(300)
"""

Make = Callable[..., Stack]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def workers(notes: Path) -> list[tuple[int, str]]:
    lines = notes.read_text().splitlines() if notes.exists() else []
    return [(int(pid), home) for pid, home in (line.split(" ", 1) for line in lines)]


def until(happened: Callable[[], object], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            pytest.fail("it did not happen in time")
        time.sleep(0.01)


@pytest.fixture
def make(tmp_path: Path, notes: Path) -> Iterator[Make]:
    made = []

    def stack(name: str = "home", *, given: Given | None = None, worker: Sequence[str] = ()) -> Stack:
        made.append(
            Stack(
                tmp_path / name,
                given=given or Given(opensearch_url=ELSEWHERE),
                workers=[worker or (sys.executable, "-c", WORKER, str(notes))],
                machine=Machine(cache=tmp_path / "cache", other_places=tmp_path / "others"),
            )
        )
        return made[-1]

    yield stack
    for each in made:
        each.down()


def pids(stack: Stack) -> dict[str, int | None]:
    return {engine.name: engine.pid for engine in stack.status()}


def test_up_starts_what_is_not_given_and_says_where_it_is(make: Make, notes: Path) -> None:
    stack = make()
    told: list[str] = []
    endpoints = stack.up(told.append)
    assert told == ["starting broker", "starting workers"]
    assert endpoints.opensearch_url == ELSEWHERE
    assert endpoints.ledger_url == f"sqlite:///{stack.home.folder}/ledger.sqlite"
    assert endpoints.vectors_url == f"sqlite:///{stack.home.folder}/vectors.sqlite"
    with Redis.from_url(endpoints.broker_url) as client:
        assert client.ping()
    until(lambda: workers(notes))
    assert workers(notes)[0][1] == str(stack.home.folder)
    assert [(engine.name, engine.running) for engine in stack.status()] == [("broker", True), ("workers", True)]
    assert all(engine.log.is_file() for engine in stack.status())


def test_up_again_changes_nothing_and_another_program_finds_it(make: Make) -> None:
    first = make()
    endpoints = first.up()
    before = pids(first)
    told: list[str] = []
    assert make().up(told.append) == endpoints
    assert told == []
    assert pids(make()) == before
    assert make().endpoints() == endpoints


def test_down_leaves_nothing_running_and_the_queue_stays(make: Make, notes: Path) -> None:
    stack = make()
    endpoints = stack.up()
    with Redis.from_url(endpoints.broker_url) as client:
        client.rpush("lane", "hint")
    until(lambda: workers(notes))
    processes = [mark_of(pid) for pid in (*pids(stack).values(), workers(notes)[0][0]) if pid]
    assert len(processes) == 3
    told: list[str] = []
    stack.down(told.append)
    assert told == ["stopping workers", "stopping broker"]
    assert not any(is_running(mark) for mark in processes)
    assert stack.endpoints() is None
    assert pids(stack) == {"broker": None, "workers": None}
    again = stack.up(workers=False)
    assert again == endpoints  # the recorded port is used again
    with Redis.from_url(again.broker_url) as client:
        assert client.lrange("lane", 0, -1) == [b"hint"]


def test_down_twice_and_without_a_home_is_no_error(make: Make, tmp_path: Path) -> None:
    make("never").down()
    assert not (tmp_path / "never").exists()
    stack = make()
    stack.up(workers=False)
    stack.down()
    stack.down()


def test_a_killed_stack_comes_back(make: Make, notes: Path) -> None:
    stack = make()
    endpoints = stack.up()
    until(lambda: workers(notes))
    before = pids(stack)
    for pid in before.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    until(lambda: mark_of(workers(notes)[0][0]) is None)  # the worker dies with its keeper
    assert stack.endpoints() is None
    assert stack.up() == endpoints
    assert not set(pids(stack).values()) & set(before.values())


def test_only_what_is_missing_is_started(make: Make) -> None:
    stack = make()
    stack.up()
    before = pids(stack)
    os.kill(before["workers"] or 0, signal.SIGKILL)
    told: list[str] = []
    stack.up(told.append)
    assert told == ["starting workers"]
    assert pids(stack)["broker"] == before["broker"]


def test_a_pid_that_now_belongs_to_another_process_is_noticed(make: Make) -> None:
    stack = make()
    stack.up(workers=False)
    stack.down()
    record = json.loads((stack.home.folder / "state.json").read_text())
    bystander = mark_of(os.getpid())
    assert bystander is not None
    record["processes"] = {"broker": {"pid": bystander.pid, "started": "an-earlier-boot/17"}}
    (stack.home.folder / "state.json").write_text(json.dumps(record))
    assert stack.endpoints() is None
    assert pids(stack)["broker"] is None
    stack.up(workers=False)
    assert pids(stack)["broker"] not in (None, bystander.pid)


def test_an_engine_that_hangs_is_replaced(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = make()
    stack.up(workers=False)
    hung = pids(stack)["broker"] or 0
    os.kill(hung, signal.SIGSTOP)
    monkeypatch.setattr("indexer.embedded.stack.GRACE_S", {"broker": 0.2, "workers": 1})
    told: list[str] = []
    stack.up(told.append, workers=False)
    assert "did not end within" in told[0]
    assert mark_of(hung) is None
    assert stack.endpoints() is not None


@contextmanager
def held(port: int) -> Iterator[None]:
    """Hold a port of a killed process: to /proc it is gone some moments before its sockets are closed."""
    found: list[socket.socket] = []

    def bind() -> bool:
        with suppress(OSError):
            found.append(socket.create_server(("127.0.0.1", port)))
        return bool(found)

    until(bind)
    with found[0]:
        yield


def test_a_port_that_was_taken_meanwhile_is_changed_and_the_workers_are_told(make: Make, notes: Path) -> None:
    stack = make()
    first = stack.up()
    until(lambda: len(workers(notes)) == 1)
    os.kill(pids(stack)["broker"] or 0, signal.SIGKILL)
    port = int(first.broker_url.rsplit(":", 1)[1].split("/")[0])
    until(lambda: stack.endpoints() is None)
    with held(port):
        second = stack.up(workers=False)
    assert second.broker_url != first.broker_url
    until(lambda: len(workers(notes)) == 2)
    assert mark_of(workers(notes)[0][0]) is None


def test_two_homes_stand_side_by_side(make: Make) -> None:
    one, two = make("one"), make("two")
    first, second = one.up(workers=False), two.up(workers=False)
    assert first.broker_url != second.broker_url
    one.down()
    assert one.endpoints() is None
    assert two.endpoints() == second


def test_two_programs_that_start_one_home_agree(make: Make) -> None:
    found: list[Endpoints] = []
    threads = [threading.Thread(target=lambda: found.append(make().up(workers=False))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_what_was_started_is_stopped_when_the_rest_fails(make: Make, tmp_path: Path) -> None:
    stack = make()
    (tmp_path / "home" / "logs" / "workers.log").mkdir(parents=True)  # so that the workers can't be started
    (tmp_path / "home" / ".fusedex-home").touch()
    with pytest.raises(EngineError, match=r"workers\.log"):
        stack.up()
    record = stack.home.load()
    assert record is not None
    assert not is_running(record.processes["broker"])


def test_given_services_are_used_and_nothing_is_started_for_them(make: Make, tmp_path: Path) -> None:
    given = Given(opensearch_url=ELSEWHERE, broker_url="redis://broker.example/0", ledger_url="postgresql://db.example/fusedex")
    stack = make(given=given)
    wanted = Endpoints(ELSEWHERE, "redis://broker.example/0", "postgresql://db.example/fusedex", "postgresql://db.example/fusedex")
    assert stack.endpoints() == wanted
    assert stack.up(workers=False) == wanted
    assert not (tmp_path / "home" / "ledger.sqlite").exists()
    assert [engine.name for engine in stack.status()] == ["workers"]


def test_a_given_sqlite_ledger_has_its_vectors_beside_it(make: Make, tmp_path: Path) -> None:
    given = Given(opensearch_url=ELSEWHERE, broker_url="redis://b/0", ledger_url=f"sqlite:///{tmp_path}/shop.db")
    endpoints = make(given=given).endpoints()
    assert endpoints is not None
    assert endpoints.vectors_url == f"sqlite:///{tmp_path}/vectors.sqlite"


def test_reset_stops_everything_and_leaves_no_folder(make: Make, notes: Path, tmp_path: Path) -> None:
    stack = make()
    stack.up()
    until(lambda: workers(notes))
    processes = [mark_of(pid) for pid in (*pids(stack).values(), workers(notes)[0][0]) if pid]
    stack.reset()
    assert not any(is_running(mark) for mark in processes)
    assert not (tmp_path / "home").exists()
    assert stack.up(workers=False)


def test_reset_refuses_a_folder_that_is_no_home(make: Make, tmp_path: Path) -> None:
    (tmp_path / "home" / "logs").mkdir(parents=True)
    with pytest.raises(EngineError, match="no home of ours"):
        make().reset()
    assert (tmp_path / "home" / "logs").is_dir()


def test_no_room_is_said_before_anything_is_fetched(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.embedded.layout.FIRST_BYTES", 2**62)
    stack = make(given=Given(broker_url="redis://b/0"))
    with pytest.raises(DiskFull, match="needs"):
        stack.up()
    assert not stack.home.folder.with_name("cache").exists()


def test_the_settings_say_what_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_BROKER_URL", "redis://b/0")
    stack = stack_from(Settings(home=tmp_path / "home", heap_mb=300))
    assert stack.given == Given(broker_url="redis://b/0")
    assert stack.heap_mb == 300
    assert stack.home.folder == tmp_path / "home"
    assert [engine.name for engine in stack.status()] == ["opensearch", "workers"]


def test_prices_have_a_worker_of_their_own_and_every_lane_has_one() -> None:
    light, heavy = ([word.removeprefix("--lane=") for word in command if word.startswith("--lane=")] for command in WORKERS)
    assert {"offers", "accept"} == set(light)
    assert not set(light) & set(heavy)
    assert {*light, *heavy} == {*LANES, "accept"}


def test_every_failure_of_a_start_is_an_error_of_ours(make: Make, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    for act in (make().up, make().reset):
        with pytest.raises(IndexerError):
            act()
