"""What counting keeps, whatever the products."""

import unicodedata
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from indexer.rank.facets import counted, loosened, number_of, values_of
from indexer.records import FacetAsk, FacetValue, Filter, Money, Product, Range

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
ASKS = tuple(map(FacetAsk, ("brand", "category", "colour", "size")))


@given(PRODUCTS)
def test_the_order_of_the_products_does_not_matter(products: list[Product]) -> None:
    assert counted(list(reversed(products)), ASKS, moment=0) == counted(products, ASKS, moment=0)


@given(PRODUCTS)
def test_no_value_counts_for_more_products_than_there_are_and_none_for_no_product(products: list[Product]) -> None:
    for name, values in counted(products, ASKS, moment=0).items():
        assert all(1 <= one.count <= len(products) for one in values)
        assert list(values) == sorted(values, key=lambda one: (-one.count, one.value))
        assert len({one.value for one in values}) == len(values)
        assert all(any(one.value in values_of(product, name) for product in products) for one in values)


@given(PRODUCTS)
def test_a_product_counts_once_for_each_different_value(products: list[Product]) -> None:
    for name, values in counted(products, ASKS, moment=0).items():
        assert sum(one.count for one in values) == sum(len({plain(value) for value in values_of(product, name)}) for product in products)


PRICED = st.lists(st.integers(0, 20_000).map(lambda minor: Product(id="x", title="x", price=Money(minor, "EUR"))), max_size=20)
CUTS = st.lists(st.integers(0, 200), unique=True, min_size=1, max_size=6).map(sorted)


@given(PRICED, CUTS)
def test_ranges_side_by_side_count_every_product_once(products: list[Product], cuts: list[int]) -> None:
    ends = [None, *map(float, cuts), None]
    ranges = tuple(Range(f"{low}..{high}", low, high) for low, high in pairwise(ends))
    values = counted(products, [FacetAsk("price", ranges)], moment=0)["price"]
    assert [one.value for one in values] == [one.text for one in ranges]
    assert sum(one.count for one in values) == len(products)
    below = [sum(one.price is not None and one.price.minor < cut * 100 for one in products) for cut in cuts]
    assert list(accumulate(one.count for one in values))[:-1] == below


@given(PRODUCTS, st.floats(-1, 5), st.floats(-1, 5))
def test_a_range_of_an_attribute_counts_its_numbers_only(products: list[Product], one: float, other: float) -> None:
    low, high = sorted((one, other))
    asked = FacetAsk("size", (Range("here", low, high),))
    numbers = [value for product in products if type(value := product.attributes.get("size")) is float]
    assert counted(products, [asked], moment=0) == {"size": (FacetValue("here", sum(low <= number < high for number in numbers)),)}
    assert numbers == [number for product in products if (number := number_of(product, "size", moment=0)) is not None]


@given(st.lists(st.builds(Filter, st.sampled_from(["brand", "price", "size"]), st.just("eq"), st.tuples(st.floats(0, 9)))))
def test_loosening_takes_a_fields_filters_and_no_other(filters: list[Filter]) -> None:
    left = loosened(filters, "price")
    assert [one for one in filters if one.field != "price"] == list(left)
    assert loosened(left, "price") == left


def plain(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).lower().split())
