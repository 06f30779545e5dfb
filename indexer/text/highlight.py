"""Which stretches of a product's texts the query's words hit: as plain text, or as HTML that is safe whatever the text holds.

A text is read in chunks, each cleaned as the index cleans it; what is found in the cleaned chunk is marked where it came from.
So "3.5mm" is hit by "3.5 mm", "Müller" by "muller", 無線滑鼠 by 鼠标; and the text stays as it came.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import groupby

from indexer.records import Marked, Product, Value
from indexer.text.chinese import HAN
from indexer.text.cleaning import Cleaning
from indexer.text.origins import origins, same_word, widened
from indexer.text.stems import CJK_RUN, STOP_WORDS, WORD, fold_letters, stem
from indexer.text.steps import squeezed, without_markup, without_surrogates
from indexer.text.stop_words import without_stop_words

CHUNK_CAP = 120
"""Characters that are cleaned at once; a longer run without a space is Chinese, or no words."""

READ_CAP = 20_000
"""Characters of a description that are looked at."""

GAP = "…"
"""Stands in a snippet for what was left out before or after it."""

REACH = 40
"""Characters that a snippet gives up at either end to be cut between words."""

_CHUNK = re.compile(rf"[^\s，。；：、！？]{{1,{CHUNK_CAP}}}")
_LETTER_OF_A_WORD = re.compile(f"(?<![A-Za-z])[A-Za-z](?=[{HAN}])")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query's words: stems, and CJK terms (words, or pairs of characters)."""

    stems: frozenset[str]
    cjk: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """A chunk as the index reads it: its words' stems with their places in the chunk as it came.

    Where it has CJK also its folded text, and where each character of that begins and ends in the chunk.
    """

    words: tuple[tuple[str, int, int], ...]
    text: str = ""
    starts: Sequence[int] = ()
    ends: Sequence[int] = ()


def marked(text: str, query: str, cleaning: Cleaning) -> tuple[Marked, ...]:
    """The text in stretches, hit and not hit in turn; together they are the text exactly. Nothing for an empty text.

    A word is hit when folded and stemmed it equals one of the query's, stop words aside. Chinese by the query's words,
    Japanese and Korean by runs of at least two characters.

    >>> from indexer.text.cleaning import DEFAULT
    >>> [one.text for one in marked("Grey Sofas, 2 seats", "a grey sofa", DEFAULT) if one.hit]
    ['Grey', 'Sofas']
    """
    asked = _asked(query, cleaning)
    hit = bytearray(len(text))
    if asked.stems or asked.cjk:
        for chunk in _CHUNK.finditer(text):
            for start, end in _hits(_read(chunk[0], cleaning), asked):
                hit[chunk.start() + start : chunk.start() + end] = b"\1" * (end - start)
    return _stretches(text, hit)


def highlights(product: Product, query: str, cleaning: Cleaning, *, length: int = 160) -> dict[str, tuple[Marked, ...]]:
    """The product's texts that the query's words hit, by field: title, brand, description, and attributes by their names.

    A description is a snippet of about `length` characters without its HTML, so are long attributes; several values of one
    attribute are joined by commas. An attribute that is called like one of the three fields does not appear.
    """
    texts = {"title": product.title, "brand": product.brand, "description": _readable(product.description)}
    short = frozenset(("title", "brand"))
    for name, value in product.attributes.items():
        texts.setdefault(name, _joined(value))
    found: dict[str, tuple[Marked, ...]] = {}
    for name, text in texts.items():
        stretches = marked(text, query, cleaning)
        if any(one.hit for one in stretches):
            found[name] = stretches if name in short else snippet(stretches, length=length)
    return found


def snippet(marked: Sequence[Marked], *, length: int) -> tuple[Marked, ...]:
    """The stretch of at most `length` characters (1 or more) where most different words are hit, with GAP where something is left out.

    The first such stretch, its hits in the middle, cut between words where it can be; the beginning where nothing is hit.
    """
    text = "".join(one.text for one in marked)
    if len(text) <= length:
        return tuple(marked)
    hit = bytearray(b"".join(bytes((one.hit,)) * len(one.text) for one in marked))
    first, last = _densest(marked, length)
    begin = max(0, first - (length - (last - first)) // 2)
    end = min(len(text), begin + length)
    begin = max(0, end - length)
    begin = next((at for at in range(begin, min(first, begin + REACH) + 1) if _parts(text, at)), begin)
    end = next((at for at in range(end, max(last, end - REACH, begin + 1) - 1, -1) if _parts(text, at)), end)
    while begin < end and text[begin].isspace() and not hit[begin]:
        begin += 1
    while begin < end and text[end - 1].isspace() and not hit[end - 1]:
        end -= 1
    before, after = GAP if begin > 0 else "", GAP if end < len(text) else ""
    return _stretches(before + text[begin:end] + after, bytearray(len(before)) + hit[begin:end] + bytearray(len(after)))


def html(marked: Sequence[Marked]) -> str:
    """The stretches as HTML: hits in <mark>, and no other tag, whatever the text holds.

    >>> html((Marked("<b>", False), Marked("R&D", True)))
    '&lt;b&gt;<mark>R&amp;D</mark>'
    """
    return "".join(f"<mark>{escape(one.text)}</mark>" if one.hit else escape(one.text) for one in marked)


@lru_cache(maxsize=256)
def _asked(query: str, cleaning: Cleaning) -> _Asked:
    text = cleaning.indexed(query)
    # A letter of a Chinese word (T恤, U盘) is no word by itself.
    latin = text if text.isascii() else " ".join(_LETTER_OF_A_WORD.sub(" ", text).split())
    words = WORD.findall(CJK_RUN.sub(" ", _folded(without_stop_words(latin))))
    stems = frozenset(stem(word) for word in words if word not in STOP_WORDS)
    terms = [_folded(word) for word in cleaning.asked_words(text) if CJK_RUN.search(word)]
    if not terms:
        for run in CJK_RUN.findall(_folded(text)):
            terms += [run[at : at + 2] for at in range(len(run) - 1)] or [run]
    return _Asked(stems, tuple(dict.fromkeys(terms)))


@lru_cache(maxsize=16_384)
def _read(chunk: str, cleaning: Cleaning) -> _Read:
    text = _folded(cleaning.indexed(chunk))
    has_cjk = not text.isascii() and CJK_RUN.search(text) is not None
    latin = CJK_RUN.sub(lambda run: " " * len(run[0]), text) if has_cjk else text
    found = list(WORD.finditer(latin))
    if not found and not has_cjk:
        return _Read(())
    starts, ends = origins(chunk, text)
    words = tuple((stem(word[0]), *widened(chunk, starts[word.start()], ends[word.end() - 1])) for word in found)
    return _Read(words, text, starts, ends) if has_cjk else _Read(words)


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else " ".join(fold_letters(piece) for piece in text.split())


def _hits(read: _Read, asked: _Asked) -> Iterator[tuple[int, int]]:
    """From and to where in the chunk the query's words hit it."""
    yield from ((start, end) for word, start, end in read.words if word in asked.stems)
    for term in asked.cjk if read.text else ():
        at = read.text.find(term)
        while at >= 0:
            if not (_within(read.text, at) or _within(read.text, at + len(term))):
                yield read.starts[at], read.ends[at + len(term) - 1]
            at = read.text.find(term, at + 1)


def _within(text: str, place: int) -> bool:
    """Whether the place lies between two letters of one word: T恤 is not in NOT恤."""
    return 0 < place < len(text) and same_word(text[place - 1], text[place])


def _stretches(text: str, hit: bytearray) -> tuple[Marked, ...]:
    found: list[Marked] = []
    place = 0
    for flag, run in groupby(hit):
        begin, place = place, place + sum(1 for _ in run)
        found.append(Marked(text[begin:place], bool(flag)))
    return tuple(found)


def _densest(marked: Sequence[Marked], length: int) -> tuple[int, int]:
    """From the first to the last of those hits within `length` characters that have most words, then most hits; 0, 0 without any."""
    spans: list[tuple[int, int, str]] = []
    place = 0
    for one in marked:
        if one.hit:
            spans.append((place, place + len(one.text), stem(fold_letters(one.text))))
        place += len(one.text)
    best, most = (0, 0), (0, 0)
    inside: Counter[str] = Counter()
    left = 0
    for right, (_, end, word) in enumerate(spans):
        inside[word] += 1
        while left < right and end - spans[left][0] > length:
            inside -= Counter((spans[left][2],))
            left += 1
        if (len(inside), right - left) > most or not right:
            most, best = (len(inside), right - left), (spans[left][0], min(end, spans[left][0] + length))
    return best


def _parts(text: str, place: int) -> bool:
    """Whether the text can be cut there: at an end, at a space, or beside a CJK character."""
    if place in (0, len(text)) or text[place - 1].isspace() or text[place].isspace():
        return True
    return not unicodedata.combining(text[place]) and CJK_RUN.search(text[place - 1 : place + 1]) is not None


def _readable(description: str) -> str:
    return squeezed(without_markup(without_surrogates(description[:READ_CAP])))


def _joined(value: Value) -> str:
    """An attribute's texts; numbers and truth values are not searched by words."""
    if isinstance(value, tuple):
        return ", ".join(value)
    return value if isinstance(value, str) else ""
