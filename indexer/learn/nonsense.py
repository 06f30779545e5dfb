"""Photos and words that mean nothing, the same for the same seed: what no product should be found by."""

from collections.abc import Iterator

import numpy as np

from indexer.encode.base import Pixels

SIDE = 96
"""Pixels of a side."""

LETTERS = tuple("bcdfghjklmnpqrstvwxz")
"""No vowels, so that hardly a word comes about."""


def nonsense_texts(count: int, *, seed: int) -> list[str]:
    """One to three words of letters at random each."""
    random = np.random.default_rng(seed)
    return [" ".join("".join(random.choice(LETTERS, random.integers(4, 9))) for _ in range(random.integers(1, 4))) for _ in range(count)]


def nonsense_photos(count: int, *, seed: int) -> list[Pixels]:
    """Noise, patches, stripes, rings and slopes in colours at random, in turn; each (SIDE, SIDE, 3)."""
    random = np.random.default_rng(seed)
    drawn = _drawn(random)
    return [next(drawn) for _ in range(count)]


def _drawn(random: np.random.Generator) -> Iterator[Pixels]:
    down, across = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    while True:
        yield random.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
        patches = random.integers(0, 256, (6, 6, 3))
        yield np.repeat(np.repeat(patches, SIDE // 6, axis=0), SIDE // 6, axis=1).astype(np.uint8)
        angle = random.uniform(0, np.pi)
        along = np.cos(angle) * down + np.sin(angle) * across
        yield _between(random, np.sin(along * random.uniform(10, 60)) > 0)
        yield _between(random, np.sin(np.hypot(down - 0.5, across - 0.5) * random.uniform(20, 80)) > 0)
        yield _between(random, (along - along.min()) / np.ptp(along))


def _between(random: np.random.Generator, shares: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> Pixels:
    """Two colours, mixed by shares of 0..1."""
    one, other = random.integers(0, 256, (2, 3))
    mixed = one + shares.astype(np.float64)[:, :, None] * (other - one)
    return np.asarray(mixed.round().astype(np.uint8))
