from dataclasses import replace

import pytest

from indexer.ledger.base import Claimed, Finished, Ledger, Letter, PartRef
from indexer.records import Delete, Event, Lane, Offer, Product
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(id="p", title="shoe", version=1)
SOON = START + 100_000_000


def send(ledger: Ledger, *events: Event) -> None:
    ledger.begin_job("j", "test")
    ledger.accept("j", events)


def finish(ledger: Ledger, lane: Lane = "encode_new", *, wake: int | None = SOON, wake_lane: Lane = "offers") -> list[Claimed]:
    rows = ledger.claim(lane, owner="w", limit=5000, lease_s=60)
    done = [
        Finished(id=row.id, row_version=row.row_version, parts=(PartRef("title", "d"),), wake=wake, wake_lane=wake_lane) for row in rows
    ]
    assert ledger.finish("w", done) == len(rows)
    return rows


@pytest.mark.parametrize("lane", ["offers", "encode"])
def test_a_row_wakes_by_itself_when_its_time_has_come(ledger: Ledger, clock: Clock, lane: Lane) -> None:
    send(ledger, SHOE)
    (row,) = finish(ledger, wake_lane=lane)
    clock.pass_s(99)
    assert ledger.sweep(attempts=3)[lane] == 0
    clock.pass_s(1)
    assert ledger.sweep(attempts=3)[lane] == 1
    (again,) = finish(ledger, lane, wake=None)
    assert again.row_version == SOON > row.row_version
    assert (again.product, again.attempts, again.parts) == (row.product, 1, (PartRef("title", "d"),))
    clock.pass_s(1000)
    assert sum(ledger.sweep(attempts=3).values()) == 0


def test_a_newer_finish_has_its_own_time(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    finish(ledger)
    send(ledger, Offer(id="p", stock=3, version=2))
    finish(ledger, "offers", wake=SOON + 50_000_000)
    clock.pass_s(100)
    assert ledger.sweep(attempts=3)["offers"] == 0
    clock.pass_s(50)
    assert ledger.sweep(attempts=3)["offers"] == 1


def test_a_row_that_is_at_work_already_is_not_woken(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    finish(ledger)
    send(ledger, replace(SHOE, title="boot", version=2))
    clock.pass_s(100)
    assert ledger.sweep(attempts=3) == {"offers": 0, "encode_new": 0, "encode": 1, "backfill": 0, "upgrade": 0}
    (row,) = finish(ledger, "encode", wake=SOON - 1)  # made before, finished after: it wakes at once
    assert ledger.sweep(attempts=3)["offers"] == 1
    assert finish(ledger, "offers", wake=None)[0].row_version > row.row_version


def test_the_time_of_an_overtaken_document_does_not_count(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = ledger.claim("encode_new", owner="w", limit=1, lease_s=60)
    send(ledger, Offer(id="p", stock=3, version=2))
    assert ledger.finish("w", [Finished(id="p", row_version=row.row_version, wake=SOON)]) == 0
    finish(ledger, "offers", wake=None)
    clock.pass_s(1000)
    assert sum(ledger.sweep(attempts=3).values()) == 0


def test_deleted_and_buried_rows_sleep_on(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE, replace(SHOE, id="q"))
    finish(ledger)
    send(ledger, Delete(id="p", version=2), replace(SHOE, id="q", title="boot", version=2))
    finish(ledger, "offers", wake=SOON)
    (row,) = ledger.claim("encode", owner="w", limit=1, lease_s=60)
    ledger.bury("w", [Letter(id="q", row_version=row.row_version, error="E", reason="", attempts=1, first_seen=1, last_seen=1)])
    clock.pass_s(200)
    assert sum(ledger.sweep(attempts=3).values()) == 0
    assert ledger.counts().letters == 1


def test_more_than_one_batch_wakes_in_one_sweep(ledger: Ledger, clock: Clock) -> None:
    send(ledger, *(replace(SHOE, id=f"p{n:04}") for n in range(2300)))
    assert len(finish(ledger)) == 2300
    clock.pass_s(100)
    assert ledger.sweep(attempts=3)["offers"] == 2300
