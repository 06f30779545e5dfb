"""Other weights: every product is fused again from the cache, once, wherever the command was cut short, and no model runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.errors import EncoderMismatch, ForeignLedger, LedgerError
from indexer.ledger.base import Letter
from indexer.operate.fuse_again import ROLE, ROLE_S, SKEW_US, Pass, begin, walk_again
from indexer.operate.reconcile import Rules, reconcile
from indexer.records import LANES
from tests.unit.operate.weighed import ROWS, Weighed
from tests.unit.write_path.shop import WatchedStore


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Weighed]:
    shop = Weighed(tmp_path)
    yield shop
    shop.close()


@pytest.fixture
def full(shop: Weighed) -> Weighed:
    """A shop with all rows indexed, some minutes ago."""
    shop.feed(ROWS)
    shop.drain()
    shop.clock.ahead_s += 300
    return shop


def start(shop: Weighed, *, clean: bool = False) -> Pass | None:
    return begin(shop.ledger, shop.store, shop.encoders(), clean=clean)


def again(shop: Weighed, *, clean: bool = False, page: int = 7) -> int:
    """What the command does; how many products it set to work."""
    current = start(shop, clean=clean)
    return walk_again(shop.ledger, current, page=page) if current is not None and not current.done else 0


def test_other_weights_make_every_vector_anew_and_run_no_model(full: Weighed) -> None:
    before, runs = full.vectors(), full.runs()
    full.reweigh(0.9)
    assert again(full) == 30
    assert full.drain() == 30
    assert full.runs() == runs
    after = full.vectors()
    assert after.keys() == before.keys()
    assert not [id_ for id_ in after if after[id_] == before[id_]]
    assert full.store.describe().identity == full.encoders().identity(full.ledger.id)
    assert full.ledger.recipe() == full.encoders().recipe
    assert reconcile(full.ledger, full.store, Rules()).different == 0


def test_the_same_weights_leave_nothing_to_do(full: Weighed) -> None:
    assert again(full) == 0
    full.reweigh(0.9)
    assert again(full) == 30
    assert again(full) == 0
    full.drain()
    full.clock.ahead_s += 300
    assert again(full) == 0
    assert start(full) == start(full)


def test_weights_that_come_back_are_another_pass(full: Weighed) -> None:
    first = full.vectors()
    for title in (0.9, 0.4):
        full.reweigh(title)
        full.clock.ahead_s += 300
        assert again(full) == 30
        full.drain()
    assert full.vectors() == first


def test_before_the_first_feed_there_is_nothing_to_adopt(shop: Weighed) -> None:
    assert start(shop) is None
    assert shop.ledger.recipe() == ""


def test_an_index_from_before_there_were_recipes_gets_its_own(full: Weighed) -> None:
    full.ledger.set_recipe("")
    assert start(full) is None
    assert full.ledger.recipe() == full.encoders().recipe


@pytest.mark.parametrize(("cut", "left"), [(1, 30), (7, 30), (8, 23), (20, 16)])
def test_a_walk_that_was_cut_goes_on(full: Weighed, cut: int, left: int) -> None:
    full.reweigh(0.9)

    def stop(looked: int) -> None:
        full.clock.ahead_s += SKEW_US / 1e6 + 1  # a page took that long: what came in the first minute is done again, to be sure
        if looked >= cut:
            raise KeyboardInterrupt

    current = start(full)
    assert current is not None
    assert current.adopted
    with pytest.raises(KeyboardInterrupt):
        walk_again(full.ledger, current, page=7, on_progress=stop)
    full.drain()
    rest = start(full)
    assert rest is not None
    assert (rest.id, rest.began, rest.adopted, rest.done) == (current.id, current.began, False, False)
    assert walk_again(full.ledger, rest) == left
    full.drain()
    assert again(full) == 0


class Cut(Exception):
    """The process ended here."""


@pytest.mark.parametrize("place", ["set_recipe", "begin_job", "count", "adopt"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_beginning_that_was_cut_begins_again(full: Weighed, place: str, when: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = full.store if place == "adopt" else full.ledger
    real = getattr(owner, place)

    def cut(*args: object, **kwargs: object) -> None:
        if when == "after":
            real(*args, **kwargs)
        raise Cut

    full.reweigh(0.9)
    with monkeypatch.context() as patched:
        patched.setattr(owner, place, cut)
        with pytest.raises(Cut):
            start(full)
    before = full.vectors()
    assert again(full) == 30
    full.drain()
    after = full.vectors()
    assert not [id_ for id_ in after if after[id_] == before[id_]]
    assert again(full) == 0


def test_a_worker_with_the_old_weights_writes_nothing_that_stays(full: Weighed) -> None:
    old = full.another_indexer()
    old.warm()
    before = full.vectors()
    full.reweigh(0.9)
    full.feed([ROWS[0] | {"stock": 999}])
    reached: list[str] = []

    def adopt(stage: str) -> None:
        if stage == "written" and not reached:
            reached.append(stage)  # the old worker has written and not yet finished
            again(full)

    full.observer.on_stage = adopt
    old.work("offers")
    assert reached
    assert old.work("backfill") == 0
    assert old.work("offers") == 0
    full.drain()
    after = full.vectors()
    assert not [id_ for id_ in after if after[id_] == before[id_]]


def test_deleted_and_buried_products_stay_as_they_are(full: Weighed) -> None:
    full.feed([{"id": "p00", "deleted": True}])
    full.drain()
    full.feed([{"id": "p01", "title": "poison"}])
    (claimed,) = full.ledger.claim("encode", owner="w", limit=1, lease_s=60)
    letter = Letter(id="p01", row_version=claimed.row_version, error="E", reason="r", attempts=3, first_seen=1, last_seen=1)
    full.ledger.bury("w", [letter])
    full.reweigh(0.9)
    assert again(full) == 28
    full.drain()
    assert full.ledger.counts().letters == 1


def test_dirty_products_are_made_by_the_new_weights_as_they_are(full: Weighed) -> None:
    full.reweigh(0.9)
    full.feed([ROWS[3] | {"stock": 77}])
    before = full.vectors()
    assert again(full) == 29
    full.drain()
    assert full.vectors()["p03"] != before["p03"]


def test_another_model_is_refused_and_nothing_is_done(full: Weighed) -> None:
    recipe, known = full.ledger.recipe(), full.store.walk()
    full.photo = None
    full.reweigh(0.9)
    with pytest.raises(EncoderMismatch, match=r"photo \(index"):
        again(full)
    assert full.ledger.recipe() == recipe
    assert full.store.walk() == known
    assert full.dirty() == {}


def test_the_index_of_another_ledger_is_refused(full: Weighed, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Weighed(tmp_path / "other")
    other.store = full.store
    try:
        with pytest.raises(ForeignLedger):
            again(other)
    finally:
        other.close()


def test_an_index_that_is_gone_takes_the_new_weights_when_it_is_made(full: Weighed) -> None:
    full.store = WatchedStore()
    full.reweigh(0.9)
    assert again(full) == 30
    assert full.drain() == 30
    assert full.store.describe().identity == full.encoders().identity(full.ledger.id)


def test_two_do_not_begin_at_once(full: Weighed) -> None:
    full.reweigh(0.9)
    full.ledger.lead(ROLE, owner="another", ttl_s=ROLE_S)
    with pytest.raises(LedgerError, match="Another process"):
        start(full)
    full.clock.ahead_s += ROLE_S + 1
    assert again(full) == 30


@pytest.mark.parametrize("clean", [True, False])
def test_clean_forgets_what_texts_and_photos_were_made_into(full: Weighed, clean: bool) -> None:
    full.feed([ROWS[5] | {"stock": 500}])  # dirty in an offer's lane, where parts count as known
    full.reweigh(0.9)
    assert again(full, clean=clean) == (30 if clean else 29)
    claimed = [row for lane in LANES for row in full.ledger.claim(lane, owner="w", limit=100, lease_s=60)]
    assert len(claimed) == 30
    assert {row.parts is None for row in claimed} == {clean}


def test_clean_can_be_asked_for_again_and_again(full: Weighed) -> None:
    before = full.vectors()
    for _ in range(2):
        assert again(full, clean=True) == 30
        assert full.drain() == 30
        full.clock.ahead_s += 300
    assert again(full) == 0
    assert full.vectors() == before


def test_an_unfinished_clean_pass_stays_one(full: Weighed) -> None:
    first = start(full, clean=True)
    assert first is not None
    assert first.clean
    assert start(full) == first
    full.reweigh(0.9)
    other = start(full)
    assert other is not None
    assert (other.clean, other.adopted) == (True, True)
    assert other.id != first.id


def test_clean_after_an_unfinished_pass_takes_its_place(full: Weighed) -> None:
    full.reweigh(0.9)
    first = start(full)
    other = start(full, clean=True)
    assert first is not None
    assert other is not None
    assert (first.clean, other.clean) == (False, True)
    assert walk_again(full.ledger, other) == 30
    assert again(full) == 0
