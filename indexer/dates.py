"""Moments as texts and back: microseconds since 1970, times of ISO 8601, and days from midnight to midnight, all in UTC."""

from datetime import UTC, datetime, timedelta

DAY = 86_400_000_000
"""Microseconds."""

MILLISECOND = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_DAY_LETTERS = len("2025-01-31")


def microseconds(text: str) -> int:
    """The moment that a text names; a time without a zone is UTC, a day alone its begin. Raises ValueError for what is no time.

    >>> microseconds("1970-01-02"), microseconds("1970-01-01T01:00:00+01:00")
    (86400000000, 0)
    """
    moment = datetime.fromisoformat(text.strip())
    try:
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)
    except OverflowError as error:
        raise ValueError(f"{text!r} lies outside the years 1 to 9999.") from error


def span(text: str) -> tuple[int, int]:
    """The first and the last microsecond that a text means: a whole day, or a millisecond of a time. Raises ValueError.

    >>> span("1970-01-01")
    (0, 86399999999)
    """
    first = microseconds(text)
    if len(text.strip()) <= _DAY_LETTERS:
        return first, first + DAY - 1
    first -= first % MILLISECOND
    return first, first + MILLISECOND - 1


def as_text(moment: int) -> str:
    """The moment to its millisecond, always as long, so that texts sort as moments do; beyond the years 1 to 9999 the first or last.

    >>> as_text(1_500), as_text(10**20)
    ('1970-01-01T00:00:00.001Z', '9999-12-31T23:59:59.999Z')
    """
    try:
        told = _EPOCH + timedelta(microseconds=moment)
    except OverflowError:
        told = _FIRST if moment < 0 else _LAST
    return told.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
