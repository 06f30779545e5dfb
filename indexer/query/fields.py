"""Which plain fields can be filtered and counted, and of what kind each is."""

from collections.abc import Mapping
from typing import Literal

Kind = Literal["text", "number", "truth", "time", "attribute"]
"""Text knows = and != only; numbers and times know every operator; a truth value is true or false; an attribute may be a text, a number
or a truth value."""

PLAIN: Mapping[str, Kind] = {
    "brand": "text",
    "category": "text",
    "currency": "text",
    "group": "text",
    "gtin": "text",
    "id": "text",
    "in_stock": "truth",
    "language": "text",
    "price": "number",
    "since": "time",
    "stock": "number",
}
"""The plain fields that a filter may name."""

PLAIN_FACETS: tuple[str, ...] = ("brand", "category", "currency", "group", "in_stock", "language")
"""The plain fields that a facet may name: those with few values."""

NUMBERS: tuple[str, ...] = ("price", "stock")
"""The plain fields that a facet with ranges may name."""

PLAIN_SORTS: tuple[str, ...] = ("popularity", "price", "since", "stock", "title")
"""The plain fields by which an answer can be sorted."""


def kind_of(field: str) -> Kind:
    """The kind of a plain field; every other name is an attribute's."""
    return PLAIN.get(field, "attribute")
