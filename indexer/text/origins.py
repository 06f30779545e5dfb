"""Where the characters of a cleaned text came from: so that what is found in it can be shown in the text as it came."""

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from indexer.text.chinese import simplified_han
from indexer.text.shop_words import MAINLAND
from indexer.text.stems import CJK_RUN, fold_letters

Place = tuple[int, int]
"""Where a character begins and ends in the text as it came."""

_NAMES = {elsewhere.lower(): name.lower() for elsewhere, name in MAINLAND.items()}
_ELSEWHERE = re.compile("|".join(sorted(map(re.escape, _NAMES), key=len, reverse=True)))


def origins(chunk: str, cleaned: str) -> tuple[Sequence[int], Sequence[int]]:
    """Where in the chunk each character of its cleaned (and folded) form begins and ends; both never go back.

    >>> origins("3.5mm", "3.5 mm")
    ([0, 1, 2, 3, 3, 4], [1, 2, 3, 3, 4, 5])
    """
    if chunk.isascii() and chunk.lower() == cleaned:
        return range(len(chunk)), range(1, len(chunk) + 1)
    for read in (fold_letters, _simple_letters):
        letters = [read(character) for character in chunk]
        places = [(place, place + 1) for place, read_as in enumerate(letters) for _ in read_as]
        before = "".join(letters)
        if before == cleaned:
            return [start for start, _ in places], [end for _, end in places]
    return _aligned(*_under_mainland_names(before, places), cleaned)


@lru_cache(maxsize=8192)
def _simple_letters(character: str) -> str:
    return fold_letters(simplified_han(character))


def _under_mainland_names(text: str, places: Sequence[Place]) -> tuple[str, list[Place]]:
    """The text with things under their mainland names, as cleaning gives them: 滑鼠 and 鼠标 share a character, at another place."""
    renamed: list[str] = []
    moved: list[Place] = []
    at = 0
    for match in _ELSEWHERE.finditer(text):
        start, end, name = match.start(), match.end(), _NAMES[match[0]]
        renamed += (text[at:start], name)
        moved += places[at:start]
        moved += places[start:end] if len(name) == end - start else zip(*_aligned(match[0], places[start:end], name), strict=True)
        at = end
    return "".join((*renamed, text[at:])), [*moved, *places[at:]]


def _aligned(before: str, places: Sequence[Place], cleaned: str) -> tuple[list[int], list[int]]:
    starts, ends = [0] * len(cleaned), [0] * len(cleaned)
    at_end = (places[-1][1], places[-1][1]) if places else (0, 0)
    for _, low, high, first, last in SequenceMatcher(None, before, cleaned, autojunk=False).get_opcodes():
        for place in range(first, last):
            # As long as each other: character by character. Otherwise all of it came from all of that.
            a, b = (low + place - first, low + place - first + 1) if high - low == last - first else (low, high)
            starts[place] = (places[a] if a < len(places) else at_end)[0]
            ends[place] = places[b - 1][1] if b > a else starts[place]
    return starts, ends


def widened(chunk: str, start: int, end: int) -> tuple[int, int]:
    """The place of a word, with the rest of it that cleaning took away ("XL" of X-Large), and the marks on its last letter."""
    while 0 < start < end and same_word(chunk[start - 1], chunk[start]):
        start -= 1
    while start < end < len(chunk) and (same_word(chunk[end - 1], chunk[end]) or unicodedata.combining(chunk[end])):
        end += 1
    return start, end


def same_word(left: str, right: str) -> bool:
    """Whether two neighbouring characters are letters of one word; CJK characters, and digits beside letters, are not."""
    if left.isascii() and right.isascii():
        return left.isalpha() and right.isalpha()
    return left.isalpha() and right.isalpha() and not CJK_RUN.search(left + right)
