"""OpenSearch refuses, fails in part, loses its answers, fills its disk: work pauses, nothing is buried, and it goes on by itself."""

import threading
import time

import pytest

from tests.faults.proxy import Mood
from tests.faults.site import Site
from tests.live.write_path.plant import until

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

HELD_S = 3.0


@pytest.mark.parametrize("mood", [Mood.REFUSE, Mood.BUSY, Mood.AWAY, Mood.PART, Mood.SWALLOW, Mood.SLOW, Mood.CUT])
def test_what_stands_before_the_index_misbehaves_for_a_while(site: Site, mood: Mood) -> None:
    site.birth().wait_ready()
    site.feed(site.truth.first(100))
    until(lambda: site.written() > 0)
    with site.proxy.being(mood):
        feeder = threading.Thread(target=site.feed, args=(site.truth.mixed(150),))
        feeder.start()
        time.sleep(HELD_S)
        feeder.join()
        assert site.indexer.ledger.letters() == []
    with site.recovery(f"OpenSearch behind a proxy: {mood}"):
        pass
    assert site.suspects() == 0
    site.check()


def test_moods_change_all_the_time(site: Site) -> None:
    for _ in range(2):
        site.birth()
    site.feed(site.truth.first(150))
    chance = site.truth.chance.__class__(site.truth.chance.random())
    for _ in range(25):
        site.proxy.be(chance.choice(list(Mood)))
        site.feed(site.truth.mixed(15))
        time.sleep(chance.uniform(0.05, 0.4))
    with site.recovery("OpenSearch behind a proxy: one mood after the other"):
        site.proxy.be(Mood.PASS)
    assert site.suspects() == 0
    site.check()


def test_a_full_disk_pauses_the_work_until_there_is_room(site: Site) -> None:
    site.birth().wait_ready()
    site.feed(site.truth.first(60))
    site.settle()
    site.call("PUT", "_settings", {"index.blocks.read_only_allow_delete": True})
    site.feed(site.truth.mixed(80))
    written = site.written()
    time.sleep(HELD_S)
    assert site.written() == written
    assert site.indexer.ledger.letters() == []
    with site.recovery("disk full: the index takes no writes"):
        site.call("PUT", "_settings", {"index.blocks.read_only_allow_delete": None})
    assert site.suspects() == 0
    site.check()


def test_writes_at_once_become_fewer_while_the_server_is_busy_and_more_again(site: Site) -> None:
    """The server takes one bulk request at a time here, and eight threads want to write."""
    site.proxy.slow_s, site.proxy.busy_above = 0.05, 1
    site.proxy.be(Mood.SLOW)
    site.birth(threads=8)
    site.feed(site.truth.first(1200))
    until(lambda: site.written() > 0)
    crowded = dict(site.proxy.bulks)
    with site.recovery("429 for more than one bulk request at once"):
        pass
    refused, taken = site.proxy.bulks[Mood.BUSY], site.proxy.bulks[Mood.SLOW]
    print(f"while busy: {taken} bulk requests taken, {refused} refused (at the first write {crowded})")
    assert refused < taken
    site.check()
