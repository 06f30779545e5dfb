"""The hybrid query: its request as the documentation wants it, its answers (synthetic, after the documented format), its refusals."""

import json
from typing import Any

import numpy as np
import pytest

from indexer.errors import StoreError
from indexer.records import Blend, Filter, Product
from indexer.store.asking import Kept, ask_plan
from indexer.store.base import Document, ExtraLeg, HybridLeg, Leg, LexicalLeg
from indexer.store.calls import Call
from indexer.store.documents import to_source
from indexer.store.hybrid import shares
from indexer.store.lexical import lexical_query
from indexer.store.memory import MemoryStore
from indexer.store.requests import search_call, vector_query
from indexer.store.responses import leg_answers
from indexer.text import Cleaning
from tests.contract.store.cases import identity
from tests.unit.store.plans import drive

ROW = np.array([0.6, -0.8], dtype=np.float32)
FILTERS = (Filter("brand", "eq", ("Nike",)),)
LEG = HybridLeg(text="running shoes", row=ROW, filters=FILTERS, size=50, weights={"lexical": 0.2, "vector": 0.6})


def asked(leg: HybridLeg) -> dict[str, Any]:
    call = search_call("products", [leg])
    assert isinstance(call.body, bytes)
    body: dict[str, Any] = json.loads(call.body.decode().splitlines()[1])
    return body


def leg(blend: Blend, **more: Any) -> HybridLeg:
    return HybridLeg(text="sofa", row=ROW, weights={"lexical": 0.5, "vector": 0.5}, blend=blend, **more)


def answer(*scores: float | None, ids: str = "abcdefgh") -> dict[str, Any]:
    """A synthetic answer with these scores, best first as the server gives them."""
    hits = []
    for name, score in zip(ids, scores, strict=False):
        source = to_source(Document(id=name, version=1, product=Product(id=name, title="t")))
        hits.append({"_index": "products-000001", "_id": name, "_score": score, "_source": source})
    shards = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    return {"took": 9, "timed_out": False, "_shards": shards, "hits": {"max_score": scores[0] if scores else None, "hits": hits}}


def test_both_queries_stand_at_the_top_with_the_filters_inside_each() -> None:
    body = asked(LEG)
    hybrid = body["query"]["hybrid"]
    lexical, nearest = hybrid["queries"]
    assert lexical == lexical_query("running shoes", FILTERS)
    assert nearest["knn"]["vector"].pop("vector") == pytest.approx([0.6, -0.8], abs=1e-7)
    expected = vector_query(FILTERS, size=50)["knn"]["vector"]
    assert nearest["knn"]["vector"] == {key: value for key, value in expected.items() if key != "vector"}
    assert set(body["query"]) == {"hybrid"}
    assert (hybrid["pagination_depth"], body["size"]) == (50, 50)
    assert "sort" not in body
    assert "vector" in body["_source"]["excludes"]


@pytest.mark.parametrize("blend", ["min_max", "z_score", "l2"])
def test_scores_are_blended_by_the_normalization_processor(blend: Blend) -> None:
    body = asked(HybridLeg(text="x", row=ROW, weights={"lexical": 1, "vector": 3}, blend=blend))
    assert body["search_pipeline"] == {
        "phase_results_processors": [
            {
                "normalization-processor": {
                    "normalization": {"technique": blend},
                    "combination": {"technique": "arithmetic_mean", "parameters": {"weights": [0.25, 0.75]}},
                }
            }
        ]
    }


def test_ranks_are_blended_by_the_score_ranker_processor() -> None:
    body = asked(HybridLeg(text="x", row=ROW, weights={"vector": 2}, blend="rrf", rrf_constant=20))
    assert body["search_pipeline"] == {
        "phase_results_processors": [
            {"score-ranker-processor": {"combination": {"technique": "rrf", "rank_constant": 20, "parameters": {"weights": [0.0, 1.0]}}}}
        ]
    }


@pytest.mark.parametrize(
    "weights", [{}, {"lexical": 0.0, "vector": 0.0}, {"lexical": -1.0, "vector": 2.0}, {"vector": float("nan")}, {"x": 1}]
)
def test_weights_that_are_no_shares_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(StoreError, match="weights"):
        shares(weights)


def test_the_step_reaches_the_words() -> None:
    query = asked(HybridLeg(text="a1 b2 c3", row=ROW, weights={"lexical": 1}, step=0))["query"]["hybrid"]["queries"][0]
    assert query == lexical_query("a1 b2 c3", (), step=0)


def test_blended_scores_are_read_with_ties_in_order_of_ids() -> None:
    (told,) = leg_answers("products", [leg("min_max")], {"responses": [answer(1.0, 0.5, 0.5, 0.001, ids="cbaz")]}, index="")
    assert [(one.id, one.score) for one in told.found] == [("c", 1.0), ("a", 0.5), ("b", 0.5), ("z", 0.001)]
    assert (told.index, told.took_ms) == ("products-000001", 9.0)
    (told,) = leg_answers("products", [leg("rrf")], {"responses": [answer(1 / 61, 1 / 62)]}, index="")
    assert [one.id for one in told.found] == ["a", "b"]
    (told,) = leg_answers("products", [leg("l2")], {"responses": [answer()]}, index="products-000009")
    assert (told.found, told.index) == ((), "products-000009")


@pytest.mark.parametrize(
    ("blend", "scores"),
    [
        ("min_max", (-9549512000.0, -4422440400.0, 7.5, -4422440400.0, 0.9, -9549512000.0)),  # the plugin's marks between sub-queries
        ("rrf", (-9549512000.0, -4422440400.0, 7.5, -9549512000.0)),
        ("z_score", (-9549512000.0, -4422440400.0, -9549512000.0)),
        ("min_max", (7.5, 0.4)),
        ("rrf", (0.4, 0.2)),
        ("l2", (None,)),
    ],
)
def test_raw_scores_are_refused(blend: Blend, scores: tuple[float | None, ...]) -> None:
    with pytest.raises(StoreError, match="pipeline") as caught:
        leg_answers("products", [leg(blend)], {"responses": [answer(*scores)]}, index="")
    assert "msearch" in caught.value.cure


class Server:
    """Answers like an OpenSearch with these plugins; counts how often it was asked for them."""

    def __init__(self, *plugins: str) -> None:
        self.plugins = plugins
        self.paths: list[str] = []

    def __call__(self, call: Call) -> Any:
        self.paths.append(call.path)
        if call.path == "/":
            return {"cluster_name": "shop", "version": {"distribution": "opensearch", "number": "3.6.0"}}
        if call.path == "/_cat/plugins":
            return [{"component": name} for name in self.plugins]
        return {"responses": [answer(0.9, 0.1)]}


def test_a_server_without_the_plugin_is_told_with_the_cure() -> None:
    server = Server("opensearch-knn")
    for _ in range(2):
        with pytest.raises(StoreError, match=r"3\.6\.0.*neural-search") as caught:
            drive(ask_plan("products", [LexicalLeg(text="x"), LEG], Kept(), Cleaning.load()), server)
        assert "msearch" in caught.value.cure
    assert not any("_msearch" in path for path in server.paths)


def test_a_server_with_the_plugin_is_asked_for_it_once() -> None:
    server, kept = Server("opensearch-knn", "opensearch-neural-search"), Kept()
    for _ in range(2):
        (told,), _ = drive(ask_plan("products", [LEG], kept, Cleaning.load()), server)
        assert [one.id for one in told.found] == ["a", "b"]
    assert server.paths == ["/", "/_cat/plugins", "/products/_msearch", "/products/_msearch"]


def test_the_store_in_memory_refuses_what_only_a_server_reads() -> None:
    store = MemoryStore()
    store.ensure(identity(2))
    legs: dict[str, Leg] = {"hybrid": LEG, "extra query": ExtraLeg(query={"match_all": {}})}
    for name, leg in legs.items():
        with pytest.raises(StoreError, match=name) as caught:
            store.ask([LexicalLeg(text="x"), leg])
        assert caught.value.cure
