"""Which words of a text the index would find, roughly: the twin in memory's stand-in for the server's analysers.

Only whether a product matches is to be equal, and that for common words: the stemmer here knows plurals and the
commonest endings, the server's knows English.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from indexer.store.lexical import CJK, ENGLISH, PREFIX_BOOST, TITLE_BOOST, ZH, ZH_BOOST, latin_of, shares_of
from indexer.store.tokens import CJK_RUN, fold
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.stems import STOP_WORDS, WORD, stem
from indexer.text.stop_words import without_stop_words


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
    """The terms of one product's fields with the boost of the best field that has each; its title's words and whole title."""

    english: Mapping[str, float]
    cjk: Mapping[str, float]
    zh: Mapping[str, float]
    title_words: frozenset[str]
    title: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a query against a product: the score that it gives, by the boosts of the terms which the product has."""

    name: str
    score: float
    boost: float = 1.0
    terms: Sequence[str] = ()
    has: Mapping[str, float] = field(default_factory=dict)


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
    latin = tuple(WORD.findall(CJK_RUN.sub(" ", folded)))
    plain = tuple(word for word in latin if word not in STOP_WORDS)
    pairs = [run[at : at + 2] for run in runs for at in range(len(run) - 1)]
    singles = [character for run in runs for character in run if stored or len(run) == 1]
    return Terms(latin, tuple(map(stem, plain)), (*plain, *pairs, *singles))


def findable(source: Mapping[str, Any]) -> Findable:
    """What of a document's source the text queries can find."""
    english: dict[str, float] = {}
    cjk: dict[str, float] = {}
    zh: dict[str, float] = {}
    for fields, found, read in ((ENGLISH, english, _english), (CJK, cjk, _cjk), (ZH, zh, str.split)):
        for one in fields:
            name, _, boost = one.partition("^")
            value = source.get(name.split(".")[0], ())
            for text in (value,) if isinstance(value, str) else value:
                for term in read(text):
                    found[term] = max(found.get(term, 0.0), float(boost or 1))
    title = str(source.get("title", ""))
    words = frozenset(terms(title, stored=True).latin)
    return Findable(english, cjk, zh, words, fold(title))


def _english(text: str) -> tuple[str, ...]:
    return terms(text, stored=True).english


def _cjk(text: str) -> tuple[str, ...]:
    return terms(text, stored=True).cjk


def score(query: Asked, product: Findable, step: int = 1) -> float:
    """The sum of the boosts of the query's terms that the product has; 0 where the index would not match it."""
    return max(reading.score for reading in readings(query, product, step))


def readings(query: Asked, product: Findable, step: int = 1) -> list[Reading]:
    """The readings that the engine takes the best of."""
    shares = shares_of(step)
    found = [
        _share("english", query.terms.english, product.english, share=shares.english),
        Reading("title.exact", float(TITLE_BOOST) if query.text and fold(query.text) == product.title else 0.0),
        Reading("title.prefix", PREFIX_BOOST if _begins(query.terms.latin, product.title_words) else 0.0),
    ]
    if CJK_RUN.search(query.text):
        found.append(_share("pairs", query.terms.cjk, product.cjk, share=shares.beside if query.zh else shares.pairs))
        found.append(_share("zh", query.zh, product.zh, share=shares.zh, boost=ZH_BOOST))
    return found


def _share(name: str, asked: Sequence[str], has: Mapping[str, float], *, share: str, boost: float = 1.0) -> Reading:
    found = [has[term] for term in asked if term in has]
    figure = boost * sum(found) if found and len(found) >= needed(len(asked), share) else 0.0
    return Reading(name, figure, boost, asked, has)


def needed(count: int, share: str) -> int:
    """How many of `count` terms a share asks for, read as the server reads it: "50%" is half, rounded down, "3<75%" all up to three.

    >>> needed(3, "50%"), needed(3, "3<75%"), needed(5, "3<75%"), needed(5, "1")
    (1, 3, 3, 1)
    """
    all_up_to, _, wanted = share.rpartition("<")
    if all_up_to and count <= int(all_up_to):
        return count
    percent = wanted.removesuffix("%")
    return max(1, count * int(percent) // 100 if percent != wanted else min(int(wanted), count))


def _begins(asked: Sequence[str], words: Iterable[str]) -> bool:
    if not asked:
        return False
    known = frozenset(words)
    return known.issuperset(asked[:-1]) and any(word.startswith(asked[-1]) for word in known)
