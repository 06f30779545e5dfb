"""Filters as conditions: they mean on a source what their words say, and nothing but BadFilter ever comes of a wrong one."""

import json
from dataclasses import replace
from random import Random

from hypothesis import assume, given
from hypothesis import strategies as st

from indexer.errors import BadFilter
from indexer.records import Filter, Money, Op, Product
from indexer.store.base import Document
from indexer.store.clauses import clause
from indexer.store.conditions import Condition, condition, holds
from indexer.store.documents import to_source
from tests.property.store.strategies import figures, filters, names, products, texts

PRODUCT = Product(id="p", title="t")


def source(product: Product) -> dict[str, object]:
    return to_source(Document(id=product.id, version=1, product=product))


def compiled(one: Filter) -> Condition | None:
    try:
        return condition(one)
    except BadFilter:
        return None


@given(filters, products())
def test_ne_is_the_contrary_of_eq(one: Filter, product: Product) -> None:
    equal = compiled(replace(one, op="eq"))
    other = compiled(replace(one, op="ne"))
    assert (equal is None) == (other is None)
    if equal is not None and other is not None:
        assert holds(equal, source(product)) != holds(other, source(product))


@given(filters)
def test_every_condition_is_json_and_names_only_mapped_fields(one: Filter) -> None:
    made = compiled(one)
    assume(made is not None)
    assert made is not None
    json.dumps(clause(made), allow_nan=False)
    fields = {test.field for test in made.alternatives}
    assert fields <= {
        "id",
        "brand",
        "category",
        "currency",
        "language",
        "group",
        "gtin",
        "in_stock",
        "price",
        "stock",
        "attributes",
        "attribute_numbers",
    }


@given(names, figures, figures, st.sampled_from(["lt", "lte", "gt", "gte", "eq", "ne"]))
def test_numbers_of_attributes_compare_as_numbers(name: str, has: float, limit: float, op: Op) -> None:
    assume(name not in ("price", "stock", "id", "brand", "category", "currency", "language", "group", "in_stock"))
    expected = {"lt": has < limit, "lte": has <= limit, "gt": has > limit, "gte": has >= limit, "eq": has == limit, "ne": has != limit}[op]
    product = replace(PRODUCT, attributes={name: has})
    assert holds(condition(Filter(name, op, (limit,))), source(product)) == expected


@given(st.integers(-100_000, 100_000), st.integers(-100_000, 100_000), st.sampled_from(["lt", "lte", "gt", "gte", "eq", "ne"]))
def test_prices_compare_to_the_cent(has: int, limit: int, op: Op) -> None:
    expected = {"lt": has < limit, "lte": has <= limit, "gt": has > limit, "gte": has >= limit, "eq": has == limit, "ne": has != limit}[op]
    product = replace(PRODUCT, price=Money(has, "EUR"))
    assert holds(condition(Filter("price", op, (limit / 100,))), source(product)) == expected


@given(st.integers(-1000, 1000), st.floats(-1000, 1000), st.sampled_from(["lt", "lte", "gt", "gte"]))
def test_stock_compares_with_any_figure(has: int, limit: float, op: Op) -> None:
    expected = {"lt": has < limit, "lte": has <= limit, "gt": has > limit, "gte": has >= limit}[op]
    assert holds(condition(Filter("stock", op, (limit,))), source(replace(PRODUCT, stock=has))) == expected


@given(names, texts, st.lists(texts, max_size=3))
def test_the_values_of_eq_are_alternatives(name: str, has: str, others: list[str]) -> None:
    assume(name not in ("price", "stock", "id", "brand", "category", "currency", "language", "group", "in_stock"))
    product = replace(PRODUCT, attributes={name: has})
    assert holds(condition(Filter(name, "eq", (*others, has))), source(product))
    assert not holds(condition(Filter(name, "ne", (*others, has))), source(product))


@given(filters, products(), st.randoms())
def test_order_and_repetition_of_values_do_not_count(one: Filter, product: Product, chance: Random) -> None:
    made = compiled(replace(one, op="eq"))
    assume(made is not None)
    shuffled = [*one.values, *one.values]
    chance.shuffle(shuffled)
    again = compiled(replace(one, op="eq", values=tuple(shuffled)))
    assert made is not None
    assert again is not None
    assert holds(made, source(product)) == holds(again, source(product))
