"""JSON arrays, wrapped arrays and objects over many lines: the rows of JSON Lines, with the lines on which they begin."""

import io
import json
from pathlib import Path

import pytest

from indexer.errors import UnreadableFeed
from indexer.feed.sources.documents import Shape, document_rows, shape_of
from indexer.feed.sources.opening import recognise, source_rows
from indexer.feed.sources.rows import ROW_CAP, RawRow
from indexer.records import Rejected


def read(text: str | bytes, shape: Shape = "rows") -> list[tuple[int, object]]:
    stream = io.BytesIO(text.encode() if isinstance(text, str) else text)
    return [told(row) for row in document_rows(stream, file="f", shape=shape)]


def told(row: RawRow | Rejected) -> tuple[int, object]:
    return row.line, row.reason if isinstance(row, Rejected) else dict(row.fields)


def read_until_broken(text: str | bytes, shape: Shape = "rows") -> tuple[list[object], str]:
    rows = document_rows(io.BytesIO(text.encode() if isinstance(text, str) else text), file="f", shape=shape)
    found: list[object] = []
    with pytest.raises(UnreadableFeed) as broken:
        found.extend(told(row)[1] for row in rows)
    return found, broken.value.message


def test_an_array_gives_its_objects_with_their_lines() -> None:
    assert read('\ufeff[\n  {"id": 1},\n\n  {"id": "2",\n   "x": [1.0]}, {"id": 3}]\n') == [
        (2, {"id": 1}),
        (4, {"id": "2", "x": [1.0]}),
        (5, {"id": 3}),
    ]
    assert read("[]") == read("") == read(" \n") == []


def test_numbers_and_texts_are_those_of_json_lines() -> None:
    for value in (12345678901234567890123, 1e400, 0.1, -0.0, 1.0, "\ud800", "\u0000", "好", None, True):
        text = json.dumps([{"id": value}])
        assert repr(read(text)) == repr([(1, json.loads(text)[0])])


def test_what_is_no_object_is_one_rejected_row() -> None:
    assert read('[{"id": 1}, 2, [3], null, "x", {"id": 6}]') == [
        (1, {"id": 1}),
        *[(1, "is no object with fields")] * 4,
        (1, {"id": 6}),
    ]
    assert read(b'[{"id": "1"},\n{"id": "2", "t": "caf\xe9"},\n{"id": "3"}]') == [(1, {"id": "1"}), (2, "is not UTF-8"), (3, {"id": "3"})]


@pytest.mark.parametrize(
    ("text", "known", "why"),
    [
        ('[{"id": 1}, {"id": 2', 1, "it ends too early"),
        ('[{"id": 1}, {"id": "2', 1, "it ends too early"),
        ('[{"id": 1}', 1, "it ends too early"),
        ('[{"id": 1},', 1, "it ends too early"),
        ('[{"id": 1}\n {"id": 2}]', 1, "a comma or a bracket is missing (line 2)"),
        ('[{"id": 1}, {"id": nonsense} and so on for a while]', 1, "Expecting value (line 1)"),
        ('[{"id": 1}] and so on for a while and more', 1, "Expecting value (line 1)"),
        ('[{"id": 1}, ' + "[" * 200_000, 1, "is nested too deeply"),
        ('{"products": [{"id": 1}], "page"', 1, "a colon is missing"),
        ('{"products": [{"id": 1}], "page": 1', 1, "it ends too early"),
    ],
)
def test_a_document_that_breaks_gives_what_is_whole_and_says_why(text: str, known: int, why: str) -> None:
    found, message = read_until_broken(text, "wrapped" if text.startswith("{") else "rows")
    assert found == [{"id": 1}] * known
    assert why in message
    assert f"behind {known} products" in message


def test_a_product_without_an_end_is_given_up() -> None:
    endless = io.BytesIO(b'[{"id": "' + b"x" * (4 * ROW_CAP))
    with pytest.raises(UnreadableFeed, match="more than 16,000,000"):
        list(document_rows(endless, file="f", shape="rows"))
    assert endless.tell() < 4 * ROW_CAP


def test_wrapped_arrays_are_found_among_other_values() -> None:
    text = '{"version": {"id": 3}, "products": [{"id": 1}], "tags": ["a"],\n "items": [{"id": 2}], "offers": []}\n{"products": [{"id": 3}]}'
    assert read(text, "wrapped") == [(1, {"id": 1}), (2, {"id": 2}), (3, {"id": 3})]


def test_objects_over_many_lines_follow_each_other() -> None:
    assert read('{\n "id": 1\n}\n{\n "id": 2\n}\n') == [(1, {"id": 1}), (4, {"id": 2})]


@pytest.mark.parametrize(
    ("head", "shape"),
    [
        ('[{"id": 1}]', "rows"),
        ("[\n\n]", "rows"),
        ("[1]", None),
        ('["1", "Mug"]\n', None),
        ('{"id": 1}\n{"id": 2}', None),
        ('{"id": 1, "items": [{"x": 1}]}', None),
        ('{"products": [{"id": 1', "wrapped"),
        ('{"page": {"a": [1]}, "data": []}', "wrapped"),
        ('{"products": ["a"]}', None),
        ("{\n", "rows"),
        ('{ "id": "1",\n "title": "Mug" }', "rows"),
        ('{"id": "1", "title": "Cut o\n{"id": 2}', None),
        ("nonsense", None),
        ("", None),
        ("{" * 100_000, None),
    ],
)
def test_what_is_a_document(head: str, shape: Shape | None) -> None:
    assert shape_of(head) == shape


def test_a_document_is_read_in_constant_memory_by_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    rows = [{"id": str(number), "text": 'é\\"[{' * (number % 50)} for number in range(20_000)]
    path.write_text(json.dumps({"items": rows}, ensure_ascii=False), encoding="utf-8")
    with source_rows(recognise(path), name="a") as found:
        assert [row.fields for row in found if isinstance(row, RawRow)] == rows
