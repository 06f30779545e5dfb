"""Preprocessing derived from a spec, so that learning and serving cannot disagree."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from indexer.encode.base import Pixels
from indexer.specs import ImageInput

STEPS = "shorter side to side/crop_share, bicubic with antialiasing; centre crop; (pixel/255 - mean)/std"
"""What `photo_block` does, for `ModelSpec.preprocessing`: change both together, as the text is part of a spec's digest."""

RESAMPLING = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}


def steps(image: ImageInput) -> str:
    """The same in words for any input: STEPS, with its interpolation, and both sides for the shorter one where they are squashed."""
    words = STEPS.replace("bicubic", image.interpolation)
    return words.replace("shorter side", "both sides") if image.squash else words


def photo_block(photos: Sequence[Pixels], image: ImageInput) -> npt.NDArray[np.float32]:
    """Photos of any sizes to one float32 block (n, 3, side, side), channels first, in order."""
    block = np.empty((len(photos), 3, image.side, image.side), dtype=np.float32)
    mean = np.asarray(image.mean, dtype=np.float32) * 255
    scale = 1 / (np.asarray(image.std, dtype=np.float32) * 255)
    for row, photo in zip(block, photos, strict=True):
        square = (_square(photo, image).astype(np.float32) - mean) * scale
        row[:] = square.transpose(2, 0, 1)
    return block


def _square(photo: Pixels, image: ImageInput) -> Pixels:
    """The centre crop of `side` pixels, taken from the photo in one resampling step, uint8 (side, side, 3)."""
    picture = Image.fromarray(np.ascontiguousarray(photo))
    if image.grey:
        picture = picture.convert("L").convert("RGB")
    shorter = min(picture.size)
    width, height = (side * image.crop_share for side in (picture.size if image.squash else (shorter, shorter)))
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    box = (left, top, left + width, top + height)
    # Nearest takes single pixels: reducing first would take others.
    gap = None if image.interpolation == "nearest" else 3.0
    small = picture.resize((image.side, image.side), RESAMPLING[image.interpolation], box=box, reducing_gap=gap)
    return np.asarray(small, dtype=np.uint8)


def first_characters(texts: Sequence[str], *, prefix: str, limit: int) -> list[str]:
    """Each text behind the prefix, cut to `limit` characters (the prefix not counted); the order stays.

    >>> first_characters(["abcdef"], prefix="query: ", limit=3)
    ['query: abc']
    """
    return [prefix + text[:limit] for text in texts]
