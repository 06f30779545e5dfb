"""Draws the photos of the test catalogue: one shape of a few strokes for each kind of product, in the product's colour."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 160

Stroke = tuple[str, tuple[int, ...], float]
"""Kind, coordinates on a sheet of 100 by 100, and how bright against the product's colour."""

SHAPES: dict[str, tuple[Stroke, ...]] = {
    "sofa": (
        ("round", (8, 38, 92, 66), 0.85),
        ("round", (4, 48, 20, 78), 1.0),
        ("round", (80, 48, 96, 78), 1.0),
        ("round", (18, 56, 50, 74), 1.15),
        ("round", (50, 56, 82, 74), 1.15),
        ("box", (12, 78, 16, 86), 0.4),
        ("box", (84, 78, 88, 86), 0.4),
    ),
    "armchair": (
        ("round", (28, 22, 72, 62), 0.85),
        ("round", (20, 46, 34, 78), 1.0),
        ("round", (66, 46, 80, 78), 1.0),
        ("round", (32, 58, 68, 74), 1.15),
        ("box", (26, 78, 30, 88), 0.4),
        ("box", (70, 78, 74, 88), 0.4),
    ),
    "chair": (
        ("box", (34, 14, 38, 88), 1.0),
        ("box", (62, 14, 66, 88), 1.0),
        ("box", (34, 18, 66, 26), 1.1),
        ("box", (34, 32, 66, 38), 1.1),
        ("box", (32, 54, 68, 60), 0.9),
    ),
    "table": (
        ("oval", (8, 34, 92, 52), 1.1),
        ("box", (46, 50, 54, 82), 0.8),
        ("oval", (28, 78, 72, 88), 0.8),
    ),
    "lamp": (
        ("oval", (30, 82, 70, 92), 0.8),
        ("line", (50, 86, 36, 52), 0.9),
        ("line", (36, 52, 62, 28), 0.9),
        ("poly", (54, 18, 86, 34, 66, 48), 1.1),
    ),
    "shoe": (
        ("poly", (8, 44, 30, 40, 44, 54, 78, 62, 92, 72, 92, 78, 8, 78), 1.0),
        ("box", (8, 78, 92, 86), 1.5),
        ("line", (40, 52, 50, 46), 1.6),
        ("line", (48, 57, 58, 51), 1.6),
    ),
    "boot": (
        ("poly", (28, 10, 58, 10, 58, 58, 88, 68, 90, 82, 28, 82), 1.0),
        ("box", (26, 82, 92, 90), 0.5),
        ("line", (46, 24, 58, 24), 1.6),
        ("line", (46, 36, 58, 36), 1.6),
    ),
    "shirt": (
        ("poly", (34, 16, 66, 16, 92, 32, 82, 48, 72, 42, 72, 88, 28, 88, 28, 42, 18, 48, 8, 32), 1.0),
        ("oval", (42, 10, 58, 24), 0.7),
    ),
    "dress": (
        ("poly", (38, 10, 44, 22, 56, 22, 62, 10, 66, 44, 84, 92, 16, 92, 34, 44), 1.0),
        ("box", (34, 42, 66, 47), 0.7),
    ),
    "hat": (
        ("oval", (4, 54, 96, 76), 1.0),
        ("round", (30, 28, 70, 64), 1.1),
        ("box", (30, 54, 70, 60), 0.5),
    ),
    "camera": (
        ("round", (8, 30, 92, 80), 1.0),
        ("box", (36, 20, 64, 32), 0.9),
        ("oval", (32, 34, 72, 74), 0.5),
        ("oval", (40, 42, 64, 66), 1.6),
        ("box", (14, 36, 24, 42), 1.8),
    ),
    "laptop": (
        ("round", (18, 20, 82, 66), 0.7),
        ("box", (22, 24, 78, 62), 1.4),
        ("poly", (18, 66, 82, 66, 94, 82, 6, 82), 1.0),
    ),
    "headphones": (
        ("ring", (18, 14, 82, 86), 1.0),
        ("round", (12, 48, 30, 82), 1.2),
        ("round", (70, 48, 88, 82), 1.2),
    ),
    "mug": (
        ("ring", (58, 34, 88, 68), 0.9),
        ("round", (20, 22, 70, 84), 1.0),
        ("oval", (20, 16, 70, 30), 0.7),
    ),
    "teapot": (
        ("ring", (26, 10, 74, 60), 0.8),
        ("oval", (20, 34, 80, 86), 1.0),
        ("poly", (76, 48, 96, 34, 98, 42, 78, 64), 1.0),
        ("oval", (44, 28, 56, 38), 1.3),
    ),
    "backpack": (
        ("ring", (40, 6, 60, 30), 0.7),
        ("round", (24, 18, 76, 90), 1.0),
        ("round", (30, 54, 70, 84), 0.8),
        ("box", (30, 36, 70, 40), 0.6),
    ),
}

PAINTED: dict[str, tuple[str, str]] = {
    "0001": ("sofa", "#2c5f9e"),
    "0002": ("sofa", "#b3202c"),
    "0003": ("sofa", "#8b9198"),
    "0004": ("armchair", "#3c7a4e"),
    "0005": ("armchair", "#d8c7a3"),
    "0006": ("chair", "#96683c"),
    "0007": ("table", "#a8763e"),
    "0008": ("lamp", "#e2b21c"),
    "0009": ("lamp", "#26282b"),
    "0010": ("shoe", "#e8672a"),
    "0011": ("shoe", "#1f8a8a"),
    "0012": ("shoe", "#2566b8"),
    "0013": ("boot", "#6b4023"),
    "0014": ("shirt", "#f4f4f0"),
    "0015": ("shirt", "#1d1d1f"),
    "0016": ("shirt", "#c32a2f"),
    "0017": ("dress", "#d2383c"),
    "0018": ("dress", "#3f8f5b"),
    "0019": ("hat", "#dcb765"),
    "0020": ("camera", "#2b2d31"),
    "0021": ("camera", "#b9bec5"),
    "0022": ("camera", "#e58fb0"),
    "0023": ("laptop", "#c3c8ce"),
    "0024": ("laptop", "#4a4e55"),
    "0025": ("headphones", "#222428"),
    "0026": ("mug", "#3aa0a0"),
    "0027": ("mug", "#eef0ee"),
    "0028": ("teapot", "#2e2e2e"),
    "0029": ("backpack", "#55663a"),
}
"""Which product has which shape in which colour; the others have no photo."""


def draw(shape: str, paint: str) -> Image.Image:
    """The product's photo: its shape in its colour on a light ground, `SIDE` pixels square."""
    image = Image.new("RGB", (SIDE, SIDE), "#f7f5f0")
    pen = ImageDraw.Draw(image)
    base = tuple(int(paint[place : place + 2], 16) for place in (1, 3, 5))
    for kind, numbers, bright in SHAPES[shape]:
        points = [number * SIDE / 100 for number in numbers]
        colour = tuple(min(255, int(channel * bright)) for channel in base)
        _stroke(pen, kind, points, (colour[0], colour[1], colour[2]))
    return image


def _stroke(pen: ImageDraw.ImageDraw, kind: str, points: Sequence[float], colour: tuple[int, int, int]) -> None:
    edge = (60, 60, 60)
    if kind == "box":
        pen.rectangle(points, fill=colour, outline=edge)
    elif kind == "round":
        pen.rounded_rectangle(points, radius=9, fill=colour, outline=edge)
    elif kind == "oval":
        pen.ellipse(points, fill=colour, outline=edge)
    elif kind == "ring":
        pen.ellipse(points, outline=colour, width=7)
    elif kind == "line":
        pen.line(points, fill=colour, width=6)
    else:
        pen.polygon(points, fill=colour, outline=edge)


def draw_all(folder: Path) -> None:
    """Write every product's photo into the folder; one in three as a JPEG."""
    folder.mkdir(parents=True, exist_ok=True)
    for product, (shape, paint) in PAINTED.items():
        draw(shape, paint).save(folder / photo_name(product))


def photo_name(product: str) -> str:
    """The file that holds a product's photo."""
    return f"{product}.{'jpg' if int(product) % 3 == 0 else 'png'}"
