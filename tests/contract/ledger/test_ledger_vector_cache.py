from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from indexer.errors import LedgerError
from indexer.ledger.base import CacheStats
from indexer.ledger.database import Database
from indexer.ledger.vectors import SqlVectorCache, open_vectors
from tests.contract.ledger.conftest import Clock

DAY = 24 * 3600


@pytest.fixture
def cache(empty_url: str, clock: Clock) -> Iterator[SqlVectorCache]:
    opened = open_vectors(empty_url, clock=clock)
    yield opened
    opened.close()


def row(*numbers: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.array(numbers, dtype=np.float32)


def test_rows_come_back_to_the_bit(cache: SqlVectorCache) -> None:
    rows = {(f"input{n}", f"spec{n % 2}"): np.random.default_rng(n).normal(size=7 + n % 2).astype(np.float32) for n in range(50)}
    cache.put(rows)
    found = cache.get([*rows, ("input0", "spec1"), ("nobody", "spec0")])
    assert found.keys() == rows.keys()
    for key, expected in rows.items():
        assert found[key].dtype == np.float32
        assert found[key].flags.writeable
        np.testing.assert_array_equal(found[key], expected)


def test_a_known_key_keeps_its_row(cache: SqlVectorCache) -> None:
    cache.put({("a", "s"): row(1, 2)})
    cache.put({("a", "s"): row(3, 4), ("b", "s"): row(5, 6)})
    assert cache.get([("a", "s")])["a", "s"].tolist() == [1, 2]
    assert cache.size() == 2


def test_any_layout_in_memory_is_stored_alike(cache: SqlVectorCache) -> None:
    wide = np.arange(10, dtype=">f4")
    cache.put({("a", "s"): wide[::2].astype(np.float32), ("b", "s"): np.arange(10, dtype=np.float32)[::-2]})
    assert cache.get([("a", "s")])["a", "s"].tolist() == [0, 2, 4, 6, 8]
    assert cache.get([("b", "s")])["b", "s"].tolist() == [9, 7, 5, 3, 1]


def test_nothing_asked_nothing_found(cache: SqlVectorCache) -> None:
    assert cache.get([]) == {}
    cache.put({})
    assert cache.size() == 0


def test_more_keys_than_fit_one_question(cache: SqlVectorCache) -> None:
    rows = {(f"i{n}", "s"): row(n) for n in range(2500)}
    cache.put(rows)
    assert len(cache.get(list(rows))) == 2500


def test_unused_rows_go_and_used_ones_stay(cache: SqlVectorCache, clock: Clock) -> None:
    cache.put({("used", "s"): row(1), ("unused", "s"): row(2)})
    for _ in range(5):
        clock.pass_s(2 * DAY)
        cache.get([("used", "s")])
    assert cache.trim(unused_s=3 * DAY) == 1
    assert cache.get([("used", "s"), ("unused", "s")]).keys() == {("used", "s")}


def test_reading_does_not_write_before_a_day_is_over(empty_url: str, cache: SqlVectorCache, clock: Clock) -> None:
    database = Database(empty_url)

    def used() -> int:
        return int(database.read(lambda connection: connection.execute(text("SELECT used FROM fusedex_vectors")).scalar_one()))

    cache.put({("a", "s"): row(1)})
    start = used()
    clock.pass_s(DAY)
    cache.get([("a", "s")])
    assert used() == start
    clock.pass_s(1)
    cache.get([("a", "s")])
    assert used() == clock.now
    database.close()


def test_a_damaged_row_is_named(empty_url: str, cache: SqlVectorCache) -> None:
    cache.put({("a", "s"): row(1, 2)})
    database = Database(empty_url)
    database.write(lambda connection: connection.execute(text("UPDATE fusedex_vectors SET width = 3")))
    with pytest.raises(LedgerError, match="vector a"):
        cache.get([("a", "s")])
    database.close()


def test_an_empty_cache_has_nothing_to_tell_and_nothing_to_drop(cache: SqlVectorCache) -> None:
    assert cache.stats() == CacheStats(rows=0, bytes=0, by_spec={}, oldest=0, newest=0)
    assert cache.trim(max_bytes=0, unused_s=0) == 0
    assert cache.trim() == 0


def test_stats_tell_rows_and_bytes_by_spec_and_last_uses(cache: SqlVectorCache, clock: Clock) -> None:
    cache.put({(f"i{n}", "wide"): np.zeros(384, dtype=np.float32) for n in range(3)})
    start = clock.now
    clock.pass_s(2 * DAY)
    cache.put({(f"i{n}", "narrow"): row(n) for n in range(5)})
    expected = CacheStats(rows=8, bytes=3 * 384 * 4 + 5 * 4, by_spec={"wide": 3, "narrow": 5}, oldest=start, newest=clock.now)
    assert cache.stats() == expected


def fill(cache: SqlVectorCache, clock: Clock, count: int, *, width: int = 100) -> None:
    """One row a minute."""
    for n in range(0, count, 500):
        cache.put({(f"i{n + k:05}", f"spec{k % 2}"): np.full(width, n + k, dtype=np.float32) for k in range(min(500, count - n))})
        clock.pass_s(60)


def test_the_least_recently_used_go_until_the_rest_fits(cache: SqlVectorCache, clock: Clock) -> None:
    fill(cache, clock, 3000)
    clock.pass_s(2 * DAY)
    used = [(f"i{n:05}", f"spec{n % 2}") for n in range(100)]
    cache.get(used)
    assert cache.trim(max_bytes=600 * 400) == 2400
    assert cache.stats().bytes == 600 * 400
    left = cache.get([(f"i{n:05}", f"spec{n % 2}") for n in range(3000)])
    assert set(used) < left.keys()
    assert {key[0] for key in left if key not in used} == {f"i{n:05}" for n in range(2500, 3000)}
    assert cache.trim(max_bytes=600 * 400) == 0
    assert cache.trim(max_bytes=600 * 400 - 1) == 1
    assert cache.trim(max_bytes=0) == 599


def test_age_first_then_size(cache: SqlVectorCache, clock: Clock) -> None:
    fill(cache, clock, 1500)
    assert cache.trim(unused_s=90, max_bytes=300 * 400) == 1200
    assert cache.size() == 300


def test_trimming_while_others_put_and_get(cache: SqlVectorCache, clock: Clock) -> None:
    def use(start: int) -> None:
        for n in range(start, start + 400, 100):
            keys = [(f"i{n + k}", "s") for k in range(100)]
            cache.put({key: row(*range(10)) for key in keys})
            assert all(found.tolist() == list(range(10)) for found in cache.get(keys).values())

    with ThreadPoolExecutor(2) as pool:
        users = [pool.submit(use, 0), pool.submit(use, 200)]
        for _ in range(8):
            cache.trim(max_bytes=4000)
        for user in users:
            user.result()
    cache.trim(max_bytes=4000)
    assert cache.stats().bytes <= 4000


def test_a_sqlite_file_gives_its_room_back(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "vectors.db"
    cache = open_vectors(f"sqlite:///{file}", clock=clock)
    fill(cache, clock, 3000, width=384)
    assert cache.trim(max_bytes=100 * 384 * 4) == 2900
    assert cache.shrink()
    cache.close()
    assert file.stat().st_size < 3000 * 384 * 4 / 4
    assert len(open_vectors(f"sqlite:///{file}", clock=clock).get([("i02999", "spec1")])) == 1


def test_a_file_of_an_earlier_release_says_that_it_keeps_its_size(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "vectors.db"
    plain = Database(f"sqlite:///{file}")
    plain.write(lambda connection: connection.execute(text("CREATE TABLE other (n INTEGER)")))
    plain.close()
    cache = open_vectors(f"sqlite:///{file}", clock=clock)
    fill(cache, clock, 1000)
    assert cache.trim(max_bytes=0) == 1000
    assert not cache.shrink()
    cache.close()
