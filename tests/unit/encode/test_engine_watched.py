"""What a watchdog sees of the engine: a device that stands still, and nobody who only waits."""

import threading
import time
from collections.abc import Sequence
from typing import cast

import numpy.typing as npt

from indexer.encode.base import TextEncoder
from indexer.encode.engine import Engine
from indexer.specs import ModelSpec
from workers.watch import Watchdog


class Paced(TextEncoder):
    """Takes its time for each batch, and stops for good while `open` is not set."""

    spec = ModelSpec(name="paced", revision="1", width=2, weights="none", licence="Apache-2.0", origin="a test")

    def __init__(self, *, pause_s: float = 0.0) -> None:
        self.pause_s = pause_s
        self.begun = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def run(self, inputs: object) -> npt.ArrayLike:
        self.begun.set()
        time.sleep(self.pause_s)
        self.open.wait(60)
        return [[len(text), 1] for text in cast("list[str]", inputs)]


def call(engine: Engine, dog: Watchdog, encoder: TextEncoder, texts: Sequence[str]) -> threading.Thread:
    """A pass of work: it tells where it is, waits for its rows, and ends idle."""

    def work() -> None:
        dog.observer.stage_moved("claimed")
        engine.texts(encoder, texts, side="product", batch=2)
        dog.observer.stage_moved("idle")

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_device_that_stands_still_is_seen_though_its_callers_only_wait() -> None:
    ended = threading.Event()
    dog = Watchdog(0.2, end=ended.set)
    engine, encoder = Engine(dog.observer), Paced()
    encoder.open.clear()
    dog.start()
    caller = call(engine, dog, encoder, ["a"] * 9)
    assert encoder.begun.wait(60)
    assert ended.wait(60)
    dog.close()
    encoder.open.set()
    caller.join()


def test_callers_who_wait_long_for_an_engine_that_moves_are_left_alone() -> None:
    ended = threading.Event()
    dog = Watchdog(1.0, end=ended.set)
    engine, encoder = Engine(dog.observer), Paced(pause_s=0.05)
    dog.start()
    callers = [call(engine, dog, encoder, ["a"] * 60) for _ in range(2)]  # sixty batches: three times as long as the limit
    for caller in callers:
        caller.join()
    dog.close()
    assert not ended.is_set()
    assert dog._moved == {}
