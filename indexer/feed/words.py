"""Values of raw rows as text: what is unfit for storage goes, and what a report may show of a value."""

import re

from indexer.errors import InvalidField
from indexer.feed.sources.lines import EXCERPT

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85]")
_HALF = re.compile("[\ud800-\udfff]")
_DIGITS = 512
_BIG = 1 << 1700  # a little under 512 digits; Python itself refuses to print more than 4300


def fit(text: str) -> str:
    """The text without control characters (tabs and line ends stay) and with halves of surrogate pairs joined or replaced; ends trimmed."""
    if text.isprintable():
        return text.strip()
    if _HALF.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _UNFIT.sub("", text).strip()


def as_text(value: object) -> str:
    """A text, or a number written as one. Raises InvalidField for anything else."""
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number_text(value)
    raise InvalidField(f"is {kind_name(value)}, not a text")


def number_text(value: float) -> str:
    """A number without exponent where it is whole: 12, 12.5. Raises InvalidField for more digits than anyone writes."""
    if isinstance(value, int) and abs(value) >= _BIG:
        raise InvalidField(f"has more than {_DIGITS} digits")
    return str(value)


def kind_name(value: object) -> str:
    """What JSON calls a value, with its article."""
    names = ((bool, "a truth value"), (str, "a text"), (int | float, "a number"), (list | tuple, "a list"), (dict, "an object"))
    return next((name for kind, name in names if isinstance(value, kind)), "null" if value is None else "of an unknown kind")


def excerpt(value: object) -> str:
    """The first 80 characters of a value, safe to print and to write as UTF-8; lists and objects only by their size."""
    if isinstance(value, str):
        return fit(value[: 2 * EXCERPT])[:EXCERPT]
    if isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _BIG):
        return str(value)[:EXCERPT]
    if isinstance(value, list | tuple | dict):
        return f"({kind_name(value).split()[1]} of {len(value)})"
    return "" if value is None else f"({kind_name(value)})"
