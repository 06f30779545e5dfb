"""What counting keeps, whatever the products."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from indexer.rank.facets import counted, values_of
from indexer.records import Product

WORDS = st.sampled_from(["red", "Red", "ＲＥＤ", "blue", "dark  blue", "dark blue", "蓝色", ""])
VALUES = st.one_of(WORDS, st.lists(WORDS, max_size=3).map(tuple), st.booleans(), st.integers(0, 3).map(float))
PRODUCTS = st.lists(
    st.builds(
        lambda brand, path, attributes: Product(id="x", title="x", brand=brand, category=path, attributes=attributes),
        WORDS,
        st.lists(st.sampled_from(["Home", "Sofas", "Chairs"]), max_size=3).map(tuple),
        st.dictionaries(st.sampled_from(["colour", "size"]), VALUES),
    ),
    max_size=12,
)
NAMES = ("brand", "category", "colour", "size")


@given(PRODUCTS)
def test_the_order_of_the_products_does_not_matter(products: list[Product]) -> None:
    assert counted(list(reversed(products)), NAMES) == counted(products, NAMES)


@given(PRODUCTS)
def test_no_value_counts_for_more_products_than_there_are_and_none_for_no_product(products: list[Product]) -> None:
    for name, values in counted(products, NAMES).items():
        assert all(1 <= one.count <= len(products) for one in values)
        assert list(values) == sorted(values, key=lambda one: (-one.count, one.value))
        assert len({one.value for one in values}) == len(values)
        assert all(any(one.value in values_of(product, name) for product in products) for one in values)


@given(PRODUCTS)
def test_a_product_counts_once_for_each_different_value(products: list[Product]) -> None:
    for name, values in counted(products, NAMES).items():
        assert sum(one.count for one in values) == sum(len({plain(value) for value in values_of(product, name)}) for product in products)


def plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).lower().split())
