"""What of a product is encoded, by kind, and the line that its attributes make."""

import pytest

from indexer.records import Product, Value
from indexer.text import DEFAULT, attributes_line, parts_of
from indexer.text.parts import FIRST, LINE_CAP

SHIRT = Product(
    id="shirt",
    title="<b>Ｔ恤</b> XXL",
    description="See https://example.com  纯棉",
    brand="  Acme®  ",
    attributes={
        "Material": ("Cotton", "Wool"),
        "colour": "Black",
        "weight_kg": 0.2,
        "sku": "AB-1234-X",
        "model": "P7450",
        "rating": 4.5,
        "washable": True,
        "waterproof": False,
    },
)
ALL = ("title", "description", "brand", "attributes")


def test_each_kind_is_cleaned_its_own_way() -> None:
    assert parts_of(SHIRT, DEFAULT, kinds=ALL) == [
        ("title", "T恤 2XL"),
        ("description", "See 纯棉"),
        ("brand", "Acme®"),
        ("attributes", "colour: Black; material: Cotton, Wool; washable; weight: 200 g"),
    ]


def test_only_what_is_wanted_and_not_empty_comes() -> None:
    assert [kind for kind, _ in parts_of(SHIRT, DEFAULT, kinds=frozenset({"brand", "title", "photo"}))] == ["title", "brand"]
    assert parts_of(Product(id="x", title="🛋️", description="<p></p>"), DEFAULT, kinds=ALL) == []
    assert parts_of(SHIRT, DEFAULT, kinds=()) == []


@pytest.mark.parametrize(
    ("attributes", "line"),
    [
        ({}, ""),
        ({"a": "x"}, ""),
        ({"b_colour": "Red", "a_style": "Modern"}, "a style: Modern; b colour: Red"),
        ({"size": "XL"}, "size: XL"),
        ({"processor": "Intel Core 2 Duo"}, "processor: Intel Core 2 Duo"),
        ({"processor": "P7450"}, ""),
        ({"compatibility": "CLP-610ND"}, "compatibility: CLP-610ND"),
        ({"memory": "64-bit"}, "memory: 64-bit"),
        ({"ratio": "16:10"}, ""),
        ({"ean": "Four thousand"}, ""),
        ({"product_url": "Some text"}, ""),
        ({"date released": "Some day"}, ""),
        ({"display_inch": 17.0}, "display: 17 inch"),
        ({"display_diagonal": 17.0}, ""),
        ({"inch": 17.0}, ""),
        ({"颜色": "灰色", "材质": "A4"}, "颜色: 灰色"),
        ({"tags": ("soft", "soft", "B2", "warm")}, "tags: soft, warm"),
        ({"42": "Something"}, ""),
        ({"flag": True, "other": False}, "flag"),
    ],
    ids=str,
)
def test_codes_and_bare_numbers_are_left_out(attributes: dict[str, Value], line: str) -> None:
    assert attributes_line(attributes) == line


def test_kind_colour_and_stuff_come_first_and_the_cap_leaves_out_whole_items() -> None:
    many: dict[str, Value] = {f"aspect {number:03}": "a fairly long text about it" for number in range(50)}
    line = attributes_line({**many, "colour": "Black", "type": "Notebook"})
    assert line.startswith("type: Notebook; colour: Black; aspect 000: a fairly long text about it; ")
    assert LINE_CAP - 45 < len(line) <= LINE_CAP
    assert all(item.endswith("about it") for item in line.split("; ")[2:])
    assert len(set(FIRST)) == len(FIRST)
