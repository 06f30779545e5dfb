"""A title as words with their places, and the form in which a word of a title and a word of an attribute are compared."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from indexer.text.units import UNITS

# A Chinese or Japanese character stands alone, as BERT's tokenisers cut; letters and figures part ("256GB" is 256 and GB).
_ALONE = "぀-ヿ㐀-䶿一-鿿豈-﫿"
_WORD = re.compile(rf"[{_ALONE}]|[^\W\d_{_ALONE}]+|\d+(?:[.,]\d+)*|[^\w\s]|_")
_SPELLINGS = {"gray": "grey", "aluminum": "aluminium", "color": "colour", "colored": "coloured"}
_INCHES = frozenset({'"', "”", "″", "''"})
JOINTS = frozenset("-/.&'+’·")
"""Signs that may stand inside a name ("All-in-One"); any other ends it."""


class Word(NamedTuple):
    """A word and the characters [start, end) of the title that it is."""

    text: str
    start: int
    end: int

    @property
    def is_sign(self) -> bool:
        """Whether it holds neither letter nor figure."""
        return not any(one.isalnum() for one in self.text)


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text in order, signs among them.

    >>> [word.text for word in words_of('Asus 15.6" 256GB')]
    ['Asus', '15.6', '"', '256', 'GB']
    """
    return tuple(Word(match[0], match.start(), match.end()) for match in _WORD.finditer(text))


@lru_cache(maxsize=65_536)
def plain(word: str) -> str:
    """A word without case, width and plural, in one spelling: what is equal here is taken to mean the same.

    >>> plain("Cables"), plain("ＧＲＡＹ"), plain("batteries"), plain("Glass")
    ('cable', 'grey', 'battery', 'glass')
    """
    folded = unicodedata.normalize("NFKC", word).casefold()
    if folded.isascii() and folded.isalpha() and len(folded) > 3 and folded.endswith("s") and not folded.endswith(("ss", "us", "is")):
        folded = folded[:-3] + "y" if folded.endswith("ies") and len(folded) > 4 else folded[:-1]
    return _SPELLINGS.get(folded, folded)


def key_of(words: Sequence[Word]) -> tuple[str, ...]:
    """The plain forms of the words that are no signs: what a value is looked up by."""
    return tuple(plain(word.text) for word in words if not word.is_sign)


def unit_of(word: str) -> str:
    """The one spelling of a unit of length, mass, volume, memory or another amount; "" for any other word.

    >>> unit_of("Gb"), unit_of('"'), unit_of("in"), unit_of("chair")
    ('GB', 'inch', 'inch', '')
    """
    if word in _INCHES or word.lower() == "in":
        return "inch"
    return UNITS.get(unicodedata.normalize("NFKC", word).lower(), "")
