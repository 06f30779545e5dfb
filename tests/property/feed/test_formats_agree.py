"""The same products, whatever a feed is written in; and of the beginning of a file, only whole rows."""

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import UnreadableFeed
from indexer.feed.read import read_feed
from indexer.feed.sources.encoding import encoding_of
from indexer.records import Event, Product, Rejected
from indexer.settings import FeedSettings

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

SETTINGS = FeedSettings()
COLUMNS = ("id", "title", "price", "stock", "colour", "gtin")
WORDS = st.text(st.sampled_from("abcXYZ 0189,;|'\"\n-éß€好红色杯&<>{}[]\\:/"), min_size=1, max_size=20).map(str.strip).filter(bool)
ROW = st.fixed_dictionaries(
    {"id": st.from_regex(r"0{0,3}[1-9][0-9]{0,5}", fullmatch=True), "title": WORDS},
    optional={
        "price": st.sampled_from(["12.99 EUR", "5", "1,299.00 USD", "nonsense", "0.99"]),
        "stock": st.sampled_from(["0", "7", "-1", "007"]),
        "colour": WORDS,
        "gtin": st.sampled_from(["4006381333931", "4006381333930", "0", "96385074"]),
    },
)
ROWS = st.lists(ROW, min_size=1, max_size=8)
Rows = list[dict[str, str]]


def as_table(rows: Rows, encoding: str, delimiter: str) -> bytes:
    buffer = io.StringIO(newline="")
    table = csv.DictWriter(buffer, COLUMNS, delimiter=delimiter, lineterminator="\r\n")
    table.writeheader()
    table.writerows(rows)
    return buffer.getvalue().encode(encoding)


def as_xml(rows: Rows) -> bytes:
    items = "".join("<item>" + "".join(f"<g:{name}>{escape(text)}</g:{name}>" for name, text in row.items()) + "</item>" for row in rows)
    return f'<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{items}</channel></rss>'.encode()


def as_parquet(rows: Rows) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in COLUMNS}), buffer)
    return buffer.getvalue()


def as_lines(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "array": lambda rows: json.dumps(rows, ensure_ascii=False).encode(),
    "pretty array": lambda rows: json.dumps(rows, indent=2).encode("utf-8-sig"),
    "wrapped": lambda rows: json.dumps({"count": len(rows), "products": rows}).encode(),
    "pretty objects": lambda rows: "\n".join(json.dumps(row, indent=1) for row in rows).encode(),
    "utf-16 json": lambda rows: json.dumps(rows, ensure_ascii=False).encode("utf-16"),
    "csv": lambda rows: as_table(rows, "utf-8", ","),
    "marked csv": lambda rows: as_table(rows, "utf-8-sig", ";"),
    "utf-16 tsv": lambda rows: as_table(rows, "utf-16", "\t"),
    "bars": lambda rows: as_table(rows, "utf-8", "|"),
    "xml": as_xml,
    "parquet": as_parquet,
    "gzip": lambda rows: gzip.compress(as_lines(rows)),
    "bzip2": lambda rows: bz2.compress(as_lines(rows)),
    "xz": lambda rows: lzma.compress(as_table(rows, "utf-8", ",")),
}


def read(content: bytes) -> list[Event | Rejected]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "feed"
        path.write_bytes(content)
        return list(read_feed(path, SETTINGS))


def said(found: list[Event | Rejected]) -> list[object]:
    return [(row.id, row.field, row.reason, row.hint) if isinstance(row, Rejected) else row for row in found]


@pytest.mark.parametrize("format_name", FORMATS)
@given(rows=ROWS)
def test_every_format_says_the_same(format_name: str, rows: Rows) -> None:
    assert said(read(FORMATS[format_name](rows))) == said(read(as_lines(rows)))


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30), max_size=20),
    st.integers(1, 50),
)
def test_clean_utf_8_is_never_read_as_anything_else(texts: list[str], size: int) -> None:
    content = "\n".join(texts).encode().removeprefix(b"\xff")
    assert encoding_of(content[at : at + size] for at in range(0, len(content), size)) == "utf-8"


@pytest.mark.parametrize("format_name", ["array", "wrapped", "xml", "gzip", "bzip2", "xz"])
@given(rows=ROWS, share=st.floats(0.05, 0.999))
def test_a_beginning_gives_only_whole_rows_and_is_never_taken_for_the_whole(format_name: str, rows: Rows, share: float) -> None:
    whole = FORMATS[format_name](rows)
    cut = whole[: max(1, int(len(whole) * share))]
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("feed.jsonl" if len(cut) < 12 else "feed")
        path.write_bytes(cut)
        found: list[Event | Rejected] = []
        ended = False
        try:
            for row in read_feed(path, SETTINGS):
                found.append(row)  # noqa: PERF402 - what came before the error is wanted
            ended = True
        except UnreadableFeed:
            pass
    known = {row.id for row in read(whole)}
    assert {row.id for row in found if isinstance(row, Product)} <= known
    assert not ended or not found or len(cut) < 12
