"""Rows towards the next index of an upgrade, in both databases: claimed, finished, given up, and made all there is."""

import pytest
from sqlalchemy import text

from indexer.errors import LedgerError
from indexer.ledger.base import Claimed, Finished, Letter, Plan, Step, Upgrade
from indexer.ledger.open import SqlLedger
from indexer.records import Delete, Event, Offer, Product
from tests.contract.ledger.conftest import Clock, Opener

PLAN = Plan(old_index="i-1", old_recipe="old", old_profile='{"a":1}', new_recipe="new", new_profile='{"a":2}')


def take(ledger: SqlLedger, *events: Event) -> None:
    number = len(events) + sum(ledger.counts().counters.values())
    job = ledger.begin_job(f"j{number}{events[0].id}{events[0].version}", "f")
    ledger.accept(job.id, list(events))


def shoe(id_: str, version: int = 1) -> Product:
    return Product(id=id_, title=f"shoe {version}", version=version)


def begun(ledger: SqlLedger, plan: Plan = PLAN) -> Upgrade:
    """An upgrade whose rows are all due."""
    upgrade = ledger.next.move(ledger.next.begin(plan), Step.LISTING, new_index="i-2")
    while ledger.next.list_some(limit=2):
        pass
    return ledger.next.move(upgrade, Step.BUILDING)


def claim(ledger: SqlLedger, *, owner: str = "w", alone: bool = False) -> list[Claimed]:
    return ledger.next.claim("upgrade", owner=owner, limit=9, lease_s=60, alone=alone)


def finish(ledger: SqlLedger, rows: list[Claimed], *, index: str = "i-2", owner: str = "w") -> int:
    return ledger.next.finish(owner, [Finished(id=row.id, row_version=row.row_version) for row in rows], recipe=index)


def first_done(ledger: SqlLedger) -> None:
    """All that is due for the index in use is there."""
    for lane in ("encode_new", "encode", "offers", "backfill"):
        rows = ledger.claim(lane, owner="first", limit=99, lease_s=60)
        ledger.finish("first", [Finished(id=row.id, row_version=row.row_version) for row in rows])


def test_without_an_upgrade_there_is_nothing_to_do(ledger: SqlLedger) -> None:
    take(ledger, shoe("a"), shoe("b"))
    assert (ledger.next.upgrade(), claim(ledger), ledger.next.dirty()) == (None, [], 0)
    assert ledger.next.suspects("upgrade") == 0
    assert ledger.counts().dirty["upgrade"] == ledger.sweep(attempts=3)["upgrade"] == 0
    with pytest.raises(LedgerError, match="no upgrade"):
        ledger.next.list_some()


def test_every_row_is_due_and_so_is_what_comes_and_changes(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, shoe("a"), shoe("b"), shoe("c"), Delete(id="d", version=1), Offer(id="e", stock=3, version=1))
    first_done(ledger)
    begun(ledger)
    assert ledger.next.dirty() == ledger.counts().dirty["upgrade"] == 3  # the offer waits, and there was never anything to delete
    rows = claim(ledger)
    assert {row.id for row in rows} == {"a", "b", "c"}
    assert claim(ledger, owner="other") == []
    assert finish(ledger, rows) == 3
    clock.pass_s(1)
    take(ledger, shoe("a", 2), shoe("n"))
    take(ledger, Delete(id="b", version=2))
    assert {(row.id, row.product is None) for row in claim(ledger)} == {("a", False), ("b", True), ("n", False)}
    assert sum(ledger.counts().dirty.values()) == 3 + 3  # towards both


def test_a_row_that_changed_meanwhile_is_due_again(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, shoe("a"))
    begun(ledger)
    rows = claim(ledger)
    clock.pass_s(1)
    take(ledger, shoe("a", 2))
    assert finish(ledger, rows) == 0
    (again,) = claim(ledger)
    assert (again.product, again.attempts) == (shoe("a", 2), 1)
    assert finish(ledger, [again]) == 1


def test_what_went_to_another_index_does_not_count(ledger: SqlLedger) -> None:
    take(ledger, shoe("a"))
    upgrade = begun(ledger)
    rows = claim(ledger)
    assert finish(ledger, rows, index="i-1") == 0
    assert ledger.next.dirty() == 1
    ledger.next.move(upgrade, Step.DROPPING)
    assert finish(ledger, rows) == 0
    assert claim(ledger) == []


def test_leases_end_and_can_be_prolonged(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, shoe("a"))
    begun(ledger)
    claim(ledger)
    clock.pass_s(50)
    assert ledger.next.renew("w", lease_s=60) == 1
    clock.pass_s(50)
    assert (ledger.next.suspects("upgrade"), claim(ledger, owner="other", alone=True)) == (0, [])
    clock.pass_s(20)
    assert ledger.next.suspects("upgrade") == 1
    assert claim(ledger, owner="other") == []  # it may have killed its worker: alone, or not at all
    (row,) = claim(ledger, owner="other", alone=True)
    assert row.attempts == 2
    ledger.next.release("w", ["a"], delay_s=0, give_back=True)  # no longer its own
    assert claim(ledger, owner="third", alone=True) == []
    assert ledger.next.trouble() == ""
    ledger.next.release("other", ["a"], delay_s=5, give_back=True, reason="away")
    assert ledger.next.trouble() == "away"
    clock.pass_s(6)
    rows = claim(ledger, owner="third", alone=True)
    assert len(rows) == 1
    finish(ledger, rows, owner="third")
    assert (ledger.next.trouble(), ledger.next.given_up()) == ("", (0, []))  # what was written was kept from nothing


def test_what_fails_is_given_up_at_that_version_only(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, shoe("a"), shoe("b"))
    first_done(ledger)
    begun(ledger)
    rows = {row.id: row for row in claim(ledger)}
    letter = Letter(id="a", row_version=rows["a"].row_version, error="Bad", reason="why", attempts=1, first_seen=1, last_seen=1)
    ledger.next.bury("w", [letter])
    for _ in range(2):
        clock.pass_s(61)
        claim(ledger, alone=True)
    clock.pass_s(61)
    assert ledger.sweep(attempts=3)["upgrade"] == 0
    count, told = ledger.next.given_up()
    assert (count, sorted(dict(told))) == (2, ["a", "b"])
    assert dict(told)["a"] == "Bad: why"
    assert "3 times" in dict(told)["b"]
    assert (ledger.next.dirty(), ledger.letters()) == (0, [])
    take(ledger, shoe("a", 2))
    (row,) = claim(ledger)
    assert finish(ledger, [row]) == 1
    assert ledger.next.given_up()[0] == 1


def test_what_was_made_by_the_old_parts_is_told_apart(ledger: SqlLedger) -> None:
    take(ledger, shoe("a"))
    first_done(ledger)
    begun(ledger)
    (row,) = claim(ledger)
    assert row.parts == ()
    finish(ledger, [row])
    for step in (Step.DROPPING, Step.DROPPED):
        upgrade = ledger.next.upgrade()
        assert upgrade is not None
        ledger.next.move(upgrade, step)
    begun(ledger, Plan(old_index="i-1", old_recipe="o", old_profile="", new_recipe="n", new_profile="{}", fresh_parts=True))
    (row,) = claim(ledger)
    assert row.parts is None


def test_the_next_index_becomes_all_there_is(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, *[shoe(id_) for id_ in "abcd"])
    first_done(ledger)
    upgrade = begun(ledger)
    rows = {row.id: row for row in claim(ledger)}
    finish(ledger, [rows["a"], rows["b"]])
    clock.pass_s(1)
    take(ledger, shoe("b", 2))
    stale = ledger.claim("encode", owner="old", limit=9, lease_s=60)  # a worker for the old index has it in hand
    ledger.next.put_in_force(upgrade)
    ledger.next.move(upgrade, Step.CLEANING)
    clock.pass_s(1)
    assert [ledger.next.promote_some(limit=3) for _ in range(3)] == [3, 1, 0]
    assert (ledger.recipe(), ledger.next.dirty()) == ("new", 0)
    ledger.finish("old", [Finished(id=row.id, row_version=row.row_version) for row in stale])
    standings = {one.id: one for one in ledger.walk()}
    assert {id_: one.dirty for id_, one in standings.items()} == {"a": False, "b": True, "c": True, "d": True}
    assert standings["a"].indexed_version == standings["a"].row_version
    assert standings["b"].row_version > stale[0].row_version  # overtaken: it went to an index that is gone


def test_who_waits_waits_for_the_index_in_use(ledger: SqlLedger, clock: Clock) -> None:
    take(ledger, shoe("a"))
    first_done(ledger)
    upgrade = begun(ledger)
    finish(ledger, claim(ledger))
    upgrade = ledger.next.move(ledger.next.move(upgrade, Step.SWITCHING), Step.LIVE)
    clock.pass_s(1)
    job = ledger.begin_job("later", "f")
    ledger.accept(job.id, [shoe("a", 2)])
    job = ledger.commit_job(job.id, {})
    first_done(ledger)
    assert ledger.pending(job) == 1
    finish(ledger, claim(ledger))
    assert ledger.pending(job) == 0


def test_a_row_that_the_walk_could_not_see_is_found(ledger: SqlLedger) -> None:
    take(ledger, shoe("a"), shoe("b"), shoe("c"))
    begun(ledger)
    finish(ledger, claim(ledger))
    ledger._database.write(lambda connection: connection.execute(text("UPDATE fusedex_rows SET next_version = NULL WHERE id = 'b'")))
    assert ledger.next.missed(limit=1) == 1
    assert [row.id for row in claim(ledger)] == ["b"]
    assert ledger.next.missed(limit=2) == 0


def test_profiles_are_known_by_what_they_make(ledger: SqlLedger, open_again: Opener) -> None:
    begun(ledger)
    other = open_again()
    assert [other.next.profile(recipe) for recipe in ("new", "old", "third")] == ['{"a":2}', '{"a":1}', ""]
    with pytest.raises(LedgerError, match="under way"):
        other.next.begin(PLAN)
    found = other.next.upgrade()
    assert found == ledger.next.upgrade()
    assert found is not None
    assert (found.number, found.step, found.new_index, found.keeping, found.ended) == (1, Step.BUILDING, "i-2", True, False)
