"""Which format bytes are in: by what they begin with, else by the file's name."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import UnreadableFeed
from indexer.feed.sources.csv import DELIMITERS
from indexer.feed.sources.documents import Shape, shape_of
from indexer.feed.sources.encoding import MARKS

Format = Literal["jsonl", "json", "csv", "xml", "parquet"]

SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".jsonlines": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".tab": "csv",
    ".xml": "xml", ".rss": "xml", ".atom": "xml", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
PACKED_SUFFIXES = frozenset({".gz", ".bz2", ".xz", ".zip"})

_CURE = "Feeds are JSON Lines, JSON, CSV or TSV with a header line, Google Merchant XML, or Parquet; gzip, bzip2, xz or zip may pack them."

# Formats that shops have at hand and that would otherwise be refused line by line.
_MAGIC = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BZh", "packed twice"),
    (b"\x1f\x8b", "packed twice"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A format, and for JSON what objects at its top are."""

    format: Format
    shape: Shape = "rows"


def format_of(path: Path, head: bytes) -> Found:
    """The format of a file that begins so (unpacked). Raises UnreadableFeed for what is no feed."""
    if head.startswith(b"PAR1"):
        return Found("parquet")
    mark = next((mark for mark, _ in MARKS if head.startswith(mark)), b"")
    wide = len(mark) == 2
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if not kind and not wide and _control_share(head) > 0.1:
        kind = "binary"
    text = head.decode("utf-16" if wide else "utf-8-sig", "replace").lstrip("\ufeff \t\r\n")
    if text[:100].lower().startswith(("<!doctype html", "<html")):
        kind = "an HTML page (an error message, perhaps)"
    if kind:
        raise UnreadableFeed(f"{path} is {kind}, no feed that is read here.", cure=_CURE)
    return _of_text(path, text)


def suffix_format(path: Path) -> Format | None:
    """The format that the name's ending promises, with or without a packer's ending behind it."""
    endings = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED_SUFFIXES]
    return SUFFIXES.get(endings[-1]) if endings else None


def header_of(text: str, delimiter: str) -> list[str]:
    """The column names of a table that begins so."""
    lines = (line for line in io.StringIO(text, newline=None) if line.strip() and not line.lower().startswith("sep="))
    try:
        return next(csv.reader(lines, delimiter=delimiter), [])
    except csv.Error:
        return []


def _of_text(path: Path, text: str) -> Found:
    known = suffix_format(path)
    if text.startswith("<"):
        return Found("xml")
    shape = shape_of(text)
    if shape is not None and not (known == "csv" and text.startswith("[")):
        return Found("json", shape)
    if text.startswith("{") and text[1:].lstrip()[:1] in ('"', "}", ""):
        return Found("jsonl")
    if known in ("xml", "parquet"):
        raise UnreadableFeed(f"{path} is no {'XML' if known == 'xml' else 'Parquet'}, whatever its name says.", cure=_CURE)
    if known is not None:
        return Found(known)
    if not text:
        return Found("jsonl")
    if any(delimiter in text.split("\n", maxsplit=1)[0] for delimiter in DELIMITERS):
        return Found("csv")
    raise UnreadableFeed(f"{path} has a format that is not known.", cure=_CURE)


def _control_share(head: bytes) -> float:
    """The share of bytes that text does not have; one stray NUL is a bad line, a tenth is another kind of file."""
    text = head.translate(None, bytes([*range(9), *range(14, 32), 127]))
    return 1 - len(text) / len(head) if head else 0.0
