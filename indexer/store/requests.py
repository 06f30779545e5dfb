"""Search bodies: what each leg asks of OpenSearch, as pure functions. A shopper's words stand in match queries only."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from indexer.records import Filter
from indexer.store.base import ExactLeg, Leg, LexicalLeg, VectorLeg
from indexer.store.calls import Call
from indexer.store.conditions import Among, Between, Condition, conditions
from indexer.store.documents import READ_BACK, row_json
from indexer.store.schema import VECTOR
from indexer.store.tokens import CJK_RUN, GTIN_DIGITS, PRICE_SCALE, gtin_token
from indexer.text.chinese import HAN
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.stop_words import without_stop_words

Body = dict[str, Any]

ENGLISH = ("title^3", "brand.words^2", "category_text", "attribute_text", "description")
CJK = ("title.cjk^3", "brand.cjk^2", "category_text.cjk", "attribute_text.cjk", "description.cjk")
ZH = ("zh_title^3", "zh_words")
PREFIX = ("title.prefix", "title.prefix._2gram", "title.prefix._3gram")

ENGLISH_SHARE = "50%"
"""The share of a query's English words (rounded down, at least one) that a product must have, over all fields together."""

CJK_SHARE = "34%"
"""The same for pairs of characters where no words are known (Japanese, Korean): n characters make n - 1 pairs, and about
every second of them spans two words, so a third of the pairs is about two thirds of the words."""

CJK_SHARE_BESIDE_WORDS = "3<75%"
"""And where the Chinese words are asked for beside: up to three pairs all of them, of more three quarters. The pairs are then there for
what no dictionary knows, and must hold together: 连衣 alone, half of a dress (连衣裙), finds overalls (连衣裤)."""

ZH_SHARE = "50%"
"""Of a query's Chinese words, as of the English ones."""

ZH_BOOST = 2.0
"""A word of three characters is one term where the pairs are two: the boost makes up for it, so that words lead."""

POPULARITY_BOOST = 0.5
"""The most that popularity adds to a BM25 score: enough to order near ties."""

ATTRIBUTE_NAMES = 1000
ROW = "@row"
"""Stands in a leg's body for its row."""

_LETTER_OF_A_WORD = re.compile(f"(?<![A-Za-z])[A-Za-z](?=[{HAN}])")
_SOURCE: Body = {"includes": list(READ_BACK), "excludes": [VECTOR]}
_BEST_FIRST = [{"_score": "desc"}, {"id": "asc"}]


def search_call(alias: str, legs: Sequence[Leg], cleaning: Cleaning = DEFAULT) -> Call:
    """One `_msearch` for all legs. Equal legs go to the same copy of each shard, so that pages fit together."""
    bodies = [_with_row(leg, json.dumps(leg_body(leg, cleaning), ensure_ascii=False, separators=(",", ":"))) for leg in legs]
    copy = hashlib.sha256("".join(bodies).encode("utf-8", "replace")).hexdigest()[:16]
    header = json.dumps({"preference": copy, "allow_partial_search_results": False})
    lines = "".join(f"{header}\n{body}\n" for body in bodies)
    return Call(method="POST", path=f"/{alias}/_msearch", body=lines.encode("utf-8", "replace"))


def leg_body(leg: Leg, cleaning: Cleaning = DEFAULT) -> Body:
    """The search body of a leg, with ROW where its row goes. Raises BadFilter for a filter whose value its field can't have."""
    if isinstance(leg, LexicalLeg):
        return _body(lexical_query(leg.text, leg.filters, cleaning), leg.size)
    if isinstance(leg, VectorLeg):
        return _body(vector_query(leg.filters, size=leg.size), leg.size)
    return _body(exact_query(leg), len(leg.ids))


def describe_body() -> Body:
    """Counts the live products and lists the attributes' names."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": live(())}},
        "aggs": {"names": {"terms": {"field": "attribute_names", "size": ATTRIBUTE_NAMES}}},
    }


def lexical_query(text: str, filters: Sequence[Filter], cleaning: Cleaning = DEFAULT) -> Body:
    """BM25 over English words, Chinese words and pairs of CJK characters, whichever finds more; popularity breaks near ties.

    The text passes the steps that indexed texts have passed. How many words must match does not count stop words. A text of
    white space matches all that the filters leave, with score 0; one of which cleaning leaves nothing (an emoji) matches nothing.
    """
    if not text.strip():
        return {"bool": {"filter": live(filters)}}
    text = cleaning.indexed(text)
    if not text:
        return {"match_none": {}}
    latin = latin_of(text)
    clauses: list[Body] = [
        _across(without_stop_words(latin), ENGLISH, share=ENGLISH_SHARE),
        {"match": {"title.exact": {"query": text, "boost": 4}}},
        {"multi_match": {"query": latin, "type": "bool_prefix", "operator": "and", "fields": list(PREFIX), "boost": 0.5}},
    ]
    if number := gtin_asked(text):
        clauses.append({"term": {"gtin": {"value": number, "boost": 4}}})
    if CJK_RUN.search(text):  # without such characters these fields would only find English words that half fit
        words = cleaning.asked_words(text)
        if words:
            clauses.append(_across(" ".join(words), ZH, share=ZH_SHARE, boost=ZH_BOOST))
        clauses.append(_across(text, CJK, share=CJK_SHARE_BESIDE_WORDS if words else CJK_SHARE))
    return {
        "bool": {
            "must": [{"dis_max": {"queries": clauses, "tie_breaker": 0.2}}],
            "should": [{"rank_feature": {"field": "popularity", "saturation": {}, "boost": POPULARITY_BOOST}}],
            "filter": live(filters),
        }
    }


def latin_of(text: str) -> str:
    """The text without letters that are parts of Chinese words, as in T恤 and U盘: alone they would find everything that begins so.

    >>> latin_of("Nike T恤 XL")
    'Nike 恤 XL'
    """
    return text if text.isascii() else " ".join(_LETTER_OF_A_WORD.sub(" ", text).split())


def gtin_asked(text: str) -> str:
    """The gtin field's token for a query that is nothing but a trade item number (8 to 14 digits), else an empty text."""
    return gtin_token(text) if text.isascii() and text.isdigit() and 8 <= len(text) <= GTIN_DIGITS else ""


def vector_query(filters: Sequence[Filter], *, size: int) -> Body:
    """The nearest products among those that pass the filters: the filter stands inside the search, not after it.

    The graph is walked twice as wide as the answer (at least 128 candidates), which keeps recall high at a small depth.
    """
    return {
        "knn": {
            VECTOR: {
                "vector": ROW,
                "k": size,
                "filter": {"bool": {"filter": live(filters)}},
                "method_parameters": {"ef_search": max(128, 2 * size)},
            }
        }
    }


def exact_query(leg: ExactLeg) -> Body:
    """The exact cosine of the named products that have a vector."""
    wanted = [{"terms": {"id": list(leg.ids)}}, {"exists": {"field": VECTOR}}, *live(())]
    params = {"field": VECTOR, "query_value": ROW, "space_type": "cosinesimil"}
    return {
        "script_score": {
            "query": {"bool": {"filter": wanted}},
            "script": {"lang": "knn", "source": "knn_score", "params": params},
        }
    }


def live(filters: Sequence[Filter]) -> list[Body]:
    """The filter clauses: not deleted, and every filter met."""
    return [{"term": {"deleted": False}}, *map(clause, conditions(filters))]


def clause(one: Condition) -> Body:
    """A condition as a query."""
    tests = [_test(test) for test in one.alternatives]
    if one.exclude:
        return {"bool": {"must_not": tests}}
    return tests[0] if len(tests) == 1 else {"bool": {"should": tests, "minimum_should_match": 1}}


def _test(test: Among | Between) -> Body:
    if isinstance(test, Among):
        return {"terms": {test.field: list(test.values)}}
    ends: Mapping[str, int | str | None] = {"gte": test.low, "lte": test.high}
    return {"range": {test.field: {end: _limit(test.field, value) for end, value in ends.items() if value is not None}}}


def _with_row(leg: Leg, body: str) -> str:
    # Writing a row digit by digit as JSON floats costs more than the rest of the body: it goes in as ready text. The quotes make sure
    # that only our own keys are met: in a value of the shopper's they would stand escaped.
    if isinstance(leg, LexicalLeg):
        return body
    key = "vector" if isinstance(leg, VectorLeg) else "query_value"
    return body.replace(f'"{key}":"{ROW}"', f'"{key}":{row_json(leg.row).decode()}')


def _limit(field: str, value: float | str) -> float | str:
    # A limit on one of scaled_float's own steps, included, means the same before and after server 3.3, which changed how others round.
    return value / PRICE_SCALE if field == "price" and not isinstance(value, str) else value


def _across(text: str, fields: Sequence[str], *, share: str, boost: float = 1.0) -> Body:
    # cross_fields counts a word once, wherever it stands: "nike shoes" is a brand and a title.
    body = {"query": text, "type": "cross_fields", "fields": list(fields), "minimum_should_match": share}
    return {"multi_match": body if boost == 1 else body | {"boost": boost}}


def _body(query: Body, size: int) -> Body:
    return {
        "query": query,
        "size": size,
        "_source": _SOURCE,
        "sort": _BEST_FIRST,
        "track_scores": True,
        "track_total_hits": False,
    }
