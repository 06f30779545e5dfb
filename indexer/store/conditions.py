"""Filters as conditions on a document's source: said once, asked of OpenSearch as a query and of the twin in memory as a test."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.dates import MILLISECOND, as_text, span
from indexer.errors import BadFilter
from indexer.records import Filter
from indexer.store.tokens import (
    PRICE_SCALE,
    Single,
    attribute_token,
    category_token,
    exact_token,
    gtin_token,
    name_token,
    number_token,
    steps_at,
    token,
    within_whole,
)

KEYWORDS = ("brand", "currency", "language")
IDENTIFIERS = ("id", "group", "gtin")
WHOLE = ("price", "stock")

Source = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Among:
    """The field has at least one of these values; a list in the source counts by its members."""

    field: str
    values: tuple[str | bool, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The field has a value from `low` to `high`, both included; None leaves an end open.

    For price the ends are in steps of 1/PRICE_SCALE, for `attribute_numbers` they are tokens, for `since` times as documents have them.
    """

    field: str
    low: int | str | None
    high: int | str | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One of the alternatives holds, or none of them with `exclude`; a missing field holds nowhere."""

    alternatives: tuple[Among | Between, ...]
    exclude: bool = False


def conditions(filters: Sequence[Filter]) -> tuple[Condition, ...]:
    """The conditions of these filters, in order; all must hold. Raises BadFilter for a value that its field can't have."""
    return tuple(condition(one) for one in filters)


def condition(one: Filter) -> Condition:
    """What a filter asks of a source. Raises BadFilter for a value or an operator that its field can't have."""
    if one.field == "since":
        return Condition(tuple(_time_range(one, value) for value in one.values), exclude=one.op == "ne")
    if one.op in ("eq", "ne"):
        return Condition(_equal(one), exclude=one.op == "ne")
    if len(one.values) != 1:
        raise BadFilter(f"{one.field} {one.op} wants exactly one number, not {len(one.values)}.")
    limit = _number(one, one.values[0])
    if one.field in WHOLE:
        return Condition((_whole_range(one, limit),))
    if one.field in (*KEYWORDS, *IDENTIFIERS, "category", "in_stock"):
        raise BadFilter(f"{one.field} is no number, so {one.op} says nothing of it.", cure="Use = or !=.")
    return Condition((_number_range(one, limit),))


def holds(one: Condition, source: Source) -> bool:
    """Whether a document's source meets the condition, as the server would find it to."""
    return any(_meets(test, source) for test in one.alternatives) != one.exclude


def _equal(one: Filter) -> tuple[Among | Between, ...]:
    if one.field in WHOLE:
        return tuple(_whole_range(one, _number(one, value)) for value in one.values)
    if one.field == "in_stock":
        return (Among("in_stock", tuple(dict.fromkeys(_truth(one, value) for value in one.values))),)
    if one.field in (*KEYWORDS, *IDENTIFIERS, "category"):
        make = {"category": category_token, "gtin": gtin_token}.get(one.field) or (exact_token if one.field in IDENTIFIERS else token)
        return (Among(one.field, tuple(dict.fromkeys(make(_text(one, value)) for value in one.values))),)
    tokens = (attribute_token(one.field, _finite(one, value)) for value in one.values)
    return (Among("attributes", tuple(dict.fromkeys(tokens))),)


def _whole_range(one: Filter, limit: float) -> Between:
    scale = PRICE_SCALE if one.field == "price" else 1
    up, down = steps_at(limit, scale, up=True), steps_at(limit, scale, up=False)
    if one.op == "gte":
        return Between(one.field, up, None)
    if one.op == "gt":
        return Between(one.field, within_whole(down + 1), None)
    if one.op == "lte":
        return Between(one.field, None, down)
    if one.op == "lt":
        return Between(one.field, None, within_whole(up - 1))
    return Between(one.field, up, down)  # empty where the figure lies between two steps


def _time_range(one: Filter, value: Single) -> Between:
    """A day alone means all of it: behind a day is from the next one on, up to a day is to its end. The ends are texts that sort."""
    try:
        first, last = span(_text(one, value))
    except ValueError as error:
        raise BadFilter(f"since {one.op} wants a day or a time like 2025-01-31, not {str(value)[:40]!r}.") from error
    if one.op == "gte":
        return Between("since", as_text(first), None)
    if one.op == "gt":
        return Between("since", as_text(last + MILLISECOND), None)
    if one.op == "lte":
        return Between("since", None, as_text(last))
    if one.op == "lt":
        return Between("since", None, as_text(first - MILLISECOND))
    return Between("since", as_text(first), as_text(last))


def _number_range(one: Filter, limit: float) -> Between:
    first, last = f"{name_token(one.field)}#0", f"{name_token(one.field)}#g"
    if one.op == "gte":
        return Between("attribute_numbers", number_token(one.field, limit), last)
    if one.op == "gt":
        return Between("attribute_numbers", number_token(one.field, math.nextafter(limit, math.inf)), last)
    if one.op == "lte":
        return Between("attribute_numbers", first, number_token(one.field, limit))
    return Between("attribute_numbers", first, number_token(one.field, math.nextafter(limit, -math.inf)))


def _meets(test: Among | Between, source: Source) -> bool:
    value = source.get(test.field)
    if value is None:
        return False
    if isinstance(test, Among):
        return any(one in test.values for one in (value if isinstance(value, list) else [value]))
    if isinstance(value, list):
        return any(_within(test, one) for one in value)
    if test.field == "price" and isinstance(value, float | int):
        return _within(test, round(value * PRICE_SCALE))
    return _within(test, value)


def _within(test: Between, value: object) -> bool:
    if isinstance(value, str):
        return (not isinstance(test.low, str) or test.low <= value) and (not isinstance(test.high, str) or value <= test.high)
    if isinstance(value, int):
        return (not isinstance(test.low, int) or test.low <= value) and (not isinstance(test.high, int) or value <= test.high)
    return False


def _number(one: Filter, value: Single) -> float:
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
        raise BadFilter(f"{one.field} {one.op} wants a number, not {value!r}.")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise BadFilter(f"{one.field} {one.op} wants a number, not {str(value)[:40]!r}.") from error
    if not math.isfinite(number):
        raise BadFilter(f"{one.field} {one.op} wants a finite number, not {value!r}.")
    return number


def _truth(one: Filter, value: Single) -> bool:
    if isinstance(value, bool):
        return value
    spoken = {"true": True, "false": False}.get(str(value).strip().lower())
    if spoken is None:
        raise BadFilter(f"{one.field} is true or false, not {value!r}.")
    return spoken


def _text(one: Filter, value: Single) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        raise BadFilter(f"{one.field} {one.op} wants a text, not {value!r}.")
    return f"{_number(one, value):.15g}"


def _finite(one: Filter, value: Single) -> Single:
    return value if isinstance(value, str | bool) else _number(one, value)
