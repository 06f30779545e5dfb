"""The fast way to canonical JSON gives the bytes of the slow one, for whatever a feed may bring."""

import json

from hypothesis import example, given
from hypothesis import strategies as st

from indexer.ledger.aspects import content_text, offer_text, product_of
from indexer.ledger.canonical import canonical, float_is_plain, loaded, loaded_whole
from indexer.records import Money, Photo, Product, Sale, Value

# Half surrogate pairs too: JSON files hold them.
texts = st.text(st.characters(exclude_categories=()), max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False).filter(float_is_plain) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
moments = st.none() | st.integers(0, 2**62)
sales = st.builds(Sale, st.builds(Money, st.integers(), st.sampled_from(["EUR", "JPY"])), moments, moments)
numbers = st.floats(allow_nan=False, allow_infinity=False)
attributes: st.SearchStrategy[dict[str, Value]] = st.dictionaries(
    texts, texts | numbers | st.booleans() | st.lists(texts, max_size=3).map(tuple), max_size=4
)
products = st.builds(
    Product,
    id=st.just("p"),
    title=texts,
    gtin=texts,
    category=st.lists(texts, max_size=2).map(tuple),
    price=st.none() | st.builds(Money, st.integers(), st.sampled_from(["EUR", "JPY"])),
    sale=st.none() | sales,
    stock=st.none() | st.integers(),
    attributes=attributes,
    photos=st.lists(st.builds(Photo, texts), max_size=2).map(tuple),
    popularity=st.none() | numbers,
    since=st.none() | st.integers(-(2**62), 2**62),
)


@given(st.dictionaries(texts, values, max_size=4))
@example({"a": 'é\x7f鞋😀\x00"\\/\n\t\b\x1f', "half": "\ud83d", "wide": 2**70})
@example({"😀": 1, "\uffff": 2, "~": 3})
def test_both_ways_write_the_same_bytes(value: dict[str, object]) -> None:
    slow = json.dumps(value, sort_keys=True, separators=(",", ":"))
    assert canonical(value, fast=True) == canonical(value) == slow
    assert slow.isascii()


@given(numbers)
def test_a_plain_number_is_written_alike_and_an_odd_one_is_known(number: float) -> None:
    if float_is_plain(number):
        assert canonical({"n": number}, fast=True) == f'{{"n":{number!r}}}'
    assert loaded(canonical({"n": number}))["n"] == number


@given(st.one_of(st.integers(), st.integers(min_value=-(2**66), max_value=2**66)))
def test_a_whole_number_of_any_size_is_read_exactly(number: int) -> None:
    assert loaded_whole(canonical({"n": number}))["n"] == number


@given(products)
def test_any_product_comes_back_from_its_texts(product: Product) -> None:
    content, offer = content_text(product), offer_text(product)
    assert content == canonical(json.loads(content))
    assert product_of("p", content=content, offer=offer, version=None) == product
