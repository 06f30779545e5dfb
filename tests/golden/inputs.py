"""What the golden numbers are of: a few texts, and photos that are drawn here, pixel by pixel, the same everywhere."""

import hashlib

import numpy as np

from indexer.encode.base import Pixels

TEXTS = (
    "Running shoes for men, blue",
    "Three-seater corner sofa in grey linen",
    "沙发",
    "ноутбук с экраном 15 дюймов",
    "USB-C hub 7-in-1 (4K HDMI, 100 W)",
    "a",
)


def photos() -> tuple[Pixels, ...]:
    """Three pictures of 256 by 256 (so that no resampling is needed) and one that is larger and wide."""
    return _ball(256, 256), _stripes(256, 256), _noise(256, 256), _ball(400, 300)


def digest() -> str:
    """The sha-256 over all inputs, by which a golden file names them."""
    state = hashlib.sha256("\n".join(TEXTS).encode())
    for photo in photos():
        state.update(photo.tobytes())
    return state.hexdigest()


def _ball(width: int, height: int) -> Pixels:
    """An orange ball in sunlight over a green field."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.where((y > height * 2 // 3)[..., None], [40, 140, 50], [120, 180, 240]).astype(np.int64)
    distance = (x - width // 2) ** 2 + (y - height // 2) ** 2
    radius = height // 4
    light = 255 - distance * 120 // radius**2
    ball = np.stack([light, light * 140 // 255, light * 30 // 255], axis=-1)
    return np.where((distance < radius**2)[..., None], ball, picture).clip(0, 255).astype(np.uint8)


def _stripes(width: int, height: int) -> Pixels:
    """Slanted stripes in black and yellow."""
    y, x = np.mgrid[0:height, 0:width]
    return np.where((((x + y) // 16) % 2 == 0)[..., None], [20, 20, 20], [250, 210, 40]).astype(np.uint8)


def _noise(width: int, height: int) -> Pixels:
    """A fixed disorder of colours (a linear congruential generator; Knuth, TAOCP 2, 3.3.4)."""
    numbers = (
        np.arange(width * height * 3, dtype=np.uint64) * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    ) >> np.uint64(56)
    return numbers.astype(np.uint8).reshape(height, width, 3)
