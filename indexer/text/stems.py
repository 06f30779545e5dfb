"""Words as they are compared: folded, and without the commonest endings. What highlighting and the store's twin in memory share.

The stemmer knows plurals and the endings of English verbs, roughly; the server's knows English.
"""

import re
import unicodedata
from functools import lru_cache

_STOPPED = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with"
)
STOP_WORDS = frozenset(_STOPPED.split())
"""The words that Lucene's filter `_english_` drops."""

# A letter or a digit; the vowel signs and marks of other scripts, without which a word of Hindi or Thai would fall apart.
_CHARACTER = r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u109f\u1780-\u17d3])"
WORD = re.compile(rf"{_CHARACTER}+(?:['.]{_CHARACTER}+)*")
"""A word of a folded text, CJK aside: letters and digits, with apostrophes and points between them."""

CJK_RUN = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+")
"""Characters that are written without spaces between words, or indexed in pairs as if they were: Han, kana and Hangul."""

_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"} | dict.fromkeys("‘’‚‛′´", "'")
)


def stem(word: str) -> str:
    """The word without a plural's or a verb's ending, and without a doubled last consonant that one left behind.

    >>> stem("sofas"), stem("running"), stem("glasses"), stem("batteries")
    ('sofa', 'run', 'glass', 'battery')
    """
    word = word.removesuffix("'s")
    if word.endswith(("ss", "us", "is")):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 - len(instead):
            word = word.removesuffix(ending) + instead
            break
    doubled = len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiouls"
    return (word[:-1] if doubled else word).removesuffix("e") or word


@lru_cache(maxsize=16_384)
def fold_letters(text: str) -> str:
    """A word, or one character, as it is compared: NFKC, no case, Latin letters without marks; marks of other scripts stay.

    For short texts, which are remembered: words come again and again.

    >>> fold_letters("Müller’s"), fold_letters("ＮＩＫＥ"), fold_letters("が")
    ("muller's", 'nike', 'が')
    """
    if text.isascii():
        return text.lower()
    for _ in range(4):  # case folding can undo a normal form and the other way round; two rounds settle all of Unicode
        before = text
        text = unicodedata.normalize("NFKC", text.translate(_UNDECOMPOSED)).casefold()
        text = unicodedata.normalize("NFC", _without_latin_marks(unicodedata.normalize("NFD", text)))
        if text == before:
            break
    return text


def _without_latin_marks(decomposed: str) -> str:
    kept: list[str] = []
    after_latin = False
    for character in decomposed:
        if not unicodedata.combining(character):
            after_latin = character.isascii() and character.isalpha()
        elif after_latin:
            continue
        kept.append(character)
    return "".join(kept)
