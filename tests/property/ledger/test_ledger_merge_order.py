from dataclasses import dataclass
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from indexer.ledger.base import Outcome
from indexer.ledger.merge import Incoming, RowState, drop, is_future, merge, stamp_of

NOW = 1_800_000_000_000_000


@dataclass(frozen=True)
class Event:
    kind: str
    version: int

    @property
    def incoming(self) -> Incoming:
        """What a version says never changes; but neighbouring versions may say the same."""
        stamp = stamp_of(self.version, arrival=NOW)
        says = str(self.version // 3)
        return Incoming(stamp, says if self.kind == "full" else None, None if self.kind == "gone" else says)


versions = st.one_of(st.integers(0, 12), st.integers(1_700_000_000, 1_700_000_012))
kinds = st.sampled_from(["full", "offer", "gone"])


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    """A set of events, and the same events in another order, some of them more than once."""
    low = draw(st.sampled_from([0, 1_700_000_000, 1_700_000_000_000]))
    events = draw(st.lists(st.builds(Event, kinds, st.integers(low, low + 12)), min_size=1, max_size=10, unique=True))
    again = draw(st.lists(st.sampled_from(events), max_size=5))
    return events, draw(st.permutations(events + again))


def fold(events: list[Event]) -> RowState:
    state = RowState()
    for event in events:
        state = merge(state, event.incoming).state
    return state


def expected(events: list[Event]) -> tuple[int | None, int | None, int | None]:
    """The newest content, offer and delete that count, said without the merge: (content, offer, barrier)."""
    barrier = max((event.version for event in events if event.kind == "gone"), default=None)
    alive = [event for event in events if event.kind != "gone" and (barrier is None or event.version > barrier)]
    content = max((event.version for event in alive if event.kind == "full"), default=None)
    offer = max((event.version for event in alive), default=None)
    return content, offer, barrier if content is None else None


def seen(state: RowState) -> tuple[int | None, int | None, int | None]:
    def of(mark_value: int | None, events_unit: int) -> int | None:
        return None if mark_value is None else mark_value // events_unit

    unit = 1
    for part in (state.content and state.content.mark, state.offer and state.offer.mark, state.deleted and state.deleted.mark):
        if part and part.stamp.scale == "time":
            unit = 1_000_000 if part.stamp.value < 1_700_000_000_000_000_000 else 1
    content = of(state.content.mark.stamp.value if state.content else None, unit)
    offer = of(state.offer.mark.stamp.value if state.offer else None, unit)
    return content, offer, of(state.deleted.mark.stamp.value if state.deleted else None, unit)


@given(stories())
def test_any_order_with_any_repetition_comes_to_the_same(story: tuple[list[Event], list[Event]]) -> None:
    events, shuffled = story
    assert fold(shuffled) == fold(sorted(events, key=lambda event: event.version))


@given(st.lists(st.builds(Event, kinds, st.integers(0, 12)), max_size=12))
def test_the_state_is_the_newest_of_each_register(events: list[Event]) -> None:
    assert seen(fold(events)) == expected(events)


@given(st.lists(st.builds(Event, kinds, versions), max_size=12), st.builds(Event, kinds, versions))
def test_an_event_heard_twice_changes_nothing_the_second_time(before: list[Event], event: Event) -> None:
    first = merge(fold(before), event.incoming)
    second = merge(first.state, event.incoming)
    assert second.state == first.state
    assert second.outcome in (Outcome.UNCHANGED, Outcome.STALE, Outcome.CONFLICT)
    assert not second.content_changed
    assert not second.offer_changed


@given(st.lists(st.builds(Event, kinds, versions), max_size=12))
def test_states_keep_their_shape(events: list[Event]) -> None:
    states = list(accumulate(events, lambda state, event: merge(state, event.incoming).state, initial=RowState()))
    for state in states:
        assert state.content is None or state.deleted is None
        assert state.content is None or state.offer is not None


@given(st.lists(st.tuples(kinds, st.integers(0, 5)), max_size=10))
def test_without_versions_the_last_one_to_arrive_wins(events: list[tuple[str, int]]) -> None:
    state = RowState()
    for order, (kind, says) in enumerate(events):
        stamp = stamp_of(None, arrival=NOW + order // 2)  # two rows a job
        state = merge(state, Incoming(stamp, str(says) if kind == "full" else None, None if kind == "gone" else str(says))).state
    full_or_gone = [kind for kind, _ in events if kind != "offer"]
    assert (state.content is not None) == (full_or_gone[-1:] == ["full"])
    if state.content is not None:
        assert state.content.digest == [str(says) for kind, says in events if kind == "full"][-1]
        assert state.offer is not None
        assert state.offer.digest == [str(says) for kind, says in events if kind != "gone"][-1]


@given(st.integers(), st.integers(0, 2**53))
def test_every_whole_number_has_a_stamp_and_only_late_times_are_future(version: int, now: int) -> None:
    stamp = stamp_of(version, arrival=now)
    assert stamp.from_source
    assert stamp.scale == "time" or not is_future(stamp, now=now, allowed_s=300)
    assert stamp.scale == "sequence" or 1_000_000_000_000_000 <= stamp.value < 4_200_000_000_000_000


@given(st.integers(), st.integers())
def test_a_larger_version_of_the_same_scale_and_unit_has_the_larger_stamp(one: int, other: int) -> None:
    low, high = sorted((stamp_of(one, arrival=NOW), stamp_of(other, arrival=NOW)), key=lambda stamp: stamp.value)
    if low.scale == high.scale and len(str(one)) == len(str(other)):
        assert (low.value < high.value) == (one != other)


@dataclass(frozen=True)
class Later:
    """What follows a drop: an event, of a job that arrived before the snapshot's or after it."""

    event: Event
    after: bool

    @property
    def incoming(self) -> Incoming:
        said = self.event.incoming
        return Incoming(stamp_of(self.event.version, arrival=SNAPSHOT + (1 if self.after else -1)), said.content, said.offer)


SNAPSHOT = NOW + 100
sequences = st.builds(Event, kinds, st.integers(0, 12))


@given(
    st.lists(sequences, max_size=6),
    st.lists(st.builds(Later, sequences, st.booleans()), max_size=6, unique=True).flatmap(
        lambda later: st.tuples(st.just(later), st.permutations(later + later[:2]))
    ),
)
def test_after_a_drop_what_earlier_jobs_say_of_the_content_counts_only_once_the_product_is_back(
    before: list[Event], later: tuple[list[Later], list[Later]]
) -> None:
    """In any order, with repetitions: a dropped product lives again just when a later job lists it at its old version or above,
    newer than any delete; and where only later jobs speak, order does not matter at all."""
    state = fold(before)
    alive = state.content is not None
    version = state.content.mark.stamp.value if state.content else -1
    state = drop(state, arrival=SNAPSHOT).state
    told, shuffled = later
    for one in shuffled:
        state = merge(state, one.incoming).state
    if alive:
        gone = max((one.event.version for one in told if one.event.kind == "gone" and one.event.version >= version), default=-1)
        back = [one.event.version for one in told if one.after and one.event.kind == "full" and one.event.version >= version]
        if not any(not one.after and one.event.kind == "full" for one in told):
            assert (state.content is not None) == any(listed > gone for listed in back)
            if state.content is not None:
                assert state.content.mark.stamp.value == max(back)
        elif not back:
            assert state.content is None
    offers = [event.version for event in [*before, *(one.event for one in told)] if event.kind != "gone"]
    if state.offer is not None:
        assert state.offer.mark.stamp.value == max(offers)


@given(st.lists(sequences, max_size=8), st.integers(0, 12))
def test_a_product_listed_again_unchanged_is_as_it_was(before: list[Event], newer: int) -> None:
    state = fold(before)
    if state.content is None:
        return
    version = state.content.mark.stamp.value
    again = Later(Event("full", version), after=True).incoming
    back = merge(drop(state, arrival=SNAPSHOT).state, again).state
    assert back.content is not None
    assert (back.content.digest, back.content.mark.stamp.value, back.deleted) == (state.content.digest, version, None)
    assert back.offer == state.offer or back.offer is not None
    price = Later(Event("offer", newer), after=True).incoming
    one, other = merge(back, price).state.offer, merge(state, price).state.offer
    assert one is not None
    assert other is not None
    assert one.digest == other.digest
