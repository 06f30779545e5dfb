"""A product written as a row is read back as itself."""

import json

import pytest

from indexer.feed.read import read_rows
from indexer.feed.written import row_of
from indexer.records import Money, Photo, Product, Sale
from indexer.settings import FeedSettings

DAY = 86_400_000_000


def again(product: Product) -> object:
    (read,) = read_rows([json.loads(json.dumps(row_of(product)))], origin="test", settings=FeedSettings())
    return read


@pytest.mark.parametrize(
    "product",
    [
        Product(id="1", title="Oak chair"),
        Product(id="1", title="Oak chair", description="Solid.", brand="Old Oak", category=("Home", "Chairs"), language="en"),
        Product(id="1", title="Oak chair", price=Money(1299, "EUR"), stock=0),
        Product(id="1", title="Stuhl", price=Money(4999, "JPY"), stock=7),
        Product(id="1", title="Oak chair", price=Money(1299, "EUR"), sale=Sale(Money(999, "EUR"))),
        Product(id="1", title="Oak chair", price=Money(1299, "EUR"), sale=Sale(Money(999, "EUR"), begins=DAY, ends=30 * DAY)),
        Product(id="1", title="Oak chair", price=Money(1299, "EUR"), sale=Sale(Money(999, "EUR"), ends=30 * DAY + 1)),
        Product(id="1", title="Oak chair", attributes={"colour": "brown", "width": 42.5, "foldable": True, "rooms": ("hall", "kitchen")}),
        Product(id="1", title="Oak chair", photos=(Photo("http://shop.example/1.jpg"), Photo("https://shop.example/2.jpg"))),
        Product(id="1", title="Oak chair", group="chairs", popularity=0.5, version=17, gtin="4006381333931", since=1_738_281_600_000_001),
        Product(id="1", title="橡木椅子", attributes={"颜色": "棕色"}),
    ],
    ids=lambda product: ",".join(row_of(product)),
)
def test_a_row_gives_the_product_back(product: Product) -> None:
    assert again(product) == product


def test_empty_fields_are_left_out() -> None:
    assert row_of(Product(id="1", title="Oak chair")) == {"id": "1", "title": "Oak chair"}


def test_none_in_stock_is_written() -> None:
    assert row_of(Product(id="1", title="Oak chair", stock=0, popularity=0.0)) == {
        "id": "1",
        "title": "Oak chair",
        "stock": 0,
        "popularity": 0.0,
    }
