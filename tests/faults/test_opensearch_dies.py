"""OpenSearch itself killed and started again, in mid-feed: one of its own for this module, since a start takes long."""

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.embedded.stack import Given, Machine, Stack
from indexer.settings import default_cache
from tests.faults.nursery import Nursery
from tests.faults.site import Recovery, Site
from tests.live.write_path.plant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def own_opensearch() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="fusedex-faults-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        machine = Machine(cache=default_cache(), other_places=folder / "engines")
        stack = Stack(folder / "home", heap_mb=512, given=Given(broker_url="redis://given.example/0"), machine=machine)
        stack.up(workers=False)
        yield stack
        stack.reset()


@pytest.fixture
def killable(
    own_opensearch: Stack, stack_env: dict[str, str], tmp_path: Path, nursery: Nursery, seed: int, report: Callable[[Recovery], None]
) -> Iterator[Site]:
    endpoints = own_opensearch.endpoints()
    assert endpoints is not None
    env = stack_env | {"FUSEDEX_OPENSEARCH_URL": endpoints.opensearch_url}
    site = Site(env, tmp_path, nursery=nursery, seed=seed, report=report)
    yield site
    site.close()


def pid_of(stack: Stack) -> int:
    (pid,) = (engine.pid for engine in stack.status() if engine.name == "opensearch")
    assert pid is not None
    return pid


def test_killed_while_it_writes_and_started_again(killable: Site, own_opensearch: Stack) -> None:
    for _ in range(2):
        killable.birth().wait_ready()
    killable.feed(killable.truth.first(100))
    until(lambda: killable.written() > 30)
    feeder = threading.Thread(target=killable.feed, args=(killable.truth.mixed(200),))
    feeder.start()
    os.kill(pid_of(own_opensearch), signal.SIGKILL)
    feeder.join()  # accepting needs no OpenSearch
    time.sleep(5)
    assert killable.indexer.ledger.letters() == []
    endpoints = own_opensearch.up(workers=False)
    assert endpoints.opensearch_url == killable.env["FUSEDEX_OPENSEARCH_URL"]
    with killable.recovery("kill -9 of OpenSearch, from when it is healthy"):
        pass
    assert killable.suspects() == 0
    killable.check(counted=False)  # an answer may have died with the server


def test_frozen_for_a_while(killable: Site, own_opensearch: Stack) -> None:
    """It takes connections and says nothing: a long collection of garbage looks like this."""
    killable.birth().wait_ready()
    killable.feed(killable.truth.first(150))
    until(lambda: killable.written() > 0)
    pid = pid_of(own_opensearch)
    os.kill(pid, signal.SIGSTOP)
    try:
        feeder = threading.Thread(target=killable.feed, args=(killable.truth.mixed(100),))
        feeder.start()
        time.sleep(12)  # longer than the client waits for all but bulk requests
        feeder.join()
    finally:
        os.kill(pid, signal.SIGCONT)
    with killable.recovery("OpenSearch frozen for 12 s"):
        pass
    assert killable.suspects() == 0
    killable.check()
