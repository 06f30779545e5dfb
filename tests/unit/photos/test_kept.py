"""Kept photos, the same in a folder and in an object store: whole or not there, bounded, shared."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import SettingsError
from indexer.photos.blobs import LEFTOVER_S, Blobs, FolderBlobs
from indexer.photos.fetch import open_blobs
from indexer.photos.kept import KeptPhotos, Record, Size
from indexer.photos.objects import ObjectBlobs
from indexer.settings import PhotoSettings, Settings
from tests.unit.photos.loopback import reply, world
from tests.unit.photos.object_server import PAGE, ObjectServer

DAY = 86_400
KEY = "ab" * 32
RECORD = Record(host="cdn.example.com", etag='"1"', fetched=1_800_000_000_000_000, used=1_800_000_000_000_000)
Age = Callable[[str, float], None]


@pytest.fixture
def bucket() -> Iterator[ObjectServer]:
    server = ObjectServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path, bucket: ObjectServer) -> tuple[Blobs, Age]:
    """A place for bytes, and how to set the time of what lies there."""
    if request.param == "folder":
        return FolderBlobs(tmp_path), lambda name, at: os.utime(tmp_path / name, (at, at))
    return ObjectBlobs("s3://bucket/shop/photos", bucket.options), lambda name, at: bucket.touched(f"shop/photos/{name}", at)


def names(blobs: Blobs, folder: str) -> list[str]:
    return sorted(blob.name for blob in blobs.walk(folder))


def test_bytes_by_name(place: tuple[Blobs, Age]) -> None:
    blobs, _ = place
    assert blobs.get("photos/ab/cd/x") is None
    blobs.delete(["photos/ab/cd/x"])
    assert list(blobs.walk("photos")) == []
    for data in (b"one", b"", b"three" * 100_000):
        blobs.put("photos/ab/cd/x", data)
        assert blobs.get("photos/ab/cd/x") == data
    blobs.put("addresses/ab/y.json", b"{}")
    (found,) = blobs.walk("photos")
    assert (found.name, found.size) == ("photos/ab/cd/x", 500_000)
    assert abs(found.touched - time.time()) < 3600
    blobs.delete(["photos/ab/cd/x"])
    assert names(blobs, "photos") == []
    assert names(blobs, "addresses") == ["addresses/ab/y.json"]


def test_a_walk_goes_through_all_pages(place: tuple[Blobs, Age]) -> None:
    blobs, _ = place
    wanted = [f"photos/{number:02}/x" for number in range(2 * PAGE + 1)]
    for name in wanted:
        blobs.put(name, b"x")
    assert names(blobs, "photos") == wanted


def test_touching_makes_it_new_again(place: tuple[Blobs, Age]) -> None:
    blobs, age = place
    blobs.put("photos/x", b"data")
    age("photos/x", 1_000_000_000)
    assert next(iter(blobs.walk("photos"))).touched == 1_000_000_000
    blobs.touch("photos/x", b"data")
    assert next(iter(blobs.walk("photos"))).touched > 1_700_000_000
    blobs.delete(["photos/x"])
    blobs.touch("photos/x", b"data")  # another host's housekeeping was quicker
    assert blobs.get("photos/x") == b"data"


def test_photos_and_records(place: tuple[Blobs, Age]) -> None:
    kept = KeptPhotos(place[0])
    assert (kept.record(KEY), kept.load(""), kept.load("0" * 64)) == (None, None, None)
    sha = kept.save(b"photo")
    assert kept.save(b"photo") == sha
    kept.note(KEY, replace(RECORD, sha=sha))
    assert kept.load(sha) == b"photo"
    assert kept.record(KEY) == replace(RECORD, sha=sha)
    assert kept.size() == Size(1, 5, 1)


@pytest.mark.parametrize("damage", [b"", b"phot", b"photo!", b"Photo"])
def test_damaged_bytes_are_absent_and_a_save_heals_them(place: tuple[Blobs, Age], damage: bytes) -> None:
    blobs, _ = place
    kept = KeptPhotos(blobs)
    sha = kept.save(b"photo")
    blobs.put(f"photos/{sha[:2]}/{sha[2:4]}/{sha}", damage)
    assert kept.load(sha) is None
    kept.save(b"photo")
    assert kept.load(sha) == b"photo"


def test_a_use_is_written_down_once_a_day(place: tuple[Blobs, Age]) -> None:
    blobs, age = place
    kept = KeptPhotos(blobs)
    sha = kept.save(b"photo")
    record = replace(RECORD, sha=sha)
    kept.note(KEY, record)
    (photo,) = names(blobs, "photos")
    age(photo, 1_000_000_000)
    kept.use(KEY, record, b"photo", now=record.used + DAY * 1_000_000)
    assert next(iter(blobs.walk("photos"))).touched == 1_000_000_000
    kept.use(KEY, record, b"photo", now=record.used + DAY * 1_000_000 + 1)
    assert next(iter(blobs.walk("photos"))).touched > 1_700_000_000
    assert kept.record(KEY) == replace(record, used=record.used + DAY * 1_000_000 + 1)


def filled(blobs: Blobs, age: Age, now: float) -> tuple[KeptPhotos, dict[int, str]]:
    """Five photos of 100 bytes, used one day apart, and a record of each; the sha of each by its age in days."""
    kept = KeptPhotos(blobs)
    shas = {}
    for days in range(5):
        sha = shas[days] = kept.save(bytes([days]) * 100)
        kept.note(f"{days:064}", replace(RECORD, sha=sha))
        age(f"photos/{sha[:2]}/{sha[2:4]}/{sha}", now - days * DAY)
        age(f"addresses/00/00/{days:064}.json", now - days * DAY)
    return kept, shas


def test_what_nobody_used_goes(place: tuple[Blobs, Age]) -> None:
    now = 1_700_000_000.0
    kept, shas = filled(*place, now)
    assert kept.purge(unused_s=2.5 * DAY, largest_bytes=10**9, now=now) == Size(2, 200, 2)
    assert [days for days, sha in shas.items() if kept.load(sha)] == [0, 1, 2]
    assert kept.purge(unused_s=2.5 * DAY, largest_bytes=10**9, now=now) == Size()
    assert kept.size() == Size(3, 300, 3)


@pytest.mark.parametrize(("largest", "left"), [(500, 5), (499, 4), (400, 4), (250, 2), (100, 1), (1, 0)])
def test_what_does_not_fit_goes_oldest_first(place: tuple[Blobs, Age], largest: int, left: int) -> None:
    now = 1_700_000_000.0
    kept, shas = filled(*place, now)
    assert kept.purge(unused_s=90 * DAY, largest_bytes=largest, now=now) == Size(5 - left, (5 - left) * 100, 0)
    assert [days for days, sha in shas.items() if kept.load(sha)] == list(range(left))


def test_of_one_day_only_as_many_go_as_must(place: tuple[Blobs, Age]) -> None:
    blobs, age = place
    kept = KeptPhotos(blobs)
    for number in range(7):
        sha = kept.save(bytes([number]) * 100)
        age(f"photos/{sha[:2]}/{sha[2:4]}/{sha}", 1_700_000_000)
    kept.purge(unused_s=90 * DAY, largest_bytes=350, now=1_700_000_100)
    assert kept.size().bytes == 300


# The folder alone


def test_leftovers_of_killed_writers_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    dead, alive = tmp_path / "writing" / "dead", tmp_path / "writing" / "alive"
    dead.write_bytes(b"half")
    alive.write_bytes(b"half")
    os.utime(dead, (time.time() - LEFTOVER_S - 60,) * 2)
    blobs.put("photos/x", b"whole")
    KeptPhotos(blobs).purge(unused_s=DAY, largest_bytes=10**9, now=time.time())
    assert not dead.exists()
    assert alive.exists()
    assert blobs.get("photos/x") == b"whole"
    assert names(blobs, "photos") == ["photos/x"]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path)
    (tmp_path / "photos").write_text("in the way")
    with pytest.raises(OSError, match="photos"):
        blobs.put("photos/ab/x", b"data")
    assert list((tmp_path / "writing").iterdir()) == []


def _writing(folder: str, seed: int) -> None:
    kept = KeptPhotos(FolderBlobs(Path(folder)))
    for number in range(60):
        data = bytes([number % 6]) * 20_000
        sha = kept.save(data)
        kept.note(f"{number % 3:064}", replace(RECORD, sha=sha, failures=seed))
        if kept.load(sha) != data or kept.record(f"{number % 3:064}") is None:
            os._exit(1)
    os._exit(0)


def test_many_processes_at_once_see_whole_files_only(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=_writing, args=(str(tmp_path), seed)) for seed in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    assert KeptPhotos(FolderBlobs(tmp_path)).size() == Size(6, 120_000, 3)
    assert list((tmp_path / "writing").iterdir()) == []


# Where the settings say


def test_photos_under_home_where_no_store_is_named(tmp_path: Path) -> None:
    open_blobs(Settings(home=tmp_path)).put("photos/x", b"1")
    assert (tmp_path / "photos" / "photos" / "x").read_bytes() == b"1"
    open_blobs(Settings(home=tmp_path, photos=PhotoSettings(store=str(tmp_path / "shared" / "deep")))).put("photos/x", b"2")
    assert (tmp_path / "shared" / "deep" / "photos" / "x").read_bytes() == b"2"


@pytest.mark.parametrize("store", ["s4://bucket/x", "ftp://host/x", "memory://", "s3://", "gs://"])
def test_a_store_that_is_none_is_refused(tmp_path: Path, store: str) -> None:
    with pytest.raises(SettingsError, match="FUSEDEX_PHOTOS__STORE"):
        open_blobs(Settings(home=tmp_path, photos=PhotoSettings(store=store)))


def test_an_unknown_option_of_an_object_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="FUSEDEX_PHOTOS__STORE"):
        ObjectBlobs("s3://bucket/x", ["no_such_option=1"])


def test_a_folder_that_can_not_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="can't be used"):
        open_blobs(Settings(home=tmp_path, photos=PhotoSettings(store=str(tmp_path / "file" / "below"))))


def test_an_object_store_that_fails_raises_one_error_without_its_address(bucket: ObjectServer) -> None:
    blobs = ObjectBlobs("s3://bucket/secret-prefix", bucket.options)
    bucket.failing = 403
    for work in (
        lambda: blobs.get("photos/x"),
        lambda: blobs.put("photos/x", b""),
        lambda: blobs.delete(["photos/x"]),
        lambda: list(blobs.walk("photos")),
    ):
        with pytest.raises(OSError, match="photo store") as caught:
            work()
        assert "secret" not in str(caught.value)


def test_the_fetcher_over_an_object_store(tmp_path: Path, bucket: ObjectServer) -> None:
    url = "http://cdn.example.com/a.jpg"
    with world(tmp_path, store="s3://bucket/shop", store_options=bucket.options) as shop:
        shop.server.on("/a.jpg", reply(b"photo", ETag='"1"'))
        assert shop.one(url).data == b"photo"
        assert shop.one(url).data == b"photo"
        assert len(shop.server.asked) == 1
        assert sorted(name.split("/")[1] for name in bucket.objects) == ["addresses", "photos"]
        assert shop.fetcher.size() == Size(1, 5, 1)
        bucket.failing = 403  # the photos go on coming, from their hosts
        assert shop.one(url).data == b"photo"
        assert len(shop.server.asked) == 2
    assert not (tmp_path / "photos").exists()
