"""The engine as a line of stages: what overlaps, what is bounded, and what many callers share."""

import contextlib
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import Side, TextEncoder
from indexer.encode.crew import Crew
from indexer.encode.engine import Encoded, Engine
from indexer.encode.line import AHEAD, RAW
from indexer.errors import DeviceFull, ModelError
from indexer.specs import ModelSpec
from indexer.vectors import Rows

SPEC = ModelSpec(name="slow", revision="1", width=2, weights="none", licence="Apache-2.0", origin="a test")


class Gated(TextEncoder):
    """Stops in a stage while the stage's gate is shut; counts what goes through."""

    spec = SPEC

    def __init__(self) -> None:
        self.gates = {stage: threading.Event() for stage in ("prepare", "run", "finish")}
        for gate in self.gates.values():
            gate.set()
        self.begun = dict.fromkeys(self.gates, 0)
        self.batches: list[list[str]] = []
        self.threads: dict[str, set[str]] = {stage: set() for stage in self.gates}

    def length(self, text: str) -> float:
        return len(text)

    def _pass(self, stage: str) -> None:
        self.begun[stage] += 1
        self.threads[stage].add(threading.current_thread().name)
        self.gates[stage].wait(60)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        self._pass("prepare")
        return list(texts)

    def run(self, inputs: object) -> npt.ArrayLike:
        texts = cast("list[str]", inputs)
        self.batches.append(texts)
        self._pass("run")
        return [[len(text), 1] for text in texts]

    def finish(self, raw: npt.ArrayLike) -> Rows:
        self._pass("finish")
        return super().finish(raw)


class Small(TextEncoder):
    """A device on which batches up to a cost find room."""

    spec = SPEC

    def __init__(self, room: float, error: Callable[[], Exception]) -> None:
        self.room = room
        self.error = error
        self.costs: list[int] = []
        self.refused = 0
        self.freed = 0

    def length(self, text: str) -> float:
        return len(text)

    def run(self, inputs: object) -> npt.ArrayLike:
        texts = cast("list[str]", inputs)
        cost = max(map(len, texts)) * len(texts)
        if cost > self.room:
            self.refused += 1
            raise self.error()
        self.costs.append(cost)
        return [[len(text), 1] for text in texts]

    def free(self) -> None:
        self.freed += 1


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


def until(condition: Callable[[], object]) -> None:
    """Wait for a state that must come; a test that waits for ever is ended by its time limit."""
    while not condition():
        time.sleep(0.002)


@contextlib.contextmanager
def calling(engine: Engine, encoder: TextEncoder, *calls: Sequence[str], batch: int = 4) -> Iterator[list[Encoded]]:
    """Callers on threads of their own; on leaving, all have ended."""
    results: list[Encoded] = []
    threads = [
        threading.Thread(target=lambda some=some: results.append(engine.texts(encoder, some, side="product", batch=batch)))
        for some in calls
    ]
    for thread in threads:
        thread.start()
    yield results
    for thread in threads:
        thread.join()


def test_no_more_is_prepared_than_the_queue_holds() -> None:
    engine, encoder = Engine(crew=Crew(8)), Gated()
    encoder.gates["run"].clear()
    with calling(engine, encoder, ["text"] * 100) as results:
        until(lambda: encoder.begun["prepare"] == AHEAD + 1)
        time.sleep(0.05)
        assert encoder.begun["prepare"] == AHEAD + 1  # one is on the device
        encoder.gates["run"].set()
    assert encoder.begun == {"prepare": 25, "run": 25, "finish": 25}
    assert len(results[0].rows) == 100


def test_no_more_raw_rows_wait_than_the_queue_holds() -> None:
    engine, encoder = Engine(), Gated()
    encoder.gates["finish"].clear()
    with calling(engine, encoder, ["text"] * 100):
        until(lambda: encoder.begun["run"] == RAW + 1)
        time.sleep(0.05)
        assert encoder.begun["run"] == RAW + 1  # one is being finished
        encoder.gates["finish"].set()
    assert encoder.begun["finish"] == 25


def test_the_next_batch_is_prepared_while_one_runs_and_the_last_one_is_finished() -> None:
    engine, encoder = Engine(crew=Crew(1)), Gated()
    encoder.gates["run"].clear()
    with calling(engine, encoder, ["text"] * 12):
        until(lambda: encoder.begun == {"prepare": 3, "run": 1, "finish": 0})
        encoder.gates["finish"].clear()
        encoder.gates["run"].set()
        until(lambda: encoder.begun == {"prepare": 3, "run": 3, "finish": 1})
        encoder.gates["finish"].set()


def test_one_thread_runs_and_one_finishes_whoever_calls() -> None:
    engine, encoder = Engine(), Gated()
    with calling(engine, encoder, *[["text"] * 20 for _ in range(5)]):
        pass
    assert encoder.threads["run"] == {"fusedex-device"}
    assert encoder.threads["finish"] == {"fusedex-finish"}


def test_what_several_callers_bring_shares_batches() -> None:
    engine, encoder = Engine(crew=Crew(1)), Gated()
    encoder.gates["run"].clear()
    callers = [[letter * length for length in range(1, 10)] for letter in "abcde"]
    with calling(engine, encoder, ["z"], *callers, batch=5) as results:
        until(lambda: len(engine._texts[encoder]._callers) == 6)
        encoder.gates["run"].set()
    assert sorted(len(result.rows) for result in results) == [1, 9, 9, 9, 9, 9]
    assert sorted(text for batch in encoder.batches for text in batch) == sorted(["z", *(text for some in callers for text in some)])
    mixed = [batch for batch in encoder.batches if len({text[0] for text in batch}) > 1]
    assert len(mixed) >= 4
    assert len(encoder.batches) <= 14  # 46 texts in fives, the first few before all callers were there; one by one they would be 11 too


def test_a_lone_text_never_waits_for_company() -> None:
    engine, encoder = Engine(), Gated()
    for _ in range(3):
        assert len(engine.texts(encoder, ["alone"], side="product", batch=64).rows) == 1
    assert encoder.batches == [["alone"]] * 3


def test_batches_keep_to_their_tokens() -> None:
    encoder = Gated()
    texts = ["x" * length for length in (90, 50, 50, 30, 30, 30, 10, 10, 10, 10, 1)]
    encoded = Engine(crew=Crew(1)).texts(encoder, texts, side="product", batch=64, tokens=100)
    assert [[len(text) for text in batch] for batch in encoder.batches] == [[90], [50, 50], [30, 30, 30], [10, 10, 10, 10, 1]]
    assert len(encoded.rows) == len(texts)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError,
        lambda: OutOfMemoryError("tried to allocate 2.00 GiB"),
        lambda: RuntimeError("CUDA out of memory."),
        lambda: RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        lambda: DeviceFull("as a plug-in may say itself"),
    ],
)
def test_where_memory_runs_out_batches_are_halved_and_stay_small(error: Callable[[], Exception]) -> None:
    engine, encoder = Engine(crew=Crew(1)), Small(70, error)
    encoded = engine.texts(encoder, ["x" * 10] * 64, side="product", batch=32)
    assert sorted(encoded.rows) == list(range(64))
    assert not encoded.failed
    assert encoder.refused == encoder.freed <= 3  # 320, 160 and 80 did not fit; what was prepared by then was halved unasked
    assert max(encoder.costs) <= 70
    refused = encoder.refused
    assert len(engine.texts(encoder, ["x" * 10] * 64, side="product", batch=32).rows) == 64
    assert encoder.refused == refused


def test_one_input_that_does_not_fit_alone_is_a_full_device_and_no_inputs_fault() -> None:
    engine, encoder = Engine(), Small(5, MemoryError)
    with pytest.raises(DeviceFull, match=r"'slow' finds no memory.*BATCH_TOKENS") as raised:
        engine.texts(encoder, ["x" * 10] * 4, side="product")
    assert raised.value.retryable
    assert raised.value.__cause__ is None  # a traceback would hold the frames that hold the memory
    encoder.room = 1000
    assert len(engine.texts(encoder, ["x" * 10] * 4, side="product").rows) == 4


def test_a_lost_device_is_told_and_blames_no_input() -> None:
    class Lost(Gated):
        def run(self, inputs: object) -> npt.ArrayLike:
            self.begun["run"] += 1
            raise RuntimeError("CUDA error: device-side assert triggered\nCompile with `TORCH_USE_CUDA_DSA`")

    told: list[str] = []
    encoder = Lost()
    with pytest.raises(ModelError, match="is lost to this process"):
        Engine(on_lost=told.append).texts(encoder, ["a"] * 8, side="product", batch=8)
    assert len(told) == encoder.begun["run"] == 1  # neither halved nor tried with a sample
    assert "device-side assert" in told[0]


def test_one_callers_poison_costs_the_others_nothing() -> None:
    class Picky(Gated):
        def run(self, inputs: object) -> npt.ArrayLike:
            raw = super().run(inputs)
            if any("poison" in text for text in cast("list[str]", inputs)):
                raise ValueError("unlucky")
            return raw

    engine, encoder = Engine(), Picky()
    encoder.gates["run"].clear()
    with calling(engine, encoder, ["first"], ["good"] * 9, ["well", "poison"], batch=16) as results:
        until(lambda: len(engine._texts[encoder]._callers) == 3)
        encoder.gates["run"].set()
    assert sorted((len(result.rows), list(result.failed)) for result in results) == [(1, []), (1, [1]), (9, [])]


def test_a_thread_that_ends_leaves_nobody_waiting_and_the_next_call_works() -> None:
    class Leaving(Gated):
        leave = True

        def run(self, inputs: object) -> npt.ArrayLike:
            if self.leave:
                raise SystemExit("gone")
            return super().run(inputs)

    engine, encoder = Engine(), Leaving()
    with pytest.raises(ModelError, match="SystemExit: gone"):
        engine.texts(encoder, ["a"] * 9, side="product", batch=2)
    encoder.leave = False
    assert len(engine.texts(encoder, ["a"] * 9, side="product", batch=2).rows) == 9


def test_closing_ends_the_threads_and_tells_who_waits() -> None:
    engine, encoder = Engine(), Gated()
    encoder.gates["run"].clear()
    errors: list[str] = []

    def call() -> None:
        try:
            engine.texts(encoder, ["a"] * 9, side="product", batch=2)
        except ModelError as error:
            errors.append(error.message)

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: encoder.begun["run"])
    engine.close()
    caller.join()
    encoder.gates["run"].set()
    assert errors == ["The engine was closed."]
    with pytest.raises(ModelError, match="closed"):
        engine.texts(encoder, ["a"], side="product")


def test_a_crew_that_is_shut_down_first_leaves_nobody_waiting() -> None:
    crew = Crew(1)
    engine, encoder = Engine(crew=crew), Gated()
    encoder.gates["prepare"].clear()
    errors: list[str] = []

    def call() -> None:
        try:
            engine.texts(encoder, ["a"] * 9, side="product", batch=2)
        except ModelError as error:
            errors.append(error.message)

    caller = threading.Thread(target=call)
    caller.start()
    until(lambda: encoder.begun["prepare"])
    crew.shutdown(wait=False, cancel_futures=True)
    caller.join()
    encoder.gates["prepare"].set()
    assert len(errors) == 1
    with pytest.raises(ModelError, match="closed"):
        engine.texts(Gated(), ["a"], side="product")


def test_a_forgotten_engine_ends_its_threads() -> None:
    before = set(threading.enumerate())
    engine, encoder = Engine(), Gated()
    engine.texts(encoder, ["a"], side="product")
    # by name, as threads of other tests may begin and end meanwhile
    own = [thread for thread in threading.enumerate() if thread not in before and thread.name.startswith("fusedex-")]
    assert own
    del engine
    until(lambda: not any(thread.is_alive() for thread in own))


def test_a_fork_has_threads_of_its_own() -> None:
    engine, encoder = Engine(), Gated()
    engine.texts(encoder, ["parent"], side="product")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that a process with threads forks is what is tried here
        child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os._exit(0 if len(engine.texts(encoder, ["child"] * 9, side="product", batch=2).rows) == 9 else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(engine.texts(encoder, ["parent"], side="product").rows) == 1


def test_rows_are_right_whoever_shares_their_batches() -> None:
    engine, encoder = Engine(), Gated()
    calls = [["x" * (1 + (number * step) % 37) for number in range(50)] for step in (1, 3, 5, 7)]
    results: dict[int, Encoded] = {}
    threads = [
        threading.Thread(target=lambda n=n: results.update({n: engine.texts(encoder, calls[n], side="product", batch=8)})) for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, texts in enumerate(calls):
        expected = np.array([[len(text), 1] for text in texts], dtype=np.float64)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(np.stack([results[number].rows[n] for n in range(50)]), expected, atol=1e-6)
