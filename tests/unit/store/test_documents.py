"""Documents: what is searched is cleaned, what is shown is as it came, and prices are those of the moment."""

import json
from dataclasses import replace

import numpy as np
import orjson
import pytest

from indexer.records import Filter, Money, Product, Sale
from indexer.settings import TextSettings
from indexer.store.base import Document
from indexer.store.bulk import document_line
from indexer.store.conditions import condition, holds
from indexer.store.documents import from_source, row_json, source_json, to_source
from indexer.text import Cleaning

SALE = Sale(Money(799, "EUR"), begins=1_000_000, ends=None)


def document(product: Product, price_now: Money | None = None) -> Document:
    return Document(id=product.id, version=1, product=product, price_now=price_now)


def test_a_plain_product_is_kept_once() -> None:
    product = Product(id="a", title="Oak chair", description="A chair, made of oak.")
    source = to_source(document(product))
    assert (source["title"], source["description"], source["shown"]) == ("Oak chair", "A chair, made of oak.", {})
    assert not {"zh_title", "zh_words", "gtin"} & source.keys()
    assert from_source(source).product == product


def test_words_are_indexed_clean_and_shown_as_they_came() -> None:
    product = Product(
        id="a",
        title='無線滑鼠 3.5"',
        description="<p>適合辦公室</p>",
        brand="羅技",
        category=("電腦", "滑鼠"),
        attributes={"顏色": "黑色", "size": "XXL"},
    )
    source = to_source(document(product))
    assert source["title"] == "无线鼠标 3.5 inch"
    assert source["description"] == "适合办公室"
    assert source["category_text"] == ["电脑", "鼠标"]
    assert source["attribute_text"] == ["黑色", "2XL"]
    assert source["zh_title"] == "无线 鼠标 3.5 inch"
    assert {"罗技", "电脑", "鼠标", "黑色", "办公", "办公室"} <= set(source["zh_words"].split())
    # what filters compare is not folded: a facet's value is the shop's own
    assert source["brand"] == "羅技"
    assert source["attributes"] == ["顏色=黑色", "size=xxl"]
    assert (source["shown"]["title"], source["shown"]["description"]) == (product.title, product.description)
    assert from_source(source).product == product


def test_a_description_of_nothing_but_markup_comes_back_and_is_not_searched() -> None:
    product = Product(id="a", title="x", description="<p></p>")
    source = to_source(document(product))
    assert "description" not in source
    assert from_source(source).product == product


def test_the_settings_lists_are_used() -> None:
    own = Cleaning.load(TextSettings(indexed=("spaces",)))
    assert to_source(document(Product(id="a", title=" 無線  滑鼠 ")), own)["title"] == "無線 滑鼠"
    line = document_line(document(Product(id="a", title=" 無線  滑鼠 ")), 0, width=None, cleaning=own)
    assert json.loads(line.data.splitlines()[1])["title"] == "無線 滑鼠"


@pytest.mark.parametrize(
    ("price", "now", "indexed", "currency"),
    [
        (Money(1299, "EUR"), None, 12.99, "eur"),
        (Money(1299, "EUR"), Money(799, "EUR"), 7.99, "eur"),
        (Money(1299, "EUR"), Money(1299, "EUR"), 12.99, "eur"),
        (None, Money(500, "JPY"), 500.0, "jpy"),
        (None, None, None, None),
    ],
)
def test_the_price_of_the_moment_is_what_filters_use(
    price: Money | None, now: Money | None, indexed: float | None, currency: str | None
) -> None:
    product = Product(id="a", title="x", price=price, sale=SALE)
    source = to_source(document(product, now))
    assert (source.get("price"), source.get("currency")) == (indexed, currency)
    back = from_source(source)
    assert (back.product, back.price_now) == (product, now)
    if indexed is not None:
        assert holds(condition(Filter("price", "eq", (indexed,))), source)


@pytest.mark.parametrize("asked", ["4006381333931", "04006381333931", " 4006381-333931", 4006381333931.0])
def test_a_trade_item_number_is_filtered_in_any_of_its_lengths(asked: str | float) -> None:
    source = to_source(document(Product(id="a", title="x", gtin="4006381333931")))
    assert holds(condition(Filter("gtin", "eq", (asked,))), source)
    assert not holds(condition(Filter("gtin", "eq", ("4006381333932",))), source)
    assert not holds(condition(Filter("gtin", "eq", (asked,))), to_source(document(Product(id="b", title="x"))))


def test_a_row_reads_back_as_it_was() -> None:
    row = np.array([1 / 3, -1e-30, 0.1, 1.0, 0.0], dtype=np.float32)
    assert np.array_equal(np.array(json.loads(row_json(row)), dtype=np.float32), row)
    assert row_json(np.array([0.5, 0.25])[::-1]) == b"[0.25,0.5]"  # neither float32 nor contiguous


@pytest.mark.parametrize("figure", [10**25, -(10**25), 2**64, 2**64 - 1, -(2**63), -(2**63) - 1])
def test_whole_numbers_of_any_size_are_kept(figure: int) -> None:
    price = Money(figure, "EUR")
    product = Product(id="a", title="x", price=price, sale=Sale(price), stock=figure, attributes={"n": figure, "f": 1e300})
    source = to_source(replace(document(product), price_now=price))
    back = from_source(orjson.loads(source_json(source)))
    assert (back.product, back.price_now) == (product, price)
