"""A cursor: the point in time of a frozen answer, and of which query it is. Opaque to those who hand it on."""

import base64
import binascii
import hashlib
from dataclasses import replace

import orjson

from indexer.errors import CursorGone
from indexer.records import Query

FORMAT = 1
LENGTH_CAP = 16_384
"""Characters; a point's name has a few hundred for each shard."""


def written(point: str, query: Query) -> str:
    """The cursor of that query at that point."""
    return base64.urlsafe_b64encode(orjson.dumps([FORMAT, question(query), point])).decode()


def read(cursor: str, query: Query) -> str:
    """The point that the cursor names. Raises CursorGone for one that is none, or another query's."""
    told = _told(cursor)
    if told is None:
        raise CursorGone("This is no cursor of an answer.", cure="Take it from an answer as it stands, or ask without one.")
    if told[1] != question(query):
        raise CursorGone(
            "This cursor belongs to another query.", cure="Change only the page and the hits per page, or ask without a cursor."
        )
    return told[2]


def point_of(cursor: str) -> str:
    """The point that a cursor names, whichever query's it is; empty for what is no cursor."""
    told = _told(cursor)
    return told[2] if told else ""


def question(query: Query) -> str:
    """32 hex digits that name what was asked, whichever page of it."""
    asked = replace(query, page=1, per_page=1, cursor="", freeze=False, explain=False, highlight=False, session="")
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _told(cursor: str) -> tuple[int, str, str] | None:
    """Format, question and point; None for a text that is no cursor."""
    try:
        told = orjson.loads(base64.b64decode(cursor[:LENGTH_CAP].encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        return None
    if not (isinstance(told, list) and len(told) == 3 and told[0] == FORMAT and all(isinstance(one, str) for one in told[1:])):
        return None
    return FORMAT, told[1], told[2]
