"""Queries made of a product's attributes by templates, in English and Chinese, for catalogues that have few of their own.

They say what a listing says of itself, in the words and the order of shoppers; a model that has learned from them knows the shop's
kinds, colours and brands in both languages, and nothing of what shoppers mean beyond that.
"""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.learn.lexicon import BRANDS, COLOURS, GENDERS, KINDS, MATERIALS, TO_ENGLISH
from indexer.records import Product, Value
from indexer.text.chinese import has_han, simplified_han

Language = Literal["en", "zh"]
Slot = Literal["brand", "colour", "material", "gender", "kind"]

NAMES: Mapping[Slot, tuple[str, ...]] = {
    "colour": ("colour", "color", "product_colour", "product_color", "颜色"),
    "material": ("material", "fabric", "材质", "面料"),
    "gender": ("gender", "适用性别"),
    "kind": ("product_type", "type", "kind", "类型", "种类"),
}
"""Attributes that fill a slot, the first that a product has; its brand is its own field, its kind the last category where it has one."""

LEXICON: Mapping[Slot, Mapping[str, str]] = {"brand": BRANDS, "colour": COLOURS, "material": MATERIALS, "gender": GENDERS, "kind": KINDS}

TEMPLATES: Mapping[Language, tuple[str, ...]] = {
    "en": (
        "{colour} {brand} {kind}",
        "{brand} {kind}",
        "{colour} {kind}",
        "{material} {kind}",
        "{brand} {kind} {colour}",
        "{kind} for {gender}",
        "{gender} {colour} {kind}",
        "{colour} {material} {kind}",
        "{brand} {material} {kind}",
    ),
    "zh": (
        "{colour} {brand} {kind}",
        "{brand} {kind}",
        "{colour}{kind}",
        "{material}{kind}",
        "{brand} {colour} {kind}",
        "{gender}{kind}",
        "{gender} {colour} {kind}",
        "{colour}{material}{kind}",
        "{brand} {material}{kind}",
    ),
}
NO_KINDS = frozenset({"original", "compatible", "refurbished", "oem", "new", "standard", "other"})
"""What sources write under `type` of things whose kind goes without saying there."""
LENGTH_CAP = 40
"""Characters of a slot; a longer value is a list or a sentence, and nobody types it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A query that a product answers; `shared` counts the products of the catalogue that it was made of."""

    query: str
    product_id: str
    language: Language
    template: str
    shared: int = 1


def synthetic_pairs(products: Iterable[Product], seed: int = 0, *, each: int = 4, most_products: int = 50) -> list[Pair]:
    """At most `each` pairs a product, chosen by the seed, in the products' order; no query twice for one product.

    A query that more than `most_products` fit ("黑色 鞋" in a shoe shop) teaches nothing about any of them and is left out.
    """
    dice = random.Random(seed)  # noqa: S311 - a repeatable choice, no secret
    every = [list(pairs_of(product)) for product in products]
    counts = Counter(pair.query for pairs in every for pair in pairs)
    chosen: list[Pair] = []
    for pairs in every:
        fitting = [pair for pair in pairs if counts[pair.query] <= most_products]
        places = sorted(dice.sample(range(len(fitting)), k=min(each, len(fitting))))
        chosen += [_shared(fitting[place], counts) for place in places]
    return chosen


def pairs_of(product: Product) -> Iterator[Pair]:
    """Every template that the product's attributes fill, in the order of TEMPLATES; each query once.

    >>> shoe = Product(id="S", title="", brand="Nike", category=("Shoes",), attributes={"colour": "Black"})
    >>> [pair.query for pair in pairs_of(shoe)][:2], [pair.query for pair in pairs_of(shoe) if pair.language == "zh"][0]
    (['black nike shoes', 'nike shoes'], '黑色 耐克 鞋')
    """
    said: set[str] = set()
    for language, templates in TEMPLATES.items():
        slots = slots_of(product, language)
        for template in templates:
            names = [name for name in LEXICON if f"{{{name}}}" in template]
            if not all(name in slots for name in names):
                continue
            query = template.format_map(slots)
            if query not in said:
                said.add(query)
                yield Pair(query, product.id, language, template)


def slots_of(product: Product, language: Language) -> Mapping[str, str]:
    """What fills each slot in the language: as the product says it, or by the lexicon; a slot that neither fills is absent."""
    found: dict[str, str] = {}
    for slot, known in LEXICON.items():
        value = simplified_han(_said(product, slot)).strip().lower()
        if not any(map(str.isalpha, value)) or len(value) > LENGTH_CAP or any(mark in value for mark in ",;/|、") or value in NO_KINDS:
            continue
        if language == "en" and (english := _english(value, known)):
            found[slot] = english
        if language == "zh" and (chinese := value if has_han(value) else known.get(value)):
            found[slot] = chinese
    return found


def _english(value: str, known: Mapping[str, str]) -> str | None:
    if not has_han(value):
        return value
    english = TO_ENGLISH.get(value) or TO_ENGLISH.get(value + "色")  # 黑 for 黑色
    return english if english in known else None


def _said(product: Product, slot: Slot) -> str:
    if slot == "brand":
        return product.brand
    if slot == "kind" and product.category:
        return product.category[-1]
    return next((text for name in NAMES[slot] if (text := _text(product.attributes.get(name)))), "")


def _text(value: Value | None) -> str:
    if isinstance(value, tuple):
        return value[0] if len(value) == 1 else ""  # of several colours none is the colour
    return value if isinstance(value, str) else ""


def _shared(pair: Pair, counts: Mapping[str, int]) -> Pair:
    return Pair(pair.query, pair.product_id, pair.language, pair.template, counts[pair.query])


def by_language(pairs: Sequence[Pair]) -> Mapping[Language, int]:
    """How many pairs there are in each language."""
    return Counter(pair.language for pair in pairs)
