"""Bytes -> physical lines of text, each with its number and, where it can't be used, the reason; constant memory."""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from indexer.feed.hints import hint_for
from indexer.records import Rejected

LINE_CAP = 1_000_000
"""Bytes of one line, its end included; no product's row is longer, and a reader that trusted a file would run out of memory."""

EXCERPT = 80
"""Characters of a refused value that are shown."""

_BOM = b"\xef\xbb\xbf"
_NAMED = {"utf-8": "UTF-8", "gb18030": "GB18030"}


class Line(NamedTuple):
    """One physical line without its end; `flaw` says why the text (then only its beginning) is unusable; `cut`: no end follows it."""

    number: int
    text: str
    flaw: str = ""
    cut: bool = False

    def refused(self, file: str, reason: str = "", *, known: str = "") -> Rejected:
        """The line as a rejected row, for the given reason or for its own flaw; `known` is the row's id where it could be read."""
        reason = reason or self.flaw
        return Rejected(
            file=file, line=self.number, field="", reason=reason, value=self.text[:EXCERPT], hint=hint_for("", reason), id=known
        )


def physical_lines(stream: BinaryIO, *, encoding: str = "utf-8") -> Iterator[Line]:
    """Yield all lines in order, numbered from 1; lines end with LF or CRLF, and a byte order mark is dropped.

    Never raises for what the bytes are; what reading raises (UnreadableFeed, for a broken archive) passes through.
    The encoding must keep ASCII as it is: all that feeds use do, but for UTF-16, which is recoded before.
    """
    number = 1
    while raw := stream.readline(LINE_CAP):
        ended = raw.endswith(b"\n")
        if len(raw) == LINE_CAP and not ended:
            _skip_rest(stream)
            yield _flawed(number, raw, f"is longer than {LINE_CAP:,} bytes")
        else:
            yield _line(number, raw, encoding, ended=ended)
        number += 1


def _skip_rest(stream: BinaryIO) -> None:
    while (piece := stream.readline(LINE_CAP)) and not piece.endswith(b"\n"):
        pass


def _line(number: int, raw: bytes, encoding: str, *, ended: bool) -> Line:
    if number == 1:
        raw = raw.removeprefix(_BOM)
    raw = raw.removesuffix(b"\n").removesuffix(b"\r")
    if b"\0" in raw:
        return _flawed(number, raw, "holds a NUL byte")
    try:
        return Line(number, raw.decode(encoding), "", not ended)
    except UnicodeDecodeError as error:
        name = _NAMED.get(encoding, f"{encoding} text")
        return _flawed(number, raw, f"is not {name} (byte 0x{raw[error.start]:02x} at position {error.start + 1})")


def _flawed(number: int, raw: bytes, flaw: str) -> Line:
    beginning = raw[: 4 * EXCERPT].decode(errors="replace").replace("\0", "\ufffd")
    return Line(number, beginning[:EXCERPT], flaw)
