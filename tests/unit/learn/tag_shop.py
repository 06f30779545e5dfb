"""A tiny shop whose fields are said in its titles, and examples made by hand: what the tagger's tests stand on."""

from functools import lru_cache

from indexer.learn.tag_labels import TAGS, Example, label_products
from indexer.learn.tag_split import with_families
from indexer.learn.tag_words import words_of
from indexer.records import Product, Value

COLOURS = {"black": (10, 10, 10), "red": (220, 20, 20), "blue": (20, 20, 220), "white": (250, 250, 250)}
KINDS = ("chair", "lamp", "table", "sofa")
SERIES = ("Alba", "Brio", "Cosmo", "Dune", "Etna", "Fjord", "Gala", "Helix", "Iris", "Jura", "Kilo", "Luna")


def shop(count: int = 96) -> list[Product]:
    """Chairs and lamps of two brands, each series a family; every third dozen of titles keeps the colour to the field."""
    made = []
    for n in range(count):
        colour, kind, brand = list(COLOURS)[(n // 12 + n) % 4], KINDS[(n // 4) % 4], ("Norda", "Old Oak")[n % 2]
        said = "" if n // 12 % 3 == 0 else f" {colour}"
        title = f"{brand} {SERIES[n % 12]}{said} {kind} {40 + n % 5} cm"
        fields: dict[str, Value] = {"colour": colour.title(), "product_type": kind, "width": float(400 + 10 * (n % 5))}
        made.append(Product(id=str(n), title=title, brand=brand, attributes=fields))
    return made


@lru_cache(maxsize=4)
def examples(count: int = 96) -> list[Example]:
    return with_families(label_products(shop(count))[0], {})


def example(title: str, tags: str, **values: str) -> Example:
    """An example from a title and its tags by name, apart by spaces; "?" is an unknown word."""
    numbers = tuple(-100 if tag == "?" else TAGS.index(tag) for tag in tags.split())
    words = words_of(title)
    assert len(words) == len(numbers), [word.text for word in words]
    return Example(id=title, title=title, words=words, tags=numbers, values=values)  # type: ignore[arg-type]
