"""The housekeeper brings the cache and the photo store back within their limits, one process at a time, whatever fails."""

import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from indexer.build.writing import ProductEngine
from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.observe import RunObserver
from indexer.photos.base import Fetched
from indexer.settings import CacheSettings, Settings
from indexer.work.documents import Makers, Workshop
from indexer.write_path import Indexer
from tests.unit.write_path.shop import WIDTH, Shop
from workers import housekeeping
from workers.housekeeping import Housekeeper
from workers.runtime import Runtime

ROW = 4 * WIDTH


class Album:
    """A photo store that counts how often it was purged, and fails when it is told to."""

    def __init__(self) -> None:
        self.purged = 0
        self.fails = False

    def fetch(self, addresses: Sequence[str]) -> Mapping[str, Fetched]:
        return {address: Fetched(status="pending") for address in addresses}

    def purge(self) -> int:
        self.purged += 1
        if self.fails:
            raise OSError("the disk is away")
        return 3

    def close(self) -> None: ...


class House:
    def __init__(self, folder: Path) -> None:
        self.shop = Shop(folder)
        self.album = Album()
        makers = Makers(
            store=lambda: self.shop.store,
            cache=lambda: self.shop.cache,
            encoders=lambda: Encoders(self.shop.text, None, WeightedFusion(title=1, description=1, photo=0, width=WIDTH)),
            engine=lambda encoders: ProductEngine(encoders, self.shop.settings.encode, observer=RunObserver()),
            fetcher=lambda: self.album,
        )
        self.settings = self.shop.settings.model_copy(update={"cache": CacheSettings(bytes=1_000_000)})
        self.indexer = Indexer(self.shop.ledger, self.shop.publisher, Workshop(makers), self.settings)

    def runtime(self) -> Runtime:
        return Runtime(self.settings, self._build)

    def _build(self, settings: Settings, observer: RunObserver) -> Indexer:
        return self.indexer


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def fill(house: House, number: int) -> None:
    row = np.ones(WIDTH, dtype=np.float32)
    for start in range(0, number, 10_000):
        house.shop.cache.put({(f"text-{n:06d}", "spec"): row for n in range(start, min(number, start + 10_000))})


def test_a_round_keeps_cache_and_photos_within_their_limits(house: House) -> None:
    room = 1_000_000 // ROW
    fill(house, room + 500)
    assert Housekeeper(house.runtime()).round()
    assert house.shop.cache.stats().bytes <= 1_000_000
    assert house.shop.cache.size() >= room - 500
    assert house.album.purged == 1
    house.indexer.close()


def test_a_round_takes_old_tombstones_out_of_the_index(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = house.shop
    shop.feed([{"id": "a", "title": "a chair"}, {"id": "b", "title": "a mug"}])
    shop.drain()
    shop.feed([{"id": "a", "deleted": True}])
    shop.drain()
    runtime = house.runtime()
    assert Housekeeper(runtime).round()
    assert {one.id for one in shop.store.walk()} == {"a", "b"}  # it is a moment old
    later = time.time_ns() + round(runtime.settings.work.tombstone_s * 1e9) + 10**9
    monkeypatch.setattr("workers.housekeeping.time.time_ns", lambda: later)
    assert Housekeeper(runtime).round()
    assert {one.id for one in shop.store.walk()} == {"b"}
    house.indexer.close()


def test_one_process_keeps_house(house: House) -> None:
    assert Housekeeper(house.runtime()).round()
    assert not Housekeeper(house.runtime()).round()
    assert house.album.purged == 1
    house.indexer.close()


def test_it_goes_on_after_a_failure_until_it_is_closed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "FIRST_S", 0.0)
    monkeypatch.setattr(housekeeping, "EVERY_S", 0.01)
    house.album.fails = True
    went_on = threading.Event()
    failing = house.album.purge

    def purge() -> int:
        if house.album.purged >= 2:
            went_on.set()
        return failing()

    house.album.purge = purge  # type: ignore[method-assign]  # to hear of each round
    keeper = Housekeeper(house.runtime())
    keeper.start()
    assert went_on.wait(20)
    keeper.close()
    house.indexer.close()
