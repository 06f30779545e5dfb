"""The part of a source that gives a product back exactly as it came: `shown`, written and read."""

from collections.abc import Callable, Mapping
from typing import Any

from indexer.records import Money, Photo, PhotoStatus, Product, Sale, Value
from indexer.records.making import maker
from indexer.store.tokens import whole

_product = maker(Product)

WHOLE, WHOLE_LEAST, WHOLE_MOST = "whole", -(2**63), 2**64 - 1
"""The name under which a larger whole number is written as digits, and the bounds of those that are written as numbers."""


def shown_of(product: Product, price_now: Money | None) -> dict[str, Any]:
    """What is kept of a product beside its fields of words: title and description are added where cleaning changes them."""
    kept = {
        "brand": whole(product.brand),
        "category": [whole(level) for level in product.category],
        "price": _plain_money(product.price),
        "price_now": _plain_money(price_now),
        "sale": _plain_sale(product.sale),
        "stock": _exact(product.stock),
        "gtin": whole(product.gtin),
        "attributes": {whole(name): _plain(value) for name, value in product.attributes.items()},
        "photos": [whole(photo.source) for photo in product.photos],
        "group": whole(product.group),
        "language": whole(product.language),
        "popularity": _exact(product.popularity),
        "version": product.version,
        "since": _exact(product.since),
    }
    return {name: value for name, value in kept.items() if value is not None and value not in ("", [], {})}


def product_of(source: Mapping[str, Any]) -> Product:
    """The product of a live document's source, equal to the one that was written (lone surrogates apart)."""
    told: dict[str, Any] = {"id": source["id"], "title": source["title"], "description": source.get("description", "")}
    for name, value in source["shown"].items():  # most products have a few of the fields, and a page has many products
        if name not in UNREAD:
            told[name] = READERS[name](value) if name in READERS else value
    return _product(**told)


def photo_status_of(source: Mapping[str, Any]) -> PhotoStatus:
    """What the source says of the product's photos; none for a tombstone."""
    status: PhotoStatus = source.get("photo_status", "none")
    return status


def money_of(told: list[Any] | None) -> Money | None:
    """An amount as `shown_of` writes it, read."""
    return None if told is None else Money(_read(told[0]), told[1])


def _sale(told: list[Any]) -> Sale:
    return Sale(Money(_read(told[0]), told[1]), told[2], told[3])


def _attributes(told: Mapping[str, Any]) -> dict[str, Value]:
    return {name: _read(value) for name, value in told.items()}


def _photos(told: list[str]) -> tuple[Photo, ...]:
    return tuple(map(Photo, told))


def _plain_money(money: Money | None) -> list[Any] | None:
    return None if money is None else [_exact(money.minor), whole(money.currency)]


def _plain_sale(sale: Sale | None) -> list[Any] | None:
    return None if sale is None else [_exact(sale.price.minor), whole(sale.price.currency), sale.begins, sale.ends]


def _plain(value: Value) -> Any:
    if isinstance(value, tuple):
        return [whole(one) for one in value]
    return whole(value) if isinstance(value, str) else _exact(value)


def _exact(number: float | None) -> Any:
    """A number as JSON readers keep it: whole ones beyond 64 bits, which many of them round, as digits under a name."""
    if number is None or WHOLE_LEAST <= number <= WHOLE_MOST or not isinstance(number, int):
        return number
    return {WHOLE: str(number)}


def _read(told: Any) -> Any:
    """What `_exact` wrote, and lists as tuples."""
    if isinstance(told, dict):
        return int(told[WHOLE])
    return tuple(told) if isinstance(told, list) else told


UNREAD = frozenset({"price_now"})
"""What `shown_of` adds to a product's own fields."""

READERS: Mapping[str, Callable[[Any], Any]] = {
    "category": tuple,
    "price": money_of,
    "sale": _sale,
    "stock": _read,
    "attributes": _attributes,
    "photos": _photos,
    "popularity": _read,
    "since": _read,
}
"""How the fields are read that JSON can't hold as they are."""
