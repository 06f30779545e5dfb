"""Rows to measure with: real ones where FUSEDEX_TEST_DATA names them, else sentences recombined from words with a fixed seed."""

import gzip
import json
import os
import random
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

KINDS = "sofa|lamp|running shoes|T-shirt|camera|laptop|kettle|desk|backpack|watch|沙发|相机|黑色T恤|跑鞋|台灯".split("|")
WORDS = (
    "light sturdy folding wooden cotton wireless waterproof compact modern classic with a for and the home office travel kitchen garden "
    "drawer strap battery cushion handle display sensor zip sole lens blue black red oak steel two three large small rechargeable"
).split()


def rows(number: int) -> tuple[str, list[dict[str, object]]]:
    """Where they come from, and that many raw rows with id, title, description, brand, price and stock."""
    folder = os.environ.get("FUSEDEX_TEST_DATA")
    file = Path(folder, "icecat", "products.jsonl.gz") if folder else None
    if file and file.is_file():
        return "Icecat, real products", list(islice(_real(file), number))
    return "made-up sentences", made(number)


def with_photos(number: int) -> tuple[str, list[dict[str, object]]]:
    """The same for products with a photo each: real garments, or none where FUSEDEX_TEST_DATA is not set."""
    folder = os.environ.get("FUSEDEX_TEST_DATA")
    files = sorted(Path(folder, "clothing", "train").rglob("*.jpg")) if folder else []
    random.Random(7).shuffle(files)
    origin, texts = rows(number)
    if not files:
        return "none: FUSEDEX_TEST_DATA is not set", []
    photos = [str(files[place % len(files)]) for place in range(number)]
    return f"real garments' photos, texts of {origin}", [
        {**row, "id": f"photo-{row['id']}", "description": "", "photo": photo} for row, photo in zip(texts, photos, strict=True)
    ]


def made(number: int) -> list[dict[str, object]]:
    """That many made-up rows, the same ones each time."""
    return list(islice(_made(), number))


def _real(file: Path) -> Iterator[dict[str, object]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row.get("title") and row.get("short_description"):
                yield {
                    "id": str(row["id"]),
                    "title": str(row["title"]),
                    "description": str(row["short_description"]),
                    "brand": str(row.get("supplier") or ""),
                    "price": "19.99 EUR",
                    "stock": 5,
                }


def _made() -> Iterator[dict[str, object]]:
    chance = random.Random(7)
    for number in count():
        title = f"{chance.choice(WORDS)} {chance.choice(KINDS)} {number}"
        text = " ".join(chance.choices(WORDS, k=chance.randint(10, 60)))
        yield {"id": f"b{number}", "title": title, "description": text, "brand": chance.choice(WORDS), "price": "19.99 EUR", "stock": 5}
