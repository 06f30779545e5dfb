"""Shopify's exports, old and new headers and products.json: one product a variant, of one group."""

import json
from pathlib import Path

import pytest

from indexer.feed.read import read_feed
from indexer.feed.sources.opening import recognise
from indexer.feed.sources.rows import RawRow
from indexer.feed.sources.shopify import ROWS_CAP, is_shopify_header, shopify_rows
from indexer.records import Delete, Event, Money, Photo, Product, Rejected, Sale
from indexer.settings import FeedSettings

OLD = """Handle,Title,Body (HTML),Vendor,Product Category,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Inventory Policy,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,Variant Image,Cost per item,SEO Title,Status
mug,Mug,<p>For tea.</p>,Acme,Home > Kitchen,Mugs,"tea, gift",TRUE,Colour,Red,MUG-R,shopify,5,deny,8.00,10.00,4006381333931,https://h/1.jpg,2,https://h/red.jpg,3.00,Buy a mug,active
mug,,,,,,,,,Blue,MUG-B,shopify,-2,deny,9.00,,,https://h/2.jpg,1,,3.00,,
mug,,,,,,,,,,,,,,,,,https://h/3.jpg,3,,,,
bowl,Bowl,,Acme,,,,TRUE,Title,Default Title,,,9,continue,5.00,,,,,,,,active
hidden,Plate,,Acme,,,,TRUE,Title,Default Title,PL,shopify,9,deny,5.00,,,,,,,,draft
"""  # noqa: E501 - lines as long as theirs
NEW = """Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,SKU,Barcode,Option1 name,Option1 value,Price,Compare-at price,Cost per item,Inventory tracker,Inventory quantity,Continue selling when out of stock,Product image URL,Image position,Variant image URL,SEO title
Mug,mug,<p>For tea.</p>,Acme,Home > Kitchen,Mugs,"tea, gift",TRUE,Active,MUG-R,4006381333931,Colour,Red,8.00,10.00,3.00,shopify,5,FALSE,https://h/1.jpg,2,https://h/red.jpg,Buy a mug
,mug,,,,,,,,MUG-B,,,Blue,9.00,,3.00,shopify,-2,FALSE,https://h/2.jpg,1,,
,mug,,,,,,,,,,,,,,,,,,https://h/3.jpg,3,,
Bowl,bowl,,Acme,,,,TRUE,Active,,,Title,Default Title,5.00,,,,9,TRUE,,,,
Plate,hidden,,Acme,,,,TRUE,Draft,PL,,Title,Default Title,5.00,,,shopify,9,FALSE,,,,
"""  # noqa: E501 - the same


def read(folder: Path, name: str, text: str) -> list[Event | Rejected]:
    (folder / name).write_text(text, encoding="utf-8")
    return list(read_feed(folder / name, FeedSettings()))


@pytest.mark.parametrize("text", [OLD, NEW], ids=["old", "new"])
def test_a_csv_export_of_either_generation(tmp_path: Path, text: str) -> None:
    red, blue, bowl, plate = read(tmp_path, "export.csv", text)
    photos = [Photo(f"https://h/{number}.jpg") for number in (2, 1, 3)]
    shared = {"title": "Mug", "description": "<p>For tea.</p>", "brand": "Acme", "category": ("Mugs",), "group": "mug"}
    assert isinstance(red, Product)
    assert isinstance(blue, Product)
    for variant, expected in ((red, shared), (blue, shared)):
        assert {name: getattr(variant, name) for name in expected} == expected
    assert (red.id, red.price, red.sale, red.stock, red.gtin) == ("MUG-R", Money(1000, "USD"), Sale(Money(800, "USD")), 5, "4006381333931")
    assert (blue.id, blue.price, blue.sale, blue.stock, blue.gtin) == ("MUG-B", Money(900, "USD"), None, 0, "")
    assert list(red.photos) == [Photo("https://h/red.jpg"), *photos]
    assert list(blue.photos) == photos
    assert red.attributes["Colour"] == "Red"
    assert blue.attributes["Colour"] == "Blue"
    assert {str(name).lower() for name in red.attributes} == {"product category", "tags", "colour"}
    assert red.attributes["Tags"] == ("tea", "gift")
    assert isinstance(bowl, Product)
    assert (bowl.id, bowl.stock, bowl.group, dict(bowl.attributes)) == ("bowl", None, "bowl", {})
    assert plate == Delete(id="PL")


def test_the_command_knows_an_export_by_its_header(tmp_path: Path) -> None:
    for text, kind in ((OLD, "Shopify CSV"), (NEW.replace(",", ";"), "Shopify CSV"), ("handle,title\n1,Mug\n", "CSV")):
        (tmp_path / "a.csv").write_text(text, encoding="utf-8")
        assert recognise(tmp_path / "a.csv").kind == kind
    assert not is_shopify_header(["URL handle", "SKU"])


def test_variants_without_a_sku_or_with_one_twice_are_named_by_their_options() -> None:
    header = ["Handle", "Title", "Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Variant SKU", "Variant Price"]
    rows = [
        ["tee", "Tee", "Size", "S", "Colour", "Red", "T", "5"],
        ["tee", "", "", "M", "", "Red", "T", "5"],
        ["tee", "", "", "L", "", "Red", "", "5"],
        ["cap", "Cap", "Title", "Default Title", "", "", "", "5"],
    ]
    found = shopify_rows(RawRow("f", n, dict(zip(header, row, strict=True))) for n, row in enumerate(rows, 2))
    assert [(row.line, row.fields["Variant SKU"]) for row in found if isinstance(row, RawRow)] == [
        (2, "T"),
        (3, "tee/M/Red"),
        (4, "tee/L/Red"),
        (5, "cap"),
    ]


def test_a_product_of_too_many_rows_is_given_in_parts_and_rejected_rows_pass() -> None:
    def rows() -> list[RawRow | Rejected]:
        many: list[RawRow | Rejected] = [
            RawRow("f", n, {"Handle": "a", "Title": "A", "Variant SKU": str(n), "Variant Price": "1"}) for n in range(ROWS_CAP + 2)
        ]
        return [*many[:5], Rejected(file="f", line=0, field="", reason="broken"), *many[5:]]

    found = list(shopify_rows(rows()))
    assert len(found) == ROWS_CAP + 3
    assert sum(isinstance(row, Rejected) for row in found) == 1


PRODUCT = {
    "id": 632910392,
    "title": "Mug",
    "body_html": "<p>For tea.</p>",
    "vendor": "Acme",
    "product_type": "Mugs",
    "handle": "mug",
    "tags": "tea, gift",
    "updated_at": "2025-01-31T12:00:00+01:00",
    "published_at": "2025-01-30T12:00:00+01:00",
    "created_at": "2025-01-29T12:00:00+01:00",
    "options": [{"name": "Colour", "values": ["Red"]}],
    "images": [{"id": 2, "position": 2, "src": "https://h/2.jpg"}, {"id": 1, "position": 1, "src": "https://h/1.jpg"}],
    "variants": [
        {
            "id": 11,
            "sku": "MUG-R",
            "price": "8.00",
            "compare_at_price": "10.00",
            "inventory_quantity": 5,
            "option1": "Red",
            "image_id": 2,
            "barcode": "4006381333931",
        },
        {
            "id": 12,
            "sku": "",
            "price": "9.00",
            "compare_at_price": None,
            "available": True,
            "option1": "Blue",
            "updated_at": "2025-02-01T00:00:00Z",
        },
        {"id": 13, "sku": "MUG-G", "price": "9.00", "inventory_quantity": -1, "inventory_policy": "continue", "option1": "Default Title"},
    ],
}


@pytest.mark.parametrize("name", ["products.json", "products.jsonl", "array.json"])
def test_products_json_gives_a_product_a_variant(tmp_path: Path, name: str) -> None:
    text = {
        "products.json": json.dumps({"products": [PRODUCT]}, indent=1),
        "products.jsonl": json.dumps(PRODUCT),
        "array.json": json.dumps([PRODUCT]),
    }
    red, blue, green = read(tmp_path, name, text[name])
    assert red == Product(
        id="MUG-R",
        title="Mug",
        description="<p>For tea.</p>",
        brand="Acme",
        category=("Mugs",),
        price=Money(1000, "USD"),
        sale=Sale(Money(800, "USD")),
        stock=5,
        gtin="4006381333931",
        photos=(Photo("https://h/2.jpg"), Photo("https://h/1.jpg")),
        group="mug",
        attributes={"tags": ("tea", "gift"), "Colour": "Red"},
        version=1738321200000000,
        since=1738234800000000,
    )
    assert isinstance(blue, Product)
    assert (blue.id, blue.stock, blue.version, blue.sale) == ("12", 1, 1738368000000000, None)
    assert isinstance(green, Product)
    assert (green.stock, "Colour" in green.attributes) == (None, False)


@pytest.mark.parametrize(
    ("gone", "since"), [({"published_at": None}, 1_738_148_400_000_000), ({"published_at": None, "created_at": ""}, None)]
)
def test_products_json_without_a_day_of_publishing_takes_that_of_making(tmp_path: Path, gone: dict[str, object], since: int | None) -> None:
    red, *_ = read(tmp_path, "a.json", json.dumps([PRODUCT | gone]))
    assert isinstance(red, Product)
    assert red.since == since


def test_a_draft_is_a_delete_and_a_plain_row_with_variants_stays_one(tmp_path: Path) -> None:
    draft = PRODUCT | {"status": "draft"}
    plain = {"id": 1, "title": "Mug", "variants": ["a", "b"]}
    found = read(tmp_path, "a.json", json.dumps([draft, plain]))
    assert [type(row) for row in found] == [Delete, Delete, Delete, Product]
