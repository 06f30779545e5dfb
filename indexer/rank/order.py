"""Orders other than by score alone: by a field as the shopper asked, and what is in stock before what is nearly as good and sold out."""

import math
from collections.abc import Callable, Sequence

from indexer.money import price_at
from indexer.rank.blend import Ranked
from indexer.rank.facets import folded
from indexer.rank.rules import SOLD_OUT
from indexer.records import Product, Sort, Term

Place = tuple[str, float, tuple[str, ...]]
"""A class that products stand together in, always rising, and what is compared within it: a number, or folded texts."""


def sorted_by(ranked: Sequence[Ranked], sorts: Sequence[Sort], product_of: Callable[[str], Product], *, moment: int) -> list[Ranked]:
    """The products by the first sort, ties by the next one, then by the given order; those without the field last in both directions.

    Fields: price (what is to be paid at `moment`, microseconds since 1970), stock, popularity, since, title (without regard to case or
    width), or an attribute. Money compares within a currency only: currencies stand one after the other by their codes, rising in both
    directions; so do an attribute's numbers, truth values and texts. Scores stay as they are.
    """
    if not sorts:
        return list(ranked)
    order = [(one, product_of(one.id)) for one in ranked]
    for sort in reversed(sorts):
        placed: list[tuple[Place, tuple[Ranked, Product]]] = []
        missing: list[tuple[Ranked, Product]] = []
        for pair in order:
            place = _place(pair[1], sort.field, moment=moment)
            if place is None:
                missing.append(pair)
            else:
                placed.append((place, pair))
        placed.sort(key=lambda entry: entry[0][1:], reverse=sort.descending)  # equals keep their order in both directions
        placed.sort(key=lambda entry: entry[0][0])
        order = [pair for _, pair in placed] + missing
    return [one for one, _ in order]


def _place(product: Product, field: str, *, moment: int) -> Place | None:
    if field == "price":
        price = price_at(product.price, product.sale, moment=moment)
        return None if price is None else (price.currency, price.minor, ())
    if field in ("stock", "popularity", "since"):
        figure = {"stock": product.stock, "popularity": product.popularity, "since": product.since}[field]
        return None if figure is None else ("", figure, ())
    if field == "title":
        return _text_place((product.title,))
    value = product.attributes.get(field, ())
    if isinstance(value, bool):
        return ("1 truth", value, ())
    if isinstance(value, float | int):
        return ("0 number", value, ())
    return _text_place((value,) if isinstance(value, str) else value)


def _text_place(texts: tuple[str, ...]) -> Place | None:
    said = tuple(text for text in map(folded, texts) if text)
    return ("2 text", 0, said) if said else None


def in_stock_first(ranked: Sequence[Ranked], stock_of: Callable[[str], int | None], *, reach: float) -> list[Ranked]:
    """The products with what is sold out put back by `reach` (0..1): it stays ahead of one in stock only if it leads by more than that.

    `ranked` is best first. A product whose stock is 0 (None is unknown, so not sold out) gets a term SOLD_OUT of -reach, or of what its
    score has where that is less: scores stay in 0..1 and sums of their terms. Equal scores: in stock first, then as before.
    Raises ValueError for a reach outside 0..1.
    """
    if not 0 <= reach <= 1:
        raise ValueError(f"A reach of {reach!r} is not in 0..1.")
    rated = [(stock_of(one.id) == 0, one) for one in ranked]
    rated = [(sold_out, _put_back(one, reach) if sold_out else one) for sold_out, one in rated]
    return [one for _, one in sorted(rated, key=lambda pair: (-pair[1].score, pair[0]))]


def _put_back(one: Ranked, reach: float) -> Ranked:
    amount = min(reach, one.score)
    # From Python 3.12 on sum() keeps what rounding loses: the terms may add up to less than their score, by less than one step.
    if sum((*(term.value for term in one.terms), -amount)) < 0:
        amount = math.nextafter(amount, 0.0)
    terms = (*one.terms, Term(SOLD_OUT, 0.0 - amount, 0.0, reach))
    return Ranked(one.id, sum(term.value for term in terms), terms)
