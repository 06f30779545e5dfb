"""Trade item numbers: which are right, and what becomes of the others."""

import pytest
import structlog

from indexer.feed.gtin import checked_gtin, read_gtins
from indexer.feed.read import read_rows
from indexer.records import Product
from indexer.settings import FeedSettings


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("4006381333931", "4006381333931"),
        ("96385074", "96385074"),
        ("036000291452", "036000291452"),
        ("10036000291459", "10036000291459"),
        (" 4 006381-333931 ", "4006381333931"),
        ("'036000291452", "036000291452"),
        ("36000291452", "036000291452"),
        ("4006381333931.0", "4006381333931"),
        ("080442957X", "9780804429573"),
        ("978-0-8044-2957-3", "9780804429573"),
        ("4006381333930", ""),
        ("0804429570", ""),
        ("0000000000000", ""),
        ("5.9E+12", ""),
        ("1234567", ""),
        ("１２３４５６７０", ""),
        ("", ""),
    ],
)
def test_a_number_is_right_when_its_check_digit_is(written: str, code: str) -> None:
    assert checked_gtin(written) == code


def test_an_isbn_of_ten_digits_needs_a_column_that_says_so() -> None:
    assert checked_gtin("0306406152", isbn=True) == "9780306406157"
    assert checked_gtin("0306406152") == ""


@pytest.mark.parametrize(
    ("value", "valid", "unchecked"),
    [
        (4006381333931, ("4006381333931",), ""),
        (36000291452.0, ("036000291452",), ""),
        (["x", "4006381333931", None, "96385074", "96385074"], ("4006381333931", "96385074"), "x"),
        ("4006381333931|96385074; 1", ("4006381333931", "96385074"), "1"),
        ("0", (), ""),
        (True, (), "True"),
        ({"a": 1}, (), "(object of 1)"),
        (1.5, (), "1.5"),
    ],
)
def test_values_of_any_kind_are_read(value: object, valid: tuple[str, ...], unchecked: str) -> None:
    assert read_gtins(value) == (valid, unchecked)


def test_a_wrong_number_keeps_the_row_and_becomes_an_attribute_said_once() -> None:
    rows = [{"id": number, "title": "Mug", "ean": "4006381333930"} for number in range(3)]
    with structlog.testing.capture_logs() as events:
        found = list(read_rows(rows, origin="rows", settings=FeedSettings()))
    assert [event["event"] for event in events] == ["gtin_unchecked"]
    for product in found:
        assert isinstance(product, Product)
        assert (product.gtin, dict(product.attributes)) == ("", {"gtin_unchecked": "4006381333930"})


def test_several_numbers_give_the_first_and_keep_all() -> None:
    (found,) = read_rows([{"id": 1, "title": "Mug", "EAN": ["4006381333931", "96385074"]}], origin="rows", settings=FeedSettings())
    assert isinstance(found, Product)
    assert (found.gtin, dict(found.attributes)) == ("4006381333931", {"EAN": ("4006381333931", "96385074")})
