"""Shopify's products.json (of the storefront or the Admin API): one object a product -> one raw row per variant, of one group."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from indexer.feed.sources.rows import RawRow
from indexer.feed.sources.shopify import HIDDEN, variant_ids
from indexer.records import Rejected

_DEFAULT = "default title"


def with_variants(rows: Iterable[RawRow | Rejected]) -> Iterator[RawRow | Rejected]:
    """The rows as they are, and in place of each product with variants its variants."""
    for row in rows:
        if isinstance(row, RawRow) and "variants" in row.fields and is_product(row.fields):
            yield from variants_of(row)
        else:
            yield row


def is_product(fields: Mapping[str, object]) -> bool:
    """Whether a JSON object is a product as products.json has them."""
    variants = fields.get("variants")
    known = isinstance(variants, list) and bool(variants) and all(isinstance(variant, dict) for variant in variants)
    return known and ("handle" in fields or "body_html" in fields)


def variants_of(row: RawRow) -> list[RawRow]:
    """A product of products.json as one raw row per variant, each with the product's texts and its own photo first."""
    product = row.fields
    variants = _objects(product.get("variants"))
    group = str(product.get("handle") or product.get("id") or "")
    skus = [str(variant.get("sku") or "").strip() for variant in variants]
    names = variant_ids(skus, [str(variant.get("id") or group) for variant in variants])
    shared: dict[str, object] = {
        "title": product.get("title"),
        "description": product.get("body_html"),
        "brand": product.get("vendor"),
        "category": product.get("product_type"),
        "group": group,
        "tags": _tags(product.get("tags")),
        "since": product.get("published_at") or product.get("created_at"),
    }
    if str(product.get("status") or "").lower() in HIDDEN:
        shared["deleted"] = True
    return [
        row._replace(fields={"id": name} | shared | _own(variant, product) | {"version": _newest(product, variant)})
        for name, variant in zip(names, variants, strict=True)
    ]


def _own(variant: Mapping[str, object], product: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {
        "price": variant.get("price"),
        "compare_at_price": variant.get("compare_at_price"),
        "photos": _photos(variant, product),
        "barcode": variant.get("barcode"),
    }
    if isinstance(variant.get("available"), bool):
        fields["availability"] = variant["available"]
    if "inventory_quantity" in variant and variant.get("inventory_management", "shopify"):
        quantity = variant["inventory_quantity"]
        sold_out = isinstance(quantity, int) and quantity <= 0
        fields["stock"] = (None if variant.get("inventory_policy") == "continue" else 0) if sold_out else quantity
    for place, option in enumerate(_option_names(product.get("options")), 1):
        value = variant.get(f"option{place}")
        if isinstance(value, str) and value.lower() != _DEFAULT:
            fields[option] = value
    return fields


def _photos(variant: Mapping[str, object], product: Mapping[str, object]) -> list[str]:
    own: list[str] = []
    featured = variant.get("featured_image")
    if isinstance(featured, dict) and isinstance(featured.get("src"), str):
        own.append(featured["src"])
    images = [image for image in _objects(product.get("images")) if isinstance(image.get("src"), str)]
    ranked = sorted(images, key=lambda image: place if isinstance(place := image.get("position"), int) else len(images))
    own += [str(image["src"]) for image in ranked if image.get("id") is not None and image.get("id") == variant.get("image_id")]
    return list(dict.fromkeys([*own, *(str(image["src"]) for image in ranked)]))


def _newest(product: Mapping[str, object], variant: Mapping[str, object]) -> object:
    """The later of both times of change: a variant's price moves without its product, and the other way round."""
    times = [time for time in (product.get("updated_at"), variant.get("updated_at")) if isinstance(time, str) and time]
    try:
        return max(times, key=_moment, default=None)
    except ValueError:
        return times[0]


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _option_names(options: object) -> list[str]:
    if not isinstance(options, list):
        return []
    names = [option.get("name") if isinstance(option, dict) else option for option in options[:3]]
    return [name for name in names if isinstance(name, str) and name]


def _tags(tags: object) -> object:
    return [tag.strip() for tag in tags.split(",") if tag.strip()] if isinstance(tags, str) else tags


def _objects(found: object) -> list[Mapping[str, object]]:
    return [member for member in found if isinstance(member, dict)] if isinstance(found, list) else []
