import math
from dataclasses import replace

import pytest

from indexer.errors import InvalidField
from indexer.ledger.aspects import content_text, offer_text, product_of
from indexer.ledger.canonical import digest_of
from indexer.records import Money, Offer, Photo, Product, Sale

SHOE = Product(
    id="p1",
    title="Schuh 鞋",
    description="Leicht.",
    brand="Acme",
    category=("Shoes", "Running"),
    price=Money(1299, "EUR"),
    stock=4,
    attributes={"colour": "red", "size": 42.0, "vegan": True, "tags": ("a", "b")},
    photos=(Photo("/photos/1.jpg"), Photo("https://example.org/2.jpg")),
    group="g1",
    language="de",
    popularity=0.5,
    version=3,
)

SALE = Sale(Money(999, "EUR"), begins=1_700_000_000_000_000, ends=None)


def test_digests_of_the_first_release_still_hold() -> None:
    """Else every shop would encode all of its products again after an upgrade."""
    odd = replace(SHOE, attributes={**SHOE.attributes, "tiny": 1e-7, "DEL": "\x7f"})
    assert digest_of(content_text(odd)) == "d192345a7c9d9c0a79fd5e965c8048e2"
    assert digest_of(offer_text(odd)) == "d91aa744f1d47c0d2c9a675b47ae0e32"
    assert digest_of(offer_text(Offer(id="x"))) == "9e50bd2779a9ba1f46c86a28c7b9da6b"
    assert digest_of(content_text(Product(id="x", title="Mug"))) == "8be0bb2ee05013950abdadeece3354fc"


def test_a_product_on_sale_and_its_gtin_come_back() -> None:
    sold = replace(SHOE, sale=SALE, gtin="04012345123456")
    assert product_of("p1", content=content_text(sold), offer=offer_text(sold), version=3) == sold


def test_a_product_comes_back_from_its_two_texts() -> None:
    assert product_of("p1", content=content_text(SHOE), offer=offer_text(SHOE), version=3) == SHOE


def test_a_date_comes_back_and_a_product_without_one_keeps_its_text() -> None:
    dated = replace(SHOE, since=1_738_281_600_000_000)
    assert product_of("p1", content=content_text(dated), offer=offer_text(dated), version=3) == dated
    assert "since" not in content_text(SHOE)
    assert content_text(dated) == content_text(SHOE).replace('"title":', '"since":1738281600000000,"title":')


def test_a_bare_product_comes_back() -> None:
    bare = Product(id="p2", title="Mug")
    assert product_of("p2", content=content_text(bare), offer=offer_text(bare), version=None) == bare


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"},
        {"description": "x"},
        {"brand": "x"},
        {"category": ("Running", "Shoes")},
        {"attributes": {"colour": "red"}},
        {"photos": ()},
        {"group": ""},
        {"language": "en"},
        {"popularity": None},
        {"since": 1_700_000_000_000_000},
        {"gtin": "04012345123456"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_field_of_the_content_is_in_its_text_and_in_no_offer(change: dict[str, object]) -> None:
    other = replace(SHOE, **change)  # type: ignore[arg-type]  # fields by name
    assert content_text(other) != content_text(SHOE)
    assert offer_text(other) == offer_text(SHOE)


@pytest.mark.parametrize("change", [{"price": Money(1299, "USD")}, {"price": None}, {"stock": 0}, {"stock": None}, {"sale": SALE}])
def test_the_offer_is_in_no_content(change: dict[str, object]) -> None:
    other = replace(SHOE, **change)  # type: ignore[arg-type]  # fields by name
    assert content_text(other) == content_text(SHOE)
    assert offer_text(other) != offer_text(SHOE)


def test_id_and_version_are_in_neither() -> None:
    other = replace(SHOE, id="other", version=9)
    assert (content_text(other), offer_text(other)) == (content_text(SHOE), offer_text(SHOE))


def test_a_row_and_an_offer_say_the_same_price_alike() -> None:
    assert offer_text(Offer(id="p1", price=Money(1299, "EUR"), stock=4)) == offer_text(SHOE)


def test_neither_the_order_of_attributes_nor_the_kind_of_a_number_matters() -> None:
    turned = replace(SHOE, attributes={"tags": ("a", "b"), "vegan": True, "size": 42, "colour": "red"})
    assert content_text(turned) == content_text(SHOE)


def test_true_is_not_one() -> None:
    assert content_text(replace(SHOE, attributes={"a": True})) != content_text(replace(SHOE, attributes={"a": 1.0}))


def test_a_text_that_is_no_unicode_is_stored_in_ascii_and_comes_back() -> None:
    odd = Product(id="p", title="half \ud83d and nul \x00")
    assert content_text(odd).isascii()
    assert product_of("p", content=content_text(odd), offer=None, version=None) == odd


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_refused_by_name(number: float) -> None:
    with pytest.raises(InvalidField, match="p1"):
        content_text(replace(SHOE, attributes={"weight": number}))


def test_digests_are_short_and_differ() -> None:
    assert len(digest_of("a")) == 32
    assert digest_of("a") != digest_of("b")


@pytest.mark.parametrize("minor", [0, 1999, 2**63 - 1, 2**63, 2**64, -(2**63), -(2**63) - 1, 10**30])
def test_prices_and_stocks_of_any_size_come_back_exact(minor: int) -> None:
    sold = replace(SHOE, price=Money(minor, "EUR"), stock=minor, sale=replace(SALE, price=Money(minor - 1, "EUR")), version=None)
    back = product_of("p1", content=content_text(sold), offer=offer_text(sold), version=None)
    assert (back.price, back.stock, back.sale) == (sold.price, sold.stock, sold.sale)
    assert isinstance(back.stock, int)
