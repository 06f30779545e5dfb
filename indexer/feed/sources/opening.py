"""Which format a file has, and its bytes; compressed or not."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from indexer.errors import UnreadableFeed
from indexer.feed.sources.csv import DELIMITERS

Format = Literal["jsonl", "csv"]

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".jsonlines": "jsonl", ".json": "jsonl", ".csv": "csv", ".tsv": "csv", ".tab": "csv",
}  # fmt: skip
_CURE = "Write JSON Lines (.jsonl, one object a line) or CSV (.csv, with a header line), in UTF-8; either may be gzipped (.gz)."
_HEAD = 8192
_GZIP = b"\x1f\x8b"

# Formats that shops have at hand and that would otherwise be refused line by line.
_MAGIC = (
    (b"PK\x03\x04", "a zip archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"BZh", "compressed with bzip2"),
    (b"\xfd7zXZ", "compressed with xz"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd"),
    (b"\xff\xfe", "UTF-16 text"),
    (b"\xfe\xff", "UTF-16 text"),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A feed's file, its format, and whether it is gzipped."""

    path: Path
    format: Format
    packed: bool


def recognise(path: Path) -> Source:
    """The feed at `path`: format by the name's ending, by content where that says nothing.

    Raises UnreadableFeed for what is missing, a folder, unreadable, binary or of an unknown format.
    """
    try:
        if path.is_dir():
            raise UnreadableFeed(f"{path} is a folder.", cure="Name the feed's file itself.")
        if path.exists() and not path.is_file():
            raise UnreadableFeed(f"{path} is no regular file.", cure="Write the feed to a file first: it is read more than once.")
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP
        with opened(Source(path, "jsonl", packed)) as stream:
            head = stream.read(_HEAD)
    except FileNotFoundError as error:
        raise UnreadableFeed(f"{path} does not exist.", cure="Check the path; a relative one starts at the current folder.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableFeed(f"{path} begins like a gzip file and is none: {error}.", cure="Compress or fetch it again.") from error
    except (OSError, ValueError) as error:
        raise UnreadableFeed(f"{path} can't be read: {error}.", cure="Check its name and permissions.") from error
    return Source(path, _format(path, head), packed)


@contextmanager
def opened(source: Source) -> Iterator[BinaryIO]:
    """The feed's bytes, unpacked, buffered; closed on leaving."""
    with gzip.open(source.path, "rb") if source.packed else source.path.open("rb") as stream:
        yield cast("BinaryIO", stream)


def _format(path: Path, head: bytes) -> Format:
    kind = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if not kind and _control_share(head) > 0.1:
        kind = "binary"
    if kind:
        raise UnreadableFeed(f"{path} is {kind}, no feed that is read here.", cure=_CURE)
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() != ".gz"]
    known = _SUFFIXES.get(suffixes[-1]) if suffixes else None
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if first.startswith(b"[") and (known is None or suffixes[-1] == ".json"):
        raise UnreadableFeed(f"{path} is one JSON array.", cure="Write one object a line; jq -c '.[]' FILE does that.")
    if known is not None:
        return known
    if first.startswith(b"{") or not first:
        return "jsonl"
    if any(delimiter.encode() in first.split(b"\n")[0] for delimiter in DELIMITERS):
        return "csv"
    raise UnreadableFeed(f"{path} has a format that is not known.", cure=_CURE)


def _control_share(head: bytes) -> float:
    """The share of bytes that text does not have; one stray NUL is a bad line, a tenth is another kind of file."""
    text = head.translate(None, bytes([*range(9), *range(14, 32), 127]))
    return 1 - len(text) / len(head) if head else 0.0


def estimated_lines(source: Source, *, sample: int = 1_000_000) -> int:
    """About how many lines the feed has, from its first bytes and its size; exact for a small one. For progress bars."""
    size = source.path.stat().st_size
    with source.path.open("rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if source.packed else raw
        try:
            head = stream.read(sample)
        except (EOFError, zlib.error, OSError):
            return 0
        used = raw.tell()
    lines = head.count(b"\n") + (not head.endswith(b"\n") and bool(head))
    return lines if len(head) < sample else round(lines * size / used)
