"""A cursor: a frozen answer's point in time, the moment for which it holds, and of which query it is. Opaque to those who hand it on."""

import base64
import binascii
import hashlib
from dataclasses import replace
from typing import NamedTuple

import orjson

from indexer.errors import CursorGone
from indexer.records import Query

FORMAT = 2
LENGTH_CAP = 16_384
"""Characters; a point's name has a few hundred for each shard."""


def written(point: str, query: Query, *, moment: int) -> str:
    """The cursor of that query at that point; `moment` (microseconds since 1970) is when prices and ages hold."""
    return base64.urlsafe_b64encode(orjson.dumps([FORMAT, question(query), point, moment])).decode()


def read(cursor: str, query: Query) -> tuple[str, int]:
    """The point and the moment that the cursor names. Raises CursorGone for one that is none, or another query's."""
    told = _told(cursor)
    if told is None:
        raise CursorGone("This is no cursor of an answer.", cure="Take it from an answer as it stands, or ask without one.")
    if told.question != question(query):
        raise CursorGone(
            "This cursor belongs to another query.", cure="Change only the page and the hits per page, or ask without a cursor."
        )
    return told.point, told.moment


def point_of(cursor: str) -> str:
    """The point that a cursor names, whichever query's it is; empty for what is no cursor."""
    told = _told(cursor)
    return told.point if told else ""


def question(query: Query) -> str:
    """32 hex digits that name what was asked, whichever page of it."""
    asked = replace(query, page=1, per_page=1, cursor="", freeze=False, explain=False, highlight=False, session="")
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class _Told(NamedTuple):
    """What a cursor says: the query by its digest, the point, the moment."""

    question: str
    point: str
    moment: int


def _told(cursor: str) -> _Told | None:
    """What the text says; None for one that is no cursor."""
    try:
        told = orjson.loads(base64.b64decode(cursor[:LENGTH_CAP].encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if not (isinstance(told, list) and [type(one) for one in told] == [int, str, str, int] and told[0] == FORMAT):
        return None
    return _Told(*told[1:])
