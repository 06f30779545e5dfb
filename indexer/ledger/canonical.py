"""JSON whose bytes are the same for the same value, release after release, since digests are taken of them.

The bytes are those of Python's own `json`: compact, keys sorted, in ASCII (so that a NUL or half a surrogate pair, which
PostgreSQL refuses, is stored too). Where orjson gives the same bytes it does the work, six times faster.
"""

import codecs
import hashlib
import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

import orjson

_SLOW = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
_ESCAPED = "fusedex_json"
_HUGE = re.compile(r"[0-9]{19}")


def _escape(error: UnicodeError) -> tuple[str, int]:
    """A run of characters outside ASCII, as JSON writes them in ASCII: four hexadecimal digits each, in pairs above U+FFFF."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return encode_basestring_ascii(error.object[error.start : error.end])[1:-1], error.end


codecs.register_error(_ESCAPED, _escape)


def canonical(value: Mapping[str, object], *, fast: bool = False) -> str:
    """Compact JSON with sorted keys, in ASCII.

    `fast` is allowed where all floats in the value are plain (`float_is_plain`), and changes no byte. Raises ValueError
    for a number that is not finite.
    """
    if fast:
        try:
            text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        except TypeError:  # half a surrogate pair, a number of more than 64 bits
            return _SLOW.encode(value)
        if text.isascii() and b"\x7f" not in text:
            return text.decode("ascii")
        return text.decode().encode("ascii", _ESCAPED).decode("ascii").replace("\x7f", "\\u007f")
    return _SLOW.encode(value)


def float_is_plain(number: float) -> bool:
    """Whether all writers of shortest decimals write it alike: finite, and of a size that needs no exponent.

    >>> float_is_plain(12.5), float_is_plain(1e16), float_is_plain(1e-5), float_is_plain(float("nan"))
    (True, False, False, False)
    """
    return number == 0 or 1e-4 <= abs(number) < 1e16


def loaded(text: str) -> Any:
    """What a canonical text says. Whole numbers of more than 64 bits come back as floats: for texts that hold none."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # half a surrogate pair
        return json.loads(text)


def loaded_whole(text: str) -> Any:
    """What a short canonical text says, its whole numbers exact whatever their size: beyond 64 bits they have 19 digits or more."""
    return json.loads(text) if _HUGE.search(text) else loaded(text)


def digest_of(text: str) -> str:
    """First 32 hex digits (128 bits) of the text's sha-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
