"""A product's two aspects as canonical JSON, and back: the same product always gives the same text, so the same digest.

What a product lacks is left out of its texts: a field that a later release adds changes no digest of products without it.
"""

from indexer.errors import InvalidField
from indexer.ledger.canonical import canonical, float_is_plain, loaded, loaded_whole
from indexer.records import Money, Offer, Photo, Product, Sale, Value


def content_text(product: Product) -> str:
    """The content aspect (all but price, sale, stock, id and version) as canonical JSON.

    Raises InvalidField for a number that JSON lacks (NaN, infinity).
    """
    content: dict[str, object] = {}
    for name in ("title", "description", "brand", "group", "language", "gtin"):
        if value := getattr(product, name):
            content[name] = value
    if product.category:
        content["category"] = list(product.category)
    plain = product.popularity is None or float_is_plain(product.popularity)
    if product.attributes:
        attributes: dict[str, object] = {}
        content["attributes"] = attributes
        for name, known in product.attributes.items():
            attributes[name] = value = known if isinstance(known, str) else _plain(known)
            plain = plain and (not isinstance(value, float) or float_is_plain(value))
    if product.photos:
        content["photos"] = [photo.source for photo in product.photos]
    if product.popularity is not None:
        content["popularity"] = float(product.popularity)
    if product.since is not None:
        content["since"] = product.since
    try:
        return canonical(content, fast=plain)
    except ValueError as error:
        raise InvalidField(f"Product {product.id!r} holds a number that is not finite.") from error


def offer_text(event: Product | Offer) -> str:
    """The offer aspect (price, stock, and a sale where there is one) as canonical JSON."""
    price = None if event.price is None else [event.price.minor, event.price.currency]
    if event.sale is None:
        return canonical({"price": price, "stock": event.stock}, fast=True)
    sale = [event.sale.price.minor, event.sale.price.currency, event.sale.begins, event.sale.ends]
    return canonical({"price": price, "sale": sale, "stock": event.stock}, fast=True)


def product_of(product_id: str, *, content: str, offer: str | None, version: int | None) -> Product:
    """The product that those two texts were made from; numbers among the attributes come back as floats."""
    fields = loaded(content)
    bargain = loaded_whole(offer) if offer else {}
    price, sale = bargain.get("price"), bargain.get("sale")
    return Product(
        id=product_id,
        title=fields.get("title", ""),
        description=fields.get("description", ""),
        brand=fields.get("brand", ""),
        category=tuple(fields.get("category", ())),
        price=Money(price[0], price[1]) if price else None,
        sale=Sale(Money(sale[0], sale[1]), sale[2], sale[3]) if sale else None,
        stock=bargain.get("stock"),
        gtin=fields.get("gtin", ""),
        attributes={name: tuple(value) if isinstance(value, list) else value for name, value in fields.get("attributes", {}).items()},
        photos=tuple(Photo(source) for source in fields.get("photos", ())),
        group=fields.get("group", ""),
        language=fields.get("language", ""),
        popularity=fields.get("popularity"),
        version=version,
        since=fields.get("since"),
    )


def _plain(value: Value) -> str | float | bool | list[str]:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (tuple, list)):
        return list(value)
    return float(value)  # 1 and 1.0 are the same number, so they must give the same text
