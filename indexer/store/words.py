"""Which words of a text the index would find, roughly: the twin in memory's stand-in for the server's analysers.

Only whether a product matches is to be equal, and that for common words: the stemmer here knows plurals and the
commonest endings, the server's knows English.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.store.requests import (
    CJK,
    CJK_SHARE,
    CJK_SHARE_BESIDE_WORDS,
    ENGLISH,
    ENGLISH_SHARE,
    ZH,
    ZH_BOOST,
    ZH_SHARE,
    gtin_asked,
    latin_of,
)
from indexer.store.tokens import CJK_RUN, fold
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.stop_words import without_stop_words

_STOPPED = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with"
)
STOP_WORDS = frozenset(_STOPPED.split())
"""The words that Lucene's filter `_english_` drops."""

_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))


@dataclass(frozen=True, slots=True)
class Terms:
    """A text's terms: latin words as they are, the same stemmed without stop words, and CJK terms (pairs; words as they are)."""

    latin: tuple[str, ...]
    english: tuple[str, ...]
    cjk: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a query asks for: its cleaned text, its terms (the English ones without stop words), and its Chinese words."""

    text: str
    terms: Terms
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findable:
    """The terms of one product's fields with the boost of the best field that has each; its title's words, whole title and gtin."""

    english: Mapping[str, float]
    cjk: Mapping[str, float]
    zh: Mapping[str, float]
    title_words: frozenset[str]
    title: str
    gtin: str


def asked(text: str, cleaning: Cleaning = DEFAULT) -> Asked:
    """What a query's text asks for, cleaned as `lexical_query` cleans it."""
    text = cleaning.indexed(text)
    latin = latin_of(text)
    english = terms(without_stop_words(latin), stored=False).english
    found = Terms(terms(latin, stored=False).latin, english, terms(text, stored=False).cjk)
    return Asked(text, found, cleaning.asked_words(text))


def terms(text: str, *, stored: bool) -> Terms:
    """The terms of a text; a stored one has its single CJK characters too, a query only where one stands alone."""
    folded = fold(text)
    runs = CJK_RUN.findall(folded)
    latin = tuple(_WORD.findall(CJK_RUN.sub(" ", folded)))
    plain = tuple(word for word in latin if word not in STOP_WORDS)
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    singles = [character for run in runs for character in run if stored or len(run) == 1]
    return Terms(latin, tuple(map(stem, plain)), (*plain, *pairs, *singles))


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


def findable(source: Mapping[str, Any]) -> Findable:
    """What of a document's source the text queries can find."""
    english: dict[str, float] = {}
    cjk: dict[str, float] = {}
    zh: dict[str, float] = {}
    for fields, found, read in ((ENGLISH, english, _english), (CJK, cjk, _cjk), (ZH, zh, str.split)):
        for field in fields:
            name, _, boost = field.partition("^")
            value = source.get(name.split(".")[0], ())
            for text in (value,) if isinstance(value, str) else value:
                for term in read(text):
                    found[term] = max(found.get(term, 0.0), float(boost or 1))
    title = str(source.get("title", ""))
    words = frozenset(terms(title, stored=True).latin)
    return Findable(english, cjk, zh, words, fold(title), str(source.get("gtin", "")))


def _english(text: str) -> tuple[str, ...]:
    return terms(text, stored=True).english


def _cjk(text: str) -> tuple[str, ...]:
    return terms(text, stored=True).cjk


def score(query: Asked, product: Findable) -> float:
    """The sum of the boosts of the query's terms that the product has; 0 where the index would not match it."""
    scores = [
        _share(query.terms.english, product.english, ENGLISH_SHARE),
        4.0 if query.text and fold(query.text) == product.title else 0.0,
        0.5 if _begins(query.terms.latin, product.title_words) else 0.0,
        4.0 if product.gtin and gtin_asked(query.text) == product.gtin else 0.0,
    ]
    if CJK_RUN.search(query.text):
        scores.append(_share(query.terms.cjk, product.cjk, CJK_SHARE_BESIDE_WORDS if query.zh else CJK_SHARE))
        scores.append(ZH_BOOST * _share(query.zh, product.zh, ZH_SHARE))
    return max(scores)


def _share(asked: Sequence[str], has: Mapping[str, float], share: str) -> float:
    found = [has[term] for term in asked if term in has]
    return sum(found) if found and len(found) >= needed(len(asked), share) else 0.0


def needed(count: int, share: str) -> int:
    """How many of `count` terms a share asks for, read as the server reads it: "50%" is half, rounded down, "3<75%" all up to three.

    >>> needed(3, "50%"), needed(3, "3<75%"), needed(5, "3<75%")
    (1, 3, 3)
    """
    all_up_to, _, percent = share.rpartition("<")
    if all_up_to and count <= int(all_up_to):
        return count
    return max(1, count * int(percent.removesuffix("%")) // 100)


def _begins(asked: Sequence[str], words: Iterable[str]) -> bool:
    if not asked:
        return False
    known = frozenset(words)
    return known.issuperset(asked[:-1]) and any(word.startswith(asked[-1]) for word in known)
