from dataclasses import replace

import pytest

from indexer.errors import InvalidField, LedgerError
from indexer.ledger.base import Finished, Ledger, Outcome, PartRef
from indexer.records import Delete, Event, Lane, Money, Offer, Photo, Product
from tests.contract.ledger.conftest import START, Clock

SHOE = Product(
    id="p1",
    title="Schuh 鞋",
    category=("Shoes",),
    price=Money(1299, "EUR"),
    stock=4,
    attributes={"size": 42.0, "vegan": True, "tags": ("a",)},
    photos=(Photo("/p/1.jpg"),),
    popularity=0.5,
    version=5,
)


def send(ledger: Ledger, *events: Event, job: str = "j") -> list[Outcome]:
    ledger.begin_job(job, "test")
    return ledger.accept(job, events)


def drain(ledger: Ledger, lane: Lane) -> list[str]:
    """Work everything due in the lane, as if all went well."""
    claimed = ledger.claim(lane, owner="w", limit=100, lease_s=60)
    ledger.finish("w", [Finished(id=row.id, row_version=row.row_version) for row in claimed])
    return sorted(row.id for row in claimed)


def test_a_product_comes_out_as_it_went_in(ledger: Ledger) -> None:
    assert send(ledger, SHOE) == [Outcome.ENCODED]
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    assert row.product == SHOE
    assert row.row_version == START
    assert row.parts is None


def test_outcomes_stand_in_order(ledger: Ledger) -> None:
    events: list[Event] = [
        SHOE,
        Offer(id="p1", price=Money(999, "EUR"), version=6),
        Product(id="p2", title="Mug"),
        Offer(id="p1", stock=1, version=4),
        Delete(id="p3"),
        replace(SHOE, title="Boot"),
        Offer(id="p1", price=Money(999, "EUR"), version=6),
        Product(id="p2", title="Mug", version=START + 301_000_000),
    ]
    assert send(ledger, *events) == ["encoded", "offer_only", "encoded", "stale", "deleted", "conflict", "unchanged", "future"]


def test_the_same_feed_twice_leaves_nothing_to_do(ledger: Ledger, clock: Clock) -> None:
    feed = [replace(SHOE, id=f"p{n}", version=None) for n in range(20)]
    send(ledger, *feed, job="monday")
    assert len(drain(ledger, "encode_new")) == 20
    clock.pass_s(60)
    assert set(send(ledger, *feed, job="tuesday")) == {Outcome.UNCHANGED}
    assert set(ledger.counts().dirty.values()) == {0}
    assert ledger.job("tuesday") == replace(ledger.begin_job("tuesday", "test"), first_version=None, last_version=None)
    assert send(ledger, replace(feed[0], title="late"), job="monday") == [Outcome.STALE]


def test_a_price_goes_to_the_lane_without_model_and_keeps_the_parts(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    parts = (PartRef("title", "d1"), PartRef("photo", "d2"))
    ledger.finish("w", [Finished(id="p1", row_version=row.row_version, parts=parts, photo_status="used")])
    clock.pass_s(1)
    assert send(ledger, Offer(id="p1", price=Money(1, "EUR"), stock=0, version=6)) == [Outcome.OFFER_ONLY]
    (row,) = ledger.claim("offers", owner="w", limit=10, lease_s=60)
    assert row.product == replace(SHOE, price=Money(1, "EUR"), stock=0)
    assert (row.parts, row.photo_status) == (parts, "used")


def test_changed_content_forgets_the_parts(ledger: Ledger, clock: Clock) -> None:
    send(ledger, SHOE)
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    ledger.finish("w", [Finished(id="p1", row_version=row.row_version, parts=(PartRef("title", "d1"),), photo_status="used")])
    assert send(ledger, replace(SHOE, title="Boot", version=6)) == [Outcome.ENCODED]
    (row,) = ledger.claim("encode", owner="w", limit=10, lease_s=60)
    assert row.row_version == START + 1
    assert (row.parts, row.photo_status) == (None, "none")


def test_a_storm_of_prices_is_one_write(ledger: Ledger) -> None:
    send(ledger, SHOE)
    drain(ledger, "encode_new")
    for version in range(6, 60):
        send(ledger, Offer(id="p1", price=Money(version, "EUR"), version=version))
    (row,) = ledger.claim("offers", owner="w", limit=10, lease_s=60)
    assert row.product is not None
    assert row.product.price == Money(59, "EUR")
    assert row.row_version == START + 54


def test_an_offer_waits_for_its_content(ledger: Ledger) -> None:
    assert send(ledger, Offer(id="p1", price=Money(1, "EUR"), stock=0, version=9)) == [Outcome.OFFER_ONLY]
    assert set(ledger.counts().dirty.values()) == {0}
    assert (ledger.counts().waiting, ledger.counts().products) == (1, 0)
    assert send(ledger, SHOE) == [Outcome.ENCODED]
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    assert row.product == replace(SHOE, price=Money(1, "EUR"), stock=0)
    assert ledger.counts().waiting == 0


def test_a_deleted_product_leaves_a_tombstone_to_write_and_can_come_back(ledger: Ledger) -> None:
    send(ledger, SHOE)
    drain(ledger, "encode_new")
    assert send(ledger, Delete(id="p1", version=6)) == [Outcome.DELETED]
    (row,) = ledger.claim("offers", owner="w", limit=10, lease_s=60)
    assert row.product is None
    assert row.row_version == START + 1
    ledger.finish("w", [Finished(id="p1", row_version=row.row_version)])
    assert (ledger.counts().products, ledger.counts().deleted) == (0, 1)
    assert send(ledger, replace(SHOE, version=6)) == [Outcome.STALE]
    assert send(ledger, Offer(id="p1", stock=3, version=7)) == [Outcome.OFFER_ONLY]
    assert set(ledger.counts().dirty.values()) == {0}
    assert send(ledger, replace(SHOE, version=8)) == [Outcome.ENCODED]
    (row,) = ledger.claim("encode_new", owner="w", limit=10, lease_s=60)
    assert row.product == replace(SHOE, version=8)


def test_the_delete_of_an_unknown_product_is_kept_and_never_written(ledger: Ledger) -> None:
    assert send(ledger, Delete(id="p1", version=6)) == [Outcome.DELETED]
    assert set(ledger.counts().dirty.values()) == {0}
    assert send(ledger, SHOE) == [Outcome.STALE]


def test_a_refused_event_leaves_no_row(ledger: Ledger) -> None:
    late = START // 1_000_000 + 3600
    assert send(ledger, replace(SHOE, version=late), Offer(id="p2", version=late)) == [Outcome.FUTURE, Outcome.FUTURE]
    assert ledger.known(["p1", "p2"]) == {}
    assert send(ledger, replace(SHOE, version=2**80)) == [Outcome.ENCODED]


def test_arrival_is_fixed_when_a_job_is_first_seen(ledger: Ledger, clock: Clock) -> None:
    ledger.begin_job("early", "test")
    clock.pass_s(5)
    assert send(ledger, replace(SHOE, version=None, title="new"), job="late") == [Outcome.ENCODED]
    clock.pass_s(5)
    assert send(ledger, replace(SHOE, version=None, title="old"), job="early") == [Outcome.STALE]


def test_a_batch_that_fails_leaves_nothing(ledger: Ledger) -> None:
    ledger.begin_job("j", "test")
    with pytest.raises(InvalidField, match="p2"):
        ledger.accept("j", [SHOE, replace(SHOE, id="p2", popularity=float("nan"))])
    assert ledger.known(["p1", "p2"]) == {}


def test_a_job_that_was_never_begun_is_named(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="'nobody'"):
        ledger.accept("nobody", [SHOE])


def test_more_events_than_fit_one_question(ledger: Ledger) -> None:
    feed = [Product(id=f"p{n:05}", title="x") for n in range(2500)]
    assert send(ledger, *feed) == [Outcome.ENCODED] * 2500
    assert len(ledger.known([product.id for product in feed] + ["other"])) == 2500
    assert ledger.counts().dirty["encode_new"] == 2500


def test_no_events_no_outcomes(ledger: Ledger) -> None:
    assert send(ledger) == []


def test_a_crash_between_batches_is_repaired_by_sending_again(ledger: Ledger, clock: Clock) -> None:
    feed = [replace(SHOE, id=f"p{n}", version=None) for n in range(10)]
    send(ledger, *feed[:5])
    clock.pass_s(30)
    assert send(ledger, *feed[:5]) == [Outcome.UNCHANGED] * 5
    assert send(ledger, *feed[5:]) == [Outcome.ENCODED] * 5
    job = ledger.commit_job("j", {"encoded": 10})
    assert (job.first_version, job.last_version) == (START, START + 30_000_000)
    assert ledger.pending(job) == 10
