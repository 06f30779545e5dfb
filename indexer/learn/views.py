"""Other views of a photo to learn from: each number names one, and the same photo has the same view every time, so its row can be kept."""

import numpy as np

from indexer.photos.decode import Pixels

LEAST, MOST = 0.55, 0.95
"""The share of the area that a crop keeps."""
LIGHT = 0.3
COLOUR = 0.2
"""By how much brightness, and each colour for itself, may be raised or lowered."""


def view(photo: Pixels, number: int, *, digest: str) -> Pixels:
    """View 0 is the photo, 1 its mirror image; from 2 on crops, odd ones mirrored, and from 4 on in other light too.

    What is drawn depends on the photo's digest (hex) and the number alone.
    """
    if number == 0:
        return photo
    seen = photo[:, ::-1] if number % 2 else photo
    random = np.random.default_rng([number, int(digest[:12], 16)])
    if number >= 2:
        side = np.sqrt(random.uniform(LEAST, MOST))
        height, width = (max(1, int(size * side)) for size in seen.shape[:2])
        top, left = random.integers(0, seen.shape[0] - height + 1), random.integers(0, seen.shape[1] - width + 1)
        seen = seen[top : top + height, left : left + width]
    if number >= 4:
        light = random.uniform(1 - LIGHT, 1 + LIGHT) * random.uniform(1 - COLOUR, 1 + COLOUR, size=3)
        seen = np.clip(seen * light, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(seen)
