from indexer.ledger.base import Claimed, Finished, Ledger, Letter, PartRef
from indexer.records import Event, Offer, Product
from tests.contract.ledger.conftest import Clock, Opener

SHOE = Product(id="p", title="shoe", version=1)


def send(ledger: Ledger, *events: Event) -> None:
    ledger.begin_job("j", "test")
    ledger.accept("j", events)


def claim(ledger: Ledger, owner: str = "w", *, alone: bool = False) -> list[Claimed]:
    return ledger.claim("encode_new", owner=owner, limit=9, lease_s=60, alone=alone)


def done(row: Claimed) -> Finished:
    return Finished(id=row.id, row_version=row.row_version, parts=(PartRef("title", "d"),))


def test_a_recipe_is_put_in_force_for_all(ledger: Ledger, open_again: Opener) -> None:
    assert ledger.recipe() == ""
    ledger.set_recipe("old")
    assert open_again().recipe() == "old"
    open_again().set_recipe("new")
    assert ledger.recipe() == "new"


def test_the_recipe_in_force_finishes(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.set_recipe("ours")
    assert ledger.finish("w", [done(row)], recipe="ours") == 1
    assert set(ledger.counts().dirty.values()) == {0}


def test_before_any_is_in_force_and_where_none_is_said_nothing_is_compared(ledger: Ledger) -> None:
    send(ledger, SHOE, Product(id="q", title="boot"))
    first, second = claim(ledger)
    assert ledger.finish("w", [done(first)], recipe="ours") == 1
    ledger.set_recipe("other")
    assert ledger.finish("w", [done(second)]) == 1


def test_what_was_made_by_another_recipe_is_due_again_under_a_fresh_version(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.set_recipe("new")
    clock.pass_s(1)
    assert ledger.finish("w", [done(row)], recipe="old") == 0
    (again,) = claim(ledger)
    assert (again.attempts, again.row_version, again.parts) == (1, clock.now, None)
    assert ledger.finish("w", [done(again)], recipe="new") == 1


def test_a_clean_row_that_a_late_worker_overwrote_is_made_again(ledger: Ledger, clock: Clock) -> None:
    """The late one's document may be the one in the index: both carry the same row version."""
    send(ledger, SHOE)
    (late,) = claim(ledger, "late")
    clock.pass_s(61)
    (row,) = claim(ledger, alone=True)
    ledger.set_recipe("new")
    assert ledger.finish("w", [done(row)], recipe="new") == 1
    assert ledger.finish("late", [done(late)], recipe="old") == 0
    assert ledger.counts().dirty["backfill"] == 1
    (again,) = ledger.claim("backfill", owner="w", limit=9, lease_s=60)
    assert again.row_version > row.row_version
    assert again.parts == (PartRef("title", "d"),)


def test_another_owners_lease_stays_and_what_it_makes_does_not_count(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (late,) = claim(ledger, "late")
    clock.pass_s(61)
    (row,) = claim(ledger, alone=True)
    ledger.set_recipe("new")
    assert ledger.finish("late", [done(late)], recipe="old") == 0
    assert claim(ledger, "third") == claim(ledger, "third", alone=True) == []
    assert ledger.finish("w", [done(row)], recipe="new") == 0
    (again,) = ledger.claim("offers", owner="w", limit=9, lease_s=60)
    assert again.row_version > row.row_version


def test_a_lane_and_what_changed_meanwhile_are_kept(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    send(ledger, Offer(id="p", stock=3, version=2))
    ledger.set_recipe("new")
    assert ledger.finish("w", [done(row)], recipe="old") == 0
    (again,) = claim(ledger)
    assert again.product is not None
    assert again.product.stock == 3


def test_a_row_that_was_buried_meanwhile_is_made_again(ledger: Ledger) -> None:
    send(ledger, SHOE)
    (row,) = claim(ledger)
    ledger.bury("w", [Letter(id="p", row_version=row.row_version, error="E", reason="", attempts=1, first_seen=1, last_seen=1)])
    ledger.set_recipe("new")
    assert ledger.finish("w", [done(row)], recipe="old") == 0
    assert ledger.letters() == []
    assert len(claim(ledger)) == 1


def test_nothing_done_nothing_due(ledger: Ledger) -> None:
    ledger.set_recipe("new")
    assert ledger.finish("w", [], recipe="old") == 0
    assert ledger.finish("w", [Finished(id="nobody", row_version=1)], recipe="old") == 0
