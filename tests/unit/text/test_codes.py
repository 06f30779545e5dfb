"""Codes: one spelling, which queries are one, and under which codes a product is found."""

import doctest

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.records import Product
from indexer.text import codes
from indexer.text.codes import CODE_NAMES, CODES_CAP, LENGTH_CAP, TRADE_NAMES, code_of, codes_of, looks_like_code, trade_spellings

EAN = "4006381333931"
CODE_QUERIES = [
    *("3C7Z5EA", "00884962345", "DMC-TZ80EG-K", "SM-G991BZAD", "hp 3c7z5ea", "3C7 Z5EA", "WH-1000XM4", "wh 1000xm4"),
    *(EAN, "0 4006381-333931", "HQ6707/16", "EC.J6000.001", "BCI-21 c 100sh", "884962W", "40X1401", "6820s", "364XL", "#43XL", "-V357"),
    *("ＤＭＣ－ＴＺ８０", "BG-E8", "17bII+", "i7-12700k", "08A0476"),
]
OTHER_QUERIES = [
    *("10.1 inch", "42mm", "2024", "2024-2025", "iphone 12", "16GB", "T-shirt", "5g", "4k tv", "mp3", "mp3 player", "rtx 4090"),
    *("24-70mm", "60w-100w", "2x16gb", "1920x1080", "13-inch", "3-in-1 hub", "20000mAh power bank", "galaxy s21", "1080p monitor"),
    *("500ml x 2", "１６ＧＢ", "size eu42.5", "1500W", "128gb ssd", "usb 3.0", "5-port switch", "1/2 inch", "100% cotton", "5th gen"),
    *(
        "",
        "  ",
        "!!!",
        "grey sofa",
        "型号 3C7Z5EA",
        "黑色T恤 42",
        "a1 b2 c3 d4",
        "DMC-TZ80EG-K camera body only",
        "9" * 15,
        "A1" * 25,
        "1234567",
    ),
]


def test_the_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(codes)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    "spelling",
    ["HP-3C7Z5EA", "hp 3c7z5ea", "HP_3C7.Z5EA", "ＨＰ／３Ｃ７Ｚ５ＥＡ", "HP‑3C7–Z5EA", " hp\t3c7\\z5ea\n", "HP\u00ad3C7\u200bZ5EA"],
)
def test_a_code_has_one_spelling(spelling: str) -> None:
    assert code_of(spelling) == "HP3C7Z5EA"


@pytest.mark.parametrize("text", ["", "a", "a-1", "--..//", "+#:()!", "A 1"])
def test_too_little_is_no_code(text: str) -> None:
    assert code_of(text) == ""


@given(st.text(max_size=30))
@example("A-\u030a12")
@example("ŉŉŉ")
@example("ß-ﬁ1")
def test_the_code_of_a_code_is_itself(text: str) -> None:
    code = code_of(text)
    assert code_of(code) == code
    code.encode()


@given(st.lists(st.text("AZ09", min_size=1, max_size=4), min_size=2, max_size=5), st.sampled_from([" ", "-", ".", "/", "_", " - "]))
def test_marks_between_do_not_part_a_code_from_itself(pieces: list[str], mark: str) -> None:
    assert code_of(mark.join(pieces).lower()) == code_of("".join(pieces))


@pytest.mark.parametrize("text", CODE_QUERIES)
def test_a_query_that_is_a_code(text: str) -> None:
    assert looks_like_code(text)


@pytest.mark.parametrize("text", OTHER_QUERIES)
def test_a_query_that_is_none(text: str) -> None:
    assert not looks_like_code(text)


@given(st.text(max_size=60) | st.text("aZ09 -./x×ﬁ１沙", max_size=45))
def test_any_text_is_judged_and_a_code_has_a_spelling(text: str) -> None:
    if looks_like_code(text):
        assert len(code_of(text)) >= 4
        assert any(character.isdigit() for character in code_of(text))


@given(st.text("0123456789", min_size=8, max_size=14))
def test_every_trade_item_number_is_a_code(digits: str) -> None:
    assert looks_like_code(digits) or digits[:2] in ("19", "20")


def test_a_product_is_found_under_its_id_gtin_and_code_attributes() -> None:
    product = Product(
        id="sku-100",
        title="Notebook",
        gtin=EAN,
        attributes={
            "MPN": "3C7Z5EA#ABD",
            "Model_Number": ("HP 15s", "hp-15S", "x"),
            "partNo": 4711.0,
            "Référence": "ab/123",
            "型号": "TZ80, TZ81；TZ82",
            "EAN": "0095205603217",
            "colour": "RAL9005",
            "sku": True,
            "weight_kg": 2.5,
            "item code": 2.5,
        },
    )
    assert codes_of(product) == (
        *("SKU100", EAN, "0" + EAN, "3C7Z5EA#ABD", "HP15S", "4711", "AB123", "TZ80", "TZ81", "TZ82"),
        *("0095205603217", "095205603217", "00095205603217", "95205603217"),
    )


@pytest.mark.parametrize("name", [*CODE_NAMES, *TRADE_NAMES])
def test_each_listed_name_holds_a_code_in_any_dress(name: str) -> None:
    for written in (name, name.upper(), name.replace(" ", "_"), name.title().replace(" ", ""), f"{name}:"):
        assert codes_of(Product(id="x", title="x", attributes={written: "zx-12345"})) == ("ZX12345",)


@given(st.text("0123456789", min_size=8, max_size=14).filter(lambda digits: digits.strip("0")))
def test_each_length_of_a_trade_item_number_finds_it(digits: str) -> None:
    spellings = set(trade_spellings(digits))
    assert {int(spelling) for spelling in spellings} == {int(digits)}
    for length in (12, 13, 14):
        if len(digits) <= length:
            assert digits.zfill(length) in spellings
    assert {len(spelling) for spelling in spellings} <= set(range(8, 15))


def test_codes_are_few_short_and_each_once() -> None:
    many = Product(
        id="A-100", title="x", gtin="A 100", attributes={"model": tuple(f"M{number:04}" for number in range(500)), "sku": "a100"}
    )
    assert codes_of(many)[:2] == ("A100", "M0000")
    assert len(codes_of(many)) == CODES_CAP
    long = Product(id="x" * (LENGTH_CAP + 1), title="x", attributes={"model": "y" * LENGTH_CAP})
    assert codes_of(long) == ("Y" * LENGTH_CAP,)
    assert codes_of(Product(id="p1", title="x")) == ()


@given(
    st.text(max_size=20),
    st.dictionaries(st.sampled_from(["sku", "ean", "model no.", "colour"]), st.text(max_size=20) | st.floats() | st.booleans()),
)
def test_any_product_has_codes_that_are_codes(gtin: str, attributes: dict[str, str | float | bool]) -> None:
    found = codes_of(Product(id="id-1", title="x", gtin=gtin, attributes=attributes))
    assert found[0] == "ID1"
    assert len(set(found)) == len(found)
    assert all(code_of(code) == code for code in found)
