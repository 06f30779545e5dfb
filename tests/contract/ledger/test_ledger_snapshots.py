from dataclasses import replace

import pytest

from indexer.errors import LedgerError
from indexer.ledger.base import Absent, Finished, Ledger, Letter, Outcome
from indexer.records import LANES, Delete, Event, Money, Offer, Product, Rejected
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(id="p", title="shoe", price=Money(5, "EUR"), version=1)


def shop(count: int) -> list[Event]:
    return [replace(SHOE, id=f"p{n:04}") for n in range(count)]


def fill(ledger: Ledger, clock: Clock, count: int = 4) -> None:
    """So many products, all of them in the index."""
    send(ledger, *shop(count), job="first")
    drain(ledger)
    clock.pass_s(60)


def send(ledger: Ledger, *events: Event, job: str, snapshot: bool = False) -> list[Outcome]:
    ledger.begin_job(job, "test", snapshot=snapshot)
    return ledger.accept(job, events)


def drain(ledger: Ledger) -> dict[str, bool]:
    """Work everything that is due; which products were written, and whether they live."""
    written: dict[str, bool] = {}
    for lane in LANES:
        rows = ledger.claim(lane, owner="w", limit=5000, lease_s=60)
        written |= {row.id: row.product is not None for row in rows}
        ledger.finish("w", [Finished(id=row.id, row_version=row.row_version) for row in rows])
    return written


def drop_all(ledger: Ledger, job: str, *, limit: int = 1000) -> int:
    total = 0
    while dropped := ledger.drop_absent(job, limit=limit):
        total += dropped
    return total


def test_what_a_snapshot_does_not_hold_goes(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock)
    outcomes = send(ledger, *shop(2), job="snap", snapshot=True)
    assert outcomes == [Outcome.UNCHANGED] * 2
    assert ledger.absent("snap") == Absent(gone=2, live=4)
    clock.pass_s(1)
    assert drop_all(ledger, "snap") == 2
    assert ledger.absent("snap") == Absent(gone=0, live=2)
    job = ledger.commit_job("snap", {"unchanged": 2, "dropped": 2})
    assert (job.snapshot, ledger.pending(job)) == (True, 2)
    assert drain(ledger) == {"p0002": False, "p0003": False}
    assert ledger.pending(job) == 0
    assert (ledger.counts().products, ledger.counts().deleted) == (2, 2)


def test_whatever_became_of_its_event_a_product_is_held(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 5)
    late = START // 1_000_000 + 7200
    outcomes = send(
        ledger,
        replace(SHOE, id="p0000", version=0),
        replace(SHOE, id="p0001", title="boot"),
        replace(SHOE, id="p0002", version=late),
        Offer(id="p0003", price=Money(5, "EUR"), version=1),
        replace(SHOE, id="nobody", version=late),
        job="snap",
        snapshot=True,
    )
    assert outcomes == [Outcome.STALE, Outcome.CONFLICT, Outcome.FUTURE, Outcome.UNCHANGED, Outcome.FUTURE]
    assert ledger.absent("snap") == Absent(gone=1, live=5)
    row = Rejected(file="f", line=1, field="title", reason="no title", id="p0004")
    ledger.reject("snap", [row, replace(row, line=2, id=""), replace(row, line=3, id="half \ud83d"), replace(row, line=4, id="nobody")])
    assert ledger.absent("snap") == Absent(gone=0, live=5)
    assert ledger.known(["nobody"]) == {}


def test_what_another_job_touches_meanwhile_stays(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 6)
    ledger.begin_job("slow", "test")
    clock.pass_s(1)
    ledger.begin_job("snap", "test", snapshot=True)
    clock.pass_s(1)
    send(ledger, replace(SHOE, id="p0000"), job="slow")  # unchanged, by a job that arrived before
    send(ledger, Offer(id="p0001", price=Money(9, "EUR"), version=2), job="other")
    send(ledger, replace(SHOE, id="p0002", title="boot", version=2), job="other")
    send(ledger, replace(SHOE, id="p0003", version=0), job="other")  # stale
    send(ledger, replace(SHOE, id="new"), job="other")
    ledger.reject("other", [Rejected(file="f", line=1, field="price", reason="x", id="p0004")])
    assert ledger.absent("snap") == Absent(gone=1, live=7)
    assert drop_all(ledger, "snap") == 1
    assert ledger.known(["p0005"])["p0005"] == clock.now


def test_what_was_touched_before_the_snapshot_began_is_not_held(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 3)
    send(ledger, *shop(3), job="daily")
    clock.pass_s(1)
    send(ledger, *shop(1), job="snap", snapshot=True)
    assert ledger.absent("snap") == Absent(gone=2, live=3)


def test_a_clock_behind_the_snapshots_still_touches(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 2)
    ledger.begin_job("snap", "test", snapshot=True)
    clock.pass_s(-5)
    send(ledger, *shop(2), job="snap", snapshot=True)
    assert ledger.absent("snap").gone == 0


def test_two_snapshots_at_once_do_not_mistake_each_others_products(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 4)
    ledger.begin_job("one", "test", snapshot=True)
    clock.pass_s(1)
    ledger.begin_job("two", "test", snapshot=True)
    clock.pass_s(1)
    send(ledger, *shop(2), job="one", snapshot=True)
    send(ledger, *shop(3)[1:], job="two", snapshot=True)
    assert (ledger.absent("one").gone, ledger.absent("two").gone) == (1, 1)


def test_a_snapshot_that_is_sent_again_goes_on(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 4)
    send(ledger, *shop(1), job="snap", snapshot=True)
    ledger.fail_job("snap", "the feed broke off")
    clock.pass_s(3600)
    send(ledger, *shop(3), job="snap", snapshot=True)
    assert ledger.absent("snap") == Absent(gone=1, live=4)
    assert ledger.drop_absent("snap") == 1
    assert send(ledger, *shop(3), job="snap", snapshot=True) == [Outcome.UNCHANGED] * 3
    assert ledger.drop_absent("snap") == 0


def test_a_job_that_is_no_snapshot_drops_nothing(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 2)
    send(ledger, *shop(1), job="plain")
    for call in (ledger.absent, ledger.drop_absent):
        with pytest.raises(LedgerError, match="no snapshot"):
            call("plain")
        with pytest.raises(LedgerError, match="'nobody'"):
            call("nobody")


def test_a_job_may_be_begun_again_as_a_snapshot_until_it_is_committed(ledger: Ledger) -> None:
    assert not ledger.begin_job("j", "test").snapshot
    assert ledger.begin_job("j", "test", snapshot=True).snapshot
    assert not ledger.begin_job("j", "test").snapshot
    ledger.commit_job("j", {})
    assert not ledger.begin_job("j", "test", snapshot=True).snapshot


def test_waiting_offers_and_deleted_products_are_not_dropped(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 1)
    send(ledger, Offer(id="waits", stock=1), Delete(id="p0000", version=2), job="other")
    clock.pass_s(1)
    ledger.begin_job("snap", "test", snapshot=True)
    assert ledger.absent("snap") == Absent(gone=0, live=0)
    assert ledger.drop_absent("snap") == 0


def test_a_source_lists_again_under_the_same_version(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 2)
    send(ledger, *shop(1), job="snap", snapshot=True)
    assert drop_all(ledger, "snap") == 1
    drain(ledger)
    assert send(ledger, *shop(2), job="first") == [Outcome.UNCHANGED, Outcome.UNCHANGED]  # an old job, sent again
    assert drain(ledger) == {}
    clock.pass_s(60)
    assert send(ledger, replace(SHOE, id="p0001", version=0), job="next") == [Outcome.STALE]
    assert send(ledger, *shop(2), job="next") == [Outcome.UNCHANGED, Outcome.ENCODED]
    assert drain(ledger) == {"p0001": True}


def test_what_is_dropped_in_batches_is_all_of_it(ledger: Ledger, clock: Clock) -> None:
    fill(ledger, clock, 2500)
    ledger.begin_job("snap", "test", snapshot=True)
    assert [ledger.drop_absent("snap", limit=1200) for _ in range(4)] == [1200, 1200, 100, 0]
    assert ledger.counts().dirty["offers"] == 2500
    assert ledger.pending(ledger.commit_job("snap", {})) == 2500


def test_a_buried_product_that_a_snapshot_lacks_is_revived_as_a_tombstone(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE, job="first")
    (row,) = ledger.claim("encode_new", owner="w", limit=1, lease_s=60)
    seen = clock.now
    ledger.bury("w", [Letter(id="p", row_version=row.row_version, error="E", reason="r", attempts=1, first_seen=seen, last_seen=seen)])
    clock.pass_s(1)
    ledger.begin_job("snap", "test", snapshot=True)
    assert ledger.drop_absent("snap") == 1
    assert ledger.letters() == []
    assert drain(ledger) == {"p": False}


def test_unchanged_rows_are_noted_once_a_snapshot(ledger: Ledger, clock: Clock) -> None:
    """So that a feed sent again while a snapshot lies about unfinished stays cheap."""
    fill(ledger, clock, 3)
    ledger.begin_job("left", "test", snapshot=True)
    send(ledger, *shop(3), job="a")
    first = ledger.absent("left")
    clock.pass_s(60)
    ledger.begin_job("newer", "test", snapshot=True)
    assert (first.gone, ledger.absent("left").gone, ledger.absent("newer").gone) == (0, 0, 3)
    send(ledger, *shop(2), job="b")
    assert (ledger.absent("left").gone, ledger.absent("newer").gone) == (0, 1)
