"""A cursor: a frozen answer's point in time, the moment for which it holds, and of which query it is. Opaque to those who hand it on."""

import base64
import binascii
import hashlib
from dataclasses import replace

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
    try:
        told = orjson.loads(base64.b64decode(cursor[:LENGTH_CAP].encode("ascii"), altchars=b"-_", validate=True))
    except (binascii.Error, UnicodeEncodeError, ValueError):
        told = None
    if not (isinstance(told, list) and [type(one) for one in told] == [int, str, str, int] and told[0] == FORMAT):
        raise CursorGone("This is no cursor of an answer.", cure="Take it from an answer as it stands, or ask without one.")
    if told[1] != question(query):
        raise CursorGone(
            "This cursor belongs to another query.", cure="Change only the page and the hits per page, or ask without a cursor."
        )
    _, _, point, moment = told
    return point, moment


def question(query: Query) -> str:
    """32 hex digits that name what was asked, whichever page of it."""
    asked = replace(query, page=1, per_page=1, cursor="", freeze=False, explain=False, highlight=False)
    return hashlib.sha256(repr(asked).encode("utf-8", "surrogatepass")).hexdigest()[:32]
