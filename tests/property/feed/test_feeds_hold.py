"""Whatever a feed holds: no exception, line numbers that fit, and rows that say what was written."""

import csv
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.errors import InvalidField, UnreadableFeed
from indexer.feed.names import NAMES
from indexer.feed.prices import LARGEST, parse_price
from indexer.feed.read import read_feed, read_rows
from indexer.feed.sources.csv import csv_rows
from indexer.feed.sources.jsonl import json_rows
from indexer.feed.sources.lines import physical_lines
from indexer.feed.sources.rows import RawRow
from indexer.feed.words import fit
from indexer.money import EXPONENTS, exponent, major_units, shown
from indexer.records import Delete, Event, Money, Offer, Product, Rejected
from indexer.settings import FeedSettings

SETTINGS = FeedSettings()
MONEY = st.builds(Money, st.integers(0, LARGEST), st.sampled_from(sorted(EXPONENTS)))
# Texts with lone surrogates and control characters too: JSON can say them.
TEXTS = st.text(st.characters(), max_size=30)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.sampled_from(["12.99 EUR", "1.299", "a.png", "2025-01-31", "yes", "a > b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
COLUMNS = st.sampled_from([name for names in NAMES.values() for name in names] + ["attr_n_x", "attr_t_y", "attr_b_z"]) | TEXTS
FRAGMENTS = st.sampled_from(
    [
        b'"',
        b",",
        b"\n",
        b"\r\n",
        b"id",
        b"title",
        b'{"id": 1, "title": "x"}',
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b";",
        b"[",
        b"}",
        b"<",
        b"<item>",
        b"</item>",
        b"PAR1",
        b"\xff\xfe",
        b'"products": [',
        b"BZh9",
        b"PK\x03\x04",
    ]
)


def whole(row: Event | Rejected) -> None:
    """Hold a row to what every later step relies on."""
    if isinstance(row, Rejected):
        assert row.reason
        assert row.line >= 1
        assert len(row.value) <= 80
        json.dumps([row.field, row.reason, row.value], ensure_ascii=False).encode()
        return
    assert 1 <= len(row.id.encode()) <= 512
    assert row.version is None or 0 <= row.version < 2**63
    if isinstance(row, Product):
        assert 1 <= len(row.title) <= 1000
        assert len(row.attributes) <= SETTINGS.attribute_cap
        assert all(photo.is_remote or photo.source.startswith("/") for photo in row.photos)
        told = json.dumps([row.title, row.description, row.brand, row.category, dict(row.attributes)], ensure_ascii=False, allow_nan=False)
        assert "\0" not in told
        told.encode()
    if isinstance(row, Product | Offer) and row.price is not None:
        assert 0 <= row.price.minor <= LARGEST
        assert row.price.currency in EXPONENTS
    if isinstance(row, Product | Offer) and row.stock is not None:
        assert row.stock >= 0


@given(st.dictionaries(COLUMNS, JSON, max_size=12), st.booleans())
@example({"id": 1e308, "title": float("inf")}, True)
@example({"id": "1", "title": "x", "stock": 1e308, "version": "9999-12-31T23:59:59-23:59", "popularity": 10**400}, True)
@example({"id": "1", "attr_n_x": "1_0", "attributes": '{"a": 1e999}'}, True)
def test_any_object_becomes_an_event_or_a_rejected_row(row: dict[str, object], named: bool) -> None:
    full = {"id": "1", "title": "Mug"} | row if named else row
    found = list(read_rows([full], origin="rows", settings=SETTINGS))
    assert len(found) == 1
    whole(found[0])


@given(
    st.lists(st.binary(max_size=20) | FRAGMENTS, max_size=40).map(b"".join),
    st.sampled_from([".jsonl", ".csv", ".tsv", "", ".jsonl.gz", ".json", ".xml", ".parquet", ".zip"]),
)
def test_any_bytes_as_a_feed_raise_nothing_but_unreadable_feed(content: bytes, suffix: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"feed{suffix}"
        path.write_bytes(content)
        try:
            found = list(read_feed(path, SETTINGS))
        except UnreadableFeed:
            return
    lines = content.count(b"\n") + 1
    for row in found:
        whole(row)
        assert not isinstance(row, Rejected) or row.line <= lines


@given(st.lists(st.sampled_from(["good", "blank", "broken"]), max_size=30), st.sampled_from(["\n", "\r\n"]))
def test_json_line_numbers_are_those_of_the_file(kinds: list[str], end: str) -> None:
    text = "".join({"good": '{"id": 1}', "blank": "", "broken": "{"}[kind] + end for kind in kinds)
    found = list(json_rows(physical_lines(io.BytesIO(text.encode())), file="f"))
    assert [(row.line, isinstance(row, RawRow)) for row in found] == [
        (n, kind == "good") for n, kind in enumerate(kinds, 1) if kind != "blank"
    ]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_a_table_round_trips_with_the_line_on_which_each_record_begins(records: list[tuple[str, str, str]], quoting: int) -> None:
    wanted = [record for record in records if any(record) and not (quoting == csv.QUOTE_MINIMAL and ",".join(record).isspace())]
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL if quoting == csv.QUOTE_ALL else csv.QUOTE_MINIMAL)
    table.writerow(["id", "title", "brand"])
    begins: list[int] = []
    for record in wanted:
        begins.append(buffer.getvalue().count("\n") + 1)
        table.writerow(record)
    found = list(csv_rows(physical_lines(io.BytesIO(buffer.getvalue().encode())), file="f"))
    assert found == [
        RawRow("f", line, dict(zip(("id", "title", "brand"), record, strict=True))) for line, record in zip(begins, wanted, strict=True)
    ]


@given(st.lists(st.sampled_from(["1,a", '2,"b"', '3,"c', "4,d,e", "5", '"6,""x""",y', '7,h"h', '"8,', "\ud800"]), max_size=30))
def test_broken_records_never_take_good_ones_without_quotes_with_them(lines: list[str]) -> None:
    content = b"id,title\n" + b"".join(line.encode(errors="surrogateescape" if line < "\ud800" else "replace") + b"\n" for line in lines)
    found = list(csv_rows(physical_lines(io.BytesIO(content)), file="f"))
    begins = [row.line for row in found]
    assert begins == sorted(set(begins))
    read = {row.line for row in found if isinstance(row, RawRow)}
    spanned = _spans(found)
    for number, line in enumerate(lines, 2):
        assert line != "1,a" or number in read or number in spanned


def _spans(found: list[RawRow | Rejected]) -> set[int]:
    """Lines inside a good record that holds line ends: they were quoted, rightly."""
    return {
        row.line + offset
        for row in found
        if isinstance(row, RawRow)
        for offset in range(1, 1 + sum(str(value).count("\n") for value in row.fields.values()))
    }


@given(MONEY)
def test_a_shown_price_is_read_again(money: Money) -> None:
    assert parse_price(shown(money)) == money
    assert parse_price(shown(money), currency=money.currency) == money
    number, code = shown(money).split()
    assert parse_price(f"{code} {number}") == money
    assert parse_price({"minor": money.minor, "currency": money.currency}) == money
    assert major_units(money).scaleb(exponent(money.currency)) == Decimal(money.minor)


@given(
    MONEY.filter(lambda money: exponent(money.currency) == 2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("'", "."), ("\u00a0", ",")]),
)
def test_a_grouped_price_is_read_in_every_usual_way(money: Money, marks: tuple[str, str]) -> None:
    group, point = marks
    written = f"{major_units(money):,.2f}".replace(",", "\1").replace(".", point).replace("\1", group)
    assert parse_price(f"{written} {money.currency}") == money


@given(st.floats(0, 1e9, allow_nan=False).map(lambda value: round(value, 2)))
def test_a_json_number_is_the_price_that_it_prints(value: float) -> None:
    assert parse_price(value, default="EUR").minor == int((Decimal(repr(value)) * 100).to_integral_value())


@given(st.text(st.sampled_from("0123456789.,' -+$€¥EURJPYkr()"), max_size=14) | TEXTS | JSON)
def test_no_price_is_negative_unbounded_or_an_exception(written: object) -> None:
    try:
        money = parse_price(written, default="EUR")
    except InvalidField:
        return
    assert 0 <= money.minor <= LARGEST
    assert money.currency in EXPONENTS


@given(TEXTS)
def test_fitting_a_text_twice_changes_nothing_more(text: str) -> None:
    once = fit(text)
    assert fit(once) == once
    once.encode()
    if text.isalnum():
        assert once == text


def test_rows_are_read_lazily() -> None:
    asked: list[int] = []

    def endless() -> Iterator[dict[str, object]]:
        number = 0
        while True:
            asked.append(number)
            yield {"id": number, "deleted": True}
            number += 1

    feed = read_rows(endless(), origin="rows", settings=SETTINGS)
    assert [next(feed) for _ in range(3)] == [Delete(id="0"), Delete(id="1"), Delete(id="2")]
    assert asked == [0, 1, 2]


@pytest.mark.parametrize("lines", [1, 2, 999, 1000, 1001])
def test_records_of_many_lines_up_to_the_cap(lines: int) -> None:
    content = b'id,title\n1,"' + b"\n" * lines + b'"\n2,b\n'
    found = list(csv_rows(physical_lines(io.BytesIO(content)), file="f"))
    assert isinstance(found[0], RawRow) == (lines <= 1000)
    assert found[-1] == RawRow("f", lines + 3, {"id": "2", "title": "b"})
