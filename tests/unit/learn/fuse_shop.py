"""A tiny shop to learn from: drawn photos of few colours, each class with words; encoders that need no weights."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from indexer.encode.base import PhotoEncoder, Pixels
from indexer.encode.hashed import HashedText
from indexer.learn.fuse_items import Item
from indexer.learn.rows import RowTable
from indexer.specs import ModelSpec

COLOURS: Mapping[str, tuple[int, int, int]] = {"red": (220, 30, 30), "green": (30, 200, 40), "blue": (30, 40, 220), "grey": (120, 120, 120)}


class Thumbs(PhotoEncoder):
    """A photo's row: the colours of nine places, and one number that keeps black apart from nothing. Counts what it runs on."""

    def __init__(self, name: str = "thumbs") -> None:
        self.spec = ModelSpec(name=name, revision="1", width=28, weights="none", licence="Apache-2.0", origin="a test")
        self.ran = 0

    def run(self, inputs: object) -> list[list[float]]:
        rows: list[list[float]] = []
        for photo in inputs:  # type: ignore[attr-defined]
            self.ran += 1
            small = np.asarray(Image.fromarray(photo).resize((3, 3)), dtype=np.float64) / 255
            rows.append([*small.ravel().tolist(), 0.1])
        return rows


def draw(path: Path, colour: tuple[int, int, int], *, seed: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(-25, 26, size=(24, 20, 3))
    pixels: Pixels = np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def classes(folder: Path, *, each: int = 12) -> list[Item]:
    """An item a colour, with words and photos, and no picture of its own."""
    return [
        Item(
            id=name,
            title=f"{name} shirt",
            queries=(f"{name} thing", f"a photo of {name}"),
            photos=tuple(draw(folder / name / f"{number}.png", colour, seed=100 * place + number) for number in range(each)),
        )
        for place, (name, colour) in enumerate(COLOURS.items())
    ]


def cards(folder: Path, *, each: int = 12) -> list[Item]:
    """The same with a description and a picture."""
    made = classes(folder, each=each)
    return [
        Item(
            id=item.id,
            title=item.title,
            description=f"{item.id} cotton for every day",
            picture=draw(folder / "pictures" / f"{item.id}.png", COLOURS[item.id], seed=7),
            photos=item.photos,
        )
        for item in made
    ]


def table(folder: Path, photo: PhotoEncoder | None = None) -> RowTable:
    return RowTable(HashedText(), photo or Thumbs(), folder)
