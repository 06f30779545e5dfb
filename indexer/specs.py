"""What a model is, as data: everything that decides its rows is in its digest."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Literal

LATER = {"interpolation": "bicubic", "squash": False}
_NONE = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInput:
    """How pixels enter an image model: a square of `side` pixels, then (pixel / 255 - mean) / std per channel.

    `crop_share` is the share of the shorter side that the centre crop keeps; where `squash` is set, of both sides, and what is kept
    is pressed into the square.
    """

    side: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    crop_share: float = 1.0
    grey: bool = False
    interpolation: Literal["bicubic", "bilinear", "lanczos", "nearest"] = "bicubic"
    squash: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """A model's identity: frozen, with licence and origin; `digest` changes when its rows would.

    `width` counts the numbers of one row. `weights` is the sha-256 of the weight files, or names the algorithm
    and its version where there are no weights.
    """

    name: str
    revision: str
    width: int
    weights: str
    licence: str
    origin: str
    max_tokens: int | None = None
    pooling: str = ""
    query_prefix: str = ""
    product_prefix: str = ""
    image: ImageInput | None = None
    preprocessing: str = ""

    @property
    def digest(self) -> str:
        """First 16 hex digits of the sha-256 over all that decides the rows (not over licence and origin)."""
        return _digest(self)


@lru_cache(maxsize=1024)
def _digest(spec: ModelSpec) -> str:
    # Asked for with every part of every product, so it is worked out once a spec.
    decisive = {key: value for key, value in asdict(spec).items() if key not in ("licence", "origin")}
    if spec.image:
        # Fields that came later count where they say something new, so that older indexes and caches stay valid.
        decisive["image"] = {key: value for key, value in asdict(spec.image).items() if LATER.get(key, _NONE) != value}
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]
