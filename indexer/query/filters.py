"""The grammar of the command's filters: `brand=Nike`, `price<1500`, `price=100..200`, `colour=red|blue`.

    filter  = field operator value
    operator = "=" | "!=" | "<" | "<=" | ">" | ">="        (also full-width, and ≠ ≤ ≥)
    value   = one {"|" one}     alternatives, after = and != only
            | [number] ".." [number]     a range with both ends, after = only
    one     = plain text | '"' any text, a quote in it doubled '"'

Spaces around field, operator and alternatives do not count. Quotes make literal text of anything: `size="42"` is the text 42, `name="a|b"`
holds a bar. An unquoted number or truth value of an attribute is read both ways, as text and as what it says, because
shops disagree on which of them a size is.
"""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from indexer.dates import microseconds
from indexer.errors import BadFilter
from indexer.query.fields import Kind, kind_of
from indexer.records import Filter, Op

GRAMMAR = (
    "A filter reads like brand=Nike, brand!=Nike, price<1500, price>=20, price=100..200, since>=2025-01-31, in_stock=true or "
    'colour=red|blue; put quotes around a text that holds one of | = < > (name="a|b").'
)
LENGTH_CAP = 1024
"""Characters of one filter; far above any real one, low enough to parse in no time."""

QUOTED = r'"(?:[^"]|"")*"'
"""A quoted text, quotes in it doubled."""

_FILTER = re.compile(
    rf'\s*(?P<field>{QUOTED}|[^"!=<>！＝＜＞≠≤≥].*?)\s*(?P<op>[!！][=＝]|[<＜][=＝]|[>＞][=＝]|[=＝<＜>＞≠≤≥])\s*(?P<value>.*?)\s*',
    re.DOTALL,
)
_ONE = re.compile(rf"\s*(?:(?P<quoted>{QUOTED})|(?P<plain>[^|｜]*?))\s*(?P<end>[|｜]|\Z)", re.DOTALL)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)")
SPAN = re.compile(rf"(?P<low>{_NUMBER.pattern})?\s*\.\.\s*(?P<high>{_NUMBER.pattern})?")
"""Two numbers with two points between; that at least one of them is there is asked where it is used."""

_ASCII = str.maketrans({"！": "!", "＝": "=", "＜": "<", "＞": ">"})
_OPS: dict[str, Op] = {"=": "eq", "!=": "ne", "≠": "ne", "<": "lt", "<=": "lte", "≤": "lte", ">": "gt", ">=": "gte", "≥": "gte"}
_TRUTH = {"true": True, "yes": True, "是": True, "false": False, "no": False, "否": False}


class _End(NamedTuple):
    """One end of a range: as it was written, as a filter has it, and as a figure to compare."""

    text: str
    value: str | float
    figure: float


class _One(NamedTuple):
    text: str
    literal: bool


def parse_filter(text: str) -> tuple[Filter, ...]:
    """The filters that one text of the grammar says: one, or two for a range with both ends.

    Whether the field exists is not asked here (see check.py). Raises BadFilter with the grammar.

    >>> parse_filter("price=100..200")
    (Filter(field='price', op='gte', values=(100.0,)), Filter(field='price', op='lte', values=(200.0,)))
    """
    if len(text) > LENGTH_CAP:
        raise BadFilter(f"A filter of {len(text)} characters is longer than {LENGTH_CAP}.", cure=GRAMMAR)
    match = _FILTER.fullmatch(text)
    if match is None:
        raise BadFilter(f"{text!r} is no filter: it lacks a field or an operator.", cure=GRAMMAR)
    field = unquoted(match["field"])
    op, kind = _OPS[match["op"].translate(_ASCII)], kind_of(field)
    if kind == "time" and ".." in match["value"]:
        low, _, high = match["value"].partition("..")
        ends = [_End(end.strip(), end.strip(), _moment(text, end)) if end.strip() else None for end in (low, high)]
        return _range(text, Filter(field, op, ()), low=ends[0], high=ends[1])
    spread = SPAN.fullmatch(match["value"]) if kind in ("number", "attribute") else None
    if spread is not None and (spread["low"] or spread["high"]):
        ends = [_End(end, float(end), float(end)) if end else None for end in (spread["low"], spread["high"])]
        return _range(text, Filter(field, op, ()), low=ends[0], high=ends[1])
    values = tuple(value for one in _alternatives(text, match["value"]) for value in _typed(text, one, kind=kind, op=op))
    return (Filter(field, op, values),)


def parse_filters(filters: Sequence[Filter | str]) -> tuple[Filter, ...]:
    """Records as they are, texts by the grammar, in order. Raises BadFilter."""
    return tuple(one for given in filters for one in (parse_filter(given) if isinstance(given, str) else (given,)))


def unquoted(text: str) -> str:
    """The text without the quotes around it, where it has them.

    >>> unquoted('"5"" screen"'), unquoted("brand")
    ('5" screen', 'brand')
    """
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _range(text: str, empty: Filter, *, low: _End | None, high: _End | None) -> tuple[Filter, ...]:
    if empty.op != "eq":
        raise BadFilter(f"{text!r}: a range stands after = only.", cure=GRAMMAR)
    if not low and not high:
        raise BadFilter(f"{text!r}: the range has no end.", cure=GRAMMAR)
    if low and high and low.figure > high.figure:
        raise BadFilter(f"{text!r}: the range runs backwards.", cure=f"Write {empty.field}={high.text}..{low.text}.")
    ends: tuple[tuple[Op, _End | None], ...] = (("gte", low), ("lte", high))
    return tuple(Filter(empty.field, op, (end.value,)) for op, end in ends if end)


def _alternatives(text: str, value: str) -> list[_One]:
    found: list[_One] = []
    position, more = 0, True
    while more and (match := _ONE.match(value, position)):
        quoted, plain = match["quoted"], match["plain"]
        if quoted is None and (not plain or plain[0] in '"=<>＝＜＞'):
            reason = "a value is empty" if not plain else f"the value {plain!r} begins with {plain[0]}"
            raise BadFilter(f"{text!r}: {reason}.", cure=GRAMMAR)
        found.append(_One(plain, literal=False) if quoted is None else _One(quoted[1:-1].replace('""', '"'), literal=True))
        position, more = match.end(), bool(match["end"])
    return found


def _typed(text: str, one: _One, *, kind: Kind, op: Op) -> tuple[str | float | bool, ...]:
    if kind == "time":
        _moment(text, one.text)
        return (one.text,)
    number = _number(one)
    if kind == "number" or op not in ("eq", "ne"):
        if number is None:
            raise BadFilter(f"{text!r}: {one.text!r} is no number like 1500 or 12.99.", cure=GRAMMAR)
        return (number,)
    truth = None if one.literal else _TRUTH.get(one.text.lower())
    if kind == "truth":
        if truth is None:
            raise BadFilter(f"{text!r}: {one.text!r} is neither true nor false.", cure=GRAMMAR)
        return (truth,)
    readings = (one.text, number, truth) if kind == "attribute" else (one.text,)
    return tuple(value for value in readings if value is not None)


def _moment(text: str, written: str) -> int:
    try:
        return microseconds(written)
    except ValueError as error:
        raise BadFilter(f"{text!r}: {written.strip()!r} is no day or time like 2025-01-31.", cure=GRAMMAR) from error


def _number(one: _One) -> float | None:
    number = float(one.text) if not one.literal and _NUMBER.fullmatch(one.text) else None
    return number if number is None or math.isfinite(number) else None
