"""The grammar of one part of a query, for "more like this" and "not like that": an id or a text, with a weight if wanted.

    part   = value ["^" weight]      p17, p17^0.5, brown leather^2     (also full-width ＾)
    value  = plain text | '"' any text, a quote in it doubled '"'
    weight = a number, not 0

The weight stands behind the last ^. Quotes make literal text of anything: `"2^10"` holds the mark. Spaces around value and weight
do not count.
"""

import math
import re
from collections.abc import Sequence
from typing import Literal

from indexer.errors import QueryError
from indexer.records import QueryPart

GRAMMAR = 'A part reads like p17, p17^0.5 or brown leather^2; put quotes around a text that holds a ^ ("2^10"^0.5).'

PARTS_CAP = 16
"""Parts of one query, text and photo of its own aside; each text and photo costs a run of the encoder."""

WEIGHT_CAP = 1000.0
"""Only the ratio of the weights counts, and a thousandth of a part is no part."""

LENGTH_CAP = 512
"""Characters of a part's text or id, as of a query's own text."""

_PART = re.compile(r'\s*(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[^"\s\^＾].*?|))\s*(?:[\^＾](?P<weight>[^\^＾]*))?', re.DOTALL)
_NUMBER = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)\s*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # half a character: it has no UTF-8, so no engine can be asked for it


def parse_part(text: str, *, kind: Literal["id", "text"], sign: float = 1.0) -> QueryPart:
    """The part that a text of the grammar says, its weight times `sign` (-1 for what is not wanted).

    Raises QueryError with the grammar.

    >>> parse_part("brown leather^2", kind="text", sign=-1)
    QueryPart(text='brown leather', photo=None, id='', weight=-2.0)
    """
    if len(text) > 2 * LENGTH_CAP:
        raise QueryError(f"A part of {len(text)} characters is longer than {LENGTH_CAP}.", cure=GRAMMAR)
    match = _PART.fullmatch(text)
    if match is None:
        raise QueryError(f"{text!r} is no part of a query: a quote is left open, or stands within.", cure=GRAMMAR)
    weight = match["weight"]
    if weight is not None and not _NUMBER.fullmatch(weight):
        raise QueryError(f"{text!r}: {weight.strip()!r} behind the ^ is no weight like 2 or 0.5.", cure=GRAMMAR)
    value = match["plain"] if match["quoted"] is None else match["quoted"].replace('""', '"')
    if not value.strip():
        raise QueryError(f"{text!r}: nothing stands before the weight." if match["weight"] else "A part is empty.", cure=GRAMMAR)
    figure = sign * (1.0 if weight is None else float(weight))
    part = QueryPart(id=value, weight=figure) if kind == "id" else QueryPart(text=value, weight=figure)
    return check_parts((part,))[0]


def check_parts(parts: Sequence[QueryPart]) -> tuple[QueryPart, ...]:
    """The parts as they are, in order, when there are at most PARTS_CAP and each can be answered.

    Raises QueryError for too many; for a part that is not exactly one of text, photo and id; for a weight that is 0, not finite or
    beyond ±WEIGHT_CAP; and for a text or an id that is too long, or an id that no product can have.
    """
    if len(parts) > PARTS_CAP:
        raise QueryError(f"A query has at most {PARTS_CAP} parts besides its text and photo, not {len(parts)}.")
    for part in parts:
        given = [name for name, is_given in (("text", part.text.strip()), ("photo", part.photo is not None), ("id", part.id)) if is_given]
        if len(given) != 1:
            what = f"has {' and '.join(given)}" if given else "has none"
            raise QueryError(f"A part is exactly one of text, photo and id; one {what}.", cure="Give each a part of its own.")
        if not math.isfinite(part.weight) or not 0 < abs(part.weight) <= WEIGHT_CAP:
            cure = "Below 0 leans away from the part; leave out a part that is not to count."
            raise QueryError(f"A part's weight is a number up to ±{WEIGHT_CAP:g} and not 0, not {part.weight!r}.", cure=cure)
        if len(part.text) > LENGTH_CAP or len(part.id) > LENGTH_CAP:
            raise QueryError(f"A part may have {LENGTH_CAP} characters; one has {len(part.text or part.id)}.", cure="Shorten it.")
        if _SURROGATE.search(part.id):
            raise QueryError(f"No product has the id {part.id!r}: it holds half a character.")
    return tuple(parts)
