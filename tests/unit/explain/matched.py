"""Encoders, a product with photos and a match of it, for the tests of this folder."""

from pathlib import Path

import numpy as np
from PIL import Image

from indexer.encode.base import Pixels
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.explain.match import Match, Parts, explain
from indexer.fuse.weighted import WeightedFusion
from indexer.records import Product
from indexer.text import segmenter

SHOE = Product(id="S-1", title="Black running shoes", description="A pair of light trainers")


def encoders(*, photos: bool = True, **weights: float) -> Encoders:
    text = HashedText()
    weights = weights or {"title": 0.3, "description": 0.2, "photo": 0.5}
    return Encoders(text, HashedPhoto() if photos else None, WeightedFusion(width=text.spec.width, **weights))


def picture(colour: tuple[int, int, int] = (200, 30, 30)) -> Pixels:
    """A patch of the colour at the top left of a grey photo."""
    pixels = np.full((60, 90, 3), 120, dtype=np.uint8)
    pixels[:30, :40] = colour
    return pixels


def saved(path: Path, pixels: Pixels) -> Path:
    Image.fromarray(pixels).save(path)
    return path


def match(query: str = "black shoes", *, photo: Pixels | None = None, product: Product = SHOE, photos: int = 1) -> Match:
    texts = tuple((kind, text) for kind, text in (("title", product.title), ("description", product.description)) if text)
    held = Parts(product=product, texts=texts, photos=tuple((f"shop/{n}.png", picture()) for n in range(photos)))
    return explain(encoders(), QueryParts(text=query, photo=photo), held, segmenter())
