"""JSON that is no JSON Lines: an array of products, an object that holds one, or objects one after the other over many lines.

Each product is decoded by itself out of a sliding piece of text, so numbers, texts and memory are those of JSON Lines.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import BinaryIO, Literal

from indexer.errors import UnreadableFeed
from indexer.feed.hints import hint_for
from indexer.feed.sources.rows import ROW_CAP, RawRow
from indexer.feed.words import excerpt
from indexer.records import Rejected

Shape = Literal["rows", "wrapped"]
"""What objects at the top are: products (alone or in an array), or what holds the array of them."""

WRAPPERS = frozenset({"products", "items", "data", "results", "entries", "rows", "records", "offers", "catalog", "商品"})
"""Keys under which a document's products stand."""

_PIECE = 1 << 18
_AGAIN = "Fetch or write it again, and feed it whole."
_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPED = re.compile("[\udc80-\udcff]")
_OPENED = re.compile(r'\{\s*("[^"]*"\s*:\s*("[^"]*"|[\w.+-]+|[\[{])?\s*,?)?\s*')
# NaN and Infinity pass as what they are: the field that holds one is refused, and not the rest of the document.
_decode = json.JSONDecoder().raw_decode


class _Broken(Exception):
    """What is wrong with the document from here on."""


class _Text:
    """The document's text from a place on: as much of it as the value at hand needs."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text = ""
        self._at = 0
        self._ended = False
        self.line = 1

    def peek(self) -> str:
        """The next character that is no space, or "" at the end."""
        while True:
            place = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]  # it matches nothing too
            self._move(place)
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(_PIECE):
                return ""

    def take(self) -> None:
        """Go past the character at hand."""
        self._at += 1

    def value(self) -> tuple[object, str]:
        """The value at hand, and its text where that is no UTF-8. Raises _Broken."""
        size = _PIECE
        while True:
            try:
                found, end = _decode(self._text, self._at)
            except json.JSONDecodeError as error:
                whole = error.pos < len(self._text) - 16 and not error.msg.startswith(("Unterminated", "Invalid \\\\u"))
                if whole or not self._more(size):
                    raise _Broken(
                        "it ends too early" if not whole and self._ended else f"{error.msg} (line {self._line_at(error.pos)})"
                    ) from error
                size *= 2
            except (ValueError, RecursionError) as error:
                told = "is nested too deeply" if isinstance(error, RecursionError) else str(error)
                raise _Broken(f"{told} (line {self.line})") from error
            else:
                if end == len(self._text) and self._more(_PIECE):
                    continue  # a number may go on
                text = self._text[self._at : end]
                self._move(end)
                return found, text if _ESCAPED.search(text) else ""

    def _line_at(self, place: int) -> int:
        return self.line + self._text.count("\n", self._at, place)

    def _move(self, place: int) -> None:
        self.line += self._text.count("\n", self._at, place)
        self._at = place

    def _more(self, size: int) -> bool:
        if self._ended:
            return False
        if len(self._text) - self._at > ROW_CAP:
            raise _Broken(f"a product has more than {ROW_CAP:,} characters")
        raw = self._stream.read(size)
        self._ended = not raw
        self._text = self._text[self._at :] + self._decoder.decode(raw, self._ended)
        self._at = 0
        return True


def shape_of(head: str) -> Shape | None:
    """What a document that begins so holds; None for JSON Lines: a first line that is a whole object, or no JSON at all."""
    text = head.lstrip("\ufeff \t\r\n")
    if text.startswith("["):
        return "rows" if text[1:].lstrip()[:1] in ("{", "]", "") else None
    if not text.startswith("{"):
        return None
    if _holds_products(text):
        return "wrapped"
    first, newline, _ = text.partition("\n")
    return "rows" if newline and _OPENED.fullmatch(first) and not _is_json(first) else None


def document_rows(stream: BinaryIO, *, file: str, shape: Shape) -> Iterator[RawRow | Rejected]:
    """Yield one raw row per object, in order, with the physical line on which it begins; or why a member is none.

    Raises UnreadableFeed behind the last whole product of a document that is broken or cut short.
    """
    text = _Text(stream)
    known = 0
    try:
        while mark := text.peek():
            if mark == "[":
                rows = _members(text, file)
            elif mark == "{" and shape == "wrapped":
                rows = _wrapped(text, file)
            else:
                rows = iter((_row(text, file),))
            for row in rows:
                known += 1
                yield row
    except _Broken as error:
        raise UnreadableFeed(f"{file} is broken or cut short behind {known:,} products: {error}.", cure=_AGAIN) from error


def _row(text: _Text, file: str) -> RawRow | Rejected:
    line = text.line
    found, damaged = text.value()
    reason = "is not UTF-8" if damaged else "is no object with fields"
    if isinstance(found, dict) and not damaged:
        return RawRow(file, line, found)
    shown = excerpt(found if not damaged else _ESCAPED.sub("\ufffd", damaged))
    return Rejected(file=file, line=line, field="", reason=reason, value=shown, hint=hint_for("", reason))


def _members(text: _Text, file: str) -> Iterator[RawRow | Rejected]:
    text.take()
    if text.peek() == "]":
        text.take()
        return
    while True:
        text.peek()
        yield _row(text, file)
        mark = text.peek()
        if mark not in (",", "]"):
            raise _Broken(f"a comma or a bracket is missing (line {text.line})" if mark else "it ends too early")
        text.take()
        if mark == "]":
            return


def _wrapped(text: _Text, file: str) -> Iterator[RawRow | Rejected]:
    """The members of the arrays under keys that hold products; other values are passed over."""
    text.take()
    mark = text.peek()
    while mark != "}":
        key, _ = text.value()
        if text.peek() != ":":
            raise _Broken(f"a colon is missing (line {text.line})")
        text.take()
        if text.peek() == "[" and key in WRAPPERS:
            yield from _members(text, file)
        else:
            text.value()
        mark = text.peek()
        if mark not in (",", "}"):
            raise _Broken(f"a comma or a brace is missing (line {text.line})" if mark else "it ends too early")
        if mark == ",":
            text.take()
            mark = text.peek()
    text.take()


def _holds_products(head: str) -> bool:
    """Whether the object has an array of objects under a key that holds products, and no id before it."""
    at = 1
    try:
        while True:
            key, at = _decode(head, _after_space(head, at))
            at = _after_space(head, at)
            if head[at : at + 1] != ":" or key == "id":
                return False
            at = _after_space(head, at + 1)
            if key in WRAPPERS and head[at : at + 1] == "[":
                return head[_after_space(head, at + 1) :][:1] in ("{", "]", "")
            _, at = _decode(head, at)
            at = _after_space(head, at)
            if head[at : at + 1] != ",":
                return False
            at += 1
    except (ValueError, RecursionError):
        return False


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
