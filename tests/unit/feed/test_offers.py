"""Regular prices, sales with their dates, and words for availability."""

from datetime import UTC, datetime

import pytest

from indexer.feed.read import read_rows
from indexer.records import Event, Money, Offer, Product, Rejected, Sale
from indexer.settings import FeedSettings


def micros(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return round(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1_000_000


def offer(**fields: object) -> Event | Rejected:
    (found,) = read_rows([{"id": "1"} | fields], origin="rows", settings=FeedSettings(currency="EUR"))
    return found


def euros(cents: int) -> Money:
    return Money(cents, "EUR")


@pytest.mark.parametrize(
    ("fields", "price", "sale"),
    [
        ({"price": "10", "sale_price": "8"}, euros(1000), Sale(euros(800))),
        ({"price": "10 USD", "sale_price": "8"}, Money(1000, "USD"), Sale(Money(800, "USD"))),
        ({"price": "10", "special_price": "8.00 EUR", "currency": "EUR"}, euros(1000), Sale(euros(800))),
        ({"price_minor": 1000, "sale_price": 8}, euros(1000), Sale(euros(800))),
        ({"price": "10", "sale_price": "10"}, euros(1000), None),
        ({"price": "10", "sale_price": "12"}, euros(1000), None),
        ({"price": "10", "sale_price": "0"}, euros(1000), None),
        ({"price": "10", "sale_price": ""}, euros(1000), None),
        ({"sale_price": "8"}, euros(800), None),
        ({"Price": "8", "Compare-at price": "10"}, euros(1000), Sale(euros(800))),
        ({"Price": "10", "Variant Compare At Price": "8"}, euros(1000), None),
        ({"Price": "10", "Compare-at price": "0.00"}, euros(1000), None),
        ({"was_price": "10"}, euros(1000), None),
        ({"price": "10", "was_price": "12", "sale_price": "9"}, euros(1000), Sale(euros(900))),
        ({"Regular price": "10", "Sale price": "8"}, euros(1000), Sale(euros(800))),
    ],
)
def test_a_sale_holds_in_place_of_the_regular_price(fields: dict[str, object], price: Money, sale: Sale | None) -> None:
    assert offer(**fields) == Offer(id="1", price=price, sale=sale)


@pytest.mark.parametrize(
    ("fields", "begins", "ends"),
    [
        (
            {"sale_price_effective_date": "2025-01-31T12:00+0100/2025-02-28T23:59:59-0500"},
            micros(2025, 1, 31, 11),
            micros(2025, 3, 1, 4, 59, 59),
        ),
        ({"sale_price_effective_date": "2025-01-31 / 2025-02-28"}, micros(2025, 1, 31), micros(2025, 3, 1)),
        ({"sale_price_effective_date": "2025-01-31T00:00Z/"}, micros(2025, 1, 31), None),
        ({"sale_from": "2025-01-31", "sale_until": "2025-02-01 06:00"}, micros(2025, 1, 31), micros(2025, 2, 1, 6)),
        ({"Date sale price ends": "2025-02-01"}, None, micros(2025, 2, 2)),
        ({"sale_from": "", "sale_until": None}, None, None),
    ],
)
def test_the_dates_of_a_sale(fields: dict[str, object], begins: int | None, ends: int | None) -> None:
    assert offer(price=10, sale_price=8, **fields) == Offer(id="1", price=euros(1000), sale=Sale(euros(800), begins, ends))


def test_a_sale_without_a_regular_price_keeps_its_dates() -> None:
    assert offer(sale_price=8, sale_until="2025-02-01T00:00Z") == Offer(id="1", sale=Sale(euros(800), None, micros(2025, 2, 1)))


@pytest.mark.parametrize(
    ("fields", "field", "reason", "hint"),
    [
        ({"sale_price": "cheap"}, "sale_price", "is no single price", "Write one number and a currency: 12.99 EUR."),
        ({"sale_price": "8 USD"}, "sale_price", "is in USD, the price in EUR", "Let price and currency column agree."),
        ({"sale_price": "-8"}, "sale_price", "is negative", "Write one number and a currency: 12.99 EUR."),
        (
            {"sale_price": "8", "sale_dates": "soon"},
            "sale_dates",
            "is no span of two times with a slash between them",
            "Write begin and end",
        ),
        ({"sale_price": "8", "sale_dates": "a/b"}, "sale_dates", "is no time (ISO 8601", "Write times as ISO 8601"),
        ({"sale_price": "8", "sale_from": 20250131}, "sale_from", None, None),
        ({"sale_price": "8", "sale_from": "2025-02-01", "sale_until": "2025-01-01"}, "sale_until", "ends before it begins", "Write times"),
    ],
)
def test_a_wrong_sale_is_refused_by_name(fields: dict[str, object], field: str, reason: str | None, hint: str | None) -> None:
    found = offer(price="10", **fields)
    if reason is None or hint is None:
        assert isinstance(found, Offer)  # a basic date of ISO 8601, as a number
        return
    assert isinstance(found, Rejected)
    assert (found.field, found.id) == (field, "1")
    assert found.reason.startswith(reason)
    assert found.hint.startswith(hint)


@pytest.mark.parametrize(
    ("word", "stock", "later"),
    [
        ("in stock", 1, None),
        ("in_stock", 1, None),
        ("InStock", 1, None),
        ("https://schema.org/InStock", 1, None),
        (True, 1, None),
        ("1", 1, None),
        ("有货", 1, None),
        ("out of stock", 0, None),
        ("sold-out", 0, None),
        (False, 0, None),
        ("preorder", 0, "preorder"),
        ("http://schema.org/PreOrder", 0, "preorder"),
        ("backorder", 0, "backorder"),
        ("perhaps", None, None),
        ("", None, None),
    ],
)
def test_availability_says_of_the_stock_what_it_can(word: object, stock: int | None, later: str | None) -> None:
    (found,) = read_rows([{"id": "1", "title": "Mug", "availability": word}], origin="rows", settings=FeedSettings())
    assert isinstance(found, Product)
    assert (found.stock, found.attributes.get("availability")) == (stock, later)
    assert offer(price=5, availability=word) == Offer(id="1", price=euros(500), stock=stock)


def test_a_number_of_pieces_wins_over_the_word() -> None:
    assert offer(stock=7, availability="out of stock") == Offer(id="1", stock=7)
    assert offer(stock=0, availability="in stock") == Offer(id="1", stock=0)
