"""Parts of a query: the command's grammar, and what a part must be."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query import parts as module
from indexer.query.parts import LENGTH_CAP, PARTS_CAP, WEIGHT_CAP, check_parts, parse_part
from indexer.records import QueryPart


def test_the_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("text", "value", "weight"),
    [
        ("p17", "p17", 1.0),
        ("p17^0.5", "p17", 0.5),
        ("p17^.5", "p17", 0.5),
        (" brown leather ^ 2 ", "brown leather", 2.0),
        ("p17＾２", "p17", 2.0),
        ("p17^-3", "p17", -3.0),
        ("a^b^2", "a^b", 2.0),
        ('"2^10"', "2^10", 1.0),
        ('"2^10"^0.5', "2^10", 0.5),
        ('"say ""hi"""^4', 'say "hi"', 4.0),
        ('27" monitor^2', '27" monitor', 2.0),
        ("棕色皮革^2", "棕色皮革", 2.0),
    ],
)
def test_a_value_and_a_weight_behind_the_last_mark(text: str, value: str, weight: float) -> None:
    assert parse_part(text, kind="text") == QueryPart(text=value, weight=weight)
    assert parse_part(text, kind="id") == QueryPart(id=value, weight=weight)
    assert parse_part(text, kind="id", sign=-1.0).weight == -weight


@pytest.mark.parametrize(
    "text",
    ["", "  ", "^2", '""', '""^2', '"  "', "a^", "a^b", "a^1e3", "a^nan", "a^inf", '"open', '"a" b', "a^0", "a^1001", "a^" + "9" * 400],
)
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        parse_part(text, kind="text")


def test_the_error_shows_the_grammar_and_the_culprit() -> None:
    with pytest.raises(QueryError, match=r"'heavy'.*brown leather\^2"):
        parse_part("sofa^heavy", kind="text")
    with pytest.raises(QueryError, match="longer than"):
        parse_part("x" * 5000, kind="text")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40), st.floats(0.001, WEIGHT_CAP), st.sampled_from([1.0, -1.0])
)
def test_quotes_make_literal_text_of_anything(value: str, weight: float, sign: float) -> None:
    written = f'"{value.replace(chr(34), chr(34) * 2)}"^{weight:f}'
    if not value.strip():
        with pytest.raises(QueryError):
            parse_part(written, kind="text")
        return
    part = parse_part(written, kind="text", sign=sign)
    assert part.text == value
    assert part.weight == sign * float(f"{weight:f}")


@given(st.text(max_size=60))
def test_any_text_is_a_part_or_a_query_error(text: str) -> None:
    try:
        part = parse_part(text, kind="text")
    except QueryError:
        return
    assert part.text.strip()
    assert math.isfinite(part.weight)
    assert part.weight != 0


def test_each_part_is_exactly_one_thing() -> None:
    good = (QueryPart(text="sofa"), QueryPart(photo=b"x", weight=-0.5), QueryPart(id="p17", weight=WEIGHT_CAP))
    assert check_parts(good) == good
    assert check_parts([]) == ()
    for bad in (QueryPart(), QueryPart(text=" "), QueryPart(text="sofa", id="p17"), QueryPart(photo=b"x", id="p17")):
        with pytest.raises(QueryError, match="exactly one"):
            check_parts((*good, bad))


@pytest.mark.parametrize("weight", [0.0, -0.0, math.nan, math.inf, -math.inf, WEIGHT_CAP * 1.01, -WEIGHT_CAP * 1.01])
def test_a_weight_is_finite_and_says_something(weight: float) -> None:
    with pytest.raises(QueryError, match="weight"):
        check_parts([QueryPart(text="sofa", weight=weight)])


def test_limits() -> None:
    assert len(check_parts([QueryPart(text="x" * LENGTH_CAP)] * PARTS_CAP)) == PARTS_CAP
    with pytest.raises(QueryError, match="at most 16"):
        check_parts([QueryPart(text="x")] * (PARTS_CAP + 1))
    for long in (QueryPart(text="x" * (LENGTH_CAP + 1)), QueryPart(id="x" * (LENGTH_CAP + 1))):
        with pytest.raises(QueryError, match="513"):
            check_parts([long])
    with pytest.raises(QueryError, match="half a character"):
        check_parts([QueryPart(id="p\ud83d")])
