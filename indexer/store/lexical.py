"""The text of a query as the engine matches it: which fields are asked, how many of the words must be found, and what breaks ties."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from indexer.records import Filter
from indexer.store.clauses import live
from indexer.store.tokens import CJK_RUN
from indexer.text.chinese import HAN
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.stop_words import without_stop_words

Body = dict[str, Any]

ENGLISH = ("title^3", "brand.words^2", "category_text", "attribute_text", "description")
CJK = ("title.cjk^3", "brand.cjk^2", "category_text.cjk", "attribute_text.cjk", "description.cjk")
ZH = ("zh_title^3", "zh_words")
PREFIX = ("title.prefix", "title.prefix._2gram", "title.prefix._3gram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How many of a query's terms a product must have, in the engine's words: "50%" rounds down, "2<75%" is all up to two.

    `english` is of the words without stop words, over all fields together; `zh` of the Chinese words. `pairs` is of the pairs of
    characters where no words are known (Japanese, Korean): n characters make n - 1 pairs, and about every second of them spans two
    words, so a third of the pairs is about two thirds of the words. `beside` is of the pairs where Chinese words are asked for too:
    they are then there for what no dictionary knows, and must hold together: 连衣 alone, half of a dress (连衣裙), finds
    overalls (连衣裤).
    """

    english: str
    zh: str
    pairs: str
    beside: str


STEPS = (
    # Most words: up to two all of them. Half of the pairs are about all of the words. Three quarters of the pairs beside are most already.
    Shares(english="2<75%", zh="2<75%", pairs="2<50%", beside="3<75%"),
    Shares(english="50%", zh="50%", pairs="34%", beside="3<75%"),
    # Any word. A pair is any word only where words have two characters and nothing better is known: beside words it stays a third.
    Shares(english="1", zh="1", pairs="1", beside="34%"),
)
"""From most of the words to any of them; what one step finds, the next one finds too."""

ZH_BOOST = 2.0
"""A word of three characters is one term where the pairs are two: the boost makes up for it, so that words lead."""

TITLE_BOOST = 4
"""What the whole title, typed in full, scores: a keyword without norms, so always this."""

PREFIX_BOOST = 0.5
TIE_BREAKER = 0.2
"""Readings of one text (words, pairs, beginnings) find the same thing: the best one counts, the others as a hint of its strength."""

POPULARITY_BOOST = 0.5
"""The most that popularity adds to a BM25 score: enough to order near ties."""

_LETTER_OF_A_WORD = re.compile(f"(?<![A-Za-z])[A-Za-z](?=[{HAN}])")


def shares_of(step: int) -> Shares:
    """The shares of a step; below the first it is the first, beyond the last the last."""
    return STEPS[min(max(step, 0), len(STEPS) - 1)]


def lexical_query(
    text: str, filters: Sequence[Filter], cleaning: Cleaning = DEFAULT, *, step: int = 1, ids: Sequence[str] | None = None
) -> Body:
    """BM25 over English words, Chinese words and pairs of CJK characters, whichever finds more; popularity breaks near ties.

    The text passes the steps that indexed texts have passed. How many words must match (STEPS) does not count stop words. A text of
    white space matches all that the filters leave, with score 0; one of which cleaning leaves nothing (an emoji) matches nothing.
    With `ids`, these products alone are asked.
    """
    allowed = live(filters) if ids is None else [{"terms": {"id": list(ids)}}, *live(filters)]
    if not text.strip():
        return {"bool": {"filter": allowed}}
    text = cleaning.indexed(text)
    if not text:
        return {"match_none": {}}
    return {
        "bool": {
            "must": [{"dis_max": {"queries": _readings(text, shares_of(step), cleaning), "tie_breaker": TIE_BREAKER}}],
            "should": [{"rank_feature": {"field": "popularity", "saturation": {}, "boost": POPULARITY_BOOST}}],
            "filter": allowed,
        }
    }


def latin_of(text: str) -> str:
    """The text without letters that are parts of Chinese words, as in T恤 and U盘: alone they would find everything that begins so.

    >>> latin_of("Nike T恤 XL")
    'Nike 恤 XL'
    """
    return text if text.isascii() else " ".join(_LETTER_OF_A_WORD.sub(" ", text).split())


def _readings(text: str, shares: Shares, cleaning: Cleaning) -> list[Body]:
    latin = latin_of(text)
    prefix = {"query": latin, "type": "bool_prefix", "operator": "and", "fields": list(PREFIX), "boost": PREFIX_BOOST}
    readings: list[Body] = [
        _across(without_stop_words(latin), ENGLISH, share=shares.english),
        {"match": {"title.exact": {"query": text, "boost": TITLE_BOOST}}},
        {"multi_match": prefix},
    ]
    if CJK_RUN.search(text):  # without such characters these fields would only find English words that half fit
        words = cleaning.asked_words(text)
        if words:
            readings.append(_across(" ".join(words), ZH, share=shares.zh, boost=ZH_BOOST))
        readings.append(_across(text, CJK, share=shares.beside if words else shares.pairs))
    return readings


def _across(text: str, fields: Sequence[str], *, share: str, boost: float = 1.0) -> Body:
    # cross_fields counts a word once, wherever it stands: "nike shoes" is a brand and a title.
    body = {"query": text, "type": "cross_fields", "fields": list(fields), "minimum_should_match": share}
    return {"multi_match": body if boost == 1 else body | {"boost": boost}}
