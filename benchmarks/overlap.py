"""Does overlapping pay? The engine against the plain order of stages, with photos and on a GPU host's shape: python -m benchmarks.overlap.

Two measurements, each interleaved with its rival; only ratios mean anything. `FUSEDEX_TEST_DATA` names a folder with photographs.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import cast

import numpy as np
import numpy.typing as npt

from indexer import photos
from indexer.batches import batches
from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.crew import Crew
from indexer.encode.engine import Engine
from indexer.encode.transformer import TransformerEncoder, minilm
from indexer.photos.base import PhotoFetcher
from indexer.records import Photo
from indexer.settings import EncodeSettings, Settings
from indexer.specs import ModelSpec
from indexer.work.pictures import Pictures, Places

PHOTOS = 200
BATCH = 32
CLAIM = 256
TOKENS = 16_384
ROUNDS = 3
SECONDS_A_TOKEN = 8e-6
"""Of the made-up device: about 125,000 padded tokens a second, so that two cores' tokenising is a third of its work, as on a real host."""


class TimedDevice(TextEncoder):
    """A GPU's shape: real tokenising on the processor, then a device that is busy for each padded token and leaves the processor alone."""

    spec = ModelSpec(name="timed", revision="1", width=8, weights="none", licence="Apache-2.0", origin="a benchmark")

    def __init__(self, tokeniser: TransformerEncoder) -> None:
        """Tokenise as that encoder does."""
        self._tokeniser = tokeniser
        self.busy_s = 0.0
        self.padded = 0
        self.real = 0
        self.batches = 0

    def length(self, text: str) -> float:
        """As the encoder estimates it."""
        return self._tokeniser.length(text)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """Token numbers and masks."""
        return self._tokeniser.prepare(texts, side)

    def run(self, inputs: object) -> npt.ArrayLike:
        """Busy for a time that grows with the padded tokens."""
        mask = np.asarray(cast("dict[str, npt.ArrayLike]", inputs)["attention_mask"])
        self.batches += 1
        self.padded += mask.size
        self.real += int(mask.sum())
        began = time.perf_counter()
        time.sleep(mask.size * SECONDS_A_TOKEN)
        self.busy_s += time.perf_counter() - began
        return np.ones((len(mask), self.spec.width))


@dataclass(frozen=True, slots=True)
class Bench:
    """Threads that decode, and nobody who fetches."""

    crew: Crew
    fetcher: PhotoFetcher | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What one way through the device came to: all seconds, the device's busy ones, padded and real tokens, batches."""

    wall_s: float
    busy_s: float
    padded: int
    real: int
    batches: int

    @property
    def line(self) -> str:
        """For the table."""
        padding = 1 - self.real / self.padded
        return f"{self.wall_s:>8.2f} {self.busy_s / self.wall_s:>12.2f} {self.batches:>8} {self.padded:>14,} {padding:>9.0%}"


def main() -> None:
    """Both measurements."""
    print(f"# Overlap: {os.cpu_count()} cores; the plain order decodes, prepares, runs and finishes one batch after the other")
    real_photos()
    gpu_shape()


def real_photos() -> None:
    """Files to rows with the embedded default's photo encoder, on the processor: there is no device, so only idle cores can be won."""
    files = _photo_files()
    if not files:
        print("\n## Photos: none (FUSEDEX_TEST_DATA names no folder with clothing photographs)")
        return
    settings = EncodeSettings(photo="bridge", device="cpu")
    encoder = make_photo_encoder(settings, make_text_encoder(settings))
    if encoder is None:
        return
    encoder.encode([np.full((64, 64, 3), 127, dtype=np.uint8)])
    print(f"\n## Photos: {len(files)} photographs, encoder bridge on the processor, batches of {BATCH}")
    print(f"{'round':>5} {'plain/s':>9} {'engine/s':>9} {'ratio':>6}")
    ratios = []
    for number in range(ROUNDS):
        plain_s = _timed(lambda: _plain_photos(encoder, files))
        engine_s = _timed(lambda: _engine_photos(encoder, files))
        ratios.append(plain_s / engine_s)
        print(f"{number:>5} {len(files) / plain_s:>9.1f} {len(files) / engine_s:>9.1f} {ratios[-1]:>6.2f}", flush=True)
    print(f"median ratio {median(ratios):.2f}; above 1 overlapping pays")


def gpu_shape() -> None:
    """Texts through a made-up device, with one to four claims in flight; the goal is that the device is busy nine tenths of the time."""
    tokeniser = TransformerEncoder(minilm(), device="cpu")
    tokeniser.prepare(["a"], "product")
    claims = _claims(8)
    print(f"\n## A GPU host's shape: {sum(map(len, claims))} texts in claims of {len(claims[0])}, real tokenising, a device of")
    print(f"## {1 / SECONDS_A_TOKEN:,.0f} padded tokens a second that needs no processor; at most {TOKENS:,} tokens a batch")
    print(f"{'':>24} {'seconds':>8} {'device busy':>12} {'batches':>8} {'padded tokens':>14} {'padding':>9}")
    print(f"{'plain, as they come':>24} {_plain_texts(tokeniser, claims, by_length=False).line}", flush=True)
    print(f"{'plain, sorted by length':>24} {_plain_texts(tokeniser, claims, by_length=True).line}", flush=True)
    for in_flight in (1, 2, 4):
        name = f"engine, {in_flight} claims" if in_flight > 1 else "engine, 1 claim"
        print(f"{name:>24} {_engine_texts(tokeniser, claims, in_flight=in_flight).line}", flush=True)
    print("goal: busy 0.90 with 2 to 4 claims in flight")


def _plain_photos(encoder: PhotoEncoder, files: Sequence[Path]) -> None:
    for some in batches(files, size=BATCH):
        encoder.encode([_decoded(file) for file in some])


def _engine_photos(encoder: PhotoEncoder, files: Sequence[Path]) -> None:
    """Two passes at once, each decoding ahead on the crew, as the write path does."""
    bench = Bench(Crew())
    engine = Engine(crew=bench.crew)
    all_places = threading.Semaphore(2 * BATCH)

    def work(share: Sequence[Path]) -> None:
        held: list[Pixels] = []
        with Places(all_places) as places:
            for picture in Pictures(bench, places, Settings()).each([Photo(str(file.resolve())) for file in share]):
                if picture is not None and picture.pixels is not None:
                    held.append(picture.pixels)
                if picture is None or len(held) == BATCH:
                    engine.photos(encoder, held, batch=BATCH)
                    places.give(len(held))
                    held = []
            engine.photos(encoder, held, batch=BATCH)

    _together([partial(work, files[0::2]), partial(work, files[1::2])])
    engine.close()
    bench.crew.shutdown()


def _decoded(file: Path) -> Pixels:
    return photos.decode(file.read_bytes(), pixels=40_000_000)


def _plain_texts(tokeniser: TransformerEncoder, claims: Sequence[Sequence[str]], *, by_length: bool) -> Shape:
    device = TimedDevice(tokeniser)
    began = time.perf_counter()
    for claim in claims:
        texts = sorted(claim, key=device.length, reverse=True) if by_length else claim
        for some in batches(texts, size=64):
            device.encode(some, side="product")
    return Shape(time.perf_counter() - began, device.busy_s, device.padded, device.real, device.batches)


def _engine_texts(tokeniser: TransformerEncoder, claims: Sequence[Sequence[str]], *, in_flight: int) -> Shape:
    device, engine = TimedDevice(tokeniser), Engine()
    waiting = list(claims)
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                claim = waiting.pop()
            engine.texts(device, claim, side="product", batch=1024, tokens=TOKENS)

    began = time.perf_counter()
    _together([work] * in_flight)
    wall_s = time.perf_counter() - began
    engine.close()
    return Shape(wall_s, device.busy_s, device.padded, device.real, device.batches)


def _together(works: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _photo_files() -> list[Path]:
    folder = os.environ.get("FUSEDEX_TEST_DATA")
    files = sorted(Path(folder, "clothing").rglob("*.jpg")) if folder else []
    return files[:: max(1, len(files) // PHOTOS)][:PHOTOS]


def _claims(number: int) -> list[list[str]]:
    """Titles and descriptions as a claim of 256 products brings them: half are short, the others of very mixed lengths."""
    chance = np.random.default_rng(7)
    words = "oak steel cotton lamp sofa camera desk light small folding wooden compact waterproof modern classic black".split()
    claims = []
    for _ in range(number):
        lengths = [*chance.integers(4, 14, CLAIM), *np.minimum(220, chance.lognormal(4, 0.8, CLAIM)).astype(int)]
        claims.append([" ".join(chance.choice(words, int(length))) for length in lengths])
    return claims


if __name__ == "__main__":
    main()
