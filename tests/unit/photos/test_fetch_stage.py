"""The fetching stage: what is kept, what is asked again, who waits, and what is told to come back when."""

import multiprocessing
import os
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from indexer.photos.base import PhotoFetcher
from indexer.photos.fetch import Fetcher, make_fetcher
from indexer.photos.hosts import backoff
from indexer.photos.kept import Size
from indexer.settings import PhotoSettings, Settings
from tests.unit.photos.loopback import PUBLIC, Asked, Script, World, raw, reply, world

URL = "http://cdn.example.com/a.jpg"
DAY = 86_400
MICRO = 1_000_000


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def held(gate: threading.Event, then: Script) -> Script:
    """Answer when the gate opens."""

    def script(asked: Asked, connection: socket.socket) -> object:
        gate.wait(20)
        return then(asked, connection)

    return script


def test_one_result_an_address_in_any_spelling(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    addresses = [URL, "HTTP://CDN.example.com:80/a.jpg#1", "http://evil.com/", "http://cdn.example.com/none.jpg", URL]
    got = shop.fetcher.fetch(addresses)
    assert [got[address].status for address in addresses] == ["used", "used", "refused", "unreachable", "used"]
    assert got[addresses[1]].data == b"photo"
    assert [asked.target for asked in shop.server.asked].count("/a.jpg") == 1
    assert shop.fetcher.fetch([]) == {}


def test_a_kept_photo_is_not_asked_for_while_it_is_fresh(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    for _ in range(3):
        assert shop.one(URL).data == b"photo"
        shop.clock.now += DAY / 4
    assert len(shop.server.asked) == 1


def test_another_host_finds_what_one_has_fetched(shop: World, tmp_path: Path) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    shop.server.on("/b.jpg", reply(status=500))
    shop.one(URL)
    failed = shop.one("http://cdn.example.com/b.jpg")
    with world(tmp_path) as other:
        other.clock.now = shop.clock.now
        assert other.one(URL).data == b"photo"
        assert other.one("http://cdn.example.com/b.jpg") == failed
        assert other.server.asked == []


def test_unchanged_keeps_the_bytes_and_counts_as_fresh(shop: World) -> None:
    shop.server.on(
        "/a.jpg", reply(b"photo", ETag='"1"', Last_Modified="Mon, 06 Jul 2026 10:00:00 GMT"), raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    )
    shop.one(URL)
    shop.clock.now += 2 * DAY
    assert shop.one(URL).data == b"photo"
    assert shop.one(URL).data == b"photo"
    assert len(shop.server.asked) == 2
    assert shop.server.asked[1].headers["if-none-match"] == '"1"'
    assert shop.server.asked[1].headers["if-modified-since"] == "Mon, 06 Jul 2026 10:00:00 GMT"


def test_a_changed_photo_comes_with_its_new_tag(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"old", ETag='"1"'), reply(b"new", ETag='"2"'), raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"))
    assert shop.one(URL).data == b"old"
    for _ in range(2):
        shop.clock.now += 2 * DAY
        assert shop.one(URL).data == b"new"
    assert [asked.headers.get("if-none-match") for asked in shop.server.asked] == [None, '"1"', '"2"']


def test_a_failing_host_leaves_the_kept_photo_in_use(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"), reply(status=500))
    shop.one(URL)
    shop.clock.now += 2 * DAY
    for _ in range(3):  # the second and third time it is not even asked
        assert (shop.one(URL).data, shop.one(URL).status) == (b"photo", "used")
    assert len(shop.server.asked) == 2


@pytest.mark.parametrize("script", [reply(status=404), reply(status=410), reply(b"x" * 200_000)], ids=["404", "410", "too large"])
def test_a_photo_that_its_host_took_away_is_used_no_more(shop: World, script: Script) -> None:
    shop.server.on("/a.jpg", reply(b"photo"), script, reply(b"back"))
    shop.one(URL)
    shop.clock.now += 2 * DAY
    gone = shop.one(URL)
    assert gone.data is None
    assert gone.retry_at is not None
    assert gone.retry_at > (shop.clock.now + DAY / 2) * MICRO
    shop.clock.now += DAY
    assert shop.one(URL).data == b"back"
    assert "if-none-match" not in shop.server.asked[-1].headers


def test_a_damaged_photo_is_fetched_again_and_whole(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo", ETag='"1"'))
    shop.one(URL)
    (file,) = (path for path in (shop.folder / "photos" / "photos").rglob("*") if path.is_file())
    file.write_bytes(b"phot")
    assert shop.one(URL).data == b"photo"
    assert "if-none-match" not in shop.server.asked[1].headers  # a 304 would bring nothing
    assert file.read_bytes() == b"photo"


def test_a_damaged_record_counts_as_none(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    shop.one(URL)
    (file,) = (shop.folder / "photos" / "addresses").rglob("*.json")
    for data in (b"", b"{", b"[]", b'{"host": 7}', b"\xff"):
        file.write_bytes(data)
        assert shop.one(URL).data == b"photo"
    assert len(shop.server.asked) == 6


# When to come back


def test_the_delay_doubles_and_is_shared_by_the_record(tmp_path: Path) -> None:
    delays = []
    for number in range(6):  # a process of its own each time: what counts is in the store
        with world(tmp_path, retry_s=100, retry_cap_s=1000) as shop:
            shop.clock.now += number * 10_000
            shop.server.on("/a.jpg", reply(status=403))
            got = shop.one(URL)
            assert got == shop.one(URL)
            assert len(shop.server.asked) == 1
            delays.append((got.retry_at or 0) / MICRO - shop.clock.now)
    assert delays == [75, 125, 225, 425, 525, 525]  # the middle between half of retry_s and the longest


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("failures", [1, 2, 5, 10_000])
def test_no_delay_is_shorter_than_half_the_first_or_longer_than_the_cap(failures: int, share: float) -> None:
    settings = PhotoSettings(retry_s=300, retry_cap_s=1000)
    assert 150 <= backoff(failures, settings, lambda: share) <= 1000
    assert backoff(failures, PhotoSettings(retry_s=50, retry_cap_s=10), lambda: share) <= 10


def test_gone_has_the_longest_delay(shop: World) -> None:
    got = shop.one("http://cdn.example.com/none.jpg")
    assert (got.status, "404" in got.reason) == ("unreachable", True)
    assert (got.retry_at or 0) / MICRO - shop.clock.now >= DAY / 2


@pytest.mark.parametrize(
    ("status", "header", "wait"),
    [
        (429, "1000", 1000),
        (503, "1000", 1000),
        (503, "999999999999", DAY),
        (429, "Wed, 01 Jan 2200 00:00:00 GMT", DAY),
        (503, "soon", 225),
        (503, "-5", 225),
    ],
)
def test_retry_after_is_honoured_within_bounds(shop: World, status: int, header: str, wait: float) -> None:
    shop.server.on("/a.jpg", reply(status=status, Retry_After=header))
    got = shop.one(URL)
    assert got.status == "unreachable"
    assert (got.retry_at or 0) / MICRO - shop.clock.now == pytest.approx(wait)


def test_a_host_that_asks_for_a_pause_gets_it_for_all_its_photos(shop: World) -> None:
    shop.server.on("/a.jpg", reply(status=429, Retry_After="1000"))
    shop.server.on("/b.jpg", reply(b"photo"))
    shop.one(URL)
    got = shop.one("http://cdn.example.com/b.jpg")
    assert (got.status, "pause" in got.reason) == ("unreachable", True)
    assert (got.retry_at or 0) / MICRO >= shop.clock.now + 1000
    shop.clock.now += 1001
    assert shop.one("http://cdn.example.com/b.jpg").data == b"photo"
    assert [asked.target for asked in shop.server.asked] == ["/a.jpg", "/b.jpg"]


# Hosts that keep failing


@pytest.mark.parametrize("per_host", [1, 4])
def test_a_host_that_keeps_failing_is_left_alone_and_tried_with_one_question(tmp_path: Path, per_host: int) -> None:
    with world(tmp_path, per_host=per_host, retry_s=100) as shop:
        for number in range(40):
            shop.server.on(f"/{number}.jpg", reply(status=500))
        got = shop.fetcher.fetch([f"http://cdn.example.com/{number}.jpg" for number in range(40)])
        asked = len(shop.server.asked)
        assert {one.status for one in got.values()} == {"unreachable"}
        assert 5 <= asked < 5 + per_host  # some may be under way when the fifth fails
        assert sum("left alone after 5 failures" in one.reason for one in got.values()) == 40 - asked
        shop.clock.now += 200  # the time is over; a first question shows that nothing has changed
        again = shop.fetcher.fetch([f"http://cdn.example.com/{number}.jpg" for number in range(20, 40)])
        assert {one.status for one in again.values()} == {"unreachable"}
        assert len(shop.server.asked) == asked + 1
        shop.clock.now += 400
        for number in range(40):
            shop.server.on(f"/{number}.jpg", reply(b"photo"))
        last = shop.fetcher.fetch([f"http://cdn.example.com/{number}.jpg" for number in range(20, 40)])
        assert {one.status for one in last.values()} == {"used"}


def test_other_hosts_go_on_meanwhile_and_missing_photos_are_no_failures(shop: World) -> None:
    shop.dial.servers.pop(PUBLIC)
    shop.server.on("/a.jpg", reply(b"photo"))
    lost = [f"http://cdn.example.com/{number}.jpg" for number in range(20)]
    missing = [f"http://other.example.org/{number}.jpg" for number in range(20)]
    got = shop.fetcher.fetch([*lost, *missing, "http://other.example.org/a.jpg"])
    assert {got[address].status for address in lost} == {"unreachable"}
    assert all("404" in got[address].reason for address in missing)
    assert got["http://other.example.org/a.jpg"].data == b"photo"


def test_per_host_and_at_once_hold(tmp_path: Path) -> None:
    lock, inside, most = threading.Lock(), {"cdn.example.com": 0, "other.example.org": 0}, {"host": 0, "all": 0}

    def counted(asked: Asked, connection: socket.socket) -> object:
        with lock:
            inside[asked.headers["host"]] += 1
            most["host"], most["all"] = max(most["host"], *inside.values()), max(most["all"], sum(inside.values()))
        threading.Event().wait(0.01)
        with lock:
            inside[asked.headers["host"]] -= 1
        return reply(b"photo")(asked, connection)

    with world(tmp_path, per_host=3, at_once=5) as shop:
        addresses = [f"http://{host}/{number}.jpg" for host in inside for number in range(20)]
        for number in range(20):
            shop.server.on(f"/{number}.jpg", counted)
        assert {one.status for one in shop.fetcher.fetch(addresses).values()} == {"used"}
    assert (most["host"], most["all"]) <= (3, 5)
    assert most["host"] > 1


def test_a_pause_between_questions_to_one_host(tmp_path: Path) -> None:
    with world(tmp_path, pause_s=0.05, patience_s=0.2, retry_s=1) as shop:
        for number in range(40):
            shop.server.on(f"/{number}.jpg", reply(b"photo"))
        got = shop.fetcher.fetch([f"http://cdn.example.com/{number}.jpg" for number in range(40)])
        assert {one.status for one in got.values()} == {"used", "pending"}  # 40 questions take two seconds at that pace


# Patience and flights


def test_what_takes_long_is_pending_and_comes_later(tmp_path: Path) -> None:
    with world(tmp_path, patience_s=0.2) as shop:
        opened, done = threading.Event(), threading.Event()
        shop.server.on("/a.jpg", held(opened, reply(b"photo")))
        shop.server.on("/b.jpg", reply(b"quick"))
        got = shop.fetcher.fetch([URL, "http://cdn.example.com/b.jpg"])
        assert got["http://cdn.example.com/b.jpg"].data == b"quick"
        assert (got[URL].status, got[URL].data) == ("pending", None)
        assert got[URL].retry_at == int((shop.clock.now + 0.2) * MICRO)
        assert shop.one(URL).status == "pending"  # joins the flight, asks no second time
        opened.set()
        for _ in range(100):
            if shop.one(URL).status == "used":
                done.set()
                break
        assert done.is_set()
        assert [asked.target for asked in shop.server.asked].count("/a.jpg") == 1


def test_a_stale_photo_stands_in_while_its_host_is_slow(tmp_path: Path) -> None:
    with world(tmp_path, patience_s=0.2) as shop:
        opened = threading.Event()
        shop.server.on("/a.jpg", reply(b"photo"), held(opened, reply(b"new")))
        shop.one(URL)
        shop.clock.now += 2 * DAY
        assert (shop.one(URL).status, shop.one(URL).data) == ("used", b"photo")
        opened.set()


def test_many_threads_share_one_flight(shop: World) -> None:
    opened = threading.Event()
    shop.server.on("/a.jpg", held(opened, reply(b"photo")))
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(shop.one, URL) for _ in range(8)]
        opened.set()
        assert {one.result().data for one in asked} == {b"photo"}
    assert len(shop.server.asked) == 1


def test_too_long_a_queue_is_put_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.photos.stage.BACKLOG", 4)
    with world(tmp_path, patience_s=0.2) as shop:
        opened = threading.Event()
        for number in range(12):
            shop.server.on(f"/{number}.jpg", held(opened, reply(b"photo")))
        got = shop.fetcher.fetch([f"http://cdn.example.com/{number}.jpg" for number in range(12)])
        assert {one.status for one in got.values()} == {"pending"}
        opened.set()
        assert len(shop.server.asked) <= 4


def test_close_ends_what_is_under_way_and_fetch_starts_anew(shop: World) -> None:
    opened = threading.Event()
    shop.server.on("/a.jpg", held(opened, reply(b"photo")))
    shop.server.on("/b.jpg", reply(b"photo"))
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(shop.one, URL)
        while not shop.server.asked:
            threading.Event().wait(0.005)
        shop.fetcher.close()
        assert waiting.result().status == "pending"
    opened.set()
    assert shop.one("http://cdn.example.com/b.jpg").data == b"photo"
    shop.fetcher.close()
    shop.fetcher.close()


def test_closing_while_others_fetch_loses_no_answer(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    stop = threading.Event()

    def asking() -> set[str]:
        seen = set()
        while not stop.is_set():
            seen.add(shop.one(URL).status)
        return seen

    with ThreadPoolExecutor(4) as threads:
        asked = [threads.submit(asking) for _ in range(4)]
        for _ in range(20):
            shop.fetcher.close()
        stop.set()
        assert set().union(*(one.result() for one in asked)) <= {"used", "pending"}


def _in_child(fetcher: Fetcher, results: "multiprocessing.Queue[str]") -> None:
    results.put(fetcher.fetch([URL, "http://cdn.example.com/b.jpg"])["http://cdn.example.com/b.jpg"].status)
    fetcher.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_forked_child_starts_anew(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    shop.server.on("/b.jpg", reply(b"photo"))
    shop.one(URL)
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[str] = context.Queue()
    child = context.Process(target=_in_child, args=(shop.fetcher, results))
    child.start()
    assert results.get(timeout=30) == "used"
    child.join(30)
    assert child.exitcode == 0
    assert shop.one("http://cdn.example.com/b.jpg").data == b"photo"


# Made from settings


def test_fetching_is_off_where_no_host_is_named(tmp_path: Path) -> None:
    assert make_fetcher(Settings(home=tmp_path)) is None
    assert not list(tmp_path.iterdir())


def test_a_private_server_on_this_machine_through_the_real_resolver(tmp_path: Path) -> None:
    with world(tmp_path / "unused") as shop:
        shop.server.on("/a.jpg", reply(b"photo"))
        settings = Settings(home=tmp_path, photos=PhotoSettings(private=(f"127.0.0.1:{shop.server.port}", f"localhost:{shop.server.port}")))
        fetcher = make_fetcher(settings)
        assert fetcher is not None
        plain: PhotoFetcher = fetcher
        addresses = [f"http://{host}:{shop.server.port}/a.jpg" for host in ("127.0.0.1", "localhost")]
        other = f"http://127.0.0.1:{shop.server.port + 1}/a.jpg"
        try:
            got = plain.fetch([*addresses, other])
        finally:
            plain.close()
        assert [got[address].data for address in addresses] == [b"photo", b"photo"]
        assert got[other].status == "refused"


def test_a_store_that_fails_costs_questions_but_no_photo(shop: World) -> None:
    shop.server.on("/a.jpg", reply(b"photo"))
    folder = shop.folder / "photos"
    shop.one(URL)
    moved = folder.rename(shop.folder / "away")
    folder.write_text("a file where the folder was")
    assert shop.one(URL).data == b"photo"
    assert len(shop.server.asked) == 2
    folder.unlink()
    moved.rename(folder)
    assert shop.one(URL).data == b"photo"
    assert len(shop.server.asked) == 2


def test_housekeeping_through_the_fetcher(tmp_path: Path) -> None:
    with world(tmp_path, unused_s=3 * DAY) as shop:
        shop.server.on("/a.jpg", reply(b"photo"))
        shop.one(URL)
        assert (shop.fetcher.size().photos, shop.fetcher.size().bytes, shop.fetcher.size().addresses) == (1, 5, 1)
        assert shop.fetcher.purge() in (0, 1)  # the clock of the test is not the one of the disk
        for path in (tmp_path / "photos").rglob("*"):
            if path.is_file():
                os.utime(path, (shop.clock.now - 4 * DAY,) * 2)
        shop.fetcher.purge()
        assert shop.fetcher.size() == Size()
        assert shop.one(URL).data == b"photo"
