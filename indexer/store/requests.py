"""Search bodies: what each leg asks of OpenSearch, as pure functions. A shopper's words stand in match queries only."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from indexer.records import Filter
from indexer.store.base import ExactLeg, Leg, LexicalLeg, VectorLeg
from indexer.store.calls import Call
from indexer.store.conditions import Among, Between, Condition, conditions
from indexer.store.documents import READ_BACK, row_json
from indexer.store.schema import VECTOR
from indexer.store.tokens import CJK_RUN, PRICE_SCALE

Body = dict[str, Any]

ENGLISH = ("title^3", "brand.words^2", "category_text", "attribute_text", "description")
CJK = ("title.cjk^3", "brand.cjk^2", "category_text.cjk", "attribute_text.cjk", "description.cjk")
PREFIX = ("title.prefix", "title.prefix._2gram", "title.prefix._3gram")

ENGLISH_SHARE = 50
"""Percent of a query's English words (rounded down, at least one) that a product must have, over all fields together."""

CJK_SHARE = 34
"""The same for pairs of characters: n characters make n - 1 pairs, and about every second of them spans two words, so a
third of the pairs is about two thirds of the words."""

POPULARITY_BOOST = 0.5
"""The most that popularity adds to a BM25 score: enough to order near ties."""

ATTRIBUTE_NAMES = 1000
ROW = "@row"
"""Stands in a leg's body for its row."""

_SOURCE: Body = {"includes": list(READ_BACK), "excludes": [VECTOR]}
_BEST_FIRST = [{"_score": "desc"}, {"id": "asc"}]


def search_call(alias: str, legs: Sequence[Leg]) -> Call:
    """One `_msearch` for all legs. Equal legs go to the same copy of each shard, so that pages fit together."""
    bodies = [_with_row(leg, json.dumps(leg_body(leg), ensure_ascii=False, separators=(",", ":"))) for leg in legs]
    copy = hashlib.sha256("".join(bodies).encode("utf-8", "replace")).hexdigest()[:16]
    header = json.dumps({"preference": copy, "allow_partial_search_results": False})
    lines = "".join(f"{header}\n{body}\n" for body in bodies)
    return Call(method="POST", path=f"/{alias}/_msearch", body=lines.encode("utf-8", "replace"))


def leg_body(leg: Leg) -> Body:
    """The search body of a leg, with ROW where its row goes. Raises BadFilter for a filter whose value its field can't have."""
    if isinstance(leg, LexicalLeg):
        return _body(lexical_query(leg.text, leg.filters), leg.size)
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


def lexical_query(text: str, filters: Sequence[Filter]) -> Body:
    """BM25 over English words and over pairs of CJK characters, whichever finds more; popularity breaks near ties.

    A text of white space matches all that the filters leave, with score 0.
    """
    if not text.strip():
        return {"bool": {"filter": live(filters)}}
    clauses: list[Body] = [
        _across(text, ENGLISH, share=ENGLISH_SHARE),
        {"match": {"title.exact": {"query": text, "boost": 4}}},
        {"multi_match": {"query": text, "type": "bool_prefix", "operator": "and", "fields": list(PREFIX), "boost": 0.5}},
    ]
    if CJK_RUN.search(text):  # without such characters these fields would only find English words that half fit
        clauses.append(_across(text, CJK, share=CJK_SHARE))
    return {
        "bool": {
            "must": [{"dis_max": {"queries": clauses, "tie_breaker": 0.2}}],
            "should": [{"rank_feature": {"field": "popularity", "saturation": {}, "boost": POPULARITY_BOOST}}],
            "filter": live(filters),
        }
    }


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
    return body.replace(f'"{key}":"{ROW}"', f'"{key}":{row_json(leg.row)}')


def _limit(field: str, value: float | str) -> float | str:
    # A limit on one of scaled_float's own steps, included, means the same before and after server 3.3, which changed how others round.
    return value / PRICE_SCALE if field == "price" and not isinstance(value, str) else value


def _across(text: str, fields: Sequence[str], *, share: int) -> Body:
    # cross_fields counts a word once, wherever it stands: "nike shoes" is a brand and a title.
    return {"multi_match": {"query": text, "type": "cross_fields", "fields": list(fields), "minimum_should_match": f"{share}%"}}


def _body(query: Body, size: int) -> Body:
    return {
        "query": query,
        "size": size,
        "_source": _SOURCE,
        "sort": _BEST_FIRST,
        "track_scores": True,
        "track_total_hits": False,
    }
