import pytest

from indexer.ledger.base import Outcome
from indexer.ledger.merge import Incoming, Merged, RowState, Stamp, drop, is_future, merge, stamp_of

NOW = 1_800_000_000_000_000


def full(version: int | None, content: str = "shoe", offer: str = "10", *, arrival: int = NOW) -> Incoming:
    return Incoming(stamp_of(version, arrival=arrival), content, offer)


def offer(version: int | None, offer: str = "10", *, arrival: int = NOW) -> Incoming:
    return Incoming(stamp_of(version, arrival=arrival), None, offer)


def gone(version: int | None, *, arrival: int = NOW) -> Incoming:
    return Incoming(stamp_of(version, arrival=arrival))


def story(*events: Incoming) -> Merged:
    merged = Merged(RowState(), Outcome.UNCHANGED)
    for event in events:
        merged = merge(merged.state, event)
    return merged


CASES: list[tuple[str, list[Incoming], Outcome]] = [
    ("a new product", [full(1)], Outcome.ENCODED),
    ("newer content", [full(1), full(2, "boot")], Outcome.ENCODED),
    ("newer, but the same", [full(1), full(2)], Outcome.UNCHANGED),
    ("newer, only the price differs", [full(1), full(2, offer="11")], Outcome.OFFER_ONLY),
    ("the same again", [full(1), full(1)], Outcome.UNCHANGED),
    ("older", [full(2), full(1, "boot")], Outcome.STALE),
    ("older, even if the same", [full(2), full(1)], Outcome.STALE),
    ("the source contradicts itself", [full(1), full(1, "boot")], Outcome.CONFLICT),
    ("the source contradicts itself about the price", [full(1), full(1, offer="11")], Outcome.CONFLICT),
    ("an offer", [full(1), offer(2, "11")], Outcome.OFFER_ONLY),
    ("an offer older than the row's", [full(2), offer(1, "11")], Outcome.STALE),
    ("an offer contradicts the row", [full(1), offer(1, "11")], Outcome.CONFLICT),
    ("an offer without content", [offer(1)], Outcome.OFFER_ONLY),
    ("content for a waiting offer", [offer(5, "9"), full(1)], Outcome.ENCODED),
    ("content newer than the row's, offer older", [full(1), offer(5, "9"), full(3, "boot")], Outcome.ENCODED),
    ("content the same, offer older", [full(1), offer(5, "9"), full(3)], Outcome.UNCHANGED),
    ("an unknown product's delete", [gone(1)], Outcome.DELETED),
    ("a delete", [full(1), gone(2)], Outcome.DELETED),
    ("a delete of the content's own version wins", [full(2), gone(2)], Outcome.DELETED),
    ("a late delete", [full(2), gone(1)], Outcome.STALE),
    ("a delete of a deleted product", [gone(1), gone(2)], Outcome.UNCHANGED),
    ("the same delete", [gone(2), gone(2)], Outcome.UNCHANGED),
    ("a delete before the delete", [gone(2), gone(1)], Outcome.STALE),
    ("a row older than the barrier", [gone(2), full(1)], Outcome.STALE),
    ("a row of the barrier's version", [gone(2), full(2)], Outcome.STALE),
    ("a row newer than the barrier", [gone(2), full(3)], Outcome.ENCODED),
    ("the same content comes back", [full(1), gone(2), full(3)], Outcome.ENCODED),
    ("an offer older than the barrier", [full(1), gone(3), offer(2, "9")], Outcome.STALE),
    ("an offer newer than the barrier waits", [full(1), gone(3), offer(4, "9")], Outcome.OFFER_ONLY),
    ("without versions the later row wins", [full(None), full(None, "boot")], Outcome.ENCODED),
    ("without versions an earlier job is older", [full(None), full(None, "boot", arrival=NOW - 1)], Outcome.STALE),
    ("without versions the same job again", [full(None), full(None)], Outcome.UNCHANGED),
    ("without versions delete, then row", [gone(None), full(None)], Outcome.ENCODED),
    ("without versions row, then delete", [full(None), gone(None)], Outcome.DELETED),
]


@pytest.mark.parametrize(("events", "outcome"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_outcome_of_the_last_event(events: list[Incoming], outcome: Outcome) -> None:
    assert story(*events).outcome is outcome


def test_a_stale_event_changes_nothing() -> None:
    before = story(full(5, "shoe", "10"))
    for late in (full(4, "boot", "11"), offer(4, "11"), gone(4)):
        assert merge(before.state, late) == Merged(before.state, Outcome.STALE)


def test_a_newer_event_with_the_same_content_moves_the_version_up() -> None:
    after = story(full(1), full(5))
    assert not after.content_changed
    assert not after.offer_changed
    assert merge(after.state, full(4, "boot")).outcome is Outcome.STALE


def test_a_newer_delete_of_a_deleted_product_moves_the_barrier_up() -> None:
    assert merge(story(gone(1), gone(5)).state, full(4)).outcome is Outcome.STALE


def test_aspects_are_judged_apart() -> None:
    after = story(full(1), offer(5, "9"), full(3, "boot", "8"))
    assert after.state.content is not None
    assert after.state.content.digest == "boot"
    assert after.state.offer is not None
    assert after.state.offer.digest == "9"
    assert after.content_changed
    assert not after.offer_changed


def test_an_offer_never_brings_a_deleted_product_back() -> None:
    after = story(full(1), gone(3), offer(9, "7"))
    assert after.state.content is None
    assert after.state.deleted is not None


def test_the_offer_that_waited_beside_a_barrier_is_there_when_the_product_comes_back() -> None:
    after = story(full(1), gone(3), offer(9, "7"), full(5, "shoe", "8"))
    assert after.state.offer is not None
    assert after.state.offer.digest == "7"
    assert after.state.deleted is None


def test_a_delete_drops_the_older_waiting_offer_and_keeps_the_newer() -> None:
    assert story(offer(2), gone(3)).state.offer is None
    assert story(offer(4), gone(3)).state.offer is not None


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
def test_update_times_are_known_by_their_size_and_compare_across_units(unit: int) -> None:
    stamp = stamp_of(1_700_000_000 * unit, arrival=NOW)
    assert stamp == Stamp("time", 1_700_000_000_000_000, from_source=True, arrival=NOW)


@pytest.mark.parametrize("version", [0, -3, 7, 999_999_999, 20260102030405, 202601020304, 2**62, 1_800_000_000_000_000_000])
def test_other_numbers_are_sequences_and_never_in_the_future(version: int) -> None:
    stamp = stamp_of(version, arrival=NOW)
    assert stamp == Stamp("sequence", version, from_source=True, arrival=NOW)
    assert not is_future(stamp, now=NOW, allowed_s=300)


def test_an_update_time_may_lie_a_little_ahead_of_the_clock() -> None:
    def ahead(seconds: float) -> bool:
        return is_future(stamp_of(NOW + round(seconds * 1e6), arrival=NOW), now=NOW, allowed_s=300)

    assert not ahead(-10)
    assert not ahead(300)
    assert ahead(300.000001)


def test_an_arrival_is_never_in_the_future() -> None:
    assert not is_future(stamp_of(None, arrival=NOW + 10**12), now=NOW, allowed_s=300)


def test_update_times_and_arrivals_share_a_scale() -> None:
    hour = 3_600_000_000
    assert story(full(None), full((NOW - hour) // 1_000_000, "boot")).outcome is Outcome.STALE
    assert story(full((NOW - hour) // 1_000_000), full(None, "boot")).outcome is Outcome.ENCODED


def test_a_source_that_begins_to_number_its_rows_is_heard() -> None:
    assert story(full(None), full(1, "boot", arrival=NOW + 1)).outcome is Outcome.ENCODED


def test_a_row_without_version_replaces_a_numbered_one_that_arrived_before() -> None:
    assert story(full(7), full(None, "boot", arrival=NOW + 1)).outcome is Outcome.ENCODED
    assert story(full(7), full(None, "boot", arrival=NOW - 1)).outcome is Outcome.STALE


def test_numbers_are_remembered_while_times_rule() -> None:
    mixed = story(full(7), full(None, "boot", arrival=NOW + 1)).state
    assert merge(mixed, full(7, "shoe", arrival=NOW + 2)).outcome is Outcome.STALE
    assert merge(mixed, full(6, "clog", arrival=NOW + 2)).outcome is Outcome.STALE
    assert merge(mixed, full(8, "clog", arrival=NOW + 2)).outcome is Outcome.ENCODED


def test_an_old_job_sent_again_does_not_outrun_what_came_in_between() -> None:
    mixed = story(full(None, "shoe", arrival=NOW), full(7, "boot", arrival=NOW + 5)).state
    assert merge(mixed, full(None, "shoe", arrival=NOW)).outcome is Outcome.STALE


LATER = NOW + 10


def dropped(*events: Incoming, since: int = NOW + 5) -> RowState:
    """The state of a product that a snapshot of that arrival did not hold."""
    merged = drop(story(*events).state, arrival=since)
    assert merged.outcome is Outcome.DELETED
    assert merged.content_changed
    return merged.state


@pytest.mark.parametrize(
    ("version", "arrival", "outcome"),
    [
        (5, LATER, Outcome.ENCODED),  # listed again, unchanged
        (6, LATER, Outcome.ENCODED),
        (4, LATER, Outcome.STALE),
        (5, NOW + 5, Outcome.UNCHANGED),  # by the snapshot's own job, sent again: the price is not news
        (6, NOW + 4, Outcome.UNCHANGED),  # by a job that began before it
        (None, LATER, Outcome.ENCODED),
        (None, NOW + 4, Outcome.UNCHANGED),
    ],
)
def test_what_lifts_a_soft_barrier(version: int | None, arrival: int, outcome: Outcome) -> None:
    after = merge(dropped(full(5)), full(version, arrival=arrival))
    assert after.outcome is outcome
    assert (after.state.deleted is None) == (outcome is Outcome.ENCODED)


def test_only_what_lives_is_dropped() -> None:
    for before in (RowState(), story(offer(3)).state, story(gone(3)).state):
        assert drop(before, arrival=LATER) == Merged(before, Outcome.UNCHANGED)


def test_offers_wait_beside_a_soft_barrier_as_if_the_content_had_not_come() -> None:
    state = dropped(full(5, offer="10"))
    assert merge(state, offer(4, "8")).outcome is Outcome.STALE
    assert merge(state, offer(5, "10")).outcome is Outcome.UNCHANGED
    waits = merge(state, offer(6, "9"))
    assert waits.outcome is Outcome.OFFER_ONLY
    back = merge(waits.state, full(5, offer="10", arrival=LATER)).state
    assert back.offer is not None
    assert back.offer.digest == "9"


@pytest.mark.parametrize(("version", "hardened"), [(4, False), (5, True), (6, True)])
def test_a_delete_of_the_source_hardens_a_soft_barrier_unless_it_is_older(version: int, hardened: bool) -> None:
    after = merge(dropped(full(5)), gone(version, arrival=LATER))
    assert after.outcome is (Outcome.UNCHANGED if hardened else Outcome.STALE)
    again = merge(after.state, full(5, arrival=LATER))
    assert again.outcome is (Outcome.STALE if hardened else Outcome.ENCODED)


def test_a_hardened_barrier_still_remembers_the_snapshot() -> None:
    state = merge(dropped(full(5)), gone(6, arrival=LATER)).state
    early = merge(state, full(7, arrival=NOW + 4))
    assert early.outcome is Outcome.OFFER_ONLY
    assert early.state.content is None
    assert merge(early.state, full(7, arrival=LATER)).outcome is Outcome.ENCODED


def test_once_lifted_a_soft_barrier_is_forgotten() -> None:
    back = merge(dropped(full(5)), full(5, arrival=LATER)).state
    assert merge(back, full(6, "boot", arrival=NOW)).outcome is Outcome.ENCODED
