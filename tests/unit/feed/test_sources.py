"""Files to raw rows: formats, line numbers, and what each broken line is called."""

import gzip
import io
import json
from pathlib import Path

import pytest

from indexer.errors import UnreadableFeed
from indexer.feed.sources import csv as csv_source
from indexer.feed.sources.csv import RECORD_LINES, csv_rows, delimiter_in, delimiter_of
from indexer.feed.sources.jsonl import json_rows
from indexer.feed.sources.lines import LINE_CAP, Line, physical_lines
from indexer.feed.sources.opening import estimated_lines, opened, recognise, source_rows
from indexer.feed.sources.rows import RawRow
from indexer.records import Rejected


def from_json(text: bytes) -> list[RawRow | Rejected]:
    return list(json_rows(physical_lines(io.BytesIO(text)), file="f"))


def from_csv(text: bytes) -> list[RawRow | Rejected]:
    return list(csv_rows(physical_lines(io.BytesIO(text)), file="f"))


def told(rows: list[RawRow | Rejected]) -> list[tuple[int, object]]:
    return [(row.line, row.reason if isinstance(row, Rejected) else dict(row.fields)) for row in rows]


def test_json_lines_with_a_mark_crlf_and_blank_lines() -> None:
    assert told(from_json(b'\xef\xbb\xbf{"id": "1"}\r\n\r\n  \n{"id": 2}\n{"id": "3"}')) == [
        (1, {"id": "1"}),
        (4, {"id": 2}),
        (5, {"id": "3"}),
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"nonsense", "is no JSON: Expecting value (character 1)"),
        (b'{"id": 1,}', "is no JSON"),
        (b"[1]", "is a list, not a JSON object"),
        (b"null", "is null, not a JSON object"),
        (b"12", "is a number"),
        (b'{"price": NaN}', "NaN is no JSON value"),
        (b'{"price": -Infinity}', "Infinity is no JSON value"),
        (b'{"n": ' + b"1" * 5000 + b"}", "is no JSON"),
        (b'{"n": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
        (b'{"t": "\xff"}', "is not UTF-8 (byte 0xff at position 8)"),
        (b'{"t": "\0"}', "holds a NUL byte"),
        (b'{"t": "' + b"x" * LINE_CAP + b'"}', "is longer than 1,000,000 bytes"),
    ],
)
def test_a_broken_json_line_is_one_rejected_row_and_reading_goes_on(line: bytes, why: str) -> None:
    before, broken, after = from_json(b'{"id": 1}\n' + line + b'\n{"id": 3}\n')
    assert isinstance(broken, Rejected)
    assert why in broken.reason
    assert (broken.file, broken.line, broken.field) == ("f", 2, "")
    assert len(broken.value) <= 80
    assert [row.line for row in (before, after) if isinstance(row, RawRow)] == [1, 3]


def test_lines_just_at_the_cap_are_read() -> None:
    text = b'{"t": "' + b"x" * (LINE_CAP - 10) + b'"}\n'
    assert len(text) == LINE_CAP
    assert isinstance(from_json(text)[0], RawRow)


def test_csv_values_are_text_and_keep_leading_zeros() -> None:
    assert told(from_csv(b"id,stock\n007,010\n")) == [(2, {"id": "007", "stock": "010"})]


def test_csv_quotes_hold_delimiters_quotes_and_line_ends() -> None:
    rows = from_csv(b'id,title\r\n1,"a ""b"", c\r\nd"\r\n2,17" monitor\r\n')
    assert told(rows) == [(2, {"id": "1", "title": 'a "b", c\nd'}), (4, {"id": "2", "title": '17" monitor'})]


def test_a_quote_that_is_never_closed_costs_one_line() -> None:
    rows = from_csv(b'id,title\n1,"open\n2,b\n3,c\n')
    assert told(rows) == [
        (2, "is no CSV record: it opens a quote that is never closed"),
        (3, {"id": "2", "title": "b"}),
        (4, {"id": "3", "title": "c"}),
    ]


def test_a_stray_quote_that_another_line_closes_costs_one_line() -> None:
    rows = from_csv(b'id,title,x\n1,"open,1\n2,"shut",2\n3,c,3\n')
    assert [(row.line, isinstance(row, Rejected)) for row in rows] == [(2, True), (3, False), (4, False)]


def test_a_file_of_lines_that_all_open_a_quote_is_not_read_a_thousand_times_over(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = 0

    class Counting(csv_source._Lines):
        def __next__(self) -> Line:
            nonlocal reads
            reads += 1
            return super().__next__()

    monkeypatch.setattr(csv_source, "_Lines", Counting)
    # Each line leaves a quote open, and leaves it open too when it stands inside one.
    rows = from_csv(b"id,title\n" + b'x",",y\n' * 5000 + b"1,a\n")
    assert reads < 20 * 5000
    assert [row.line for row in rows] == list(range(2, 5003))
    assert isinstance(rows[-1], RawRow)


def test_a_quote_is_given_up_after_so_many_lines() -> None:
    rows = from_csv(b'id,title\n1,"open\n' + b"2,b\n" * (RECORD_LINES + 5) + b'9,"z"\n')
    assert isinstance(rows[0], Rejected)
    assert [row.line for row in rows] == list(range(2, RECORD_LINES + 9))
    assert sum(isinstance(row, Rejected) for row in rows) == 1


@pytest.mark.parametrize(
    ("line", "why"), [(b"1", "has 1 column, the header has 2"), (b"1,2,3", "has 3 columns"), (b'1,"a"b', "after a closing quote")]
)
def test_a_record_that_does_not_fit_the_header(line: bytes, why: str) -> None:
    rows = from_csv(b"id,title\n" + line + b"\n2,b\n")
    assert isinstance(rows[0], Rejected)
    assert why in rows[0].reason
    assert rows[1] == RawRow("f", 3, {"id": "2", "title": "b"})


def test_trailing_empty_cells_and_empty_records_are_passed_over() -> None:
    assert told(from_csv(b"id,title\n1,a,,\n,\n\n2,b\n")) == [(2, {"id": "1", "title": "a"}), (5, {"id": "2", "title": "b"})]


def test_a_header_with_a_name_twice_or_without_a_name() -> None:
    assert told(from_csv(b"id,title,title,\n1,a,b,c\n")) == [
        (1, "names the column 'title' twice; the second one (column 3) is left out"),
        (1, "gives column 4 no name; its values are left out"),
        (2, {"id": "1", "title": "a"}),
    ]


def test_bad_bytes_inside_a_quoted_field_end_the_record_there() -> None:
    rows = from_csv(b'id,title\n1,"a\n\xff"\n2,b\n')
    assert [(row.line, isinstance(row, Rejected)) for row in rows] == [(2, True), (3, True), (4, False)]


@pytest.mark.parametrize(
    ("header", "delimiter"), [("id;title", ";"), ("id\ttitle", "\t"), ("id|title", "|"), ("id", ","), ('"a;b;c",d', ",")]
)
def test_the_delimiter_is_found_in_the_header(header: str, delimiter: str) -> None:
    assert delimiter_of(header) == delimiter


def test_excels_line_that_names_the_delimiter_is_passed_over() -> None:
    assert told(from_csv(b"sep=;\nid;title\n1;a\n")) == [(3, {"id": "1", "title": "a"})]


@pytest.mark.parametrize("text", [b"", b"\n\n", b"id,title\n"])
def test_an_empty_table_has_no_rows(text: bytes) -> None:
    assert from_csv(text) == []


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.jsonl", b"x", "jsonl"),
        ("a.NDJSON", b"", "jsonl"),
        ("a.json", b'{"id": 1}', "jsonl"),
        ("a.csv", b'{"id": 1}', "jsonl"),
        ("a.json", b'[{"id": 1}]', "json"),
        ("feed", b"[]", "json"),
        ("a.csv", "id,title\n".encode("utf-16"), "csv"),
        ("a.xml", b"<rss/>", "xml"),
        ("feed", b"\n <?xml version='1.0'?><feed/>", "xml"),
        ("a.jsonl", b'[\n{"id": 1}\n]', "json"),
        ("a.tsv", b"", "csv"),
        ("a.jsonl.gz", gzip.compress(b"x"), "jsonl"),
        ("a.csv.gz", gzip.compress(b"x"), "csv"),
        ("a.csv", gzip.compress(b"id,title"), "csv"),
        ("feed", b' \n{"id": 1}', "jsonl"),
        ("feed.txt", b"id;title\n", "csv"),
        ("feed", b"", "jsonl"),
        ("feed.v2", b"\xef\xbb\xbfid,title", "csv"),
    ],
)
def test_the_format_by_name_else_by_content(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    (tmp_path / name).write_bytes(content)
    source = recognise(tmp_path / name)
    assert (source.format, source.packed) == (kind, content[:2] == b"\x1f\x8b")
    with opened(source) as stream:
        assert stream.read() == (gzip.decompress(content) if source.packed else content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.csv", b"PK\x03\x04rest", "zip archive that is broken"),
        ("a.csv", b"\xd0\xcf\x11\xe0rest", "Excel"),
        ("a.csv", gzip.compress(gzip.compress(b"id,title")), "packed twice"),
        ("a.csv", b"<!DOCTYPE html><html>404</html>", "HTML page"),
        ("a.xml", b"id,title", "no XML"),
        ("a.csv", b"\x28\xb5\x2f\xfd", "zstd"),
        ("a.jsonl", b"\x89PNG\r\n", "picture"),
        ("a.jsonl", bytes(range(32)) * 8, "binary"),
        ("feed", b"[1]", "format that is not known"),
        ("feed.txt", b"hello\n", "format that is not known"),
        ("a.jsonl.gz", b"\x1f\x8bbroken", "gzip"),
    ],
)
def test_what_is_no_feed_is_refused_with_a_cure(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFeed, match=why) as refused:
        recognise(tmp_path / name)
    assert refused.value.cure


def test_missing_files_folders_and_odd_names_are_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, why in (
        (tmp_path / "none.csv", "does not exist"),
        (tmp_path, "folder"),
        (tmp_path / "loop", "can't be read"),
        (Path("a\0b"), "can't"),
    ):
        with pytest.raises(UnreadableFeed, match=why) as refused:
            recognise(path)
        assert refused.value.cure


def test_an_archive_that_breaks_off_gives_what_it_had(tmp_path: Path) -> None:
    lines = b"".join(json.dumps({"id": number, "x": number * 2654435761 % 2**32}).encode() + b"\n" for number in range(20_000))
    packed = gzip.compress(lines)
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    rows: list[RawRow | Rejected] = []
    with source_rows(recognise(tmp_path / "cut.jsonl.gz"), name="f") as found:  # noqa: SIM117 - only the reading may raise
        with pytest.raises(UnreadableFeed, match="can't be read from here on"):
            rows.extend(found)
    assert len(rows) > 1000
    assert [row.line for row in rows if isinstance(row, RawRow)] == list(range(1, len(rows) + 1))


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (b'{"id": 1}\n{"id": 2, "t', True),
        (b'{"id": 1}\n{"id": 2', True),
        (b'{"id": 1}\n{"id": 2}', False),
        (b'{"id": 1}\nnonsense', False),
        (b'{"id": 1}\n{"id": 2, "t\n', False),
    ],
)
def test_json_lines_that_end_in_the_middle_of_a_row_are_cut(text: bytes, cut: bool) -> None:
    rows = json_rows(physical_lines(io.BytesIO(text)), file="f")
    assert isinstance(next(rows), RawRow)
    second = next(rows)
    if isinstance(second, Rejected) and b"id" in text[10:]:
        assert second.id == "2"
    with pytest.raises(UnreadableFeed if cut else StopIteration):
        next(rows)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (b"id,title,x\n1,a,b\n2,c", True),
        (b'id,title,x\n1,a,b\n2,c,"d', True),
        (b"id,title,x\n1,a,b\n2,c,d", False),
        (b"id,title,x\n1,a,b\n2,c\n", False),
        (b"id,title,x\n1,a,b\n2,c,d,e", False),
    ],
)
def test_a_table_that_ends_in_the_middle_of_a_row_is_cut(text: bytes, cut: bool) -> None:
    rows = csv_rows(physical_lines(io.BytesIO(text)), file="f")
    assert isinstance(next(rows), RawRow)
    second = next(rows)
    assert second.id == "2" if isinstance(second, Rejected) else second.fields["id"] == "2"
    with pytest.raises(UnreadableFeed if cut else StopIteration):
        next(rows)


def test_empty_cells_of_spare_columns_may_be_missing_but_one_stays() -> None:
    lines = physical_lines(io.BytesIO(b"id,a,title,b,c\n1,,,,\n2,x,,y,\n"))
    rows = csv_rows(lines, file="f", spare=lambda name: len(name) == 1)
    assert told(list(rows)) == [(2, {"id": "1", "a": "", "title": ""}), (3, {"id": "2", "a": "x", "title": "", "b": "y"})]


@pytest.mark.parametrize("encoding", ["gb18030", "cp1252", "utf-16", "utf-8-sig"])
def test_a_table_is_read_in_its_encoding_and_only_broken_lines_are_refused(tmp_path: Path, encoding: str) -> None:
    title = "Café moulu" if encoding == "cp1252" else "红色的杯子"
    path = tmp_path / "a.csv"
    path.write_bytes(f"id;title\n1;{title}\n2;{title} x\n".encode(encoding))
    with source_rows(recognise(path), name="f") as rows:
        assert told(list(rows)) == [(2, {"id": "1", "title": title}), (3, {"id": "2", "title": f"{title} x"})]
    if encoding == "gb18030":
        path.write_bytes(path.read_bytes() + b"3;\xff\n")
        with source_rows(recognise(path), name="f") as rows:
            assert told(list(rows))[2] == (4, "is not GB18030 (byte 0xff at position 3)")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("id;price, net;title\n1;12,99;Mug, red\n2;5,00;Cup\n", ";"),
        ("id\ttitle, long\n1\tMug, red, large\n", "\t"),
        ("id|a;b|c\n1|2;3|4\n", "|"),
        ('"id","a;b;c"\n1,2\n', ","),
        ("sep=;\nid,x;title\n", ";"),
        ("id\n1\n", ","),
        ('id,"open\n', ","),
    ],
)
def test_the_delimiter_is_the_one_that_rows_agree_on(text: str, delimiter: str) -> None:
    assert delimiter_in(text) == delimiter


def test_lines_are_estimated_for_progress_bars(tmp_path: Path) -> None:
    text = b"".join(b'{"id": "%07d"}\n' % number for number in range(100_000))
    for name, content in (("a.jsonl", text), ("a.jsonl.gz", gzip.compress(text))):
        (tmp_path / name).write_bytes(content)
        assert estimated_lines(recognise(tmp_path / name), sample=400_000) == pytest.approx(100_000, rel=0.25)
        assert estimated_lines(recognise(tmp_path / name), sample=10_000_000) == 100_000
    (tmp_path / "b.jsonl").write_bytes(b"{}\n{}")
    assert estimated_lines(recognise(tmp_path / "b.jsonl")) == 2
