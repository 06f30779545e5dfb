"""Workers killed, frozen and stuck: every row is written, none twice, and only a row that kills its process is buried."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.faults.fragile import KILLER, STUCK
from tests.faults.nursery import IN_THE_BULK, ROOT, Doom
from tests.faults.site import Site
from tests.live.write_path.plant import until
from workers.watch import STOOD_STILL

pytestmark = [pytest.mark.live, pytest.mark.timeout(400)]

STAGES = ("claimed", "encoded", IN_THE_BULK, "written", "finishing")
KILLS = 100
SPARE = 2
"""With leases as short as sweeps, a worker may claim a row once more between its lease's end and the sweep that buries it."""


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_a_named_point(site: Site, stage: str) -> None:
    site.feed(site.truth.first(120))
    for time_ in (1, 2):  # at once, and in the middle
        site.birth(doom=Doom(stage, time=time_)).wait_dead()
    site.feed(site.truth.mixed(60))
    with site.recovery(f"kill -9 of a worker: {stage}"):
        site.birth()
    site.check()


def test_a_hundred_kills_at_random(site: Site) -> None:
    """Nobody here is to blame for a death, so rows may be caught by more of them than a row that kills is allowed."""
    site.env["FUSEDEX_WORK__ATTEMPTS"] = "50"
    site.feed(site.truth.first(300))
    workers = [site.birth() for _ in range(3)]
    fed = threading.Event()

    def feeding() -> None:
        while not fed.is_set():
            site.feed(site.truth.mixed(40))
            time.sleep(0.1)

    feeder = threading.Thread(target=feeding)
    feeder.start()
    chance = site.truth.chance.__class__(site.truth.chance.random())
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.1, 0.7))
        doomed = workers.pop(chance.randrange(len(workers)))
        doomed.kill()
        workers.append(site.birth())
    fed.set()
    feeder.join()
    with site.recovery(f"kill -9 at random, {KILLS} times"):
        pass
    print(f"{site.truth.events} events, {site.written()} documents written, {site.proxy.bulks.total()} bulk requests")
    site.check()


def test_a_worker_frozen_past_its_lease(site: Site) -> None:
    """One thread, in its second claim: frozen within a transaction it would hold SQLite's one lock, and all would wait for it to wake."""
    site.feed(site.truth.first(60))
    frozen = site.birth(threads=1, doom=Doom("encoded", signal.SIGSTOP, time=2))
    until(lambda: "State:\tT" in _status(frozen.pid))
    other = site.birth()
    until(lambda: site.written() >= 60)
    site.feed(site.truth.mixed(40))
    with site.recovery("worker frozen past its lease, then waking"):
        frozen.send(signal.SIGCONT)
    until(lambda: '"worked"' in frozen.text())
    assert other.alive
    assert frozen.alive
    site.check()


def test_a_product_that_kills_its_process_ends_in_one_letter_and_harms_no_other(site: Site) -> None:
    site.birth(queues=["accept"]).wait_ready()  # it stays alive, and so leads the sweeps that bury
    rows = site.truth.first(40)
    rows.insert(17, site.truth.full("bad", marked=KILLER))
    site.feed(rows)
    births = 0
    worker = site.birth()
    while site.dirty():
        if not worker.alive:
            births += 1
            worker = site.birth()
        time.sleep(0.02)
    assert site.settings.work.attempts <= births <= site.settings.work.attempts + SPARE
    with site.recovery("a product that kills its process"):
        pass
    (letter,) = site.indexer.ledger.letters()
    assert site.settings.work.attempts <= letter.attempts <= site.settings.work.attempts + SPARE
    site.check(dead=["bad"])


def test_the_watchdog_ends_a_worker_that_stands_still_and_its_keeper_starts_it_again(site: Site) -> None:
    healthy = site.birth()
    site.feed(site.truth.first(20))
    site.settle()  # so that there is an index: making one may take longer than the watchdog waits here
    healthy.kill()
    rows = site.truth.first(30, prefix="q")
    rows.insert(11, site.truth.full("bad", marked=STUCK))
    site.env |= {"FUSEDEX_WORK__WATCHDOG_S": "2", "FUSEDEX_OPENSEARCH_URL": site.proxy.url}
    site.birth(queues=["accept"]).wait_ready()  # it leads the sweeps, as another worker of a fleet would
    site.feed(rows)
    log = site._folder / "keeper.log"
    command = [sys.executable, "-m", "indexer.embedded.keeper", "--", sys.executable, "-m", "indexer", "worker"]
    with log.open("ab") as out:
        keeper = subprocess.Popen(command, env=site.env, stdout=out, stderr=out, cwd=ROOT)
    try:
        with site.recovery("a stage that stands still"):
            pass
    finally:
        keeper.terminate()
        keeper.wait(60)
        text = log.read_text()
        site.env["FUSEDEX_OPENSEARCH_URL"] = f"http://{site.proxy.upstream[0]}:{site.proxy.upstream[1]}"
    assert text.count("stood_still") == text.count(f'"status": {STOOD_STILL}') >= site.settings.work.attempts
    site.check(dead=["bad"])


def _status(pid: int) -> str:
    with open(f"/proc/{pid}/status") as status:  # noqa: PTH123 - no path of ours
        return status.read()


def test_a_worker_asked_to_stop_blames_nobody(site: Site) -> None:
    site.feed(site.truth.first(400))
    worker = site.birth()
    until(lambda: site.written() > 0)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_dead()
    assert site.dirty() > 0
    assert site.suspects() == 0
    with site.recovery("a worker asked to stop"):
        site.birth()
    site.check()
