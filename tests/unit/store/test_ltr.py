"""The stored model's leg: what is asked of the learning-to-rank plugin, and what its answer means.

SYNTHETIC: no server here has the plugin. The bodies and answers below are built from its documentation, not recorded.
"""

import base64
import json
from typing import Any

import pytest

from indexer.errors import IndexMissing, StoreError, StoreUnavailable
from indexer.store.base import LexicalLeg, LtrLeg
from indexer.store.capabilities import Capabilities
from indexer.store.ltr import CURE, model_body, need_ltr
from indexer.store.memory import MemoryStore
from indexer.store.requests import leg_body, search_call
from indexer.store.responses import leg_answers
from tests.contract.store.cases import identity

LEG = LtrLeg(text='oak "chair"', ids=("b", "a", "b"), model="shop-2026", store="shop")
SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


def unwrapped(body: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(body["rescore"]["query"]["rescore_query"]["wrapper"]["query"]))


def answered(*scores: tuple[str, float]) -> dict[str, Any]:
    """SYNTHETIC: one search's answer with rescored hits, as the server orders them."""
    hits = [{"_index": "products-000001", "_id": id_, "_score": score} for id_, score in scores]
    return {"took": 3, "timed_out": False, "_shards": SHARDS, "hits": {"max_score": None, "hits": hits}, "status": 200}


UNKNOWN_QUERY = {
    "error": {"root_cause": [{"type": "parsing_exception", "reason": "unknown query [sltr]"}], "type": "parsing_exception", "reason": "x"},
    "status": 400,
}
"""SYNTHETIC: what a server without the plugin says."""


def test_the_body_is_a_rescore_of_the_named_products() -> None:
    body = leg_body(LEG)
    assert body == model_body(LEG)
    assert body["query"] == {"bool": {"filter": [{"terms": {"id": ["b", "a"]}}, {"term": {"deleted": False}}]}}
    assert body["size"] == body["rescore"]["window_size"] == 2
    told = body["rescore"]["query"]
    assert unwrapped(body) == {"sltr": {"params": {"keywords": 'oak "chair"'}, "model": "shop-2026", "store": "shop"}}
    assert (told["query_weight"], told["rescore_query_weight"]) == (0.0, 1.0)  # the model's figure and nothing else
    assert "sort" not in body  # a rescore refuses one
    assert body["_source"] is False


def test_without_a_store_the_plugins_own_is_meant() -> None:
    body = model_body(LtrLeg(text="x", ids=("a",), model="m"))
    assert unwrapped(body) == {"sltr": {"params": {"keywords": "x"}, "model": "m"}}


def test_a_shoppers_words_stand_in_the_parameter_only() -> None:
    call = search_call("products", [LtrLeg(text='{"match_all": {}}', ids=("a",), model="m")])
    assert isinstance(call.body, bytes)
    _, line = call.body.splitlines()
    assert unwrapped(json.loads(line))["sltr"]["params"] == {"keywords": '{"match_all": {}}'}


def test_scores_are_read_whatever_their_sign_best_first() -> None:
    (answer,) = leg_answers("products", [LEG], {"responses": [answered(("a", -2.5), ("b", 1.75))]}, index="")
    assert [(one.id, one.score) for one in answer.found] == [("b", 1.75), ("a", -2.5)]
    assert answer.index == "products-000001"


def test_a_server_without_the_plugin_is_told_with_the_models_name() -> None:
    with pytest.raises(StoreError, match=r"'shop-2026'.*unknown query \[sltr\]") as caught:
        leg_answers("products", [LEG], {"responses": [UNKNOWN_QUERY]}, index="")
    assert (caught.value.status, caught.value.cure) == (400, CURE)


def test_beside_another_leg_it_fails_alone() -> None:
    other = answered(("a", 1.0)) | {"hits": {"hits": [{"_index": "products-000001", "_id": "a", "_score": 1.0, "_source": {}}]}}
    whole, failed = leg_answers("products", [LexicalLeg(text="x"), LEG], {"responses": [other, UNKNOWN_QUERY]}, index="")
    assert [one.id for one in whole.found] == ["a"]
    assert not whole.error
    assert "unknown query [sltr]" in failed.error


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"error": {"type": "index_not_found_exception", "reason": "no such index"}, "status": 404}, IndexMissing),
        ({"error": {"type": "x", "reason": "down"}, "status": 503}, StoreUnavailable),
    ],
)
def test_what_is_not_the_models_fault_keeps_its_own_error(item: dict[str, Any], kind: type[StoreError]) -> None:
    with pytest.raises(kind):
        leg_answers("products", [LEG], {"responses": [item]}, index="")


def test_a_server_is_asked_for_the_plugin_by_either_name() -> None:
    def server(*plugins: str) -> Capabilities:
        return Capabilities(cluster="c", version="3.6.0", knn=True, hybrid=False, plugins=plugins)

    need_ltr(server("opensearch-ltr"))
    need_ltr(server("com.o19s.es.ltr.OpenSearchLtrPlugin"))
    with pytest.raises(StoreError, match=r"3\.6\.0.*no learning-to-rank plugin") as caught:
        need_ltr(server("opensearch-knn"))
    assert "opensearch-ltr" in caught.value.cure


def test_the_twin_in_memory_keeps_no_models() -> None:
    store = MemoryStore()
    store.ensure(identity())
    with pytest.raises(StoreError, match="keeps no models"):
        store.ask([LEG])
