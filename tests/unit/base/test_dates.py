"""Moments as texts and back."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.dates import DAY, MILLISECOND, as_text, microseconds, span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEAST, MOST = (-62_135_596_800_000_000, 253_402_300_799_999_999)
moments = st.integers(LEAST, MOST)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("1970-01-01", 0),
        (" 1970-01-02 ", DAY),
        ("19700102", DAY),
        ("1970-01-01T00:00:01Z", 1_000_000),
        ("1970-01-01 00:00:01", 1_000_000),
        ("1970-01-01T01:00:00+0100", 0),
        ("1969-12-31T19:00:00-05:00", 0),
        ("1970-01-01T00:00:00.000007", 7),
        ("0001-01-01", LEAST),
    ],
)
def test_a_text_names_a_moment_in_utc(text: str, moment: int) -> None:
    assert microseconds(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "2025", "2025-13-01", "31.01.2025", "1700000000", "2025-01-31T25:00", "10000-01-01"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        microseconds(text)


def test_a_time_whose_zone_takes_it_out_of_the_calendar_still_counts() -> None:
    assert microseconds("0001-01-01T00:00+01:00") == LEAST - 3600 * 1_000_000
    assert as_text(LEAST - 1) == "0001-01-01T00:00:00.000Z"
    assert as_text(MOST + 1) == "9999-12-31T23:59:59.999Z"


def test_a_day_alone_is_all_of_it_and_a_time_its_millisecond() -> None:
    assert span("1970-01-02") == (DAY, 2 * DAY - 1)
    assert span("1970-01-01T00:00:00.0015") == (MILLISECOND, 2 * MILLISECOND - 1)


@given(moments)
def test_a_moment_comes_back_from_its_text_to_the_millisecond(moment: int) -> None:
    assert microseconds(as_text(moment)) == moment - moment % MILLISECOND


@given(moments, moments)
def test_texts_sort_as_moments_do(one: int, other: int) -> None:
    first, second = sorted((one, other))
    assert as_text(first) <= as_text(second)
    assert len(as_text(first)) == len(as_text(second))


@given(moments)
def test_the_calendar_agrees(moment: int) -> None:
    told = EPOCH + timedelta(microseconds=moment)
    assert microseconds(told.isoformat()) == moment
    first, last = span(told.date().isoformat())
    assert first <= moment <= last
