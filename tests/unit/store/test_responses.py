"""Answers read: whole ones become products with their cosines, every half one becomes an error."""

from typing import Any

import numpy as np
import pytest

from indexer.errors import IndexMissing, StoreBlocked, StoreBusy, StoreError, StoreUnavailable
from indexer.records import Product
from indexer.store.base import Document, ExactLeg, Leg, LexicalLeg, VectorLeg
from indexer.store.documents import to_source
from indexer.store.responses import checked, leg_answers, told_error

ROW = np.ones(2, dtype=np.float32)


def hit(name: str, score: float) -> dict[str, Any]:
    source = to_source(Document(id=name, version=1, product=Product(id=name, title=f"the {name}"), photo_status="used"))
    return {"_index": "products-000003", "_id": name, "_score": score, "_source": source}


def item(*hits: dict[str, Any], **more: object) -> dict[str, Any]:
    return {"took": 4, "timed_out": False, "_shards": {"total": 1, "failed": 0}, "hits": {"hits": list(hits)}} | more


@pytest.mark.parametrize(("score", "cosine"), [(1.0, 1.0), (0.5, 0.0), (0.0, -1.0), (0.75, 0.5), (1.0000001, 1.0), (-1e-9, -1.0)])
@pytest.mark.parametrize("leg", [VectorLeg(row=ROW), ExactLeg(row=ROW, ids=("a",))], ids=["vector", "exact"])
def test_vector_scores_become_cosines(leg: Leg, score: float, cosine: float) -> None:
    (answer,) = leg_answers("products", [leg], {"responses": [item(hit("a", score))]}, index="")
    assert answer.found[0].score == pytest.approx(cosine, abs=1e-9)


def test_lexical_scores_stay_as_they_are_and_products_are_read() -> None:
    (answer,) = leg_answers("products", [LexicalLeg(text="x")], {"responses": [item(hit("a", 7.25))]}, index="other")
    (found,) = answer.found
    assert (found.id, found.score, found.product.title, found.photo_status) == ("a", 7.25, "the a", "used")
    assert (answer.index, answer.took_ms) == ("products-000003", 4.0)


def test_a_leg_without_hits_is_told_its_index() -> None:
    (answer,) = leg_answers("products", [LexicalLeg(text="x")], {"responses": [item()]}, index="products-000001")
    assert (answer.found, answer.index) == ((), "products-000001")


@pytest.mark.parametrize("answer", [{}, {"responses": []}, {"responses": [item(), item()]}])
def test_another_number_of_answers_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(StoreUnavailable):
        leg_answers("products", [LexicalLeg(text="x")], answer, index="")


def test_a_failed_shard_is_told_with_its_reason() -> None:
    failures = [{"reason": {"type": "x", "reason": "outer", "caused_by": {"reason": "disk gone"}}}]
    with pytest.raises(StoreUnavailable, match=r"1 of 3 shards.*disk gone"):
        checked("products", item(hit("a", 1), _shards={"total": 3, "failed": 1, "failures": failures}))


def test_a_time_out_on_the_server_is_no_answer() -> None:
    with pytest.raises(StoreUnavailable, match="time"):
        checked("products", item(hit("a", 1), timed_out=True))


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (404, "index_not_found_exception", IndexMissing),
        (404, "something", StoreError),
        (400, "search_phase_execution_exception", StoreError),
        (429, "rejected_execution_exception", StoreBusy),
        (429, "cluster_block_exception", StoreBlocked),
        (403, "cluster_block_exception", StoreBlocked),
        (403, "security_exception", StoreError),
        (502, "", StoreUnavailable),
        (503, "no_shard_available_action_exception", StoreUnavailable),
        (504, "", StoreUnavailable),
        (500, "null_pointer_exception", StoreError),
    ],
)
def test_an_error_of_one_item_is_raised_in_its_class(status: int, kind: str, error: type[StoreError]) -> None:
    told = {"error": {"type": kind, "reason": "all shards failed", "root_cause": [{"reason": "the true cause"}]}, "status": status}
    with pytest.raises(error) as caught:
        leg_answers("products", [LexicalLeg(text="x"), LexicalLeg(text="y")], {"responses": [item(hit("a", 1)), told]}, index="")
    assert type(caught.value) is error
    assert (caught.value.status, caught.value.kind) == (status, kind)
    if kind != "index_not_found_exception":
        assert "the true cause" in str(caught.value)


@pytest.mark.parametrize(
    "body", ["<html>bad gateway</html>", None, {"error": "plain text"}, {"error": None}, {}, {"error": {"failed_shards": [{}]}}, []]
)
def test_strange_bodies_are_told_too(body: object) -> None:
    assert isinstance(told_error("products", 502, body), StoreUnavailable)
    assert len(str(told_error("products", 500, {"error": {"reason": "x" * 10_000}}))) < 700
