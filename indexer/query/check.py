"""Filters and facets against the fields that exist: a wrong name is answered with its neighbours, a wrong value with the rule."""

import math
import re
from collections.abc import Collection, Iterable

from indexer.dates import microseconds
from indexer.errors import BadFilter, UnknownField
from indexer.query.fields import NUMBERS, PLAIN, PLAIN_FACETS, PLAIN_SORTS, kind_of
from indexer.query.filters import GRAMMAR
from indexer.records import FacetAsk, Filter, Sort
from indexer.registry import did_you_mean

_WANTED = {
    "text": "a text",
    "number": "a number",
    "truth": "true or false",
    "time": "a day or a time like 2025-01-31",
    "attribute": "a text, a number or a truth value",
}
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: it has no UTF-8, so no engine can be asked for it


def check_fields(filters: Iterable[Filter], facets: Iterable[FacetAsk], sorts: Iterable[Sort], *, attributes: Collection[str]) -> None:
    """Raise UnknownField for the first name that is neither a plain field nor one of the index's attributes."""
    for name in (one.field for one in filters):
        if name not in PLAIN and name not in attributes:
            raise UnknownField(f"No field is named {name!r}.", cure=did_you_mean(name, [*PLAIN, *sorted(attributes)]))
    for ask in facets:
        countable = (*PLAIN_FACETS, *NUMBERS) if ask.ranges else PLAIN_FACETS
        _check(ask.field, countable, attributes, verb="counted")
    for sort in sorts:
        _check(sort.field, PLAIN_SORTS, attributes, verb="sorted by")


def _check(name: str, plain: Collection[str], attributes: Collection[str], *, verb: str) -> None:
    if name not in plain and name not in attributes:
        why = f"{name!r} can be filtered, but not {verb}" if name in PLAIN else f"No field is named {name!r}"
        raise UnknownField(f"{why}.", cure=did_you_mean(name, [*plain, *sorted(attributes)]))


def check_values(filters: Iterable[Filter]) -> None:
    """Raise BadFilter for the first filter whose operator or values do not fit its field's kind.

    Parsed filters fit already, but for a number too large; this is for those that were made as records.
    """
    for one in filters:
        kind, exact = kind_of(one.field), one.op in ("eq", "ne")
        if not one.values or (not exact and len(one.values) > 1):
            raise BadFilter(f"{one.field} {one.op} wants {'at least' if exact else 'exactly'} one value.", cure=GRAMMAR)
        if not exact and kind in ("text", "truth"):
            raise BadFilter(f"{one.field} is {_WANTED[kind]}: it knows = and != only, not {one.op}.", cure=GRAMMAR)
        allowed = kind if exact or kind == "time" else "number"
        for value in one.values:
            if not _fits(value, allowed):
                raise BadFilter(f"{one.field} {one.op} wants {_WANTED[allowed]}, not {value!r}.", cure=GRAMMAR)


def _is_time(text: str) -> bool:
    try:
        microseconds(text)
    except ValueError:
        return False
    return True


def _fits(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind in ("truth", "attribute")
    if isinstance(value, int | float):
        return kind in ("number", "attribute") and math.isfinite(value)
    if kind == "time":
        return isinstance(value, str) and _is_time(value)
    return isinstance(value, str) and kind in ("text", "attribute") and not _SURROGATE.search(value)
