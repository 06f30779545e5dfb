"""Old tombstones leave the index for good, and nothing else does; whatever comes afterwards ends as it would have."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.operate.purge import purge_tombstones
from indexer.operate.reconcile import Rules, reconcile
from indexer.store.base import Written
from indexer.store.memory import MemoryStore
from tests.unit.operate.depot import Depot

FAR = 2**62


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    depot = Depot(tmp_path)
    yield depot
    depot.close()


def test_only_tombstones_below_the_version_go(depot: Depot) -> None:
    depot.fill(["a", "b", "c"])
    depot.delete(["a"])
    between = depot.stored()["a"].version + 1
    depot.delete(["b"])
    assert purge_tombstones(depot.ledger, depot.store, before=between) == 1
    assert {id_: one.deleted for id_, one in depot.stored().items()} == {"b": True, "c": False}
    assert purge_tombstones(depot.ledger, depot.store, before=between) == 0


def test_a_purged_index_is_equal_to_its_ledger(depot: Depot) -> None:
    depot.fill([f"p{number}" for number in range(10)])
    depot.delete([f"p{number}" for number in range(0, 10, 2)])
    assert purge_tombstones(depot.ledger, depot.store, before=FAR, page=2) == 5
    report = reconcile(depot.ledger, depot.store, Rules(page=3))
    assert (report.different, report.documents) == (0, 5)


def test_what_ledger_and_index_do_not_agree_on_stays(depot: Depot) -> None:
    depot.fill(["alive", "changing"])
    depot.delete(["changing"])
    depot.put("alive", depot.stored()["alive"].version + 1, deleted=True)  # the ledger says that it lives
    depot.put("unheard of", 7, deleted=True)
    depot.ledger.redo({"changing": 0})  # due again
    assert purge_tombstones(depot.ledger, depot.store, before=FAR) == 0
    assert depot.stored().keys() == {"alive", "changing", "unheard of"}


def test_a_product_that_comes_back_is_newer_than_its_own_removal(depot: Depot) -> None:
    class Meanwhile(MemoryStore):
        """A store in which the product comes back just before its tombstone is removed."""

        def remove(self, versions: Mapping[str, int]) -> list[Written]:
            depot.fill(["a"])
            return super().remove(versions)

    depot.store = Meanwhile()
    depot.store.ensure(depot.identity())
    depot.fill(["a"])
    depot.delete(["a"])
    assert purge_tombstones(depot.ledger, depot.store, before=FAR) == 0
    assert not depot.stored()["a"].deleted


def test_without_an_index_there_is_nothing_to_purge(depot: Depot) -> None:
    assert purge_tombstones(depot.ledger, MemoryStore(), before=FAR) == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["fill", "delete", "purge"]), st.sets(st.sampled_from("abc"), min_size=1)), max_size=12))
def test_purging_at_any_time_changes_nothing_that_is_found(tmp_path: Path, steps: list[tuple[str, set[str]]]) -> None:
    purged, kept = Depot(tmp_path), Depot(tmp_path)
    try:
        for what, ids in steps:
            if what == "purge":
                purge_tombstones(purged.ledger, purged.store, before=FAR)
                continue
            for depot in (purged, kept):
                (depot.fill if what == "fill" else depot.delete)(sorted(ids))
        live = [{id_ for id_, one in depot.stored().items() if not one.deleted} for depot in (purged, kept)]
        assert live[0] == live[1]
        assert reconcile(purged.ledger, purged.store, Rules()).different == 0
    finally:
        purged.close()
        kept.close()
