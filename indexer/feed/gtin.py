"""Trade item numbers (GTIN-8, 12, 13, 14; ISBN-10), checked by their check digit."""

import re
from typing import NamedTuple

from indexer.feed.words import excerpt

VALUES_CAP = 100
"""Numbers of one product that are looked at."""

_LENGTHS = (8, 12, 13, 14)
_ISBN = re.compile(r"\d{9}[\dX]", re.ASCII)
_DIGITS = re.compile(r"\d{8,14}", re.ASCII)
_SEPARATOR = re.compile(r"[,;|/\n]+")
_IDLE = str.maketrans("", "", " -'\u00a0\u2010\u2011\u2013\t")


class Gtins(NamedTuple):
    """The numbers of a value that check, in order, each once; and the first that does not, as it was written."""

    valid: tuple[str, ...]
    unchecked: str


def read_gtins(value: object, *, isbn: bool = False) -> Gtins:
    """The numbers that a text (one, or several with commas, semicolons or bars), a whole number or a list says.

    Placeholders of zeros only are neither. Never raises.
    """
    valid: dict[str, None] = {}
    unchecked = ""
    for written in _written(value)[:VALUES_CAP]:
        code = checked_gtin(written, isbn=isbn)
        if code:
            valid[code] = None
        elif written.strip("0 -") and not unchecked:
            unchecked = excerpt(written)
    return Gtins(tuple(valid), unchecked)


def checked_gtin(written: str, *, isbn: bool = False) -> str:
    """The number in digits, or "" where its length or check digit is wrong.

    Spaces and hyphens do not count. Nine to eleven digits that check are a GTIN-12 that a spreadsheet took the leading zeros from.
    An ISBN-10 becomes its ISBN-13 where the column says that it is one (`isbn`) or its check digit is an X.
    The check digit: GS1 General Specifications, 7.9; weights 3 and 1 in turn from the right.

    >>> checked_gtin("4 006381-333931"), checked_gtin("4006381333930"), checked_gtin("0-8044-2957-X")
    ('4006381333931', '', '9780804429573')
    """
    code = written if written.isdigit() else written.strip().removesuffix(".0").translate(_IDLE).upper()
    if (isbn or code.endswith("X")) and _ISBN.fullmatch(code):
        return _from_isbn(code)
    if not _DIGITS.fullmatch(code) or not code.strip("0"):
        return ""
    if len(code) not in _LENGTHS:
        code = code.zfill(12)
    return code if _check_digit(code[:-1]) == code[-1] else ""


def _check_digit(digits: str) -> str:
    total = 3 * sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2]))
    return str(-total % 10)


def _from_isbn(code: str) -> str:
    total = sum((10 - place) * (10 if digit == "X" else int(digit)) for place, digit in enumerate(code))
    digits = "978" + code[:-1]
    return digits + _check_digit(digits) if total % 11 == 0 else ""


def _written(value: object) -> list[str]:
    if isinstance(value, str):
        if value.isdigit():
            return [value]
        return [piece for piece in _SEPARATOR.split(value) if piece.strip()]
    if isinstance(value, bool):
        return [str(value)]
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        return [str(int(value)) if whole and abs(value) < 10**15 else excerpt(value)]
    if isinstance(value, list | tuple):
        return [piece for member in value[:VALUES_CAP] if isinstance(member, str | int | float) for piece in _written(member)]
    return [excerpt(value)]
