"""Which source column is which field of a product, by the names that shops give them.

Case, spaces, hyphens, underscores and dots do not count. Where two columns name one field, the name that stands first here wins.
A column that no field knows is an attribute; `attr_t_`, `attr_n_` and `attr_b_` before its name say text, number or truth value.
"""

import re
from typing import Literal, NamedTuple

from indexer.feed.words import fit

Kind = Literal["any", "text", "number", "truth"]

NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "product_id", "item_id", "sku", "product_code", "article_number", "article_id", "item_number", "unique_id", "variant_sku",
           "handle", "商品编号", "编号"),
    "title": ("title", "product_title", "name", "product_name", "item_name", "标题", "商品名称", "名称"),
    "description": ("description", "product_description", "body", "body_html", "long_description", "short_description", "summary", "描述",
                    "商品描述"),
    "brand": ("brand", "brand_name", "vendor", "supplier", "manufacturer", "maker", "品牌"),
    "category": ("category", "categories", "category_path", "product_type", "product_category", "google_product_category", "breadcrumb",
                 "breadcrumbs", "分类", "类目"),
    "price_minor": ("price_minor", "price_in_minor_units", "price_cents", "price_in_cents", "amount_minor"),
    "price": ("price", "amount", "unit_price", "retail_price", "variant_price", "价格"),
    "currency": ("currency", "currency_code", "price_currency", "币种", "货币"),
    "stock": ("stock", "quantity", "inventory", "qty", "stock_quantity", "stock_level", "stock_on_hand", "inventory_quantity",
              "quantity_available", "available_quantity", "variant_inventory_qty", "库存"),
    "photos": ("photos", "photo", "images", "image", "image_link", "image_links", "image_url", "image_urls", "image_src", "image_path",
               "main_image", "img", "img_url", "img_high", "picture", "pictures", "additional_image_link", "additional_image_links",
               "additional_images", "variant_image", "图片"),
    "group": ("group", "group_id", "item_group_id", "variant_group", "parent_id", "parent_sku", "model_group"),
    "language": ("language", "lang", "locale", "language_code", "content_language", "语言"),
    "popularity": ("popularity", "popularity_score", "units_sold"),
    "version": ("version", "sequence", "seq", "revision", "updated_at", "update_time", "updated", "last_modified", "last_updated",
                "modified_at", "modified"),
    "deleted": ("deleted", "is_deleted", "removed", "tombstone"),
    "attributes": ("attributes", "attrs", "properties", "specs", "specifications", "属性"),
}  # fmt: skip
"""The names of each field's column, the surest first."""

OFFER_FIELDS = frozenset({"id", "price", "price_minor", "currency", "stock", "version", "deleted"})
"""A raw row that has no other column is an offer (or a delete): it leaves the content alone."""

_TYPED: dict[str, Kind] = {"t": "text", "n": "number", "b": "truth"}
_PREFIX = re.compile(r"attr(?:ibute)?[_.\- ](?:([tnb])[_.\- ])?(?=.)", re.IGNORECASE)
_IDLE = re.compile(r"[\s_.\-]+")
_ROLES_KEPT = 10_000

NAME_CAP = 128
"""Characters of an attribute's name."""


class Role(NamedTuple):
    """What a column is: a product's `field` with the rank of its name (0 is surest), or, with field "", the attribute `name`."""

    field: str
    rank: int
    name: str
    kind: Kind


def role_of(column: str) -> Role:
    """What a column of that name is.

    >>> role_of("Product Name").field, role_of("attr_n_weight").name, role_of("Colour").name
    ('title', 'weight', 'Colour')
    """
    known = _BY_NAME.get(_plain(column))
    return known._replace(name=column.strip()) if known else attribute_role(column)


def attribute_role(column: str) -> Role:
    """The attribute that a column of that name is, whatever fields there are; its spelling is kept, without the prefix."""
    prefix = _PREFIX.match(column)
    name = name_of(column[prefix.end() :] if prefix else column)
    kind = _TYPED[prefix[1].lower()] if prefix and prefix[1] else "any"
    return Role("", 0, name, kind)


def name_of(column: str) -> str:
    """An attribute's name: the column's, with single spaces, without control characters, cut at 128 characters."""
    return fit(" ".join(column.split()))[:NAME_CAP]


class Roles(dict[str, Role]):
    """Column name -> role, worked out once a name; bounded, because a hostile feed names its columns anew in every row."""

    def __missing__(self, column: str) -> Role:
        """Work the role out, and keep it while there is room."""
        role = role_of(column)
        if len(self) < _ROLES_KEPT:
            self[column] = role
        return role


def _plain(column: str) -> str:
    return _IDLE.sub("", column).casefold()


_BY_NAME = {_plain(name): Role(field, rank, name, "any") for field, names in NAMES.items() for rank, name in enumerate(names)}
