"""Facets: how many of an answer's candidates have which value."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from indexer.records import FacetValue, Product, Value

PATH = " > "
"""Between the levels of a category's path, as a filter writes it."""


def counted(products: Iterable[Product], names: Sequence[str]) -> dict[str, tuple[FacetValue, ...]]:
    """Each facet's values with their counts, the most frequent first, then by value; a product counts once for a value.

    Names are plain facets (brand, category, currency, group, in_stock, language) or attributes; a product without the field counts
    nowhere. A category counts for each beginning of its path: one in Home > Sofas is in Home as well. Spellings that differ in case,
    width or spaces only are one value, as filters see them, shown as most of the products write it.
    """
    spellings: dict[str, dict[str, Counter[str]]] = {name: {} for name in names}
    for product in products if names else ():  # without a facet no product need be read
        for name, values in spellings.items():
            for key, value in {_key(value): value for value in values_of(product, name)}.items():
                values.setdefault(key, Counter())[value] += 1
    return {name: _ordered(values.values()) for name, values in spellings.items()}


def _key(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _ordered(values: Iterable[Counter[str]]) -> tuple[FacetValue, ...]:
    shown_as = (min(one, key=lambda spelling: (-one[spelling], spelling)) for one in values)
    facet = (FacetValue(spelling, one.total()) for spelling, one in zip(shown_as, values, strict=True))
    return tuple(sorted(facet, key=lambda value: (-value.count, value.value)))


def values_of(product: Product, name: str) -> tuple[str, ...]:
    """The texts under which a product counts for a facet, each a value that a filter on the same field finds again.

    >>> values_of(Product(id="1", title="Sofa", category=("Home", "Sofas")), "category")
    ('Home', 'Home > Sofas')
    """
    plain: Mapping[str, tuple[str, ...]] = {
        "brand": (product.brand,),
        "category": tuple(PATH.join(product.category[: depth + 1]) for depth in range(len(product.category))),
        "currency": (product.price.currency,) if product.price else (),
        "group": (product.group,),
        "in_stock": () if product.stock is None else (shown(product.stock > 0),),
        "language": (product.language,),
    }
    values = plain[name] if name in plain else _texts(product.attributes.get(name, ()))
    return tuple(value for value in values if value.strip())


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(map(shown, value)) if isinstance(value, tuple) else (shown(value),)


def shown(value: Value) -> str:
    """A value as text: true and false in small letters, whole numbers without a point.

    >>> shown(True), shown(42.0), shown(0.5), shown("red")
    ('true', '42', '0.5', 'red')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
