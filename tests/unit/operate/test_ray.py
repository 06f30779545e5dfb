"""The actor of a backfill by Ray, in this process: what it writes, what it leaves, and what it is refused. (The real Ray: tests/live.)"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import LedgerError
from indexer.operate.ray import Filled, Filler, Pool, fill, windows
from indexer.store.base import Written
from tests.unit.operate.renewed import Renewed

ROWS: list[dict[str, object]] = [{"id": f"p{n:02}", "title": f"chair {n} of oak", "stock": n} for n in range(40)]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Renewed]:
    shop = Renewed(tmp_path)
    shop.feed(ROWS)
    shop.drain()
    yield shop
    shop.close()


def filled(shop: Renewed, *, size: int = 15) -> Filled:
    """All windows by one actor."""
    filler = Filler(shop.another_indexer)
    some = list(windows(shop.ledger, size=size))
    columns = filler({name: [one[name] for one in some] for name in ("after", "last")})
    return Filled(**{name: sum(values) for name, values in columns.items()})


@pytest.mark.parametrize("size", [7, 10, 40, 1000])
def test_windows_hold_each_product_once(shop: Renewed, size: int) -> None:
    some = list(windows(shop.ledger, size=size))
    assert some[0]["after"] == ""
    assert some[-1]["last"] == "" or shop.ledger.walk(after=some[-1]["last"]) == []
    assert [one["after"] for one in some[1:]] == [one["last"] for one in some[:-1]]
    inside = [row.id for one in some for row in shop.ledger.walk(after=one["after"]) if not one["last"] or row.id <= one["last"]]
    assert inside == [f"p{n:02}" for n in range(40)]


def test_what_is_dirty_is_written_under_its_versions_and_done(shop: Renewed) -> None:
    upgrade = shop.begin()
    assert filled(shop) == Filled(rows=40, written=40)
    assert shop.versions(upgrade.new_index) == shop.versions(upgrade.old_index) == shop.fold()
    assert (shop.dirty(), shop.upgrades.built()) == ({}, True)
    assert filled(shop) == Filled()  # again: nothing is left


def test_documents_are_those_of_the_workers(shop: Renewed) -> None:
    upgrade = shop.begin()
    shop.drain()
    by_workers = shop.store.at(upgrade.new_index).walk(limit=100)
    with shop.searcher(index=upgrade.new_index, encode=shop.new) as searcher:
        answer = searcher.search("chair 7 of oak")
    shop.upgrades.clean(upgrade)
    second = shop.begin()
    filled(shop)
    assert shop.store.at(second.new_index).walk(limit=100) == by_workers
    with shop.searcher(index=second.new_index, encode=shop.new) as searcher:
        assert replace(searcher.search("chair 7 of oak"), took_ms=0) == replace(answer, took_ms=0)


def test_changes_and_deletes_meanwhile_win(shop: Renewed) -> None:
    upgrade = shop.begin()
    rows = shop.ledger.next.dirty_rows(after="", last="p05")
    assert [row.id for row in rows] == [f"p{n:02}" for n in range(6)]
    assert [row.id for row in shop.ledger.next.dirty_rows(after="p37")] == ["p38", "p39"]
    shop.feed([{"id": "p01", "title": "a stool"}, {"id": "new", "title": "a table"}])
    shop.feed([{"id": "p02", "deleted": True}])
    shop.drain()  # workers beside it
    assert filled(shop) == Filled()
    shop.feed([{"id": "p03", "title": "a bench"}, {"id": "p04", "deleted": True}])
    assert filled(shop) == Filled(rows=2, written=2)
    shop.drain()
    assert shop.versions(upgrade.new_index) == shop.versions(upgrade.old_index) == shop.fold()


def test_what_the_store_refuses_is_left_to_the_workers(shop: Renewed) -> None:
    shop.begin()

    def refusing(results: list[Written]) -> list[Written]:
        return [replace(one, outcome="failed", error="Busy", retryable=True) if one.id == "p03" else one for one in results]

    kept, shop.store.answer = shop.store.answer, refusing
    assert filled(shop) == Filled(rows=40, written=39, left=1)
    shop.store.answer = kept
    assert shop.dirty() == {"upgrade": 1}
    shop.drain()
    assert shop.dirty() == {}


def test_without_a_next_index_there_is_nothing_to_fill(shop: Renewed) -> None:
    with pytest.raises(LedgerError, match="next index"):
        filled(shop)
    with pytest.raises(LedgerError, match="next index"):
        fill(shop.another_indexer, shop.ledger, Pool())
    assert shop.ledger.next.dirty_rows(after="") == []


def test_columns_of_no_window_are_empty(shop: Renewed) -> None:
    nothing: Sequence[str] = []
    assert set(Filler(shop.another_indexer)({"after": nothing, "last": nothing})) == {"rows", "written", "newer", "left"}
