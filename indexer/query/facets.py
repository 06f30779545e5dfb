"""The grammar of facets: `brand`, `screen size`, `price=..50|50..100|100..`.

    facet  = field ["=" range {"|" range}]     (also full-width)
    range  = [number] ".." [number]            at least one of the two; the lower below the upper

Ranges are for numbers: price, stock and number attributes. The lower end is included, the upper one is not, so that ranges side by
side count no product twice: what `50..100` counts is found again by the two filters `price>=50` and `price<100`. Spaces around
fields and ranges do not count; quotes, as in filters, make a name of anything (`"a=b"`).
"""

import math
import re

from indexer.errors import BadFilter
from indexer.query.fields import kind_of
from indexer.query.filters import LENGTH_CAP, QUOTED, SPAN, unquoted
from indexer.records import FacetAsk, Range

FACET_GRAMMAR = (
    "A facet reads like brand, or like price=..50|50..100|100.. for a number counted in ranges "
    '(from the lower end to below the upper); put quotes around a name that holds an = ("a=b").'
)

_FACET = re.compile(rf'\s*(?P<field>{QUOTED}|[^"=＝\s][^=＝]*?)\s*(?:[=＝](?P<ranges>.*))?', re.DOTALL)
_BARE = re.compile(r'(?!["\s])[^=＝]+(?<!\s)')


def parse_facet(text: str) -> FacetAsk:
    """What one text of the grammar asks to count, ranges in their order, each once.

    Whether the field exists is not asked here (see check.py). Raises BadFilter with the grammar.

    >>> parse_facet("price=..50|50..")
    FacetAsk(field='price', ranges=(Range(text='..50', low=None, high=50.0), Range(text='50..', low=50.0, high=None)))
    """
    if len(text) > LENGTH_CAP:
        raise BadFilter(f"A facet of {len(text)} characters is longer than {LENGTH_CAP}.", cure=FACET_GRAMMAR)
    match = _FACET.fullmatch(text)
    if match is None:
        raise BadFilter(f"{text!r} is no facet: it lacks a field.", cure=FACET_GRAMMAR)
    field, ranges = unquoted(match["field"]), match["ranges"]
    kind = kind_of(field)
    if ranges is None:
        if kind == "number":
            raise BadFilter(f"{field!r} is a number, so it is counted in ranges.", cure=FACET_GRAMMAR)
        return FacetAsk(field)
    if kind not in ("number", "attribute"):
        raise BadFilter(f"{text!r}: {field!r} is no number, so it has no ranges.", cure=FACET_GRAMMAR)
    return FacetAsk(field, tuple(dict.fromkeys(_range(text, one.strip()) for one in re.split(r"[|｜]", ranges))))


def facet_text(field: str) -> str:
    """The text that asks for a field's values, whatever the field's name: quoted where it must be.

    >>> facet_text("screen size"), facet_text("a=b")
    ('screen size', '"a=b"')
    """
    return field if _BARE.fullmatch(field) else '"' + field.replace('"', '""') + '"'


def _range(text: str, one: str) -> Range:
    match = SPAN.fullmatch(one)
    if match is None or not (match["low"] or match["high"]):
        raise BadFilter(f"{text!r}: {one!r} is no range like 50..100, 50.. or ..100.", cure=FACET_GRAMMAR)
    low, high = (float(end) if end else None for end in match.group("low", "high"))
    if any(end is not None and not math.isfinite(end) for end in (low, high)):
        raise BadFilter(f"{text!r}: a number is too large.", cure=FACET_GRAMMAR)
    if low is not None and high is not None and low >= high:
        raise BadFilter(f"{text!r}: no number lies from {low:g} to below {high:g}.", cure=FACET_GRAMMAR)
    return Range(one, low, high)
