"""Unknown names are answered with their neighbours, wrong values with the rule."""

import math

import pytest

from indexer.errors import BadFilter, UnknownField
from indexer.query.check import check_fields, check_values
from indexer.query.fields import NUMBERS, PLAIN, PLAIN_FACETS, PLAIN_SORTS
from indexer.records import FacetAsk, Filter, Op, Range, Sort

ATTRIBUTES = ("colour", "screen size", "材质")
RANGES = (Range("..50", None, 50.0),)


def eq(field: str, *values: str | float | bool) -> Filter:
    return Filter(field, "eq", values)


def test_known_names_pass() -> None:
    facets = [FacetAsk(name, ()) for name in (*PLAIN_FACETS, *ATTRIBUTES)] + [FacetAsk(name, RANGES) for name in NUMBERS]
    sorts = [Sort(name) for name in (*PLAIN_SORTS, *ATTRIBUTES)]
    check_fields([eq(name, "x") for name in (*PLAIN, *ATTRIBUTES)], facets, sorts, attributes=ATTRIBUTES)


@pytest.mark.parametrize(("wrong", "near"), [("brnad", "brand"), ("Brand", "brand"), ("color", "colour"), ("screensize", "screen size")])
def test_an_unknown_filter_names_its_neighbours(wrong: str, near: str) -> None:
    with pytest.raises(UnknownField) as caught:
        check_fields([eq("price", 1.0), eq(wrong, "x")], (), (), attributes=ATTRIBUTES)
    assert repr(wrong) in caught.value.message
    assert f"Did you mean {near!r}" in caught.value.cure
    assert "材质" in caught.value.cure


def test_an_unknown_facet_names_its_neighbours() -> None:
    with pytest.raises(UnknownField, match=r"'categry'.*Did you mean 'category'"):
        check_fields((), [FacetAsk("categry", ())], (), attributes=ATTRIBUTES)


@pytest.mark.parametrize("name", sorted(set(PLAIN) - set(PLAIN_FACETS)))
def test_a_field_of_many_values_is_no_facet_and_says_why(name: str) -> None:
    with pytest.raises(UnknownField, match="can be filtered, but not counted"):
        check_fields((), [FacetAsk(name, ())], (), attributes=ATTRIBUTES)


def test_a_field_without_an_order_is_no_sort_and_says_why() -> None:
    with pytest.raises(UnknownField, match="'brand' can be filtered, but not sorted by"):
        check_fields((), (), [Sort("price"), Sort("brand")], attributes=ATTRIBUTES)
    with pytest.raises(UnknownField, match=r"'pric'.*Did you mean 'price'"):
        check_fields((), (), [Sort("pric")], attributes=ATTRIBUTES)


@pytest.mark.parametrize(
    "good",
    [
        eq("brand", "Nike", "Puma"),
        Filter("brand", "ne", ("Nike",)),
        eq("price", 5, 12.99),
        Filter("stock", "gte", (0,)),
        eq("in_stock", True),
        eq("size", "42", 42.0, True),
        Filter("size", "lt", (42.0,)),
    ],
    ids=str,
)
def test_values_of_the_fields_kind_pass(good: Filter) -> None:
    check_values([good])


@pytest.mark.parametrize(
    ("field", "op", "values", "reason"),
    [
        ("brand", "eq", (), "at least one value"),
        ("price", "lt", (), "exactly one value"),
        ("price", "lt", (1.0, 2.0), "exactly one value"),
        ("brand", "lt", ("Nike",), "knows = and != only"),
        ("in_stock", "gt", (True,), "knows = and != only"),
        ("brand", "eq", (5.0,), "wants a text"),
        ("brand", "eq", (True,), "wants a text"),
        ("brand", "eq", ("half \ud83d",), "wants a text"),
        ("price", "eq", ("5",), "wants a number"),
        ("price", "eq", (True,), "wants a number"),
        ("price", "lt", (math.nan,), "wants a number"),
        ("price", "gte", (math.inf,), "wants a number"),
        ("stock", "ne", (None,), "wants a number"),
        ("in_stock", "eq", ("true",), "wants true or false"),
        ("in_stock", "eq", (1.0,), "wants true or false"),
        ("size", "gt", ("42",), "wants a number"),
        ("size", "gt", (True,), "wants a number"),
        ("size", "eq", (-math.inf,), "wants a text, a number or a truth value"),
        ("size", "eq", (("a", "b"),), "wants a text, a number or a truth value"),
    ],
)
def test_values_of_another_kind_are_refused(field: str, op: Op, values: tuple[str | float | bool, ...], reason: str) -> None:
    with pytest.raises(BadFilter, match=reason):
        check_values([eq("brand", "Nike"), Filter(field, op, values)])
