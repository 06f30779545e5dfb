"""Amounts and sizes: one spelling for what is the same, hands off what may be something else."""

import pytest

from indexer.text.sizes import sizes_in_one_spelling
from indexer.text.units import SPELLINGS, UNITS, in_one_spelling


@pytest.mark.parametrize(
    ("spellings", "one"),
    [
        (["3.5mm", "3.5 mm", "3,5mm", "3.5-mm", "3.50 mm", "3.5毫米"], "3.5 mm"),
        (["10 inch", "10 inches", "10-inch", '10"', "10''", "10 英寸", "10寸", "10in", "10 Zoll", "10 in"], "10 inch"),
        (["500ml", "500 ML", "0.5 l", "0,5L", "50cl", "5 dl", "500毫升", "0.5升", "0.50 litres"], "500 ml"),
        (["1.5 l", "1500ml", "150 cl", "1,5L"], "1.5 l"),
        (["1 kg", "1000g", "1公斤", "1.0 kg"], "1 kg"),
        (["250g", "0.25 kg", "250克", "250 Gramm"], "250 g"),
        (["1/2 in", '1/2"', "1/2-inch", "1⁄2 in"], "1/2 inch"),
        (["2x16GB", "2 x 16 GB", "2×16 gb", "2*16GB"], "2 x 16 GB"),
        (["10x20x30cm", "10 x 20 x 30 cm", "10*20*30cm"], "10 x 20 x 30 cm"),
        (["10cmx20cm", "10 cm x 20 cm"], "10 cm x 20 cm"),
        (['6"x4"', "6 inch x 4 inch"], "6 inch x 4 inch"),
        (["60W", "60 watt", "60瓦"], "60 W"),
        (["220-240V", "220-240 V"], "220-240 V"),
        (["20000mAh", "20000毫安时"], "20000 mAh"),
        (["6ft", "6 feet"], "6 ft"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_amount_has_one_spelling(spellings: list[str], one: str) -> None:
    assert {in_one_spelling(spelling) for spelling in spellings} == {one}


@pytest.mark.parametrize(
    "text",
    [
        "5G phone",
        "5g",
        "128g 手机",
        "2 in 1",
        "2-in-1",
        "2in1",
        "5 in stock",
        "1,500 ml",
        "1.500 kg",
        "1 000 ml",
        "iPhone 6s",
        "RTX3060mm",
        "PT-12 m",
        "32W 34L",
        "32W x 34L",
        "100 Mbit/s",
        "80 g/m2",
        "5'10\"",
        'the "big 10" pan',
        "AB10x20",
        "5升级版",
        "3克拉",
        "5米其林",
        "USB 3.0",
        "no figures at all",
        "",
    ],
)
def test_what_may_be_something_else_stays(text: str) -> None:
    assert in_one_spelling(text) == text


def test_words_beside_an_amount_keep_apart_from_it() -> None:
    assert in_one_spelling("2升装电饭煲") == "2 l 装电饭煲"
    assert in_one_spelling('17"W') == "17 inch W"
    assert in_one_spelling("16GB内存,512GB固态硬盘") == "16 GB 内存,512 GB 固态硬盘"
    assert in_one_spelling('TV 43" and 55", stand') == "TV 43 inch and 55 inch, stand"


def test_months_megapixels_and_metres_keep_their_letter() -> None:
    assert (in_one_spelling("12M"), in_one_spelling("12m")) == ("12 M", "12 m")


@pytest.mark.parametrize("spelling", sorted(UNITS))
def test_every_spelling_is_read(spelling: str) -> None:
    unit = UNITS[spelling]
    assert spelling in SPELLINGS[unit]
    told = in_one_spelling(f"7.5 {spelling}")
    assert told in {f"7.5 {unit}", "75 ml", "750 ml"}
    assert in_one_spelling(f"7.5{spelling}") == told


@pytest.mark.parametrize(
    ("spellings", "one"),
    [
        (["XL", "X-Large", "x large", "extra large", "Extra-Large", "加大码", "XL码"], "XL"),
        (["2XL", "XXL", "xxl", "XX-Large", "2X-Large", "加加大码"], "2XL"),
        (["4XL", "XXXXL"], "4XL"),
        (["XS", "extra small", "X-Small"], "XS"),
        (["EU 42", "EU42", "eu-42", "42 EU", "42EU", "42码"], "EU 42"),
        (["US 9.5", "US9.5", "us-9.5", "US9,5"], "US 9.5"),
        (["L", "L码"], "L"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_one_size_has_one_spelling(spellings: list[str], one: str) -> None:
    assert {sizes_in_one_spelling(spelling) for spelling in spellings} == {one}


@pytest.mark.parametrize("text", ["EUR 42", "join us 5 times", "50码", "大码女装", "大号保温杯", "Taxi", "exlarge", "plus 5", "mexl", ""])
def test_what_is_no_size_stays(text: str) -> None:
    assert sizes_in_one_spelling(text) == text


def test_a_size_keeps_apart_from_the_words_around_it() -> None:
    assert sizes_in_one_spelling("T恤加大码男") == "T恤 XL 男"
    assert sizes_in_one_spelling("尺码42码") == "尺码 EU 42"
