"""Scores by a model that is stored in the server: the `sltr` query of the learning-to-rank plugin, as a rescore of named products.

Written from the plugin's documentation (OpenSearch 3.6; docs.opensearch.org, optimizing search with LTR).
"""

import base64
from typing import Any

import orjson

from indexer.errors import StoreError
from indexer.store.base import LtrLeg
from indexer.store.capabilities import Capabilities
from indexer.store.clauses import live

Body = dict[str, Any]

KEYWORDS = "keywords"
"""The parameter of a feature set in which the query's words stand, as in all of the plugin's examples."""

CURE = "`fusedex check` says whether the plugin is there and the model known; FUSEDEX_SEARCH__RERANK=none does without."


def model_body(leg: LtrLeg) -> Body:
    """Query, rescore and size: the products by their ids with score 0, and the model's score of each in its place.

    As a rescore, since a query's own scores may not be negative and a model's may. Nothing can be sorted by beside it. The query is
    wrapped: the server reads it apart, so that one without the plugin refuses it alone, and not all that is asked beside it.
    """
    wanted = list(dict.fromkeys(leg.ids))
    return {
        "query": {"bool": {"filter": [{"terms": {"id": wanted}}, *live(())]}},
        "size": len(wanted),
        "_source": False,
        "track_total_hits": False,
        "rescore": {
            "window_size": len(wanted),
            "query": {
                "rescore_query": {"wrapper": {"query": base64.b64encode(orjson.dumps(model_query(leg))).decode()}},
                "query_weight": 0.0,
                "rescore_query_weight": 1.0,
            },
        },
    }


def model_query(leg: LtrLeg) -> Body:
    """The plugin's own query."""
    model: Body = {"params": {KEYWORDS: leg.text}, "model": leg.model}
    return {"sltr": model | {"store": leg.store} if leg.store else model}


def need_ltr(server: Capabilities) -> None:
    """Raise StoreError when the server has no learning-to-rank plugin."""
    if not server.ltr:
        raise StoreError(
            f"The OpenSearch {server.version} of cluster {server.cluster!r} has no learning-to-rank plugin, so no model is stored there.",
            cure="Install opensearch-ltr on every node, or set FUSEDEX_SEARCH__RERANK to another.",
        )


def model_refused(leg: LtrLeg, error: StoreError) -> StoreError:
    """The error of a model that the server can't score by, saying which, and where to look."""
    refusal = StoreError(f"The model {leg.model!r} of the server can't score: {error.message}", cure=CURE)
    refusal.status, refusal.kind = error.status, error.kind
    return refusal
