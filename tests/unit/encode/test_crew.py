"""The crew: order, urgency, a bounded number of threads, results and errors, and its end."""

import threading
import time
from concurrent.futures import Future

import pytest

from indexer.encode.crew import MOST, Crew


def test_results_and_errors_come_back() -> None:
    crew = Crew(2)
    assert crew.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        crew.submit(divmod, 1, 0).result()
    with pytest.raises(SystemExit):
        crew.submit(exit, 3).result()
    assert list(crew.map(abs, [-1, -2])) == [1, 2]


def test_what_is_urgent_goes_first_and_the_rest_in_order() -> None:
    crew, gate, seen = Crew(1), threading.Event(), list[str]()
    crew.submit(gate.wait, 60)
    usual = [crew.submit(seen.append, name) for name in "abc"]
    urgent = [crew.urge(seen.append, name) for name in "xy"]
    gate.set()
    for future in [*usual, *urgent]:
        future.result()
    assert seen == ["x", "y", "a", "b", "c"]


def alive(crew: str) -> int:
    """The crew's threads, by name: those of other tests may begin and end meanwhile."""
    return sum(thread.name.startswith(f"{crew}-") for thread in threading.enumerate())


def test_threads_start_when_needed_and_no_more_than_told() -> None:
    crew, gate = Crew(3, name="three"), threading.Event()
    assert alive("three") == 0
    waiting = [crew.submit(gate.wait, 60) for _ in range(10)]
    assert alive("three") == 3
    gate.set()
    assert all(future.result() for future in waiting)
    crew.shutdown()
    assert alive("three") == 0


def test_one_task_after_the_other_needs_one_thread() -> None:
    crew = Crew(8, name="one-by-one")
    for _ in range(20):
        crew.submit(abs, -1).result()
        while not crew._tasks._idle:
            time.sleep(0.001)
    assert alive("one-by-one") == 1
    crew.shutdown()


def test_by_default_it_has_a_thread_a_core_within_bounds() -> None:
    assert 1 <= Crew().threads <= MOST


def test_shut_down_it_does_what_waits_or_drops_it() -> None:
    for cancel in (False, True):
        crew, gate = Crew(1), threading.Event()
        crew.submit(gate.wait, 60)
        waiting = crew.submit(abs, -1)
        crew.shutdown(wait=False, cancel_futures=cancel)
        gate.set()
        assert waiting.cancelled() if cancel else waiting.result() == 1
        with pytest.raises(RuntimeError, match="shut down"):
            crew.submit(abs, -1)


def test_a_task_may_shut_its_own_crew_down() -> None:
    crew = Crew(1)
    done: Future[None] = crew.submit(crew.shutdown)
    assert done.result() is None


def test_a_forgotten_crew_ends_its_threads() -> None:
    crew = Crew(2, name="forgotten")
    crew.submit(abs, -1).result()
    del crew
    while alive("forgotten"):
        time.sleep(0.002)
