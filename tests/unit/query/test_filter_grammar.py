"""What each form of the grammar means, and that everything else is refused with the grammar."""

import pytest

from indexer.errors import BadFilter
from indexer.query.filters import GRAMMAR, parse_filter, parse_filters
from indexer.records import Filter


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("brand=Nike", (Filter("brand", "eq", ("Nike",)),)),
        ("brand!=Nike", (Filter("brand", "ne", ("Nike",)),)),
        ("price<1500", (Filter("price", "lt", (1500.0,)),)),
        ("price<=1500", (Filter("price", "lte", (1500.0,)),)),
        ("price>12.99", (Filter("price", "gt", (12.99,)),)),
        ("price>=.5", (Filter("price", "gte", (0.5,)),)),
        ("price=12.99", (Filter("price", "eq", (12.99,)),)),
        ("price!=0", (Filter("price", "ne", (0.0,)),)),
        ("price=100..200", (Filter("price", "gte", (100.0,)), Filter("price", "lte", (200.0,)))),
        ("price= 100 .. 200 ", (Filter("price", "gte", (100.0,)), Filter("price", "lte", (200.0,)))),
        ("price=1.5..2.5", (Filter("price", "gte", (1.5,)), Filter("price", "lte", (2.5,)))),
        ("price=100..", (Filter("price", "gte", (100.0,)),)),
        ("price=..200", (Filter("price", "lte", (200.0,)),)),
        ("price=100|200", (Filter("price", "eq", (100.0, 200.0)),)),
        ("stock>0", (Filter("stock", "gt", (0.0,)),)),
        ("since>2025-01-31", (Filter("since", "gt", ("2025-01-31",)),)),
        ("since=2025-01-31", (Filter("since", "eq", ("2025-01-31",)),)),
        ("since!=2025-01-31|2025-02-01", (Filter("since", "ne", ("2025-01-31", "2025-02-01")),)),
        ('since<="2025-01-31T10:00:00.5+01:00"', (Filter("since", "lte", ("2025-01-31T10:00:00.5+01:00",)),)),
        ("since=2025-01-31 .. 2025-02-28", (Filter("since", "gte", ("2025-01-31",)), Filter("since", "lte", ("2025-02-28",)))),
        ("since=..2025-02-28T10:00:00.5", (Filter("since", "lte", ("2025-02-28T10:00:00.5",)),)),
        ("since=2025-01-31..", (Filter("since", "gte", ("2025-01-31",)),)),
        ("in_stock=true", (Filter("in_stock", "eq", (True,)),)),
        ("in_stock!=No", (Filter("in_stock", "ne", (False,)),)),
        ("in_stock=是", (Filter("in_stock", "eq", (True,)),)),
        ("  brand  =  Le Creuset  ", (Filter("brand", "eq", ("Le Creuset",)),)),
        ("category=Home > Sofas", (Filter("category", "eq", ("Home > Sofas",)),)),
        ("id=0042", (Filter("id", "eq", ("0042",)),)),
        ("brand=1..2", (Filter("brand", "eq", ("1..2",)),)),
        ("colour=red|blue", (Filter("colour", "eq", ("red", "blue")),)),
        ("colour!= red | dark blue ", (Filter("colour", "ne", ("red", "dark blue")),)),
        ("颜色=红色|蓝色", (Filter("颜色", "eq", ("红色", "蓝色")),)),
        ("颜色＝红色｜蓝色", (Filter("颜色", "eq", ("红色", "蓝色")),)),
        ("颜色！＝红色", (Filter("颜色", "ne", ("红色",)),)),
        ("price＜１５００", (Filter("price", "lt", (1500.0,)),)),
        ("price≤1500", (Filter("price", "lte", (1500.0,)),)),
        ("price≥1500", (Filter("price", "gte", (1500.0,)),)),
        ("brand≠Nike", (Filter("brand", "ne", ("Nike",)),)),
        ("screen size>13.5", (Filter("screen size", "gt", (13.5,)),)),
        ("weight=-5..5", (Filter("weight", "gte", (-5.0,)), Filter("weight", "lte", (5.0,)))),
        ('name="a|b"', (Filter("name", "eq", ("a|b",)),)),
        ('name="a=b" | c', (Filter("name", "eq", ("a=b", "c")),)),
        ('name="he said ""no"""', (Filter("name", "eq", ('he said "no"',)),)),
        ('name=" padded "', (Filter("name", "eq", (" padded ",)),)),
        ('screen=5"', (Filter("screen", "eq", ('5"',)),)),
        ('screen=5"|6"', (Filter("screen", "eq", ('5"', '6"')),)),
        ('"price<=limit"=x', (Filter("price<=limit", "eq", ("x",)),)),
        ('"a ""b"""=x', (Filter('a "b"', "eq", ("x",)),)),
        ("note=a<b=c", (Filter("note", "eq", ("a<b=c",)),)),
        ("wow!=x", (Filter("wow", "ne", ("x",)),)),
        ("note=wow!", (Filter("note", "eq", ("wow!",)),)),
        ("note=two\nlines", (Filter("note", "eq", ("two\nlines",)),)),
    ],
)
def test_a_filter_means(text: str, filters: tuple[Filter, ...]) -> None:
    assert parse_filter(text) == filters


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("size=42", ("42", 42.0)),
        ("size=42.50|M", ("42.50", 42.5, "M")),
        ("waterproof=Yes", ("Yes", True)),
        ("waterproof=false", ("false", False)),
        ('size="42"', ("42",)),
        ('waterproof="true"', ("true",)),
        ("size=1e3", ("1e3",)),
        ("size=nan", ("nan",)),
    ],
)
def test_an_attributes_value_is_read_both_ways_unless_it_is_quoted(text: str, values: tuple[str | float | bool, ...]) -> None:
    (one,) = parse_filter(text)
    assert one.values == values
    assert [type(value) for value in one.values] == [type(value) for value in values]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lacks a field or an operator"),
        ("brand", "lacks a field or an operator"),
        ("=Nike", "lacks a field or an operator"),
        ("!=Nike", "lacks a field or an operator"),
        ("brand ~ Nike", "lacks a field or an operator"),
        ('"brand" x = Nike', "lacks a field or an operator"),
        ("brand=", "a value is empty"),
        ("brand=   ", "a value is empty"),
        ("brand=a||b", "a value is empty"),
        ("brand=a|", "a value is empty"),
        ("brand=|a", "a value is empty"),
        ("brand==Nike", "begins with ="),
        ("price=<5", "begins with <"),
        ('brand="open', 'begins with "'),
        ('brand="a"b', 'begins with "'),
        ("price<cheap", "'cheap' is no number"),
        ("price=12,99", "'12,99' is no number"),
        ("price=1_000", "'1_000' is no number"),
        ("price<nan", "'nan' is no number"),
        ("price<inf", "'inf' is no number"),
        ("price<" + "9" * 400, "is no number"),
        ('price<"5"', "'5' is no number"),
        ("price=..", "'..' is no number"),
        ("weight<heavy", "'heavy' is no number"),
        ("in_stock=maybe", "neither true nor false"),
        ("in_stock=1", "neither true nor false"),
        ("price=200..100", "runs backwards"),
        ("since=2025-02-01..2025-01-31", "runs backwards"),
        ("since=..", "has no end"),
        ("since<2025-01-01..2025-01-31", "after = only"),
        ("since>soon", "'soon' is no day or time"),
        ("since=2025-01-31..soon", "'soon' is no day or time"),
        ("since>20", "'20' is no day or time"),
        ("price!=100..200", "after = only"),
        ("price<100..200", "after = only"),
        ("brand=" + "x" * 1100, "longer than 1024"),
    ],
)
def test_what_follows_no_rule_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadFilter) as caught:
        parse_filter(text)
    assert reason in caught.value.message
    assert caught.value.cure


def test_a_backward_range_is_offered_turned_round() -> None:
    with pytest.raises(BadFilter, match=r"Write price=100\.\.200\."):
        parse_filter("price=200..100")


def test_the_grammar_in_the_message_is_right_itself() -> None:
    for example in (
        "brand=Nike",
        "brand!=Nike",
        "price<1500",
        "price>=20",
        "price=100..200",
        "in_stock=true",
        "colour=red|blue",
        'name="a|b"',
    ):
        assert example in GRAMMAR
        assert parse_filter(example)


def test_records_and_texts_mix_in_order() -> None:
    record = Filter("brand", "eq", ("Nike",))
    assert parse_filters(["price=1..2", record, "stock>0"]) == (
        Filter("price", "gte", (1.0,)),
        Filter("price", "lte", (2.0,)),
        record,
        Filter("stock", "gt", (0.0,)),
    )
