"""Whom a ranking serves: relevant products found, and hits shown, by brand size, price band, photo and language of the products.

A mean over queries hides that small brands or products without a photo are never found. Shares here are over pairs of query and product.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.evaluate.judgments import Judgments
from indexer.evaluate.runs import Run
from indexer.records import Product

LARGE, SMALL = 0.5, 0.2
"""Large brands are the fewest that hold half of the products; small ones the most that hold at most a fifth."""
FIRST, DEEP = 10, 100
BANDS = ("cheapest third", "middle third", "dearest third")


@dataclass(frozen=True, slots=True)
class Share:
    """One run on one slice: the share of its relevant pairs among the first 10 and 100 hits, and its part of all first 10 hits.

    `at_10` and `at_100` are None where the slice has no relevant pair.
    """

    at_10: float | None
    at_100: float | None
    exposure: float


@dataclass(frozen=True, slots=True)
class ProductSlice:
    """Products that have something in common: how many of the catalogue, in how many relevant pairs, and each run's share."""

    group: str
    name: str
    products: int
    relevant: int
    runs: tuple[Share, ...]


def product_slices(
    products: Iterable[Product], judgments: Judgments, runs: Sequence[Run], *, relevant: int = 1
) -> tuple[ProductSlice, ...]:
    """The slices of a catalogue by group, in a fixed order; those without a product are left out. Unknown products are in none."""
    traits = traits_of(list(products))
    sizes = Counter(trait for of in traits.values() for trait in of)
    wanted = [(query, product) for query, grades in judgments.grades.items() for product, grade in grades.items() if grade >= relevant]
    pairs = Counter(trait for _, product in wanted for trait in traits.get(product, ()))
    counted = [_counted(run, judgments.queries, wanted, traits) for run in runs]
    return tuple(
        ProductSlice(*trait, sizes[trait], pairs[trait], tuple(_share(of, trait, pairs[trait]) for of in counted))
        for trait in sorted(sizes, key=_place)
    )


def traits_of(products: Sequence[Product]) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """Each product's slices as (group, name): brand size, price band, photo, and language where the catalogue tells two or more."""
    brands, bands = _brand_sizes(products), _price_bands(products)
    languages = {one.language for one in products if one.language}
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for one in products:
        told = [
            ("brand size", brands.get(one.brand.casefold(), "no brand")),
            ("price", bands.get(one.id, "no price")),
            ("photo", "with a photo" if one.photos else "without a photo"),
        ]
        if len(languages) > 1:
            told.append(("language", one.language or "unknown"))
        found[one.id] = tuple(told)
    return found


def _brand_sizes(products: Sequence[Product]) -> Mapping[str, str]:
    counts = Counter(one.brand.casefold() for one in products if one.brand)
    total, before = sum(counts.values()), 0
    found: dict[str, str] = {}
    for brand, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        # By how much the larger brands hold: the first are large until half is reached, those beyond four fifths small.
        found[brand] = "large" if before < LARGE * total else "small" if before >= (1 - SMALL) * total else "medium"
        before += count
    return found


def _price_bands(products: Sequence[Product]) -> Mapping[str, str]:
    """Thirds of the prices of each currency; equal prices are in one third."""
    found: dict[str, str] = {}
    for currency in {one.price.currency for one in products if one.price}:
        priced = {one.id: one.price.minor for one in products if one.price and one.price.currency == currency}
        edges = np.quantile(list(priced.values()), (1 / 3, 2 / 3))
        found |= {id_: BANDS[int(np.searchsorted(edges, minor, side="left"))] for id_, minor in priced.items()}
    return found


@dataclass(frozen=True, slots=True)
class _Counted:
    at_10: Counter[tuple[str, str]]
    at_100: Counter[tuple[str, str]]
    shown: Counter[tuple[str, str]]
    hits: int


def _counted(
    run: Run, queries: Sequence[str], wanted: Sequence[tuple[str, str]], traits: Mapping[str, tuple[tuple[str, str], ...]]
) -> _Counted:
    ids = {query: run.ids(query) for query in queries}
    first, deep = ({(query, one) for query, found in ids.items() for one in found[:depth]} for depth in (FIRST, DEEP))
    found = [Counter(trait for pair in wanted if pair in within for trait in traits.get(pair[1], ())) for within in (first, deep)]
    return _Counted(found[0], found[1], Counter(trait for _, one in first for trait in traits.get(one, ())), len(first))


def _share(of: _Counted, trait: tuple[str, str], pairs: int) -> Share:
    exposure = of.shown[trait] / of.hits if of.hits else 0.0
    return Share(of.at_10[trait] / pairs, of.at_100[trait] / pairs, exposure) if pairs else Share(None, None, exposure)


def _place(trait: tuple[str, str]) -> tuple[int, int, str]:
    groups = ("brand size", "price", "photo", "language")
    names = ("large", "medium", "small", "no brand", *BANDS, "no price", "with a photo", "without a photo")
    return groups.index(trait[0]), names.index(trait[1]) if trait[1] in names else len(names), trait[1]
