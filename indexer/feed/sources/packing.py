"""A feed's bytes, unpacked and counted: gzip, bzip2, xz, or a zip archive of one file; from a file or from standard input."""

import bz2
import gzip
import io
import lzma
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, cast

from indexer.errors import UnreadableFeed

Packing = Literal["", "gzip", "bzip2", "xz", "zip"]

STANDARD_INPUT = Path("-")
"""The path that means: what is piped in."""
RATIO_CAP = 1000
"""Unpacked bytes for a packed one, counted once there are many. Real feeds reach 5 to 50, made ones a few hundred; bombs have no limit."""
RATIO_FREE = 256_000_000
"""Unpacked bytes before the ratio is looked at."""

MAGIC: tuple[tuple[bytes, Packing], ...] = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"), (b"PK\x03\x04", "zip"))
_BLOCK = 1 << 17
_BROKEN = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)
_AGAIN = "Fetch or write it again, and feed it whole."


class _Readable(Protocol):
    def read1(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes, from one step of unpacking."""


class _Counted(io.RawIOBase):
    """Unpacked bytes; whatever breaks below is said as UnreadableFeed, with the feed's name."""

    def __init__(self, name: str, unpacked: _Readable, packed: BinaryIO) -> None:
        self._name = name
        self._unpacked = unpacked
        self._packed = packed
        self._bytes = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub's Buffer is wider than what comes
        """The next unpacked bytes into the buffer; how many. Raises UnreadableFeed where the packing is damaged, or larger than allowed."""
        try:
            piece = self._unpacked.read1(len(buffer))
        except _BROKEN as error:
            raise UnreadableFeed(f"{self._name} can't be read from here on: {error}.", cure=_AGAIN) from error
        self._bytes += len(piece)
        if self._bytes > RATIO_FREE and self._bytes > RATIO_CAP * self._packed.tell():
            raise UnreadableFeed(
                f"{self._name} unpacks to more than {RATIO_CAP} times its size.",
                cure="Unpack it yourself if that is meant, and feed the file.",
            )
        buffer[: len(piece)] = piece
        return len(piece)


class _Joined(io.RawIOBase):
    """What was read of a stream already, then the rest of it."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Bytes read so far."""
        return self._place

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub's Buffer is wider than what comes
        """The next bytes into the buffer, first those that were looked at; how many."""
        piece = self._head.read(len(buffer)) or self._rest.read1(len(buffer))  # type: ignore[attr-defined]  # a BufferedReader has it
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)


def packing_of(head: bytes) -> Packing:
    """How bytes that begin so are packed."""
    return next((packing for magic, packing in MAGIC if head.startswith(magic)), "")


def input_head(size: int) -> bytes:
    """The first bytes of standard input, or all of it where it is shorter; they can be read once only."""
    return sys.stdin.buffer.read(size)


@contextmanager
def raw_bytes(path: Path, head: bytes = b"") -> Iterator[BinaryIO]:
    """The file's bytes as they lie there; of standard input `head`, which was read before, and then the rest."""
    if path == STANDARD_INPUT:
        yield cast("BinaryIO", io.BufferedReader(_Joined(head, sys.stdin.buffer), _BLOCK))
        return
    with path.open("rb") as file:
        yield file


@contextmanager
def seekable(raw: BinaryIO) -> Iterator[BinaryIO]:
    """The same bytes with random access: a stream is written to a temporary file first."""
    if raw.seekable():
        yield raw
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(raw, copy)
        copy.seek(0)
        yield copy


@contextmanager
def unpacked(raw: BinaryIO, packing: Packing, *, name: str) -> Iterator[BinaryIO]:
    """The unpacked bytes, buffered; reading them raises UnreadableFeed where the archive is broken, cut short or a bomb."""
    if packing == "zip":
        with seekable(raw) as file, _archive(file, name) as archive, archive.open(_only_member(archive, name)) as member:
            yield cast("BinaryIO", io.BufferedReader(_Counted(name, cast("_Readable", member), file), _BLOCK))
        return
    stream = _stream(raw, packing)
    yield cast("BinaryIO", io.BufferedReader(_Counted(name, stream, raw), _BLOCK))


def _stream(raw: BinaryIO, packing: Packing) -> _Readable:
    if packing == "gzip":
        return gzip.GzipFile(fileobj=raw, mode="rb")
    if packing == "bzip2":
        return bz2.BZ2File(raw, "rb")
    if packing == "xz":
        return lzma.LZMAFile(raw, "rb")
    return cast("_Readable", raw)


def _archive(file: BinaryIO, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except zipfile.BadZipFile as error:
        raise UnreadableFeed(f"{name} is a zip archive that is broken or cut short: {error}.", cure=_AGAIN) from error


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    files = [info for info in archive.infolist() if not info.is_dir() and not info.filename.startswith("__MACOSX/")]
    if any(info.filename == "[Content_Types].xml" for info in files):
        raise UnreadableFeed(f"{name} is an Excel workbook or another office file.", cure="Save it as CSV in UTF-8, and feed that.")
    if len(files) != 1:
        raise UnreadableFeed(
            f"{name} is a zip archive of {len(files)} files; one is read.", cure="Unpack it, and feed the files or their folder."
        )
    if files[0].flag_bits & 1:
        raise UnreadableFeed(f"{name} is a zip archive with a password.", cure="Unpack it, and feed the file.")
    if files[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        raise UnreadableFeed(f"{name} is a zip archive packed in a way that is not read here.", cure="Unpack it, and feed the file.")
    return files[0]
