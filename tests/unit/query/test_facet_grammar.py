"""What each form of a facet's text means, and that everything else is refused with the grammar."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import BadFilter
from indexer.query.facets import facet_text, parse_facet
from indexer.query.fields import PLAIN
from indexer.query.filters import LENGTH_CAP
from indexer.records import FacetAsk, Range


@pytest.mark.parametrize(
    ("text", "field", "ranges"),
    [
        ("brand", "brand", ()),
        ("  screen size ", "screen size", ()),
        ("颜色", "颜色", ()),
        ('5" screen', '5" screen', ()),
        ('"a=b"', "a=b", ()),
        ('"say ""no"""', 'say "no"', ()),
        ("price<50", "price<50", ()),
        ("price=..50|50..100|100..", "price", (("..50", None, 50), ("50..100", 50, 100), ("100..", 100, None))),
        (" price = ..50 | 50 .. 100 ", "price", (("..50", None, 50), ("50 .. 100", 50, 100))),
        ("price＝..50｜50..", "price", (("..50", None, 50), ("50..", 50, None))),
        ("price=1.5..2.5|-1..0", "price", (("1.5..2.5", 1.5, 2.5), ("-1..0", -1, 0))),
        ("price=50..|..50|50..", "price", (("50..", 50, None), ("..50", None, 50))),
        ("stock=0..1|1..", "stock", (("0..1", 0, 1), ("1..", 1, None))),
        ('"a|b=c"=..5|5..', "a|b=c", (("..5", None, 5), ("5..", 5, None))),
    ],
)
def test_a_facet_means(text: str, field: str, ranges: tuple[tuple[str, float | None, float | None], ...]) -> None:
    assert parse_facet(text) == FacetAsk(field, tuple(Range(*one) for one in ranges))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "lacks a field"),
        ("  ", "lacks a field"),
        ("=..50", "lacks a field"),
        ('"brand', "lacks a field"),
        ('"a"b', "lacks a field"),
        ("price", "is counted in ranges"),
        ("stock", "is counted in ranges"),
        ("brand=1..2", "is no number"),
        ("in_stock=0..1", "is no number"),
        ("price=", "'' is no range"),
        ("price=50", "'50' is no range"),
        ("price=..", "'..' is no range"),
        ("price=a..b", "'a..b' is no range"),
        ("price=..50|", "'' is no range"),
        ("price==..50", "'=..50' is no range"),
        ("size=red", "'red' is no range"),
        ("price=100..50", "from 100 to below 50"),
        ("price=50..50", "from 50 to below 50"),
        ("price=" + "9" * 400 + "..", "too large"),
        ("x" * (LENGTH_CAP + 1), "longer than"),
    ],
)
def test_anything_else_is_refused_with_the_grammar(text: str, why: str) -> None:
    with pytest.raises(BadFilter, match="A facet reads like brand") as caught:
        parse_facet(text)
    assert why in caught.value.message


@given(st.text(min_size=1, max_size=30).filter(lambda name: name not in PLAIN))
def test_every_name_can_be_asked_for(name: str) -> None:
    assert parse_facet(facet_text(name)) == FacetAsk(name)


@given(st.text(st.sampled_from('ab1.|"=＝｜- \n'), max_size=30))
def test_any_text_is_a_facet_or_refused(text: str) -> None:
    with contextlib.suppress(BadFilter):
        asked = parse_facet(text)
        assert all(one.low is None or one.high is None or one.low < one.high for one in asked.ranges)
        assert all(one.low is not None or one.high is not None for one in asked.ranges)
        assert len(set(asked.ranges)) == len(asked.ranges)
        assert parse_facet(text + " ").field == asked.field
