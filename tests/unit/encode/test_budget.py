"""What is remembered of a device that ran out of memory, over a clock that the test turns."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.encode.budget import DOUBLING_S, HOLD_S, Budget


class Turned:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_at_first_there_is_no_cap() -> None:
    assert Budget().cap() == float("inf")


def test_half_of_what_did_not_fit_holds_for_a_while_and_then_doubles() -> None:
    clock = Turned()
    budget = Budget(clock=clock)
    budget.full(1000)
    assert budget.cap() == 500
    clock.now += HOLD_S
    assert budget.cap() == 500
    clock.now += DOUBLING_S
    assert budget.cap() == 1000
    clock.now += 10 * DOUBLING_S
    assert budget.cap() == 1024_000
    clock.now += 1e9
    assert budget.cap() > 1e20


def test_a_larger_batch_that_was_already_under_way_does_not_raise_the_cap() -> None:
    clock = Turned()
    budget = Budget(clock=clock)
    budget.full(100)
    budget.full(1000)
    assert budget.cap() == 50


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(1, 1e6)), min_size=1, max_size=20))
def test_the_cap_only_falls_when_memory_runs_out_and_only_grows_in_time(steps: list[tuple[float, float]]) -> None:
    clock = Turned()
    budget = Budget(clock=clock)
    for passed_s, cost in steps:
        before = budget.cap()
        clock.now += passed_s
        grown = budget.cap()
        assert grown >= before
        budget.full(cost)
        assert budget.cap() == min(grown, cost / 2)
