from indexer.ledger.base import Claimed, Finished, Ledger, PartRef
from indexer.records import Delete, Event, Money, Offer, Product
from tests.contract.ledger.conftest import Clock


def send(ledger: Ledger, *events: Event) -> None:
    ledger.begin_job("j", "test")
    ledger.accept("j", events)


def products(count: int) -> list[Event]:
    return [Product(id=f"p{n}", title=f"shoe {n}", version=1) for n in range(count)]


def claim(ledger: Ledger, owner: str = "w", *, limit: int = 100, alone: bool = False) -> list[Claimed]:
    return ledger.claim("encode_new", owner=owner, limit=limit, lease_s=60, alone=alone)


def done(row: Claimed, *parts: PartRef) -> Finished:
    return Finished(id=row.id, row_version=row.row_version, parts=parts)


def ids(rows: list[Claimed]) -> list[str]:
    return sorted(row.id for row in rows)


def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(3))
    assert len(claim(ledger, "a", limit=2)) == 2
    assert len(claim(ledger, "b")) == 1
    assert claim(ledger, "c") == []
    clock.pass_s(59)
    assert ledger.sweep(attempts=3)["encode_new"] == 0
    clock.pass_s(1)
    assert ledger.sweep(attempts=3) == {"offers": 0, "encode_new": 3, "encode": 0, "backfill": 0, "upgrade": 0}


def test_longest_due_first(ledger: Ledger, clock: Clock) -> None:
    for product in products(3):
        send(ledger, product)
        clock.pass_s(1)
    send(ledger, Product(id="p0", title="new words", version=2))
    assert [claim(ledger, limit=1)[0].id for _ in range(3)] == ["p0", "p1", "p2"]


def test_only_the_lane_that_was_asked_for(ledger: Ledger) -> None:
    send(ledger, *products(1))
    assert ledger.claim("encode", owner="w", limit=10, lease_s=60) == []
    assert ledger.claim("encode_new", owner="w", limit=0, lease_s=60) == []


def test_a_finished_row_is_clean(ledger: Ledger) -> None:
    send(ledger, *products(2))
    rows = claim(ledger)
    assert ledger.finish("w", [done(rows[0])]) == 1
    assert ledger.finish("w", [done(rows[0])]) == 0
    assert ledger.counts().dirty["encode_new"] == 1
    assert ledger.finish("w", []) == 0
    assert ledger.finish("w", [Finished(id="nobody", row_version=1)]) == 0


def test_a_row_that_changed_meanwhile_stays_dirty_and_is_due_at_once(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    (row,) = claim(ledger)
    clock.pass_s(1)
    send(ledger, Product(id="p0", title="boot", version=2))
    assert claim(ledger, "b") == []
    assert ledger.finish("w", [done(row, PartRef("title", "old"))]) == 0
    (again,) = claim(ledger, "b")
    assert again.attempts == 1
    assert again.row_version > row.row_version
    assert again.parts is None
    assert ledger.finish("b", [done(again)]) == 1


def test_where_only_the_price_changed_meanwhile_no_model_is_needed_again(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    (row,) = claim(ledger)
    clock.pass_s(1)
    send(ledger, Offer(id="p0", price=Money(5, "EUR"), version=2))
    assert ledger.finish("w", [done(row, PartRef("title", "d"))]) == 0
    assert claim(ledger) == []
    (again,) = ledger.claim("offers", owner="w", limit=9, lease_s=60)
    assert again.parts == (PartRef("title", "d"),)
    assert ledger.finish("w", [done(again, PartRef("title", "d"))]) == 1


def test_a_row_deleted_meanwhile_becomes_a_tombstone(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    (row,) = claim(ledger)
    clock.pass_s(1)
    send(ledger, Delete(id="p0", version=2))
    assert ledger.finish("w", [done(row)]) == 0
    (again,) = ledger.claim("offers", owner="w", limit=9, lease_s=60)
    assert again.product is None


def test_a_dead_workers_rows_are_given_out_alone_one_at_a_time(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(3))
    assert [row.attempts for row in claim(ledger)] == [1, 1, 1]
    assert ledger.suspects("encode_new") == 0
    clock.pass_s(61)
    send(ledger, Product(id="q", title="fresh", version=1))
    assert ids(claim(ledger, "b")) == ["q"]
    assert ledger.suspects("encode_new") == 3
    (row,) = claim(ledger, "b", alone=True)
    assert row.attempts == 2
    assert ledger.suspects("encode_new") == 2
    assert len(claim(ledger, "b", alone=True)) == 1


def test_alone_gives_out_no_row_without_an_attempt(ledger: Ledger) -> None:
    send(ledger, *products(1))
    assert claim(ledger, alone=True) == []


def test_renewing_keeps_the_lease(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(2))
    claim(ledger, "a", limit=1)
    claim(ledger, "b", limit=1)
    clock.pass_s(50)
    assert ledger.renew("a", lease_s=60) == 1
    assert ledger.renew("nobody", lease_s=60) == 0
    clock.pass_s(50)
    assert ledger.suspects("encode_new") == 1
    assert claim(ledger, "c", alone=True)[0].attempts == 2
    assert ledger.renew("b", lease_s=60) == 0


def test_release_gives_the_attempt_back_and_waits(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    claim(ledger)
    ledger.release("w", ["p0"], delay_s=10, give_back=True, reason="StoreUnavailable")
    assert claim(ledger) == []
    clock.pass_s(10)
    (row,) = claim(ledger)
    assert row.attempts == 1


def test_release_may_keep_the_attempt(ledger: Ledger) -> None:
    send(ledger, *products(1))
    claim(ledger)
    ledger.release("w", ["p0"], delay_s=0, give_back=False, reason="KeyError")
    assert claim(ledger) == []
    assert claim(ledger, alone=True)[0].attempts == 2


def test_release_of_what_another_holds_changes_nothing(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    claim(ledger, "slow")
    clock.pass_s(61)
    claim(ledger, "b", alone=True)
    ledger.release("slow", ["p0", "nobody"], delay_s=0, give_back=True)
    assert claim(ledger, "c", alone=True) == []
    assert ledger.renew("b", lease_s=60) == 1


def test_a_slow_worker_that_finishes_after_its_lease_is_believed(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    (slow,) = claim(ledger, "slow")
    clock.pass_s(61)
    (row,) = claim(ledger, "b", alone=True)
    assert ledger.finish("slow", [done(slow)]) == 1
    assert ledger.finish("b", [done(row)]) == 0
    assert set(ledger.counts().dirty.values()) == {0}
    ledger.release("b", ["p0"], delay_s=0, give_back=True)
    assert set(ledger.counts().dirty.values()) == {0}


def test_a_slow_worker_does_not_take_a_newer_row_from_its_holder(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *products(1))
    (slow,) = claim(ledger, "slow")
    clock.pass_s(61)
    send(ledger, Product(id="p0", title="boot", version=2))
    (row,) = claim(ledger, "b", alone=True)
    assert ledger.finish("slow", [done(slow)]) == 0
    assert claim(ledger, "c") == []
    assert claim(ledger, "c", alone=True) == []
    assert ledger.finish("b", [done(row)]) == 1


def test_the_newest_of_several_finishes_counts(ledger: Ledger) -> None:
    send(ledger, *products(1))
    (row,) = claim(ledger)
    assert ledger.finish("w", [done(row), Finished(id="p0", row_version=row.row_version - 1)]) == 1


def test_what_is_known_by_row_version(ledger: Ledger) -> None:
    send(ledger, *products(1), Offer(id="waits", stock=1, version=1))
    (row,) = claim(ledger)
    assert ledger.known(["p0", "waits", "nobody"]) == {"p0": row.row_version, "waits": 0}
