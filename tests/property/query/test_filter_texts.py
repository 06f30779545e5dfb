"""The grammar over every text there is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.errors import BadFilter
from indexer.query.check import check_values
from indexer.query.fields import PLAIN
from indexer.query.filters import LENGTH_CAP, parse_filter
from indexer.records import Filter

WHOLE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NAMES = WHOLE.filter(lambda name: name not in PLAIN)
NUMBERS = st.decimals(-10_000, 10_000, places=2).map(lambda figure: f"{figure:f}")
SYNTAX = st.text(st.sampled_from('ab1.|"=<>!＝｜＜！≠ \n'), max_size=20)


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


@given(st.one_of(st.text(max_size=60), SYNTAX))
@example('""=""')
@example("price=" + "1" * 400 + "..")
@example('"' * 500 + "=1")
@example('a="' + '""' * 500)
@example("x" * (LENGTH_CAP + 1))
def test_any_text_is_a_filter_or_refused_with_the_grammar(text: str) -> None:
    filters = parsed(text)
    if filters is None:
        with pytest.raises(BadFilter, match=r"brand=Nike|Write "):
            parse_filter(text)
    else:
        assert 1 <= len(filters) <= 2
        assert all(one.values for one in filters)


@given(NAMES, st.lists(WHOLE, min_size=1, max_size=4), st.sampled_from([("=", "eq"), ("!=", "ne"), ("＝", "eq"), ("≠", "ne")]))
def test_quotes_carry_any_name_and_any_values(name: str, values: list[str], op: tuple[str, str]) -> None:
    text = f" {quoted(name)} {op[0]} " + " | ".join(map(quoted, values))
    (one,) = parse_filter(text)
    assert (one.field, one.op, one.values) == (name, op[1], tuple(values))
    check_values([one])


@given(st.sampled_from(["price", "stock", "weight"]), NUMBERS, NUMBERS)
def test_a_range_is_its_two_ends(field: str, one: str, other: str) -> None:
    low, high = sorted((one, other), key=float)
    assert parse_filter(f"{field}={low}..{high}") == (Filter(field, "gte", (float(low),)), Filter(field, "lte", (float(high),)))
    assert parse_filter(f"{field}={low}..") == parse_filter(f"{field}>={low}")
    assert parse_filter(f"{field}=..{high}") == parse_filter(f"{field}<={high}")


@given(SYNTAX)
def test_what_the_grammar_makes_of_an_attribute_passes_the_check(text: str) -> None:
    check_values([one for one in parsed(text) or () if one.field not in PLAIN])


VALUES = st.sampled_from(["7", "true", "red", "1..2", '"7"', "x|y"])


@given(st.sampled_from(sorted(PLAIN)), st.sampled_from(["=", "!=", "<", ">=", "≤"]), VALUES)
def test_a_plain_field_gets_values_of_its_kind_only(field: str, op: str, value: str) -> None:
    filters = parsed(field + op + value)
    kinds = {"text": str, "number": float, "truth": bool}
    for one in filters or ():
        ordered = one.op not in ("eq", "ne")
        assert all(type(figure) is (float if ordered else kinds[PLAIN[field]]) for figure in one.values)
        if ordered and PLAIN[field] != "number":
            with pytest.raises(BadFilter, match="knows = and != only"):
                check_values([one])


def parsed(text: str) -> tuple[Filter, ...] | None:
    try:
        return parse_filter(text)
    except BadFilter:
        return None
