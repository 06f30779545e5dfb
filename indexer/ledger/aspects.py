"""A product's two aspects as canonical JSON, and back: the same product always gives the same text, so the same digest."""

import hashlib
import json
from collections.abc import Mapping

from indexer.errors import InvalidField
from indexer.records import Money, Offer, Photo, Product, Value


def content_text(product: Product) -> str:
    """The content aspect (all but price, stock, id and version) as canonical JSON.

    Raises InvalidField for a number that JSON lacks (NaN, infinity).
    """
    content = {
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "category": product.category,
        "attributes": {name: _plain(value) for name, value in product.attributes.items()},
        "photos": [photo.source for photo in product.photos],
        "group": product.group,
        "language": product.language,
        "popularity": None if product.popularity is None else float(product.popularity),
    }
    try:
        return canonical({key: value for key, value in content.items() if value not in ("", None, (), [], {})})
    except ValueError as error:
        raise InvalidField(f"Product {product.id!r} holds a number that is not finite.") from error


def offer_text(event: Product | Offer) -> str:
    """The offer aspect (price and stock) as canonical JSON."""
    price = None if event.price is None else [event.price.minor, event.price.currency]
    return canonical({"price": price, "stock": event.stock})


def product_of(product_id: str, *, content: str, offer: str | None, version: int | None) -> Product:
    """The product that those two texts were made from; numbers among the attributes come back as floats."""
    fields = json.loads(content)
    bargain = json.loads(offer) if offer else {}
    price = bargain.get("price")
    return Product(
        id=product_id,
        title=fields.get("title", ""),
        description=fields.get("description", ""),
        brand=fields.get("brand", ""),
        category=tuple(fields.get("category", ())),
        price=Money(price[0], price[1]) if price else None,
        stock=bargain.get("stock"),
        attributes={name: tuple(value) if isinstance(value, list) else value for name, value in fields.get("attributes", {}).items()},
        photos=tuple(Photo(source) for source in fields.get("photos", ())),
        group=fields.get("group", ""),
        language=fields.get("language", ""),
        popularity=fields.get("popularity"),
        version=version,
    )


def canonical(value: Mapping[str, object]) -> str:
    """Compact JSON with sorted keys, in ASCII: so that a NUL or half a surrogate pair, which PostgreSQL refuses, is stored too."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest_of(text: str) -> str:
    """First 32 hex digits (128 bits) of the text's sha-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _plain(value: Value) -> str | float | bool | list[str]:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, tuple | list):
        return list(value)
    return float(value)  # 1 and 1.0 are the same number, so they must give the same text
