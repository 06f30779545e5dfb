"""A feed -> events and rejected rows, in order, lazily: from a file, or from rows that someone sends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from indexer.errors import UnreadableFeed
from indexer.feed.columns import NAMES, role_of
from indexer.feed.places import Places
from indexer.feed.sources.csv import csv_rows
from indexer.feed.sources.jsonl import json_rows
from indexer.feed.sources.lines import physical_lines
from indexer.feed.sources.opening import Source, opened, recognise
from indexer.feed.sources.rows import RawRow
from indexer.feed.validate import Validator
from indexer.feed.words import excerpt
from indexer.records import Event, Rejected
from indexer.settings import FeedSettings


def read_feed(path: Path, settings: FeedSettings, *, roots: Sequence[Path] | None = None) -> Iterator[Event | Rejected]:
    """Every raw row of the file as an event, or as rejected with file, physical line, field and reason; in order, in constant memory.

    JSON Lines or CSV, gzipped or not. Relative photo paths start at the feed's folder. `roots` (for a path that came in a message)
    bounds where the feed and its photos may lie. Raises, before the first row, UnreadableFeed and PathRefused; with the first row
    UnreadableFeed for a table that has no column for the id.
    """
    source = recognise(Places(None, roots=roots).check_feed(path))
    return _events(source, str(path), Validator(settings, Places(source.path.parent, roots=roots)))


def read_rows(
    rows: Iterable[object], *, origin: str, settings: FeedSettings, roots: Sequence[Path] | None = None
) -> Iterator[Event | Rejected]:
    """Every row (field names to JSON values) as an event, or as rejected under the name `origin`, with its place from 1; in order, lazily.

    Relative photo paths start at the current folder; with `roots` (rows of a message) they are refused, as is what lies outside the roots.
    """
    validator = Validator(settings, Places(Path.cwd() if roots is None else None, roots=roots))
    for number, row in enumerate(rows, 1):
        if isinstance(row, Mapping):
            yield validator.check(RawRow(origin, number, row))
        else:
            yield Rejected(file=origin, line=number, field="", reason="is no object with fields", value=excerpt(row))


def _events(source: Source, name: str, validator: Validator) -> Iterator[Event | Rejected]:
    with opened(source) as stream:
        lines = physical_lines(stream)
        if source.format == "jsonl":
            yield from _checked(json_rows(lines, file=name), validator)
        else:
            yield from _checked(_with_id(csv_rows(lines, file=name)), validator)


def _checked(rows: Iterable[RawRow | Rejected], validator: Validator) -> Iterator[Event | Rejected]:
    return (validator.check(row) if isinstance(row, RawRow) else row for row in rows)


def _with_id(rows: Iterator[RawRow | Rejected]) -> Iterator[RawRow | Rejected]:
    """The rows of a table, once its header is known to have a column for the id; without one, every single row would be refused."""
    for row in rows:
        if isinstance(row, RawRow) and not any(role_of(column).field == "id" for column in row.fields):
            columns = ", ".join(excerpt(column) for column in list(row.fields)[:20])
            raise UnreadableFeed(
                f"{row.file} has no column for the id; its header names {columns}.",
                cure=f"Give the table a header line, and call that column one of {', '.join(NAMES['id'][:6])}.",
            )
        yield row
        if isinstance(row, RawRow):
            break
    yield from rows
