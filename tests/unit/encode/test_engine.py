"""The engine: order, batches, blame, and one batch on the device at a time."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import pytest

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.encode.crew import Crew
from indexer.encode.engine import Encoded, Engine
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.errors import IndexerError, ModelError, ModelUnavailable, NotFinite, ProductError, StoreUnavailable, WidthMismatch, ZeroRow
from indexer.observe import RunObserver
from indexer.specs import ModelSpec
from indexer.vectors import Rows


class Letters(TextEncoder):
    """Rows that tell the text's length and first letter; certain texts raise, by what is written in them."""

    spec = ModelSpec(name="letters", revision="1", width=3, weights="none", licence="Apache-2.0", origin="a test")

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.broken: Exception | None = None

    def run(self, inputs: object) -> npt.ArrayLike:
        texts = cast("list[str]", inputs)
        self.batches.append(texts)
        if self.broken:
            raise self.broken
        if any("poison" in text for text in texts):
            raise RuntimeError("CUDA out of patience")
        if any("absent" in text for text in texts):
            raise ModelUnavailable("The weights have gone.")
        if any("later" in text for text in texts):
            raise StoreUnavailable("Not now.")
        filler = [float("nan") if "nan" in text else 1.0 for text in texts]
        return [[0, 0, 0] if "zero" in text else [len(text), ord((text or "a")[0]), fill] for text, fill in zip(texts, filler, strict=True)]


class Counting(RunObserver):
    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def stage_moved(self, stage: str) -> None:
        self.told.append((threading.current_thread().name, stage))


def expected(texts: Sequence[str]) -> Rows:
    return Letters().encode(texts, side="product")


def same(encoded: Encoded, rows: Rows) -> bool:
    return sorted(encoded.rows) == list(range(len(rows))) and all((encoded.rows[n] == row).all() for n, row in enumerate(rows))


def test_batches_are_sorted_by_length_and_order_is_restored() -> None:
    texts = ["ccc", "a", "dddd", "bb", "eeeee"]
    encoder = Letters()
    encoded = Engine(crew=Crew(1)).texts(encoder, texts, side="product", batch=2)
    assert encoder.batches == [["eeeee", "dddd"], ["ccc", "bb"], ["a"]]
    assert same(encoded, expected(texts))
    assert not encoded.failed


def test_nothing_in_nothing_out() -> None:
    encoder = Letters()
    assert not Engine().texts(encoder, [], side="query").rows
    assert not encoder.batches


def test_the_observer_hears_of_each_stage_of_each_batch_by_thread() -> None:
    observer = Counting()
    engine = Engine(observer)
    engine.texts(Letters(), ["a"] * 7, side="product", batch=3)
    engine.close()
    mine = threading.current_thread().name
    by_engine = [(thread, stage) for thread, stage in observer.told if thread != mine]
    assert Counter(stage for _, stage in by_engine) == {"encode": 9, "idle": 9}  # three batches, three stages
    for thread in {thread for thread, _ in by_engine}:
        told = [stage for name, stage in by_engine if name == thread]
        assert told == ["encode", "idle"] * (len(told) // 2)
    assert {stage for thread, stage in observer.told if thread == mine} <= {"encode"}


def test_sides_have_their_prefixes() -> None:
    class Prefixed(Letters):
        spec = ModelSpec(
            name="p",
            revision="1",
            width=3,
            weights="",
            licence="x",
            origin="x",
            query_prefix="query: ",
            product_prefix="passage: ",
        )

    encoder = Prefixed()
    Engine().texts(encoder, ["sofa"], side="query")
    Engine().texts(encoder, ["sofa"], side="product")
    assert encoder.batches == [["query: sofa"], ["passage: sofa"]]


@pytest.mark.parametrize("where", [0, 7, 15])
def test_one_poison_input_costs_only_itself(where: int) -> None:
    texts = ["good"] * 16
    texts[where] = "poison"
    encoder = Letters()
    encoded = Engine().texts(encoder, texts, side="product", batch=16)
    assert list(encoded.failed) == [where]
    assert isinstance(encoded.failed[where], ProductError)
    assert "CUDA out of patience" in encoded.failed[where].message
    assert sorted(encoded.rows) == [n for n in range(16) if n != where]
    assert len(encoder.batches) <= 2 * 4 + 1 + 1  # two halves at each of log2(16) levels, the whole, and the sample


def test_several_poisons_and_both_kinds_of_bad_rows() -> None:
    texts = ["good", "poison", "nan", "fine", "zero", "poison!", "well"]
    encoded = Engine().texts(Letters(), texts, side="product", batch=4)
    assert {position: type(error) for position, error in encoded.failed.items()} == {
        1: ProductError,
        2: NotFinite,
        4: ZeroRow,
        5: ProductError,
    }
    assert sorted(encoded.rows) == [0, 3, 6]
    assert (np.stack([encoded.rows[n] for n in (0, 3, 6)]) == expected(["good", "fine", "well"])).all()


def test_a_broken_encoder_is_to_blame_and_no_input() -> None:
    encoder = Letters()
    encoder.broken = RuntimeError("device-side assert")
    with pytest.raises(ModelError, match="fails on any input: RuntimeError: device-side assert"):
        Engine().texts(encoder, ["good"] * 64, side="product", batch=64)
    assert len(encoder.batches) == 2  # the batch, and the sample


@pytest.mark.parametrize(("text", "error"), [("absent", ModelUnavailable), ("later", StoreUnavailable)])
def test_errors_that_say_whose_fault_they_are_pass_through(text: str, error: type[IndexerError]) -> None:
    with pytest.raises(error):
        Engine().texts(Letters(), ["good", text], side="product")


def test_rows_of_another_number_or_width_are_the_encoders_fault() -> None:
    class Short(Letters):
        def run(self, inputs: object) -> npt.ArrayLike:
            return np.ones((1, 3))

    class Wide(Letters):
        def run(self, inputs: object) -> npt.ArrayLike:
            return np.ones((len(cast("list[str]", inputs)), 4))

    for encoder in (Short(), Wide()):
        with pytest.raises(WidthMismatch):
            Engine().texts(encoder, ["a", "b"], side="product")


class Alone(TextEncoder):
    """Notes when two threads are in `run` at once."""

    spec = ModelSpec(name="alone", revision="1", width=1, weights="none", licence="Apache-2.0", origin="a test")

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    def run(self, inputs: object) -> npt.ArrayLike:
        self.inside += 1
        self.most = max(self.most, self.inside)
        time.sleep(0.002)
        self.inside -= 1
        return np.ones((len(cast("list[str]", inputs)), 1))


def test_threads_share_an_encoder_one_batch_at_a_time() -> None:
    engine, encoder = Engine(), Alone()
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda: counts.append(len(engine.texts(encoder, ["a"] * 20, side="product", batch=4).rows)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [20] * 4
    assert encoder.most == 1


def test_two_encoders_do_not_wait_for_each_other() -> None:
    meeting = threading.Barrier(2, timeout=20)

    class Meeting(Letters):
        def run(self, inputs: object) -> npt.ArrayLike:
            meeting.wait()
            return super().run(inputs)

    engine = Engine()
    threads = [threading.Thread(target=engine.texts, args=(Meeting(), ["a"]), kwargs={"side": "query"}) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not meeting.broken


def photos(*tones: int) -> list[Pixels]:
    return [np.full((8, 8, 3), tone, dtype=np.uint8) for tone in tones]


def test_photos_in_order_and_poison_alone() -> None:
    class Picky(HashedPhoto):
        def prepare(self, photos: Sequence[Pixels]) -> object:
            if any(photo[0, 0, 0] == 13 for photo in photos):
                raise ValueError("unlucky")
            return super().prepare(photos)

    several = photos(0, 50, 13, 200, 250)
    encoder: PhotoEncoder = Picky()
    encoded = Engine().photos(encoder, several, batch=3)
    assert list(encoded.failed) == [2]
    assert "unlucky" in str(encoded.failed[2])
    for position in (0, 1, 3, 4):
        assert (encoded.rows[position] == HashedPhoto().encode([several[position]])[0]).all()


def test_the_engine_keeps_no_encoder_alive() -> None:
    import gc
    import weakref

    engine, encoder = Engine(), HashedText()
    gone = weakref.ref(encoder)
    engine.texts(encoder, ["a"], side="query")
    del encoder
    gc.collect()
    assert gone() is None
