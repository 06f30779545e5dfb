"""A product as a row that `read_feed` reads back as the same product: for programs that change a catalogue between source and feed."""

from datetime import UTC, datetime, timedelta

from indexer.money import shown
from indexer.records import Product

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = ("id", "title", "description", "brand", "stock", "gtin", "group", "language", "popularity", "version")


def row_of(product: Product) -> dict[str, object]:
    """The product's fields by the names of our own, empty ones left out; fit for a line of JSON.

    >>> row_of(Product(id="1", title="Oak chair", attributes={"colour": "brown"}))
    {'id': '1', 'title': 'Oak chair', 'attributes': {'colour': 'brown'}}
    """
    row: dict[str, object] = {name: value for name in _PLAIN if (value := getattr(product, name)) not in ("", None)}
    if product.category:
        row["category"] = list(product.category)
    if product.price is not None:
        row["price"] = shown(product.price)
    if product.sale is not None:
        row["sale_price"] = shown(product.sale.price)
        for name, moment in (("sale_from", product.sale.begins), ("sale_until", product.sale.ends)):
            if moment is not None:
                row[name] = (_EPOCH + timedelta(microseconds=moment)).isoformat()
    if product.since is not None:
        row["since"] = (_EPOCH + timedelta(microseconds=product.since)).isoformat()
    if product.attributes:
        row["attributes"] = {name: list(value) if isinstance(value, tuple) else value for name, value in product.attributes.items()}
    if product.photos:
        row["photos"] = [photo.source for photo in product.photos]
    return row
