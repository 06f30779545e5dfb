"""The gate and the pauses."""

import threading
import time
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from indexer.work.pace import Gate, Pauses


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
