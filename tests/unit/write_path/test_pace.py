"""The gate, the pauses, writes at once, and lanes in turn."""

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import StoreBusy, StoreUnavailable
from indexer.records import LANES, Lane
from indexer.work.pace import ENCODING_ORDER, OUTAGE_CAP_S, Gate, Pace, Pauses, Turns, Window


def test_many_share_and_one_is_alone() -> None:
    gate = Gate()
    inside: list[str] = []
    seen: list[tuple[str, tuple[str, ...]]] = []
    lock = threading.Lock()

    def go(name: str, *, alone: bool) -> None:
        for _ in range(20):
            with gate.alone() if alone else gate.shared():
                with lock:
                    inside.append(name)
                    seen.append((name, tuple(inside)))
                time.sleep(0.0005)
                with lock:
                    inside.remove(name)

    threads = [
        threading.Thread(target=go, args=(f"{kind}{n}",), kwargs={"alone": kind == "alone"})
        for kind in ("alone", "shared")
        for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 120
    for name, others in seen:
        if name.startswith("alone"):
            assert others == (name,)
        else:
            assert not any(other.startswith("alone") for other in others)
    assert any(len(others) > 1 for _, others in seen)


def test_who_asks_to_be_alone_goes_before_those_who_come_later() -> None:
    gate = Gate()
    order: list[str] = []

    def alone() -> None:
        with gate.alone():
            order.append("alone")

    def shared() -> None:
        with gate.shared():
            order.append("shared")

    with gate.shared():
        first = threading.Thread(target=alone)
        first.start()
        while not gate._waiting:
            time.sleep(0.001)
        second = threading.Thread(target=shared)
        second.start()
        time.sleep(0.01)
        assert order == []
    first.join()
    second.join()
    assert order == ["alone", "shared"]


def test_the_gate_opens_again_after_an_error() -> None:
    gate = Gate()
    for way in (gate.shared, gate.alone, gate.shared):
        try:
            with way():
                raise KeyError
        except KeyError:
            pass
    with gate.alone():
        pass


@given(failures=st.integers(1, 60), first=st.floats(0.01, 10), cap=st.floats(0.01, 300))
def test_pauses_grow_to_their_cap_and_begin_anew_after_success(failures: int, first: float, cap: float) -> None:
    pauses = Pauses(first_s=first, cap_s=cap)
    for n in range(failures):
        assert 0 <= pauses.failed() <= min(cap, first * 2.0**n)
    pauses.worked()
    assert pauses.failed() <= min(cap, first)


def test_pauses_grow() -> None:
    def mean(failures: int) -> float:
        drawn = []
        for _ in range(200):
            pauses = Pauses(first_s=1, cap_s=1000)
            for _ in range(failures):
                pauses.failed()
            drawn.append(pauses.failed())
        return sum(drawn) / len(drawn)

    assert mean(6) > 4 * mean(2)


def test_a_rest_lasts_until_its_time_or_until_work_succeeds() -> None:
    pauses = Pauses(first_s=1, cap_s=1)
    seen = [pauses.active]
    steps: list[Callable[[], None]] = [lambda: pauses.rest(1000), lambda: pauses.rest(0), pauses.worked]
    for step in steps:
        step()
        seen.append(pauses.active)
    assert seen == [False, True, True, False]


@given(failures=st.integers(0, 60), first=st.floats(0.01, 10), cap=st.floats(0.01, 300))
def test_while_an_engine_is_away_pauses_stay_short(failures: int, first: float, cap: float) -> None:
    pauses = Pauses(first_s=first, cap_s=cap)
    for _ in range(failures):
        pauses.failed(outage=True)
    assert 0 <= pauses.failed(outage=True) <= min(cap, OUTAGE_CAP_S)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@given(most=st.integers(1, 16), told=st.lists(st.booleans(), max_size=80))
def test_the_window_stays_within_its_bounds_whatever_it_is_told(most: int, told: list[bool]) -> None:
    window, now = Window(most=most), 0.0
    for refused in told:
        now += 1
        if refused:
            window.refused(began=now - 0.5, now=now)
        else:
            window.went_well()
        assert 1 <= window.limit <= most
        assert 0 <= window.gap_s <= Window.LONGEST_GAP_S
        assert not window.gap_s or window.limit < 2
        assert window.wait_s(under_way=0, last_began=now, now=now) == pytest.approx(window.gap_s)
        assert window.wait_s(under_way=most, last_began=now, now=now) == float("inf")


def test_the_window_halves_once_for_writes_that_were_under_way_together_and_grows_by_one_in_some_rounds() -> None:
    window = Window(most=16)
    for _ in range(16):
        window.refused(began=1.0, now=2.0)
    assert window.limit == 8
    window.refused(began=3.0, now=4.0)
    assert window.limit == 4
    for _ in range(4 * Window.ROUNDS):
        window.went_well()
    assert window.limit == pytest.approx(5)
    for _ in range(1000):
        window.went_well()
    assert window.limit == 16


def test_one_at_a_time_refusals_space_writes_out_and_successes_close_the_gap_first() -> None:
    window, now = Window(most=2), 0.0
    gaps = []
    for _ in range(10):
        now += 1
        window.refused(began=now, now=now)
        gaps.append(window.gap_s)
    assert gaps == sorted(gaps)
    assert gaps[0] == 0
    assert gaps[-1] == Window.LONGEST_GAP_S
    assert window.wait_s(under_way=0, last_began=now, now=now + 0.5) == pytest.approx(Window.LONGEST_GAP_S - 0.5)
    steps = 0
    while window.gap_s:
        window.went_well()
        steps += 1
        assert window.limit == 1
    assert steps < 10
    for _ in range(Window.ROUNDS):
        window.went_well()
    assert window.limit == pytest.approx(2)


def test_writes_at_once_follow_what_the_store_says() -> None:
    clock = Clock()
    pace = Pace(most=8, clock=clock)
    with pytest.raises(StoreBusy), pace.writing():
        raise StoreBusy("429")
    assert pace.limit == 4
    clock.now += 1
    with pace.writing() as write:
        write.refused()
    assert pace.limit == 2
    clock.now += 1
    with pytest.raises(StoreUnavailable), pace.writing():  # tells nothing of the pace
        raise StoreUnavailable("down")
    assert pace.limit == 2
    for _ in range(200):
        clock.now += 1
        with pace.writing():
            pass
    assert pace.limit == 8


def test_no_more_write_than_the_limit_and_each_gets_its_turn() -> None:
    pace = Pace(most=3)
    inside: list[int] = []
    most = 0
    lock = threading.Lock()

    def write(number: int) -> None:
        nonlocal most
        for _ in range(10):
            with pace.writing() as one:
                with lock:
                    inside.append(number)
                    most = max(most, len(inside))
                time.sleep(0.001)
                if number == 0:
                    one.refused()
                with lock:
                    inside.remove(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3
    assert not inside


def test_new_products_go_before_re_encoding_and_every_fourth_hint_is_kept_for_its_lane() -> None:
    turns = Turns(LANES)
    given = [turns.of("backfill") for _ in range(Turns.SHARE * 3)]
    assert given.count(("backfill",)) == 3
    assert given.count(ENCODING_ORDER[:3]) == len(given) - 3
    assert {turns.of("encode_new") for _ in range(9)} == {("encode_new",)}
    assert {turns.of("offers") for _ in range(9)} == {("offers",)}


@given(lanes=st.lists(st.sampled_from(LANES), unique=True), asked=st.lists(st.sampled_from(LANES), max_size=30))
def test_a_hint_leads_to_its_own_lane_or_one_above_that_the_process_works(lanes: list[Lane], asked: list[Lane]) -> None:
    turns = Turns(lanes)
    for lane in asked:
        looked = turns.of(lane)
        assert looked[-1] == lane
        assert set(looked) <= {lane, *lanes}
        if len(looked) > 1:
            assert list(looked) == [one for one in ENCODING_ORDER if one in looked]


def test_no_lane_starves_while_another_is_never_empty() -> None:
    """Round by round as a worker's broker goes: one hint of each lane; the lane `encode_new` always has work."""
    turns = Turns(LANES)
    worked = dict.fromkeys(LANES, 0)
    for _ in range(100):
        for lane in LANES:
            worked[turns.of(lane)[0]] += 1
    assert worked["offers"] == 100
    assert worked["encode_new"] >= 100 + 2 * 75
    assert worked["encode"] == worked["backfill"] == 25
