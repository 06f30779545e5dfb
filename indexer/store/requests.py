"""Search bodies: what each leg asks of OpenSearch, as pure functions. A shopper's words stand in match queries only."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from indexer.errors import StoreError
from indexer.records import Filter
from indexer.store.base import CodeLeg, ExactLeg, ExplainLeg, ExtraLeg, HybridLeg, Leg, LexicalLeg, LtrLeg, NamedLeg, VectorLeg
from indexer.store.calls import Call
from indexer.store.clauses import live
from indexer.store.documents import SHOWN, row_json
from indexer.store.hybrid import blended_body
from indexer.store.lexical import lexical_query
from indexer.store.ltr import model_body
from indexer.store.points import frozen_id
from indexer.store.schema import PHOTO_VECTOR, VECTOR
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.text.codes import code_of

Body = dict[str, Any]

ATTRIBUTE_NAMES = 1000
ROW = "@row"
"""Stands in a leg's body for its row."""

_ROW_KEYS: Mapping[type[Leg], bytes] = {VectorLeg: b"vector", HybridLeg: b"vector", ExactLeg: b"query_value"}
_SOURCE: Body = {"includes": list(SHOWN), "excludes": [VECTOR, PHOTO_VECTOR]}
_SOURCE_WITH_ROW: Body = {"includes": [*SHOWN, VECTOR]}
_BEST_FIRST = [{"_score": "desc"}, {"id": "asc"}]


def search_call(alias: str, legs: Sequence[Leg], cleaning: Cleaning = DEFAULT, *, point: str = "") -> Call:
    """One `_msearch` for all legs. Equal legs go to the same copy of each shard, so that pages fit together.

    With a point the bodies name it, and neither index nor copy may be named beside: the point has both.
    Raises BadFilter, CursorGone for a point that is none, StoreError for an extra query that is no JSON.
    """
    frozen = {"pit": {"id": frozen_id(point)}} if point else {}
    bodies = [_with_row(leg, _json(leg_body(leg, cleaning) | frozen)) for leg in legs]
    header: Body = {"allow_partial_search_results": True}
    if not point:
        header["preference"] = hashlib.sha256(b"".join(bodies)).hexdigest()[:16]
    told = _json(header)
    lines = b"".join(b"%b\n%b\n" % (told, body) for body in bodies)
    return Call(method="POST", path="/_msearch" if point else f"/{alias}/_msearch", body=lines)


def leg_body(leg: Leg, cleaning: Cleaning = DEFAULT) -> Body:
    """The search body of a leg, with ROW where its row goes. Raises BadFilter for a filter whose value its field can't have."""
    if isinstance(leg, HybridLeg):
        lexical = lexical_query(leg.text, leg.filters, cleaning, step=leg.step)
        return blended_body(leg, lexical, vector_query(leg.filters, size=leg.size)) | {"_source": _SOURCE}
    if isinstance(leg, LtrLeg):
        return model_body(leg)
    if isinstance(leg, ExplainLeg):
        wanted = tuple(dict.fromkeys(leg.ids))
        return _body(lexical_query(leg.text, (), cleaning, step=leg.step, ids=wanted), len(wanted)) | {"explain": True}
    if isinstance(leg, NamedLeg):
        wanted = tuple(dict.fromkeys(leg.ids))
        body = _body({"bool": {"filter": [{"terms": {"id": list(wanted)}}, *live(())]}}, len(wanted))
        return body | {"_source": _SOURCE_WITH_ROW} if leg.rows else body
    if isinstance(leg, ExactLeg):
        return _body(exact_query(leg), leg.size if leg.ids is None else min(leg.size, len(leg.ids)))
    return _body(_query(leg, cleaning), leg.size)


def _query(leg: LexicalLeg | CodeLeg | VectorLeg | ExtraLeg, cleaning: Cleaning) -> Body:
    if isinstance(leg, LexicalLeg):
        return lexical_query(leg.text, leg.filters, cleaning, step=leg.step)
    if isinstance(leg, CodeLeg):
        return code_query(leg)
    if isinstance(leg, VectorLeg):
        return vector_query(leg.filters, size=leg.size, field=_field(leg))
    return extra_query(leg)


def describe_body() -> Body:
    """Counts the live products and lists the attributes' names."""
    return {
        "size": 0,
        "track_total_hits": True,
        "query": {"bool": {"filter": live(())}},
        "aggs": {"names": {"terms": {"field": "attribute_names", "size": ATTRIBUTE_NAMES}}},
    }


def code_query(leg: CodeLeg) -> Body:
    """The products that have the code, each with score 1; a text that holds no code finds nothing."""
    code = code_of(leg.code)
    if not code:
        return {"match_none": {}}
    return {"constant_score": {"filter": {"bool": {"filter": [{"term": {"codes": code}}, *live(leg.filters)]}}, "boost": 1.0}}


def _field(leg: VectorLeg | ExactLeg) -> str:
    return PHOTO_VECTOR if leg.photos else VECTOR


def vector_query(filters: Sequence[Filter], *, size: int, field: str = VECTOR) -> Body:
    """The nearest products among those that pass the filters: the filter stands inside the search, not after it.

    The graph is walked twice as wide as the answer (at least 128 candidates), which keeps recall high at a small depth.
    """
    return {
        "knn": {
            field: {
                "vector": ROW,
                "k": size,
                "filter": {"bool": {"filter": live(filters)}},
                "method_parameters": {"ef_search": max(128, 2 * size)},
            }
        }
    }


def exact_query(leg: ExactLeg) -> Body:
    """The exact cosine of the products that have a vector: of the named ones, or of all that the filters leave."""
    named = [] if leg.ids is None else [{"terms": {"id": list(leg.ids)}}]
    params = {"field": _field(leg), "query_value": ROW, "space_type": "cosinesimil"}
    return {
        "script_score": {
            "query": {"bool": {"filter": [*named, {"exists": {"field": _field(leg)}}, *live(leg.filters)]}},
            "script": {"lang": "knn", "source": "knn_score", "params": params},
        }
    }


def extra_query(leg: ExtraLeg) -> Body:
    """The expert's query within our filters, wrapped: the server reads it apart, so that a bad one fails alone.

    Raises StoreError for one that JSON can't hold.
    """
    try:
        told = json.dumps(dict(leg.query), default=_as_dict, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StoreError(
            f"The extra query can't be written as JSON: {error}.", cure="Give it as dicts, lists, texts and numbers."
        ) from error
    wrapped = {"wrapper": {"query": base64.b64encode(told.encode()).decode()}}
    return {"bool": {"must": [wrapped], "filter": live(leg.filters)}}


def _as_dict(value: object) -> Body:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _json(body: Body) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # half a surrogate pair, or a number beyond 64 bits
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _with_row(leg: Leg, body: bytes) -> bytes:
    # Writing a row digit by digit as JSON floats costs more than the rest of the body: it goes in as ready text. The quotes make sure
    # that only our own keys are met: in a value of the shopper's they would stand escaped.
    if not isinstance(leg, VectorLeg | HybridLeg | ExactLeg):
        return body
    key = _ROW_KEYS[type(leg)]
    return body.replace(b'"%b":"%b"' % (key, ROW.encode()), b'"%b":%b' % (key, row_json(leg.row)))


def _body(query: Body, size: int) -> Body:
    return {
        "query": query,
        "size": size,
        "_source": _SOURCE,
        "sort": _BEST_FIRST,
        "track_scores": True,
        "track_total_hits": False,
    }
