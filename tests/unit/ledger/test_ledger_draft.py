from dataclasses import replace

import pytest

from indexer.ledger.base import Outcome
from indexer.ledger.draft import Draft, source_version, state_of, state_text
from indexer.ledger.merge import RowState, stamp_of
from indexer.records import Delete, Event, Lane, Money, Offer, Product

NOW = 1_800_000_000_000_000


def apply(draft: Draft, event: Event, *, now: int = NOW) -> Outcome:
    return draft.apply(event, stamp=stamp_of(event.version, arrival=now), now=now)


def stored(draft: Draft, *, lane: Lane | None, buried: Lane | None = None, version: int = NOW) -> Draft:
    """As the draft's row would be read back."""
    kept = Draft(draft.id, exists=True, state=state_of(state_text(draft.state)), offer=draft.offer, row_version=version)
    return replace(kept, lane=lane, buried_lane=buried, attempts=2 if lane else 0, due=NOW + 5)


def live(*, lane: Lane | None = None, buried: Lane | None = None) -> Draft:
    draft = Draft("p")
    apply(draft, Product(id="p", title="shoe", version=1))
    return stored(draft, lane=lane, buried=buried)


def tombstone(*, lane: Lane | None = None, version: int = NOW) -> Draft:
    draft = Draft("p")
    apply(draft, Delete(id="p", version=2))
    return stored(draft, lane=lane, version=version)


NEW = Product(id="p", title="boot", version=5)
PRICE = Offer(id="p", price=Money(9, "EUR"), version=5)
GONE = Delete(id="p", version=5)


@pytest.mark.parametrize(
    ("draft", "event", "lane"),
    [
        (Draft("p"), NEW, "encode_new"),
        (Draft("p"), PRICE, None),
        (Draft("p"), GONE, None),
        (live(), NEW, "encode"),
        (live(), PRICE, "offers"),
        (live(), GONE, "offers"),
        (live(lane="encode_new"), NEW, "encode_new"),
        (live(lane="encode_new"), PRICE, "encode_new"),
        (live(lane="encode_new"), GONE, "offers"),
        (live(lane="encode"), PRICE, "encode"),
        (live(lane="backfill"), PRICE, "backfill"),
        (live(lane="backfill"), NEW, "encode"),
        (live(lane="offers"), NEW, "encode"),
        (live(buried="encode"), PRICE, "encode"),
        (live(buried="encode_new"), NEW, "encode_new"),
        (tombstone(), NEW, "encode_new"),
        (tombstone(lane="offers"), NEW, "encode_new"),
        (tombstone(lane="offers"), PRICE, "offers"),
        (tombstone(), PRICE, None),
        (tombstone(version=0), PRICE, None),
    ],
)
def test_where_a_row_goes(draft: Draft, event: Event, lane: Lane | None) -> None:
    draft = replace(draft)
    apply(draft, event)
    assert draft.lane == lane


def test_a_row_version_is_the_clock_or_one_more() -> None:
    draft = live()
    apply(draft, PRICE)
    assert draft.version_after(NOW + 7) == NOW + 7
    assert draft.version_after(NOW - 7) == NOW + 1


def test_what_is_not_to_be_indexed_keeps_its_row_version() -> None:
    draft = live()
    assert apply(draft, replace(NEW, title="shoe")) is Outcome.UNCHANGED
    assert (draft.moved, draft.reshaped) == (True, False)
    assert draft.version_after(NOW + 7) == NOW


def test_an_event_does_not_disturb_lease_and_attempts() -> None:
    draft = live(lane="encode")
    apply(draft, NEW)
    assert (draft.due, draft.attempts) == (NOW + 5, 2)


def test_a_clean_row_is_due_at_once() -> None:
    draft = live()
    apply(draft, NEW, now=NOW + 9)
    assert (draft.due, draft.attempts) == (NOW + 9, 0)


def test_a_product_made_and_deleted_within_one_batch_leaves_only_its_barrier() -> None:
    draft = Draft("p")
    apply(draft, Product(id="p", title="shoe", version=1))
    assert apply(draft, Delete(id="p", version=2)) is Outcome.DELETED
    assert (draft.lane, draft.changed, draft.content, draft.standing) == (None, False, None, "deleted")
    apply(draft, Product(id="p", title="shoe", version=3))
    assert (draft.lane, draft.changed, draft.standing) == ("encode_new", True, "live")


@pytest.mark.parametrize(("buried", "outcome"), [("encode", Outcome.ENCODED), ("offers", Outcome.OFFER_ONLY)])
def test_a_newer_event_with_nothing_new_revives_a_buried_row(buried: Lane, outcome: Outcome) -> None:
    draft = live(buried=buried)
    assert apply(draft, Product(id="p", title="shoe", version=9)) is outcome
    assert (draft.lane, draft.buried_lane, draft.revived, draft.changed) == (buried, None, True, True)


def test_a_newer_delete_revives_a_buried_tombstone() -> None:
    draft = replace(tombstone(), buried_lane="offers")
    assert apply(draft, Delete(id="p", version=9)) is Outcome.DELETED
    assert (draft.lane, draft.revived) == ("offers", True)


@pytest.mark.parametrize("version", [0, 1])
def test_an_event_that_is_not_newer_revives_nothing(version: int) -> None:
    draft = live(buried="encode")
    apply(draft, Product(id="p", title="shoe", version=version))
    assert (draft.lane, draft.buried_lane, draft.moved) == (None, "encode", False)


def test_states_survive_their_text() -> None:
    draft = Draft("p")
    for event in (PRICE, Delete(id="p", version=2), NEW, replace(NEW, version=None, title="clog")):
        apply(draft, event)
        assert state_of(state_text(draft.state)) == draft.state
    assert state_of(state_text(RowState())) == RowState()


def test_a_snapshots_barrier_survives_its_text_and_an_ordinary_one_is_written_as_ever() -> None:
    draft = live()
    assert draft.drop(arrival=NOW + 3, now=NOW + 5)
    assert state_of(state_text(draft.state)) == draft.state
    apply(draft, Delete(id="p", version=9))
    assert state_of(state_text(draft.state)) == draft.state
    plain = tombstone()
    assert state_text(plain.state) == '{"deleted":["s",2,1,1800000000000000,null]}'


def test_what_a_snapshot_does_not_hold_becomes_a_tombstone_to_write() -> None:
    draft = live(buried="encode")
    assert draft.drop(arrival=NOW + 3, now=NOW + 5)
    assert (draft.lane, draft.revived, draft.standing, draft.version_after(NOW + 5)) == ("offers", True, "deleted", NOW + 5)
    assert not draft.drop(arrival=NOW + 4, now=NOW + 6)
    assert not tombstone().drop(arrival=NOW + 3, now=NOW)


def test_a_row_whose_standing_turns_without_new_content_is_told_apart() -> None:
    draft = Draft("p")
    apply(draft, PRICE)
    waits = stored(draft, lane=None, version=0)
    apply(waits, Delete(id="p", version=9))
    assert (waits.turned, waits.reshaped, waits.content_changed, waits.standing) == (True, True, False, "deleted")


@pytest.mark.parametrize(("version", "told"), [(7, 7), (2**80, 2**80), (1_700_000_000, 1_700_000_000_000_000), (None, None)])
def test_the_source_version_is_read_out_of_a_states_text(version: int | None, told: int | None) -> None:
    draft = Draft("p")
    assert source_version(state_text(draft.state)) is None
    apply(draft, replace(NEW, version=version))
    assert source_version(state_text(draft.state)) == told
