from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import text

from indexer.errors import LedgerError
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
    assert cache.forget(unused_s=3 * DAY) == 1
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
