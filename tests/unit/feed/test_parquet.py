"""Parquet: values as JSON would have them, batches, and files without an end."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from indexer.errors import UnreadableFeed
from indexer.feed.read import read_feed
from indexer.feed.sources.opening import estimated_lines, recognise, source_rows
from indexer.feed.sources.parquet import BATCH
from indexer.feed.sources.rows import RawRow
from indexer.records import Money, Product
from indexer.settings import FeedSettings

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def write(path: Path, columns: dict[str, object], **types: object) -> Path:
    arrays = {name: pa.array(values, type=types.get(name)) for name, values in columns.items()}
    pq.write_table(pa.table(arrays), path)
    return path


def raw(path: Path) -> list[dict[str, object]]:
    with source_rows(recognise(path), name="f") as rows:
        return [dict(row.fields) for row in rows if isinstance(row, RawRow)]


def test_values_are_what_json_would_say(tmp_path: Path) -> None:
    noon = dt.datetime(2025, 1, 31, 12, tzinfo=dt.UTC)
    path = write(
        tmp_path / "a.parquet",
        {
            "id": ["007", "8"],
            "short": [12.99, None],
            "price": [0.1, float("nan")],
            "exact": [Decimal("12.90"), None],
            "when": [noon, None],
            "day": [dt.date(2025, 1, 31), None],
            "raw": [b"caf\xc3\xa9", b"\xff"],
            "tags": [["a", None], []],
            "size": [{"w": 1.5, "h": float("nan")}, None],
            "map": [[("k", 1)], None],
            "flag": [True, None],
        },
        short=pa.float32(),
        map=pa.map_(pa.string(), pa.int64()),
    )
    first, second = raw(path)
    assert first == {
        "id": "007",
        "short": 12.99,
        "price": 0.1,
        "exact": "12.90",
        "when": "2025-01-31T12:00:00+00:00",
        "day": "2025-01-31",
        "raw": "café",
        "tags": ["a", None],
        "size": {"w": 1.5, "h": None},
        "map": {"k": 1},
        "flag": True,
    }
    assert second == dict.fromkeys(first) | {"id": "8", "raw": "\ufffd", "tags": []}


def test_rows_come_in_batches_with_their_places(tmp_path: Path) -> None:
    path = write(
        tmp_path / "a.pq",
        {"id": [f"{n:05d}" for n in range(2 * BATCH + 5)], "title": ["Mug"] * (2 * BATCH + 5), "price": [5] * (2 * BATCH + 5)},
    )
    found = list(read_feed(path, FeedSettings()))
    assert [row.id for row in found if isinstance(row, Product)] == [f"{n:05d}" for n in range(2 * BATCH + 5)]
    assert isinstance(found[-1], Product)
    assert found[-1].price == Money(500, "USD")
    assert estimated_lines(recognise(path)) == 2 * BATCH + 5


def test_the_content_says_that_it_is_parquet_whatever_the_name(tmp_path: Path) -> None:
    assert recognise(write(tmp_path / "feed.csv", {"id": ["1"]})).format == "parquet"
    (tmp_path / "a.parquet").write_text("id,title\n", encoding="utf-8")
    with pytest.raises(UnreadableFeed, match="is no Parquet, whatever its name says"):
        recognise(tmp_path / "a.parquet")


def test_without_its_footer_no_row_can_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", {"id": ["1"] * 1000})
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFeed, match="broken or cut short behind row 0"):
        list(read_feed(path, FeedSettings()))
    assert estimated_lines(recognise(path)) == 0


def test_a_table_without_an_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFeed, match="no column for the id"):
        list(read_feed(write(tmp_path / "a.parquet", {"colour": ["red"]}), FeedSettings()))
