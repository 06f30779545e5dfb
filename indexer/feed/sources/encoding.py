"""Which encoding a table's text has, from what lies beyond ASCII in it; UTF-8 unless there is proof of another."""

import codecs
import io
import re
from collections.abc import Iterable
from functools import cache
from typing import BinaryIO, cast

import charset_normalizer

ENOUGH = 1_000_000
"""Bytes around characters beyond ASCII after which the sample is large enough."""
MARKS: tuple[tuple[bytes, str], ...] = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
"""Byte order marks."""

# What charset-normalizer may answer with; its other guesses (EBCDIC, Macintosh, DOS) are noise in feeds of today.
_NAMES = {
    "cp1250": "cp1250", "cp1251": "cp1251", "cp1252": "cp1252", "cp1253": "cp1253", "cp1254": "cp1254", "cp1255": "cp1255",
    "cp1256": "cp1256", "cp1257": "cp1257", "koi8_r": "koi8_r", "koi8_u": "koi8_u", "latin_1": "cp1252", "iso8859_2": "iso8859_2",
    "iso8859_15": "iso8859_15",
    "gb18030": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "big5": "cp950", "cp950": "cp950", "big5hkscs": "big5hkscs",
    "cp949": "cp949", "euc_kr": "cp949", "cp932": "cp932", "shift_jis": "cp932", "shift_jis_2004": "cp932",
    "euc_jp": "euc_jp", "euc_jis_2004": "euc_jp", "euc_jisx0213": "euc_jp",
}  # fmt: skip
_LATIN = frozenset({"cp1250", "cp1252", "cp1254", "cp1257", "iso8859_2", "iso8859_15"})
_FOUR_BYTES = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
_ALONE_BYTE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_CONTROL = re.compile(rb"[\x80-\x9f]")
_GUESS_BYTES = 60_000
_CHAOS = 0.1
_FEW = 40
"""Characters beyond ASCII up to which a statistic of languages says nothing."""

# Letters that Western European words hold, and signs that stand beside numbers and words. A sign between two letters is no Western text.
_LETTERS = "A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸƒ"
_SIGN_IN_WORD = re.compile(f"(?<=[{_LETTERS}])[^\x00-\x7f{_LETTERS}’‘–­ª-](?=[{_LETTERS}])")
_WORD = re.compile(f"[{_LETTERS}]*[À-ÖØ-öø-ÿŒœŠšŽžŸ][{_LETTERS}]*")
_RUN = re.compile("[À-ÖØ-öø-ÿ]{3,}")
_ALONE = frozenset("àÀéÉèÈóÓöÖåÅøØæÆ")
"""Letters that are words."""


def encoding_of(pieces: Iterable[bytes]) -> str:
    """The encoding of a text that comes in pieces; as many are taken as the proof needs.

    A text that is UTF-8, or UTF-8 with fewer bad characters than good ones, is UTF-8; a byte order mark has the first word.
    """
    sample = bytearray()
    first = True
    for piece in pieces:
        if first:
            named = next((name for mark, name in MARKS if piece.startswith(mark)), "")
            if named:
                return named
            first = False
        if not piece.isascii():
            sample += piece
        if len(sample) >= ENOUGH:
            break
    return _verdict(bytes(sample))


def _verdict(sample: bytes) -> str:
    if not sample or _is_utf8(sample):
        return "utf-8"
    good, bad = _utf8_shares(sample)
    if good > bad:
        return "utf-8"
    lines = b"\n".join(line for line in sample.split(b"\n") if not line.isascii())
    if _is_chinese(lines):
        return "gb18030"
    beyond = len(lines.translate(None, bytes(range(128))))
    guess = _guess(lines[:_GUESS_BYTES]) if beyond > _FEW else ""
    if guess:
        return guess
    return "cp1252" if _is_western(lines) else "utf-8"


def _is_utf8(sample: bytes) -> bool:
    """Whether it is, its last character perhaps cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _utf8_shares(sample: bytes) -> tuple[int, int]:
    """Characters beyond ASCII that are whole as UTF-8, and places that are broken."""
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    return sum(char > "\x7f" for char in text) - bad, bad


def _is_chinese(sample: bytes) -> bool:
    """Whether the characters, read as GB18030, are mostly those of the standard's first plane, from A to Z of their pinyin, or signs.

    Accented Western letters read so give rare characters; Korean gives only the first half of the alphabet. Characters of four bytes
    (high, digit, high, digit) are proof in themselves: no other encoding writes such a thing.
    """
    text = sample.decode("gb18030", "replace")
    beyond = [char for char in text if char > "\x7f"]
    usual, late, signs = _usual_characters()
    hanzi = sum(char in usual for char in beyond)
    later = sum(char in late for char in beyond)
    long = len(_FOUR_BYTES.findall(sample))
    known = hanzi + long + sum(char in signs for char in beyond)
    return known >= 0.6 * len(beyond) and (later >= 0.15 * hanzi if hanzi else long > 0) and (later > 0 or long > 0)


@cache
def _usual_characters() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """GB 2312: its 3,755 usual characters, those of them in the alphabet's second half, and its signs (kana and Cyrillic apart)."""

    def block(first: int, last: int) -> str:
        rows = bytes(byte for high in range(first, last + 1) for low in range(0xA1, 0xFF) for byte in (high, low))
        return rows.decode("gb2312", "ignore")

    return frozenset(block(0xB0, 0xD7)), frozenset(block(0xC9, 0xD7)), frozenset(block(0xA1, 0xA3) + block(0xA6, 0xA6) + block(0xA8, 0xA9))


def _guess(sample: bytes) -> str:
    """What charset-normalizer says, where it is sure; Western text wins where another reading is no better.

    Where most bytes beyond ASCII stand alone, only alphabets that are Latin but for a few letters are possible.
    """
    alone = len(_ALONE_BYTE.findall(sample))
    beyond = len(sample.translate(None, bytes(range(128))))
    possible = _LATIN if 2 * alone > beyond else frozenset(_NAMES.values())
    if _CONTROL.search(sample):  # which ISO 8859 has there, and no text
        possible = frozenset(name for name in possible if not name.startswith("iso8859"))
    matches = charset_normalizer.from_bytes(sample, cp_isolation=sorted(_NAMES))
    found = [match for match in matches if _NAMES.get(match.encoding) in possible and match.chaos <= _CHAOS]
    if not found:
        return ""
    best = found[0]
    for match in found:
        equal = match.chaos <= best.chaos + 0.01 or _is_western(sample)
        if _NAMES[match.encoding] == "cp1252" and equal and match.coherence >= best.coherence - 0.03:
            return "cp1252"
    return _NAMES[best.encoding]


def _is_western(sample: bytes) -> bool:
    text = sample.decode("cp1252", "replace")
    if "\ufffd" in text:
        return False
    words = _WORD.findall(text)
    strange = sum(word not in _ALONE and not any(char.isascii() for char in word) for word in words)
    odd = len(_SIGN_IN_WORD.findall(text)) + len(_RUN.findall(text)) + strange
    beyond = sum(char > "\x7f" for char in text)
    return odd <= 0.1 * beyond


class _Recoded(io.RawIOBase):
    """UTF-16 as UTF-8, so that lines end where they do in all other texts; what is broken becomes U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # the stub's Buffer is wider than what comes
        """The next bytes in UTF-8 into the buffer; how many."""
        while not self._left and not self._ended:
            piece = self._stream.read(len(buffer) or 1)
            self._ended = not piece
            self._left = self._decoder.decode(piece, self._ended).encode()
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def as_utf8(stream: BinaryIO, encoding: str) -> BinaryIO:
    """The stream's text as UTF-8 where its encoding is UTF-16; others are decoded line by line."""
    if not encoding.startswith("utf-16"):
        return stream
    return cast("BinaryIO", io.BufferedReader(_Recoded(stream, encoding), 1 << 16))
