"""A document as the index holds it: fields to search and filter by, and `shown`, which gives the product back exactly as it came."""

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from indexer.errors import InvalidField
from indexer.records import Money, Photo, PhotoStatus, Product, Value
from indexer.store.base import Document
from indexer.store.tokens import (
    PRICE_SCALE,
    attribute_tokens,
    category_tokens,
    exact_token,
    number_token,
    price_steps,
    token,
    whole,
    within_whole,
)
from indexer.vectors import Row, unit_rows

ID_BYTES = 512
"""OpenSearch's limit on `_id`; one longer id would fail a whole bulk request."""

VERSION_CAP = 2**63 - 1
RANK_FEATURE = (1.1754944e-38, 3.4e38)
"""The normal positive floats: what a rank_feature takes."""

READ_BACK = ("id", "version", "deleted", "title", "description", "photo_status", "shown")
"""The parts of a source that from_source needs, the vector apart."""

Source = dict[str, Any]


def check_document(document: Document, *, width: int | None) -> Row | None:
    """The document's unit row, or None; `width` None leaves the width to the server.

    Raises InvalidField (id, version), WidthMismatch, NotFinite and ZeroRow.
    """
    if not document.id or whole(document.id) != document.id or len(document.id.encode()) > ID_BYTES:
        raise InvalidField(f"The id {document.id[:40]!r} has to be 1 to {ID_BYTES} bytes of UTF-8.")
    if not 0 <= document.version <= VERSION_CAP:
        raise InvalidField(f"The version {document.version} of {document.id!r} is outside 0..2^63-1.")
    if document.row is None:
        return None
    row = np.asarray(document.row)
    unit: Row = unit_rows(row[None] if row.ndim == 1 else row, width=row.shape[-1] if width is None else width)[0]
    return unit


def to_source(document: Document) -> Source:
    """The document's fields, the vector apart; a tombstone keeps id and version only. Raises InvalidField for a figure that is none."""
    source: Source = {"id": document.id, "version": document.version, "deleted": document.product is None}
    product = document.product
    if product is None:
        return source
    source["photo_status"] = document.photo_status
    source["title"] = whole(product.title)
    texts = {
        "description": whole(product.description),
        "brand": token(product.brand),
        "group": exact_token(product.group),
        "language": token(product.language),
    }
    source.update((name, text) for name, text in texts.items() if text)
    if product.category:
        source["category"] = list(category_tokens(product.category))
        source["category_text"] = [whole(level) for level in product.category]
    if product.price is not None:
        source["price"] = price_steps(product.price) / PRICE_SCALE
        source["currency"] = token(product.price.currency)
    if product.stock is not None:
        source["stock"] = within_whole(product.stock)
        source["in_stock"] = product.stock > 0
    if product.popularity is not None and _finite("popularity", product.popularity) > 0:
        source["popularity"] = min(max(product.popularity, RANK_FEATURE[0]), RANK_FEATURE[1])
    if product.attributes:
        source.update(_attribute_fields(product.attributes))
    source["shown"] = _shown(product)
    return source


@lru_cache(maxsize=16)
def _row_format(width: int) -> str:
    return ",".join(["%.7g"] * width)


def row_json(row: Row) -> str:
    """A finite row as a JSON array of seven significant digits: half the bytes of all digits, 3.5 times as fast to make.

    A component's error is at most 5e-7 of its size, a cosine's about 1e-7.
    """
    return f"[{_row_format(row.shape[0]) % tuple(row.tolist())}]"


def from_source(source: Mapping[str, Any]) -> Document:
    """The document of a source; its row is None where the source came without the vector."""
    vector = source.get("vector")
    return Document(
        id=source["id"],
        version=source["version"],
        product=None if source["deleted"] else product_of(source),
        row=None if vector is None else np.asarray(vector, dtype=np.float32),
        photo_status=photo_status_of(source),
    )


def product_of(source: Mapping[str, Any]) -> Product:
    """The product of a live document's source, equal to the one that was written (lone surrogates apart)."""
    shown = source["shown"]
    price = shown.get("price")
    return Product(
        id=source["id"],
        title=source["title"],
        description=source.get("description", ""),
        brand=shown.get("brand", ""),
        category=tuple(shown.get("category", ())),
        price=None if price is None else Money(price[0], price[1]),
        stock=shown.get("stock"),
        attributes={name: tuple(value) if isinstance(value, list) else value for name, value in shown.get("attributes", {}).items()},
        photos=tuple(map(Photo, shown.get("photos", ()))),
        group=shown.get("group", ""),
        language=shown.get("language", ""),
        popularity=shown.get("popularity"),
        version=shown.get("version"),
    )


def photo_status_of(source: Mapping[str, Any]) -> PhotoStatus:
    """What the source says of the product's photos; none for a tombstone."""
    status: PhotoStatus = source.get("photo_status", "none")
    return status


def _attribute_fields(attributes: Mapping[str, Value]) -> Iterator[tuple[str, list[str]]]:
    tokens: list[str] = []
    numbers: list[str] = []
    texts: list[str] = []
    for name, value in attributes.items():
        if isinstance(value, float | int) and not isinstance(value, bool):
            numbers.append(number_token(name, _finite(name, value)))
        else:
            texts += [whole(one) for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, str)]
        tokens += attribute_tokens(name, value)
    yield "attributes", tokens
    yield "attribute_names", [exact_token(name) for name in attributes]
    if numbers:
        yield "attribute_numbers", numbers
    if texts:
        yield "attribute_text", texts


def _shown(product: Product) -> Source:
    price = product.price
    kept = {
        "brand": whole(product.brand),
        "category": [whole(level) for level in product.category],
        "price": None if price is None else [price.minor, whole(price.currency)],
        "stock": product.stock,
        "attributes": {whole(name): _plain(value) for name, value in product.attributes.items()},
        "photos": [whole(photo.source) for photo in product.photos],
        "group": whole(product.group),
        "language": whole(product.language),
        "popularity": product.popularity,
        "version": product.version,
    }
    return {name: value for name, value in kept.items() if value is not None and value not in ("", [], {})}


def _plain(value: Value) -> str | float | bool | list[str]:
    if isinstance(value, tuple):
        return [whole(one) for one in value]
    return whole(value) if isinstance(value, str) else value


def _finite(name: str, value: float) -> float:
    try:
        figure = float(value)
    except OverflowError:
        figure = math.inf
    if not math.isfinite(figure):
        raise InvalidField(f"{name} is {value!r:.40}, which is no finite number.")
    return figure
