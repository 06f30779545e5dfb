"""Bytes -> physical lines of text, each with its number and, where it can't be used, the reason; constant memory."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from indexer.records import Rejected

LINE_CAP = 1_000_000
"""Bytes of one line, its end included; no product's row is longer, and a reader that trusted a file would run out of memory."""

EXCERPT = 80
"""Characters of a refused value that are shown."""

_BOM = b"\xef\xbb\xbf"


class Line(NamedTuple):
    """One physical line without its end; `flaw` says why the text (then only its beginning) is unusable."""

    number: int
    text: str
    flaw: str = ""

    def refused(self, file: str, reason: str = "") -> Rejected:
        """The line as a rejected row, for the given reason or for its own flaw."""
        return Rejected(file=file, line=self.number, field="", reason=reason or self.flaw, value=self.text[:EXCERPT])


def physical_lines(stream: BinaryIO) -> Iterator[Line]:
    """Yield all lines in order, numbered from 1; lines end with LF or CRLF, and a byte order mark is dropped.

    Never raises for what the bytes are. Where reading itself fails (a broken archive, a bad disk) the last line says so.
    """
    number = 1
    try:
        while raw := stream.readline(LINE_CAP):
            if len(raw) == LINE_CAP and not raw.endswith(b"\n"):
                _skip_rest(stream)
                yield _flawed(number, raw, f"is longer than {LINE_CAP:,} bytes")
            else:
                yield _line(number, raw)
            number += 1
    except (EOFError, zlib.error, OSError) as error:
        yield Line(number, "", f"can't be read from here on: {error}")


def _skip_rest(stream: BinaryIO) -> None:
    while (piece := stream.readline(LINE_CAP)) and not piece.endswith(b"\n"):
        pass


def _line(number: int, raw: bytes) -> Line:
    if number == 1:
        raw = raw.removeprefix(_BOM)
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if b"\0" in raw:
        return _flawed(number, raw, "holds a NUL byte")
    try:
        return Line(number, raw.decode())
    except UnicodeDecodeError as error:
        return _flawed(number, raw, f"is not UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})")


def _flawed(number: int, raw: bytes, flaw: str) -> Line:
    beginning = raw[: 4 * EXCERPT].decode(errors="replace").replace("\0", "\ufffd")
    return Line(number, beginning[:EXCERPT], flaw)
