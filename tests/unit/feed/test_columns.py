"""Which column is which field."""

import pytest

from indexer.feed.columns import IGNORED, OFFER_FIELDS, Roles, role_of
from indexer.feed.names import NAMES


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Product ID", "id"),
        ("sku", "id"),
        ("HANDLE", "id"),
        ("Product-Name", "title"),
        ("标题", "title"),
        ("Body (HTML)", "description"),
        ("g:image_link", "photos"),
        ("Image 2", "photos"),
        ("Compare-at price", "compare_price"),
        ("URL handle", "id"),
        ("In stock?", "availability"),
        ("品名", "title"),
        ("title2", ""),
        ("body_html", "description"),
        ("Manufacturer", "brand"),
        ("google_product_category", "category"),
        ("Price.Minor", "price_minor"),
        ("amount", "price"),
        ("Currency Code", "currency"),
        ("stockOnHand", "stock"),
        ("Image Link", "photos"),
        ("item group id", "group"),
        ("Locale", "language"),
        ("updatedAt", "version"),
        ("isDeleted", "deleted"),
        ("specs", "attributes"),
        ("colour", ""),
        ("attr_t_brand", ""),
    ],
)
def test_columns_are_known_by_the_names_that_shops_give_them(column: str, field: str) -> None:
    assert role_of(column).field == field


def test_no_name_belongs_to_two_fields() -> None:
    names = [name.replace("_", "") for names in NAMES.values() for name in names]
    assert len(names) == len(set(names))
    assert set(NAMES) >= OFFER_FIELDS


@pytest.mark.parametrize(
    ("column", "name", "kind"),
    [
        ("attr_n_weight", "weight", "number"),
        ("attr_t_colour", "colour", "text"),
        ("ATTR_B_new", "new", "truth"),
        ("attribute size", "size", "any"),
        ("attr_t", "t", "any"),
        ("  Screen  Size ", "Screen Size", "any"),
    ],
)
def test_attribute_columns_lose_their_prefix_and_keep_their_spelling(column: str, name: str, kind: str) -> None:
    assert role_of(column)[2:] == (name, kind)


def test_the_memory_of_column_names_is_bounded() -> None:
    roles = Roles()
    for number in range(20_000):
        assert roles[f"column {number}"].name == f"column {number}"
    assert len(roles) == 10_000


def test_numbered_photos_follow_the_main_one_in_the_order_of_their_numbers() -> None:
    names = ["image10", "Image 2", "additional_image_link", "image"]
    assert sorted(names, key=lambda name: role_of(name).rank) == ["image", "additional_image_link", "Image 2", "image10"]


def test_roles_believe_a_mapping_and_know_what_it_named_in_vain() -> None:
    roles = Roles({"VK Brutto": "price", "Name": "", "Farbe": "attr_t_colour", "Preis": "price"})
    assert [roles[name].field for name in ("vk_brutto", "name", "Farbe", "title")] == ["price", IGNORED, "", "title"]
    assert (roles["FARBE"].name, roles["FARBE"].kind, roles["vk brutto"].rank) == ("colour", "text", -1)
    assert roles.unseen({"VK brutto": 1, "farbe": 2}) == ["Name", "Preis"]
