"""Every way in which an index can differ from its ledger: found, counted, repaired, and nothing else touched."""

import heapq
import threading
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import ForeignLedger, IndexMissing
from indexer.ledger.base import Ledger, Letter, Standing
from indexer.operate.reconcile import DIFFERENT, Kind, Report, Rules, judge, reconcile
from indexer.records import Offer
from indexer.store.base import Document, ProductStore, Stored, Written
from indexer.store.identity import Description, Identity
from indexer.store.memory import MemoryStore
from tests.unit.operate.depot import Depot, product

IDS = [f"p{number:03}" for number in range(25)]
REPAIR = Rules(repair=True, page=7)


def kinds(report: Report) -> dict[Kind, int]:
    return {kind: number for kind, number in report.kinds.items() if number}


def look(depot: Depot, *, page: int = 7) -> Report:
    return reconcile(depot.ledger, depot.store, Rules(page=page))


def standing(**changes: object) -> Standing:
    one = Standing(id="a", row_version=5, indexed_version=5, live=True, dirty=False, buried=False)
    return replace(one, **changes)  # type: ignore[arg-type]  # the fields' own types


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (standing(), Stored("a", 5, deleted=False), Kind.EQUAL),
        (standing(), Stored("a", 4, deleted=False), Kind.BEHIND),
        (standing(), Stored("a", 5, deleted=True), Kind.BEHIND),
        (standing(), None, Kind.MISSING),
        (standing(), Stored("a", 6, deleted=False), Kind.AHEAD),
        (standing(dirty=True, indexed_version=4), Stored("a", 4, deleted=False), Kind.WAITING),
        (standing(dirty=True, indexed_version=4), Stored("a", 5, deleted=False), Kind.WAITING),
        (standing(dirty=True, indexed_version=4), Stored("a", 6, deleted=False), Kind.AHEAD),
        (standing(dirty=True, indexed_version=0), None, Kind.WAITING),
        (standing(buried=True, indexed_version=4), Stored("a", 4, deleted=False), Kind.BURIED),
        (standing(indexed_version=4), Stored("a", 4, deleted=False), Kind.BURIED),  # its letter was discarded
        (standing(live=False), Stored("a", 5, deleted=True), Kind.LINGERING),
        (standing(live=False), Stored("a", 4, deleted=False), Kind.BEHIND),
        (standing(live=False), Stored("a", 5, deleted=False), Kind.BEHIND),
        (standing(live=False), None, Kind.EQUAL),
        (standing(live=False, row_version=0, indexed_version=0), None, Kind.EQUAL),
        (standing(live=False, row_version=0, indexed_version=0), Stored("a", 4, deleted=False), Kind.AHEAD),
        (None, Stored("a", 1, deleted=False), Kind.GHOST),
        (None, Stored("a", 1, deleted=True), Kind.GHOST),
    ],
)
def test_how_an_id_is_judged(one: Standing | None, other: Stored | None, kind: Kind) -> None:
    assert judge(one, other) is kind


def test_what_is_equal_is_found_equal_and_left_alone(depot: Depot) -> None:
    depot.fill(IDS)
    depot.delete(IDS[:3])
    depot.take([Offer(id="offer-only", stock=3), product("new")])
    before = depot.stored()
    report = reconcile(depot.ledger, depot.store, REPAIR)
    assert kinds(report) == {Kind.EQUAL: 23, Kind.LINGERING: 3, Kind.WAITING: 1}
    assert (report.different, report.redone, report.removed, report.refused, report.documents) == (0, 0, 0, "", 25)
    assert depot.stored() == before
    assert reconcile(depot.ledger, depot.store, REPAIR).samples == {}


def test_an_empty_shop_is_equal(depot: Depot) -> None:
    report = look(depot)
    assert (report.different, report.kinds.total()) == (0, 0)


@pytest.mark.parametrize("page", [1, 2, 7, 25, 26, 1000])
def test_every_difference_is_found_once_at_every_size_of_page(depot: Depot, page: int) -> None:
    depot.fill(IDS)
    depot.lose("p000")
    depot.lose("p024")
    depot.age("p007")
    depot.put("p010", depot.stored()["p010"].version + 1_000_000_000_000)
    for ghost in ("", "p0005", "p0105", "zz", "\U0001f6cb"):
        depot.put(ghost or " ", 3)
    seen: list[int] = []
    report = reconcile(depot.ledger, depot.store, Rules(page=page), on_progress=seen.append)
    assert kinds(report) == {Kind.EQUAL: 21, Kind.MISSING: 2, Kind.BEHIND: 1, Kind.AHEAD: 1, Kind.GHOST: 5}
    assert report.samples == {
        Kind.MISSING: ["p000", "p024"],
        Kind.BEHIND: ["p007"],
        Kind.AHEAD: ["p010"],
        Kind.GHOST: [" ", "p0005", "p0105", "zz", "\U0001f6cb"],
    }
    assert report.documents == 28
    assert seen == sorted(seen)
    assert seen[-1] == 30


def test_without_repair_nothing_changes(depot: Depot) -> None:
    depot.fill(IDS)
    depot.lose("p000")
    depot.put("ghost", 3)
    before = depot.stored()
    assert look(depot).different == 2
    assert depot.stored() == before
    assert depot.work() == 0


def test_a_repair_makes_ledger_and_index_equal(depot: Depot) -> None:
    depot.fill(IDS)
    depot.delete(["p001", "p002"])
    ahead = depot.stored()["p010"].version + 3_600_000_000
    depot.lose("p000")
    depot.age("p001")  # the index forgot that it was deleted
    depot.put("p010", ahead)
    depot.put("ghost", 3)
    report = reconcile(depot.ledger, depot.store, REPAIR)
    assert (report.redone, report.removed, report.refused) == (3, 1, "")
    assert look(depot).kinds[Kind.WAITING] == 3
    assert depot.work() == 3
    assert kinds(look(depot)) == {Kind.EQUAL: 23, Kind.LINGERING: 2}
    assert depot.stored()["p010"].version > ahead
    assert "ghost" not in depot.stored()


def test_a_dirty_row_that_would_be_written_below_the_index_is_lifted(depot: Depot) -> None:
    depot.fill(["a"])
    depot.put("a", depot.stored()["a"].version + 3_600_000_000)
    depot.offer("a", 7)
    assert kinds(look(depot)) == {Kind.AHEAD: 1}
    reconcile(depot.ledger, depot.store, REPAIR)
    assert depot.work() == 1
    assert kinds(look(depot)) == {Kind.EQUAL: 1}


def test_an_offer_without_content_takes_its_document_out(depot: Depot) -> None:
    depot.put("a", 3)
    depot.offer("a", 7)
    assert reconcile(depot.ledger, depot.store, REPAIR).redone == 1
    depot.work()
    assert depot.stored()["a"].deleted
    assert look(depot).different == 0


def test_dead_letters_are_no_difference(depot: Depot) -> None:
    depot.take([product("a"), product("b")])
    (a, b) = depot.ledger.claim("encode_new", owner="w", limit=2, lease_s=60)
    told = [Letter(id=x.id, row_version=x.row_version, error="E", reason="r", attempts=1, first_seen=1, last_seen=1) for x in (a, b)]
    depot.ledger.bury("w", told)
    depot.ledger.discard(["b"])
    report = reconcile(depot.ledger, depot.store, REPAIR)
    assert kinds(report) == {Kind.BURIED: 2}
    assert report.redone == 0


def test_too_many_ghosts_are_refused_with_numbers_and_the_rest_is_repaired(depot: Depot) -> None:
    depot.fill(IDS)
    depot.lose("p000")
    for number in range(3):
        depot.put(f"ghost{number}", 3)
    report = reconcile(depot.ledger, depot.store, REPAIR)
    assert "3 of 27 documents (11.1%)" in report.refused
    assert "10.0%" in report.refused
    assert (report.redone, report.removed) == (1, 0)
    assert len(depot.stored()) == 27
    forced = reconcile(depot.ledger, depot.store, replace(REPAIR, ghost_limit=1.0))
    assert (forced.removed, forced.refused) == (3, "")
    assert set(depot.stored()) == set(IDS[1:])


def test_a_ghost_that_the_ledger_hears_of_meanwhile_is_left(depot: Depot) -> None:
    class Heard(MemoryStore):
        def refresh(self) -> None:
            if not met:
                met.append(True)
                return
            depot.take([product("ghost")])

    met: list[bool] = []
    heard = Heard()
    depot.store = heard
    heard.ensure(depot.identity())
    heard.write([Document(id="ghost", version=3, product=product("ghost"))])
    report = reconcile(depot.ledger, heard, replace(REPAIR, ghost_limit=1.0))
    assert kinds(report) == {Kind.WAITING: 1}
    assert "ghost" in depot.stored()


def test_an_index_of_another_ledger_is_refused(depot: Depot, tmp_path: Path) -> None:
    other = Depot(tmp_path)
    try:
        with pytest.raises(ForeignLedger, match=depot.ledger.id):
            reconcile(other.ledger, depot.store, REPAIR)
    finally:
        other.close()


def test_an_index_that_is_gone_is_built_again_from_the_ledger(depot: Depot) -> None:
    depot.fill(IDS)
    depot.store = MemoryStore()
    assert kinds(look(depot)) == {Kind.MISSING: 25}
    assert reconcile(depot.ledger, depot.store, REPAIR).redone == 25
    depot.store.ensure(depot.identity())
    assert depot.work() == 25
    assert look(depot).different == 0


def test_a_deletion_that_the_index_refuses_is_told(depot: Depot) -> None:
    class Full(MemoryStore):
        def remove(self, versions: Mapping[str, int]) -> list[Written]:
            return [Written(id=id_, version=v, outcome="failed", error="StoreBlocked", reason="disk") for id_, v in versions.items()]

    depot.store = Full()
    depot.store.ensure(depot.identity())
    depot.put("ghost", 3)
    report = reconcile(depot.ledger, depot.store, replace(REPAIR, ghost_limit=1.0))
    assert report.removed == 0
    assert "'ghost': StoreBlocked: disk" in report.refused


def test_work_that_goes_on_meanwhile_is_no_difference(depot: Depot) -> None:
    depot.fill(IDS)
    over = threading.Event()

    def change() -> None:
        number = 0
        while not over.is_set():
            number += 1
            depot.take([product(IDS[number % 25], title=f"chair {number}"), product(f"new{number:05}")])
            if number % 3 == 0:
                depot.take([Offer(id=IDS[number % 7], stock=number)])
            depot.work()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        reports = [reconcile(depot.ledger, depot.store, REPAIR) for _ in range(20)]
    finally:
        over.set()
        thread.join()
    assert [report.samples for report in reports if report.different] == []
    assert sum(report.kinds[Kind.EQUAL] for report in reports) > 20 * 15


SABOTAGE = st.sampled_from(["none", "lose", "age", "ahead", "ghost", "change", "delete"])


@settings(max_examples=20, deadline=None)
@given(plans=st.lists(SABOTAGE, min_size=1, max_size=12), page=st.integers(1, 5))
def test_whatever_was_broken_is_whole_after_one_repair(plans: list[str], page: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    depot = Depot(tmp_path_factory.mktemp("depot"))
    try:
        ids = [f"p{number}" for number in range(len(plans))]
        depot.fill(ids)
        for id_, plan in zip(ids, plans, strict=True):
            if plan == "lose":
                depot.lose(id_)
            elif plan == "age":
                depot.age(id_)
            elif plan == "ahead":
                depot.put(id_, depot.stored()[id_].version + 5_000_000_000)
            elif plan == "ghost":
                depot.put(id_ + "x", 3)
            elif plan == "change":
                depot.take([product(id_, title="another")])
            elif plan == "delete":
                depot.take([product(id_, title="one more")])
                depot.delete([id_])
        report = reconcile(depot.ledger, depot.store, Rules(repair=True, ghost_limit=1.0, page=page))
        assert report.different == sum(plan in ("lose", "age", "ahead", "ghost") for plan in plans)
        depot.work()
        again = reconcile(depot.ledger, depot.store, Rules(repair=True, page=page))
        assert (again.different, again.redone, again.removed) == (0, 0, 0)
        assert set(depot.stored()) == set(ids)
    finally:
        depot.close()


class Endless:
    """Both sides of a shop of `size` products, made as they are asked for; every thousandth document is missing, and some are ghosts."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.id = "endless"
        self.redone = 0

    def _ids(self, after: str, limit: int) -> list[int]:
        first = int(after[1:9]) + 1 if after else 0
        return list(range(first, min(self.size, first + limit)))

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Standing]:
        one = Standing(id="", row_version=5, indexed_version=5, live=True, dirty=False, buried=False)
        return [replace(one, id=f"p{number:08}") for number in self._ids(after, limit)]

    def redo(self, ids: Mapping[str, int], **_: object) -> int:
        self.redone += len(ids)
        return len(ids)


class EndlessStore:
    """The store's side."""

    def __init__(self, shop: Endless) -> None:
        self._shop = shop
        self.removed = 0

    def describe(self, *, fresh: bool = False) -> Description:
        identity = Identity(ledger=self._shop.id, text="t", photo="p", fusion="f", width=8)
        return Description(index="i", identity=identity, products=0, attributes=())

    def refresh(self) -> None:
        pass

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Stored]:
        numbers = self._shop._ids(after, 2 * limit)
        real = [Stored(f"p{number:08}", 5, deleted=False) for number in numbers if number % 1000]
        ghosts = [Stored(f"p{number:08}-", 5, deleted=False) for number in numbers if number % 5000 == 7]
        return heapq.nsmallest(limit, (one for one in real + ghosts if one.id > after), key=lambda one: one.id)

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        self.removed += len(versions)
        return [Written(id=id_, version=version, outcome="written") for id_, version in versions.items()]


def peak(size: int) -> tuple[int, Report]:
    shop = Endless(size)
    ledger: Ledger = shop  # type: ignore[assignment]  # what reconciling asks of it
    store: ProductStore = EndlessStore(shop)  # type: ignore[assignment]  # the same
    tracemalloc.start()
    try:
        report = reconcile(ledger, store, Rules(repair=True, page=200))
        return tracemalloc.get_traced_memory()[1], report
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_shop() -> None:
    small, _ = peak(2_000)
    large, report = peak(40_000)
    assert kinds(report) == {Kind.EQUAL: 39_960, Kind.MISSING: 40, Kind.GHOST: 8}
    assert (report.redone, report.removed) == (40, 8)
    assert large < 1.5 * small


def test_no_kind_is_without_a_meaning_of_its_own() -> None:
    assert len(set(Kind)) == 8
    assert set(DIFFERENT) < set(Kind)


def test_a_store_without_an_index_is_no_error_before_the_first_feed(tmp_path: Path) -> None:
    depot = Depot(tmp_path)
    try:
        depot.store = MemoryStore()
        with pytest.raises(IndexMissing):
            depot.store.walk()
        assert look(depot).kinds.total() == 0
    finally:
        depot.close()
