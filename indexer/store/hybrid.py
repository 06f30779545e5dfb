"""Blending by the server: the hybrid query of the neural-search plugin, with its pipeline in the request, and what its answer may hold.

Written from the plugin's documentation (neural-search 3.6; docs.opensearch.org, hybrid query, normalization processor, score ranker).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from indexer.errors import StoreError
from indexer.store.base import HybridLeg
from indexer.store.calls import Plan
from indexer.store.capabilities import Capabilities, capabilities_plan

Body = dict[str, Any]

NAMES = ("lexical", "vector")
"""The sub-queries, in the order in which their weights are told."""

_OTHER_STRATEGY = "Set FUSEDEX_SEARCH__STRATEGY=msearch, which blends the same two legs here"


def blended_body(leg: HybridLeg, lexical: Body, nearest: Body) -> Body:
    """Query, pipeline and size; each sub-query has the filters inside it.

    The hybrid query must stand at the top, and `_score` can't be sorted by together with anything: ties are put in order as the answer
    is read. The depth is the size, always, since scores are scaled over what was fetched. Raises StoreError for weights that sum to 0.
    """
    return {
        "query": {"hybrid": {"queries": [lexical, nearest], "pagination_depth": leg.size}},
        "size": leg.size,
        "track_total_hits": False,
        "search_pipeline": {"phase_results_processors": [_blender(leg)]},
    }


def shares(weights: Mapping[str, float]) -> list[float]:
    """The weights of NAMES, scaled to sum to 1 as the plugin wants it. Raises StoreError where that can't be.

    >>> shares({"lexical": 3, "vector": 1}), shares({"vector": 0.2})
    ([0.75, 0.25], [0.0, 1.0])
    """
    told = [float(weights.get(name, 0.0)) for name in NAMES]
    whole = sum(told)
    if not math.isfinite(whole) or whole <= 0 or min(told) < 0:
        raise StoreError(
            f"The weights {dict(weights)} can't be shares of one score.", cure="Give lexical, vector or both a positive weight."
        )
    return [weight / whole for weight in told]


def refuse_raw(leg: HybridLeg, scores: Sequence[float | None]) -> None:
    """Raise StoreError for scores that no pipeline has blended.

    Without its pipeline the plugin answers in a format of its own, in which hits stand twice and marks with huge negative scores part the
    sub-queries. A blended score is at least 0, and at most 1 (RRF: 1 / (constant + 1)).
    """
    most = 1.0 / (leg.rrf_constant + 1) if leg.blend == "rrf" else 1.0
    if any(score is None or not 0.0 <= score <= most * 1.001 for score in scores):
        raise StoreError(
            "The server gave the hybrid query's raw scores: its blending pipeline did not run.",
            cure=f"{_OTHER_STRATEGY}, or bring neural-search on every node to the server's version.",
        )


def need_hybrid_plan() -> Plan[None]:
    """Ask what the server is. Raises StoreError when it has no hybrid query."""
    server = yield from capabilities_plan()
    need_hybrid(server)


def need_hybrid(server: Capabilities) -> None:
    """Raise StoreError when the server has no hybrid query."""
    if not server.hybrid:
        raise StoreError(
            f"The OpenSearch {server.version} of cluster {server.cluster!r} has no hybrid query: the neural-search plugin is missing.",
            cure=f"{_OTHER_STRATEGY}, or install opensearch-neural-search on every node.",
        )


def _blender(leg: HybridLeg) -> Body:
    weights = {"weights": shares(leg.weights)}
    if leg.blend == "rrf":
        return {"score-ranker-processor": {"combination": {"technique": "rrf", "rank_constant": leg.rrf_constant, "parameters": weights}}}
    return {
        "normalization-processor": {
            "normalization": {"technique": leg.blend},
            "combination": {"technique": "arithmetic_mean", "parameters": weights},
        }
    }
