"""How a file is to be read (format, packing, encoding, delimiter), and its raw rows."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from indexer.errors import UnreadableFeed
from indexer.feed.sources.csv import csv_rows, delimiter_in
from indexer.feed.sources.documents import Shape, document_rows
from indexer.feed.sources.encoding import MARKS, as_utf8, encoding_of
from indexer.feed.sources.formats import Format, format_of, header_of
from indexer.feed.sources.jsonl import json_rows
from indexer.feed.sources.lines import physical_lines
from indexer.feed.sources.merchant import xml_rows
from indexer.feed.sources.packing import STANDARD_INPUT, Packing, input_head, packing_of, raw_bytes, seekable, unpacked
from indexer.feed.sources.parquet import parquet_length, parquet_rows
from indexer.feed.sources.rows import RawRow
from indexer.feed.sources.shopify import is_shopify_header, shopify_rows
from indexer.feed.sources.storefront import with_variants
from indexer.records import Rejected

_HEAD = 1 << 16
_SAMPLE = 64_000_000
"""Bytes looked through for characters beyond ASCII, to tell a table's encoding; of standard input less, since they stay in memory."""
_INPUT_SAMPLE = 1_000_000

_NAMES: dict[Format, str] = {"jsonl": "JSON Lines", "json": "JSON", "csv": "CSV", "xml": "XML", "parquet": "Parquet"}


def _kept(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A feed's file and how to read it. `head`: what of standard input was read to find that out; it can't be read twice."""

    path: Path
    format: Format
    packing: Packing = ""
    encoding: str = "utf-8"
    delimiter: str = ""
    shape: Shape = "rows"
    shopify: bool = False
    head: bytes = b""

    @property
    def packed(self) -> bool:
        """Whether it is compressed."""
        return bool(self.packing)

    @property
    def kind(self) -> str:
        """The format as people call it."""
        named = "TSV" if self.delimiter == "\t" else _NAMES[self.format]
        return f"Shopify {named}" if self.shopify else named


def recognise(path: Path) -> Source:
    """The feed at `path` (`-`: standard input): packing and format by content first, then by the name's ending.

    Raises UnreadableFeed for what is missing, a folder, unreadable, binary or of an unknown format.
    """
    try:
        if path == STANDARD_INPUT:
            return _recognised(path, input_head(_INPUT_SAMPLE))
        if path.is_dir():
            raise UnreadableFeed(f"{path} is a folder.", cure="Name the feed's file itself.")
        if path.exists() and not path.is_file():
            raise UnreadableFeed(f"{path} is no regular file.", cure="Pipe it in, and name the feed `-`: files are read more than once.")
        return _recognised(path, b"")
    except FileNotFoundError as error:
        raise UnreadableFeed(f"{path} does not exist.", cure="Check the path; a relative one starts at the current folder.") from error
    except (OSError, ValueError) as error:
        raise UnreadableFeed(f"{path} can't be read: {error}.", cure="Check its name and permissions.") from error


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The feed's bytes, unpacked, buffered; closed on leaving."""
    with raw_bytes(source.path, source.head) as raw, unpacked(raw, source.packing, name=str(source.path)) as stream:
        yield stream


@contextmanager
def source_rows(source: Source, *, name: str, spare: Callable[[str], bool] = _kept) -> Iterator[Iterator[RawRow | Rejected]]:
    """The source's raw rows and what is no row, in order, lazily, under the file name `name`; closed on leaving.

    Empty cells of a table's columns that are `spare` may be missing. Behind the last row the rows raise UnreadableFeed where the source is
    broken or was cut short.
    """
    if source.format == "parquet" and not source.packing:
        with raw_bytes(source.path, source.head) as raw, seekable(raw) as file:
            yield parquet_rows(file, name=name)
        return
    with opened(source) as stream:
        if source.format == "parquet":
            with seekable(stream) as file:
                yield parquet_rows(file, name=name)
        else:
            yield _rows(source, stream, name, spare)


def estimated_lines(source: Source, *, sample: int = 1_000_000) -> int:
    """About how many rows the feed has, from its first bytes and its size; exact for a small one. For progress bars; 0: no idea."""
    if source.path == STANDARD_INPUT or source.format in ("json", "xml"):
        return 0
    try:
        with raw_bytes(source.path) as raw:
            if source.format == "parquet":
                return 0 if source.packing else parquet_length(raw)
            with unpacked(raw, source.packing, name=str(source.path)) as stream:
                head = stream.read(sample)
                used = raw.tell()
    except (OSError, UnreadableFeed):
        return 0
    lines = head.count(b"\n") + (not head.endswith(b"\n") and bool(head))
    return lines if len(head) < sample else round(lines * source.path.stat().st_size / used)


def _recognised(path: Path, head: bytes) -> Source:
    with raw_bytes(path, head) if not head else _only(head) as raw:
        packing = packing_of(raw.read(8))
    beginning = b"".join(_pieces(path, head, packing, limit=_HEAD))
    found = format_of(path, beginning)
    encoding = next((name for mark, name in MARKS if beginning.startswith(mark)), "utf-8")
    source = Source(path=path, format=found.format, packing=packing, encoding=encoding, shape=found.shape, head=head)
    return _as_table(source, beginning) if found.format == "csv" else source


def _as_table(source: Source, beginning: bytes) -> Source:
    limit = len(source.head) or _SAMPLE
    encoding = encoding_of(_pieces(source.path, source.head, source.packing, limit=limit))
    text = beginning.decode(encoding, "replace").removeprefix("\ufeff")
    delimiter = delimiter_in(text)
    return Source(
        path=source.path,
        format="csv",
        packing=source.packing,
        encoding=encoding,
        delimiter=delimiter,
        shopify=is_shopify_header(header_of(text, delimiter)),
        head=source.head,
    )


def _pieces(path: Path, head: bytes, packing: Packing, *, limit: int) -> Iterator[bytes]:
    """The unpacked beginning, piece by piece; it ends early where the rest is broken, and raises where there is no beginning."""
    begun = False
    try:
        with raw_bytes(path, head) if not head else _only(head) as raw, unpacked(raw, packing, name=str(path)) as stream:
            while limit > 0 and (piece := stream.read1(min(limit, _HEAD))):  # type: ignore[attr-defined]  # a BufferedReader has it
                yield piece
                begun = True
                limit -= len(piece)
    except UnreadableFeed as error:
        if not begun and packing:
            raise UnreadableFeed(f"{path} begins like a {packing} file and is none: {error.message}", cure=error.cure) from error
        if not begun:
            raise


@contextmanager
def _only(head: bytes) -> Iterator[BinaryIO]:
    """What of standard input was read before, and nothing more of it."""
    yield io.BytesIO(head)


def _rows(source: Source, stream: BinaryIO, name: str, spare: Callable[[str], bool]) -> Iterator[RawRow | Rejected]:
    if source.format == "xml":
        return xml_rows(stream, file=name)
    text = as_utf8(stream, source.encoding)
    if source.format == "json":
        return with_variants(document_rows(text, file=name, shape=source.shape))
    lines = physical_lines(text, encoding="utf-8" if text is not stream else source.encoding)
    if source.format == "jsonl":
        return with_variants(json_rows(lines, file=name))
    if source.shopify:
        return shopify_rows(csv_rows(lines, file=name, delimiter=source.delimiter))
    return csv_rows(lines, file=name, delimiter=source.delimiter, spare=spare)
