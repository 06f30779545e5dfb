"""What a fusion learns from: items with words and photos, read from a catalogue, from a folder a class, and from judgments or clicks."""

import csv
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.errors import LearningError
from indexer.evaluate.judgments import Judgments
from indexer.records import Product

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A product or a class: its own words, words that ask for it, its own picture, and photos that show it.

    A product's `title`, `description` and `picture` stand in its row; `queries` and `photos` must find that row. The items of one
    `kind` are no negatives of each other; "" means that it has no kind.
    """

    id: str
    title: str
    description: str = ""
    queries: tuple[str, ...] = ()
    picture: Path | None = None
    photos: tuple[Path, ...] = ()
    kind: str = ""

    @property
    def asking(self) -> tuple[str, ...]:
        """All words that should find it, the title first, none twice."""
        return tuple(dict.fromkeys(text for text in (self.title, *self.queries) if text))


def read_classes(folder: Path, texts: Path) -> list[Item]:
    """An item for each folder of photos in `folder`, with its words from a CSV file with the header class,text (several lines a class).

    The first text is the item's title. Raises LearningError where a folder has no text, a text no folder, or nothing is there.
    """
    folders = sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    if not folders:
        raise LearningError(f"{folder} holds no folder of photos.", cure="Make a folder for each class, with its photos in it.")
    words = read_texts(texts)
    for name in words.keys() - {path.name for path in folders}:
        raise LearningError(f"{texts} has words for {name!r}, and {folder} no such folder.")
    items: list[Item] = []
    for path in folders:
        if path.name not in words:
            raise LearningError(f"{texts} has no words for the folder {path.name!r}.", cure="Add a line: class,text.")
        title, *others = words[path.name]
        items.append(Item(id=path.name, title=title, queries=tuple(others), photos=tuple(photos_in(path))))
    return items


def read_texts(file: Path) -> dict[str, list[str]]:
    """The texts of each class in a CSV file with the header class,text; raises LearningError for any other file."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise LearningError(f"{file} can't be read: {error}.") from error
    found: dict[str, list[str]] = {}
    for number, row in enumerate(rows, start=2):
        name, text = (row.get("class") or "").strip(), (row.get("text") or "").strip()
        if not name or not text:
            raise LearningError(f"{file}, line {number}: no class or no text.", cure="Write the header class,text and both in each line.")
        found.setdefault(name, []).append(text)
    if not found:
        raise LearningError(f"{file} holds no text.", cure="Write the header class,text and a line for each text.")
    return found


def photos_in(folder: Path) -> list[Path]:
    """The photos that lie in a folder, by name, sorted."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS)


def of_products(products: Iterable[Product]) -> list[Item]:
    """The products that have a photo on a disk here: title, description, pictures; the last part of the category is the kind."""
    items: list[Item] = []
    for product in products:
        photos = tuple(Path(photo.source) for photo in product.photos if not photo.is_remote)
        if photos:
            kind = product.category[-1] if product.category else ""
            item = Item(id=product.id, title=product.title, description=product.description, kind=kind, picture=photos[0], photos=photos)
            items.append(item)
    return items


def with_queries(items: Sequence[Item], judgments: Judgments, *, least: int = 1) -> list[Item]:
    """The items, each with the queries for which it was judged (or clicked) at least that good; queries of others are passed over."""
    asked: dict[str, list[str]] = {}
    for query, grades in judgments.grades.items():
        for product, grade in grades.items():
            if grade >= least:
                asked.setdefault(product, []).append(query)
    return [replace(item, queries=(*item.queries, *asked.get(item.id, ()))) for item in items]


@dataclass(frozen=True, slots=True)
class Split:
    """Items and, for each, the photos to learn from and those to measure on; `dev` names the items that are wholly kept apart."""

    items: tuple[Item, ...]
    learn: tuple[tuple[int, ...], ...]
    apart: tuple[tuple[int, ...], ...]
    dev: frozenset[int]


MANY = 5
"""Photos of an item from which on its photos are split; of a smaller one all go one way."""


def split(items: Sequence[Item], digests: Mapping[Path, str], *, seed: int, share: float = 0.15) -> Split:
    """Put a share of the photos apart, by the digests of their bytes: a photo that lies there twice goes one way, under any name.

    Items of fewer than MANY photos go as a whole, with all items that share a query or a text with them; of the others each
    photo goes for itself, one at least apart. The same seed gives the same parts.
    """
    families = _families(items)
    learn: list[tuple[int, ...]] = []
    apart: list[tuple[int, ...]] = []
    dev: set[int] = set()
    for number, item in enumerate(items):
        if len(item.photos) >= MANY:
            values = [_drawn(f"{seed} {digests[photo]}") for photo in item.photos]
            drawn = [value < share or value == min(values) for value in values]
        else:
            together = _drawn(f"{seed} {families[number]}") < share
            drawn = [together] * len(item.photos)
            dev |= {number} if together else set()
        learn.append(tuple(place for place, away in enumerate(drawn) if not away))
        apart.append(tuple(place for place, away in enumerate(drawn) if away))
    _keep_apart(items, digests, learn, apart)
    return Split(tuple(items), tuple(learn), tuple(apart), frozenset(dev))


def _keep_apart(items: Sequence[Item], digests: Mapping[Path, str], learn: list[tuple[int, ...]], apart: Sequence[tuple[int, ...]]) -> None:
    """Take out of what is learned from every photo whose bytes also stand among those apart, under another item."""
    away = {digests[item.photos[place]] for item, places in zip(items, apart, strict=True) for place in places}
    for number, item in enumerate(items):
        learn[number] = tuple(place for place in learn[number] if digests[item.photos[place]] not in away)


def _families(items: Sequence[Item]) -> list[str]:
    """For each item the least id among the items that it shares a text with, through any number of others (union-find)."""
    parent = list(range(len(items)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    first: dict[str, int] = {}
    for number, item in enumerate(items):
        for text in item.asking:
            other = first.setdefault(text.casefold(), number)
            one, two = root(number), root(other)
            parent[max(one, two)] = min(one, two)
    return [items[root(number)].id for number in range(len(items))]


def _drawn(words: str) -> float:
    """A number in [0, 1) that depends on the words alone."""
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:7], "big") / 2**56
