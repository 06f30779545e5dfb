"""Shopify's CSV export, of both header generations: rows of one handle -> one raw row per variant, of one group.

What the shop keeps to itself (cost, taxes, SEO texts, how it ships) is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from indexer.feed.sources.rows import RawRow
from indexer.records import Rejected

ROWS_CAP = 3000
"""Rows of one product: Shopify itself allows 2,048 variants and 250 photos."""
HIDDEN = frozenset({"draft", "archived", "unlisted"})
"""States of a product that no shopper may see: its rows are deletes."""

_SIGNS = frozenset({"option1 name", "option1 value", "sku", "price", "product image url", "inventory quantity"})
# The old headers under their new names; all in lower case.
_NEW = {
    "handle": "url handle", "body (html)": "description", "variant sku": "sku", "variant price": "price", "image src": "product image url",
    "variant compare at price": "compare-at price", "variant barcode": "barcode", "variant image": "variant image url",
    "variant inventory qty": "inventory quantity", "variant inventory policy": "continue selling when out of stock",
    "variant inventory tracker": "inventory tracker", "variant grams": "weight value (grams)", "published": "published on online store",
}  # fmt: skip
_OF_VARIANT = frozenset(
    {
        *("sku", "price", "compare-at price", "inventory quantity", "continue selling when out of stock", "inventory tracker", "barcode"),
        *("variant image url", "weight value (grams)", "product image url", "image position", "cost per item"),
        *("option1 value", "option2 value", "option3 value"),
    }
)
_PRIVATE = re.compile(
    r"cost per item|charge tax|(variant )?(tax code|taxable|requires shipping|fulfillment service|weight unit)|weight unit for display"
    r"|gift card|seo (title|description)|image (position|alt text)|included / .*|(price|compare-?\s?at price) / .*|google shopping / .*"
    r"|option\d .*|unit price .*|status|published.*|url handle|type|inventory tracker|continue selling .*|variant image url"
)
_DEFAULT = "default title"


def is_shopify_header(names: Iterable[str]) -> bool:
    """Whether a table with these columns is Shopify's product export, old or new."""
    new = {_new(name) for name in names}
    return "url handle" in new and "title" in new and bool(new & _SIGNS)


def shopify_rows(rows: Iterable[RawRow | Rejected]) -> Iterator[RawRow | Rejected]:
    """One raw row per variant, from rows of which those with one handle follow each other; rejected rows pass in their place.

    Variants inherit what only the product's first row says; photos are gathered over all its rows, in order of their positions.
    """
    columns: dict[str, str] = {}
    product: list[RawRow] = []
    for row in rows:
        if isinstance(row, Rejected):
            yield row
            continue
        columns = columns or {_new(name): name for name in reversed(list(row.fields))}
        handle = row.fields.get(columns["url handle"])
        if product and (handle not in (product[0].fields.get(columns["url handle"]), "") or len(product) >= ROWS_CAP):
            yield from _variants(product, columns)
            product = []
        product.append(row)
    if product:
        yield from _variants(product, columns)


def variant_ids(skus: list[str], others: list[str]) -> list[str]:
    """The variants' ids: their SKU, or the other name where there is none or another variant has it already."""
    seen: set[str] = set()
    found: list[str] = []
    for sku, other in zip(skus, others, strict=True):
        found.append(sku if sku and sku not in seen else other)
        seen.add(found[-1])
    return found


def _new(name: str) -> str:
    plain = name.strip().lower()
    return _NEW.get(plain, plain)


def _cell(row: RawRow, columns: Mapping[str, str], name: str) -> str:
    return str(row.fields.get(columns.get(name, ""), "") or "").strip()


def _variants(product: list[RawRow], columns: Mapping[str, str]) -> Iterator[RawRow]:
    first = product[0]
    variants = [row for row in product if row is first or any(_cell(row, columns, name) for name in ("sku", "price", "option1 value"))]
    photos = _photos(product, columns)
    handle = _cell(first, columns, "url handle")
    options = [_options(row, first, columns) for row in variants]
    names = variant_ids(
        [_cell(row, columns, "sku") for row in variants],
        ["/".join((handle, *chosen.values())) for chosen in options],
    )
    for row, name, chosen in zip(variants, names, options, strict=True):
        fields = _public(row, first, columns)
        fields |= {columns.get("sku", "sku"): name, "group": handle, "product_type": _cell(first, columns, "type")}
        fields |= {columns.get("product image url", "photos"): _own_first(_cell(row, columns, "variant image url"), photos)}
        fields |= {columns.get("inventory quantity", "stock"): _stock(row, columns)} | dict(chosen)
        if "tags" in columns:
            fields[columns["tags"]] = [tag.strip() for tag in _cell(first, columns, "tags").split(",") if tag.strip()]
        if _is_hidden(first, columns):
            fields["deleted"] = True
        yield row._replace(fields=fields)


def _public(row: RawRow, first: RawRow, columns: Mapping[str, str]) -> dict[str, object]:
    """The row's columns that shoppers may see; what belongs to the product stands only in its first row."""
    return {
        name: row.fields.get(name) or ("" if new in _OF_VARIANT else first.fields.get(name))
        for new, name in columns.items()
        if not _PRIVATE.fullmatch(new)
    }


def _photos(product: list[RawRow], columns: Mapping[str, str]) -> list[str]:
    found: list[tuple[int, str]] = []
    for row in product:
        source, place = _cell(row, columns, "product image url"), _cell(row, columns, "image position")
        if source:
            found.append((int(place) if place.isascii() and place.isdigit() and len(place) < 9 else len(product), source))
    return list(dict.fromkeys(source for _, source in sorted(found, key=lambda one: one[0])))


def _own_first(own: str, photos: list[str]) -> list[str]:
    return list(dict.fromkeys([own, *photos])) if own else photos


def _options(row: RawRow, first: RawRow, columns: Mapping[str, str]) -> dict[str, str]:
    """The variant's options by their names, which only the first row says; a product without options has one called Title."""
    found: dict[str, str] = {}
    for number in (1, 2, 3):
        value = _cell(row, columns, f"option{number} value")
        name = _cell(row, columns, f"option{number} name") or _cell(first, columns, f"option{number} name")
        if name and value and value.lower() != _DEFAULT:
            found[name] = value
    return found


def _stock(row: RawRow, columns: Mapping[str, str]) -> str:
    """Pieces at hand: nothing is known where they are not counted, or where it sells on without; oversold is none."""
    quantity = _cell(row, columns, "inventory quantity")
    sold_out = quantity.startswith("-") or not quantity.strip("0")
    goes_on = _cell(row, columns, "continue selling when out of stock").lower() in ("continue", "true")
    uncounted = "inventory tracker" in columns and not _cell(row, columns, "inventory tracker")
    if uncounted or (sold_out and goes_on):
        return ""
    return "0" if quantity.startswith("-") else quantity


def _is_hidden(first: RawRow, columns: Mapping[str, str]) -> bool:
    published = _cell(first, columns, "published on online store").lower()
    return _cell(first, columns, "status").lower() in HIDDEN or published == "false"
