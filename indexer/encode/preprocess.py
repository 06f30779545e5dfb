"""Preprocessing derived from a spec, so that learning and serving cannot disagree."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from indexer.encode.base import Pixels
from indexer.specs import ImageInput

STEPS = "shorter side to side/crop_share, bicubic with antialiasing; centre crop; (pixel/255 - mean)/std"
"""What `photo_block` does, for `ModelSpec.preprocessing`: change both together, as the text is part of a spec's digest."""


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
    kept = min(picture.size) * image.crop_share
    left, top = (picture.width - kept) / 2, (picture.height - kept) / 2
    box = (left, top, left + kept, top + kept)
    small = picture.resize((image.side, image.side), Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
    return np.asarray(small, dtype=np.uint8)


def first_characters(texts: Sequence[str], *, prefix: str, limit: int) -> list[str]:
    """Each text behind the prefix, cut to `limit` characters (the prefix not counted); the order stays.

    >>> first_characters(["abcdef"], prefix="query: ", limit=3)
    ['query: abc']
    """
    return [prefix + text[:limit] for text in texts]
