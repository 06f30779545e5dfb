"""Facets: how many of an answer's products have which value, or lie in which range."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from indexer.money import major_units, price_at
from indexer.records import FacetAsk, FacetValue, Filter, Product, Range, Value

PATH = " > "
"""Between the levels of a category's path, as a filter writes it."""


def counted(products: Iterable[Product], asks: Sequence[FacetAsk], *, moment: int) -> dict[str, tuple[FacetValue, ...]]:
    """What was asked to be counted, by field: values the most frequent first, then by value; ranges in the order asked, zeros too.

    Fields are plain facets (brand, category, currency, group, in_stock, language) or attributes, for ranges price (in major units of the
    product's own currency, as it is to be paid at `moment`, microseconds since 1970), stock or attributes. A product without the field
    counts nowhere, one with several values once for each. A category counts for each beginning of its path: one in Home > Sofas is in
    Home as well. Spellings that differ in case, width or spaces only are one value, as filters see them, shown as most of the
    products write it. A field that is asked for twice has what either ask counts, the first one's first.
    """
    asks = tuple(dict.fromkeys(asks))
    spellings: dict[str, dict[str, Counter[str]]] = {ask.field: {} for ask in asks if not ask.ranges}
    ranges = {ask.field: {one for other in asks if other.field == ask.field for one in other.ranges} for ask in asks if ask.ranges}
    inside: Counter[tuple[str, Range]] = Counter()
    for product in products if asks else ():  # without a facet no product need be read
        for name, values in spellings.items():
            for key, value in {folded(value): value for value in values_of(product, name)}.items():
                values.setdefault(key, Counter())[value] += 1
        for name, mine in ranges.items():
            number = number_of(product, name, moment=moment)
            inside.update((name, one) for one in mine if _within(one, number))
    facets: dict[str, tuple[FacetValue, ...]] = {}
    for ask in asks:
        found = tuple(FacetValue(one.text, inside[ask.field, one]) for one in ask.ranges)
        found = found or _ordered(spellings[ask.field].values())
        facets[ask.field] = tuple(dict.fromkeys((*facets.get(ask.field, ()), *found)))
    return facets


def loosened(filters: Sequence[Filter], field: str) -> tuple[Filter, ...]:
    """The filters but those on that field: what a facet is counted under, so that it tells what choosing another value would give."""
    return tuple(one for one in filters if one.field != field)


def number_of(product: Product, field: str, *, moment: int) -> float | None:
    """The number that a range of this field looks at, or None: what the product costs at `moment` in major units, its stock, an attribute.

    >>> number_of(Product(id="1", title="Mug", attributes={"litres": 0.3, "colour": "red"}), "litres", moment=0)
    0.3
    """
    if field == "price":
        price = price_at(product.price, product.sale, moment=moment)
        return None if price is None else float(major_units(price))
    if field == "stock":
        return product.stock
    value = product.attributes.get(field)
    return value if isinstance(value, float | int) and not isinstance(value, bool) else None


def _within(one: Range, number: float | None) -> bool:
    return number is not None and (one.low is None or one.low <= number) and (one.high is None or number < one.high)


def folded(value: str) -> str:
    """The form under which spellings count as one: NFKC, without case, single spaces."""
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
