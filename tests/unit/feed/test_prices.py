"""Prices as shops write them."""

import pytest

from indexer.errors import InvalidField
from indexer.feed.prices import LARGEST, currency_code, parse_minor, parse_price
from indexer.money import EXPONENTS, exponent, major_units, shown
from indexer.records import Money

READ = [
    ("12.99 EUR", 1299, "EUR"),
    ("EUR 12.99", 1299, "EUR"),
    ("eur12.99", 1299, "EUR"),
    ("$12.99", 1299, "USD"),
    ("US$ 5", 500, "USD"),
    ("USD $5", 500, "USD"),
    ("1.299,00 EUR", 129900, "EUR"),
    ("1.234.567,89 €", 123456789, "EUR"),
    ("$1,299.50", 129950, "USD"),
    ("$1,299", 129900, "USD"),
    ("1'299.00 CHF", 129900, "CHF"),
    ("1’299.00 Fr.", 129900, "CHF"),
    ("1 299,00 zł", 129900, "PLN"),
    ("1\u202f299,00 €", 129900, "EUR"),
    ("₹1,00,000.50", 10000050, "INR"),
    ("4999 JPY", 4999, "JPY"),
    ("4,999 円", 4999, "JPY"),
    ("￥4999 CNY", 499900, "CNY"),
    ("１２．９９ EUR", 1299, "EUR"),
    ("88元", 8800, "CNY"),
    ("1.299 KWD", 1299, "KWD"),
    ("12.5 KWD", 12500, "KWD"),
    ("CHF 12.-", 1200, "CHF"),
    ("12,-- €", 1200, "EUR"),
    ("0,99 €", 99, "EUR"),
    (".99 EUR", 99, "EUR"),
    ("1299.000 EUR", 129900, "EUR"),
    ("0 EUR", 0, "EUR"),
    ("7", 700, "SEK"),
    (12.99, 1299, "SEK"),
    (19.990000000000002, 1999, "SEK"),
    (1e3, 100000, "SEK"),
    (12, 1200, "SEK"),
    ({"amount": "12.99", "currency": "eur"}, 1299, "EUR"),
    ({"value": 12.99, "currencyCode": "EUR"}, 1299, "EUR"),
    ({"minor": 1299, "currency": "EUR"}, 1299, "EUR"),
    ({"minor": "1299"}, 1299, "SEK"),
]

REFUSED = [
    ("1.299 EUR", "may mean"),
    ("12.500", "may mean"),
    ("1,299 KWD", "may mean"),
    ("¥500", "CNY or JPY"),
    ("12.345,678 EUR", "decimals"),
    ("0,125 EUR", "decimals"),
    ("12.5 JPY", "decimals"),
    (12.345, "decimals"),
    ("-5 EUR", "negative"),
    ("EUR -5", "negative"),
    ("−5", "negative"),
    ("(5.00)", "negative"),
    (-0.01, "negative"),
    ({"minor": -1}, "negative"),
    ("NaN", "finite"),
    ("Infinity", "finite"),
    (float("nan"), "finite"),
    (float("inf"), "finite"),
    ("", "no single price"),
    ("free", "no single price"),
    ("10 - 20 EUR", "no single price"),
    ("10-20", "no single price"),
    ("1e5", "no currency|no single price"),
    ("12,99,00", "separators"),
    ("1.2.3 EUR", "separators"),
    ("12 quatloos", "quatloos"),
    ("12 EUR USD", "two currencies"),
    (True, "no price"),
    (None, "no price"),
    ([12], "no price"),
    ({"currency": "EUR"}, "without"),
    ({"amount": [1], "currency": "EUR"}, "without"),
    ({"amount": 1, "currency": "EURO"}, "ISO 4217"),
    ({"minor": 1.5}, "whole number"),
    (10**20, "larger"),
    ("9" * 40, "larger"),
    ("9" * 100, "no price"),
]


@pytest.mark.parametrize(("written", "minor", "currency"), READ)
def test_a_price_is_read(written: object, minor: int, currency: str) -> None:
    assert parse_price(written, default="SEK") == Money(minor, currency)


@pytest.mark.parametrize(("written", "why"), REFUSED)
def test_a_doubtful_price_is_refused_with_its_reason(written: object, why: str) -> None:
    with pytest.raises(InvalidField, match=why):
        parse_price(written, default="SEK")


def test_the_currency_column_decides_what_a_symbol_means() -> None:
    assert parse_price("$5", currency="CAD") == Money(500, "CAD")
    assert parse_price("¥500", currency="JPY") == Money(500, "JPY")
    assert parse_price("5 kr", currency="NOK") == Money(500, "NOK")
    assert parse_price("¥5", default="CNY") == Money(500, "CNY")


@pytest.mark.parametrize("written", ["5 EUR", "€5", {"amount": 5, "currency": "EUR"}])
def test_a_price_that_contradicts_the_currency_column_is_refused(written: object) -> None:
    with pytest.raises(InvalidField, match="column USD"):
        parse_price(written, currency="USD")


def test_minor_units_are_whole_and_bounded() -> None:
    assert parse_minor(" 1299 ", currency="EUR") == parse_minor(1299, currency="EUR") == Money(1299, "EUR")
    assert parse_minor(LARGEST, currency="EUR").minor == LARGEST
    for wrong in (True, 1.0, "1.5", "x", None, "-3", LARGEST + 1, -1):
        with pytest.raises(InvalidField):
            parse_minor(wrong, currency="EUR")


def test_currencies_are_codes_of_iso_4217() -> None:
    assert currency_code(" eur ") == "EUR"
    for wrong in ("EURO", "€", "", "XXQ", 978, None):
        with pytest.raises(InvalidField, match="ISO 4217"):
            currency_code(wrong)


def test_the_table_of_minor_units() -> None:
    assert len(EXPONENTS) > 150
    assert {exponent(code) for code in EXPONENTS} == {0, 2, 3}
    assert [exponent(code) for code in ("EUR", "JPY", "KWD", "CLP", "TND", "ISK", "CNY")] == [2, 0, 3, 0, 3, 0, 2]
    assert exponent("???") == 2


def test_money_is_shown_with_its_currencys_digits() -> None:
    assert [shown(Money(1299, code)) for code in ("EUR", "JPY", "KWD")] == ["12.99 EUR", "1299 JPY", "1.299 KWD"]
    assert shown(Money(0, "EUR")) == "0.00 EUR"
    assert str(major_units(Money(10**15, "EUR"))) == "10000000000000.00"
