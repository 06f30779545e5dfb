"""A feed whose every tenth line is broken, each in a way of its own; the other lines are good products."""

import json
from pathlib import Path
from typing import NamedTuple


class Flaw(NamedTuple):
    """A way to break a line: a name, the line's bytes (`{id}` stands for its product), and the field that the report must name."""

    name: str
    line: bytes
    field: str


FLAWS = (
    Flaw("no JSON", b"this is no JSON", ""),
    Flaw("cut off", b'{"id": "{id}", "title": "Cut o', ""),
    Flaw("a list", b'["{id}", "A mug"]', ""),
    Flaw("not UTF-8", b'{"id": "{id}", "title": "Caf\xe9"}', ""),
    Flaw("a NUL byte", b'{"id": "{id}", "title": "A\0B"}', ""),
    Flaw("over-long", b'{"id": "{id}", "title": "Long", "description": "' + b"x" * 1_000_001 + b'"}', ""),
    Flaw("NaN", b'{"id": "{id}", "title": "Mug", "price": NaN}', ""),
    Flaw("nested too deeply", b'{"id": "{id}", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ""),
    Flaw("no id", b'{"title": "A mug without id"}', "id"),
    Flaw("an empty id", b'{"id": "  ", "title": "Mug"}', "id"),
    Flaw("an id that is too long", b'{"id": "' + b"i" * 513 + b'", "title": "Mug"}', "id"),
    Flaw("an id that is a list", b'{"id": ["{id}"], "title": "Mug"}', "id"),
    Flaw("half a character in the id", b'{"id": "{id}\\ud83d", "title": "Mug"}', "id"),
    Flaw("no title", b'{"id": "{id}", "brand": "Campfire"}', "title"),
    Flaw("a title that is too long", b'{"id": "{id}", "title": "' + b"t" * 1001 + b'"}', "title"),
    Flaw("a negative price", b'{"id": "{id}", "title": "Mug", "price": -1}', "price"),
    Flaw("a price range", b'{"id": "{id}", "title": "Mug", "price": "10 - 20 EUR"}', "price"),
    Flaw("a price in two readings", b'{"id": "{id}", "title": "Mug", "price": "1.299 EUR"}', "price"),
    Flaw("an unknown currency", b'{"id": "{id}", "title": "Mug", "price": 5, "currency": "EURO"}', "currency"),
    Flaw("a negative stock", b'{"id": "{id}", "title": "Mug", "stock": -3}', "stock"),
    Flaw("a stock in words", b'{"id": "{id}", "title": "Mug", "stock": "plenty"}', "stock"),
    Flaw("a photo by ftp", b'{"id": "{id}", "title": "Mug", "image": "ftp://host/mug.jpg"}', "photos"),
    Flaw("a version in words", b'{"id": "{id}", "title": "Mug", "version": "yesterday"}', "version"),
    Flaw("a language in words", b'{"id": "{id}", "title": "Mug", "language": "plain English"}', "language"),
    Flaw("a flag in words", b'{"id": "{id}", "title": "Mug", "deleted": "maybe"}', "deleted"),
    Flaw("a number that is none", b'{"id": "{id}", "title": "Mug", "attr_n_weight": "heavy"}', "weight"),
)


def write_broken_feed(path: Path, *, lines: int = 10 * len(FLAWS)) -> dict[int, Flaw]:
    """Write a feed of that many lines; return which flaw stands on which line (10, 20, ...). The good products' ids are line numbers."""
    broken: dict[int, Flaw] = {}
    with path.open("wb") as file:
        for number in range(1, lines + 1):
            if number % 10:
                good = {"id": f"{number:05d}", "title": f"Mug number {number}", "price": f"{number}.50 EUR", "stock": number}
                file.write(json.dumps(good).encode() + b"\n")
            else:
                broken[number] = FLAWS[(number // 10 - 1) % len(FLAWS)]
                file.write(broken[number].line.replace(b"{id}", f"{number:05d}".encode()) + b"\n")
    return broken
