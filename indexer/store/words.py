"""Which words of a text the index would find, roughly: the twin in memory's stand-in for the server's analysers.

Only whether a product matches is to be equal, and that for common words: the stemmer here knows plurals and the
commonest endings, the server's knows English.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from indexer.store.requests import CJK, CJK_SHARE, ENGLISH, ENGLISH_SHARE
from indexer.store.tokens import CJK_RUN, fold

_STOPPED = (
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with"
)
STOP_WORDS = frozenset(_STOPPED.split())
"""The words that Lucene's filter `_english_` drops."""

_MARKUP = re.compile(r"<[^<>]*>")
_WORD = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e"), ("s", ""))


@dataclass(frozen=True, slots=True)
class Terms:
    """A text's terms: latin words as they are, the same stemmed without stop words, and CJK terms (pairs; words as they are)."""

    latin: tuple[str, ...]
    english: tuple[str, ...]
    cjk: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Findable:
    """The terms of one product's fields with the boost of the best field that has each; its title's words, and its whole title."""

    english: Mapping[str, float]
    cjk: Mapping[str, float]
    title_words: frozenset[str]
    title: str


def terms(text: str, *, stored: bool) -> Terms:
    """The terms of a text; a stored one has its single CJK characters too, a query only where one stands alone."""
    folded = fold(_MARKUP.sub(" ", text))
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
    for fields, kind, found in ((ENGLISH, "english", english), (CJK, "cjk", cjk)):
        for field in fields:
            name, _, boost = field.partition("^")
            value = source.get(name.split(".")[0], ())
            for text in (value,) if isinstance(value, str) else value:
                for term in getattr(terms(text, stored=True), kind):
                    found[term] = max(found.get(term, 0.0), float(boost or 1))
    title = str(source.get("title", ""))
    return Findable(english, cjk, frozenset(terms(title, stored=True).latin), fold(title))


def score(asked: Terms, text: str, product: Findable) -> float:
    """The sum of the boosts of the query's terms that the product has; 0 where the index would not match it."""
    scores = [
        _share(asked.english, product.english, ENGLISH_SHARE),
        _share(asked.cjk, product.cjk, CJK_SHARE) if CJK_RUN.search(text) else 0.0,
        4.0 if fold(text) == product.title else 0.0,
        0.5 if _begins(asked.latin, product.title_words) else 0.0,
    ]
    return max(scores)


def _share(asked: Sequence[str], has: Mapping[str, float], percent: int) -> float:
    found = [has[term] for term in asked if term in has]
    return sum(found) if found and len(found) >= max(1, len(asked) * percent // 100) else 0.0


def _begins(asked: Sequence[str], words: Iterable[str]) -> bool:
    if not asked:
        return False
    known = frozenset(words)
    return known.issuperset(asked[:-1]) and any(word.startswith(asked[-1]) for word in known)
