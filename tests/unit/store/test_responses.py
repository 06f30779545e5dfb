"""Answers read: whole ones become products with their cosines, every half one becomes an error."""

from typing import Any

import numpy as np
import pytest

from indexer.errors import IndexMissing, StoreBlocked, StoreBusy, StoreError, StoreUnavailable
from indexer.records import Product
from indexer.store.base import CodeLeg, Document, ExactLeg, ExplainLeg, ExtraLeg, Leg, LexicalLeg, NamedLeg, VectorLeg
from indexer.store.documents import to_source
from indexer.store.responses import checked, leg_answers, told_error

ROW = np.ones(2, dtype=np.float32)
SOME_ERROR = {"error": {"type": "another_exception", "reason": "the second one's"}, "status": 418}


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


def test_a_named_hits_vector_becomes_its_row_and_its_product_is_read_without_it() -> None:
    named = hit("a", 0.0)
    named["_source"]["vector"] = [0.6, 0.8]
    (answer,) = leg_answers("products", [NamedLeg(ids=("a",), rows=True)], {"responses": [item(named)]}, index="")
    (found,) = answer.found
    assert found.row is not None
    assert found.row.tolist() == pytest.approx([0.6, 0.8])
    assert found.product == Product(id="a", title="the a")
    assert "vector" not in found.source


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
def test_where_all_legs_fail_the_first_error_is_raised_in_its_class(status: int, kind: str, error: type[StoreError]) -> None:
    told = {"error": {"type": kind, "reason": "all shards failed", "root_cause": [{"reason": "the true cause"}]}, "status": status}
    with pytest.raises(error) as caught:
        leg_answers("products", [LexicalLeg(text="x"), LexicalLeg(text="y")], {"responses": [told, SOME_ERROR]}, index="")
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


def test_a_leg_that_fails_alone_says_so_and_the_others_answer() -> None:
    legs: list[Leg] = [LexicalLeg(text="x"), VectorLeg(row=ROW)]
    for told in (SOME_ERROR, item(hit("b", 1), timed_out=True), item(_shards={"total": 2, "failed": 2})):
        good, bad = leg_answers("products", legs, {"responses": [item(hit("a", 1.5)), told]}, index="")
        assert ([one.id for one in good.found], good.error, good.shards_failed) == (["a"], "", 0)
        assert (bad.found, bad.index) == ((), "products-000003")
        assert bad.error
    assert "the second one's" in leg_answers("products", legs, {"responses": [item(hit("a", 1.5)), SOME_ERROR]}, index="")[1].error


def test_shards_that_gave_nothing_are_counted_and_the_rest_is_an_answer() -> None:
    failures = [{"shard": 1, "reason": {"type": "x", "reason": "disk gone"}}]  # synthetic, after the documented format
    lost = {"total": 3, "successful": 2, "failed": 1, "failures": failures}
    (answer,) = leg_answers("products", [LexicalLeg(text="x")], {"responses": [item(hit("a", 1), _shards=lost)]}, index="")
    assert ([one.id for one in answer.found], answer.shards_failed, answer.error) == (["a"], 1, "")
    lost = {"total": 3, "failed": 3, "failures": failures}
    with pytest.raises(StoreUnavailable, match="disk gone"):
        leg_answers("products", [LexicalLeg(text="x")], {"responses": [item(_shards=lost)]}, index="")


def test_an_extra_query_that_is_refused_is_named_even_beside_legs_that_answer() -> None:
    legs: list[Leg] = [LexicalLeg(text="x"), ExtraLeg(query={"foo": {}})]
    refused = {"error": {"type": "parsing_exception", "reason": "unknown query [foo]"}, "status": 400}
    with pytest.raises(StoreError, match=r"extra query.*unknown query \[foo\]") as caught:
        leg_answers("products", legs, {"responses": [item(hit("a", 1)), refused]}, index="")
    assert (caught.value.status, caught.value.kind, bool(caught.value.cure)) == (400, "parsing_exception", True)
    busy = {"error": {"type": "rejected_execution_exception", "reason": "queue full"}, "status": 429}
    assert "queue full" in leg_answers("products", legs, {"responses": [item(hit("a", 1)), busy]}, index="")[1].error


def test_named_products_come_in_the_order_of_their_names_with_their_rows() -> None:
    hits = [hit(name, 0.0) for name in ("a", "b", "c")]
    hits[1]["_source"]["vector"] = [0.6, -0.8]
    leg = NamedLeg(ids=("c", "x", "b", "a", "c"), rows=True)
    (answer,) = leg_answers("products", [leg], {"responses": [item(*hits)]}, index="")
    assert [one.id for one in answer.found] == ["c", "b", "a"]
    assert {one.score for one in answer.found} == {0.0}
    rows = [one.row for one in answer.found]
    assert rows[0] is None
    assert rows[2] is None
    assert rows[1] is not None
    assert rows[1].dtype == np.float32
    assert rows[1].tolist() == pytest.approx([0.6, -0.8], abs=1e-7)
    assert answer.found[1].product.title == "the b"


def test_a_codes_score_is_one_and_an_explained_hit_has_its_fields() -> None:
    (answer,) = leg_answers("products", [CodeLeg(code="abc")], {"responses": [item(hit("a", 1.0))]}, index="")
    assert answer.found[0].score == 1.0
    explained = hit("a", 2.5) | {"_explanation": {"value": 2.5, "description": "weight(title:sofa in 3) [Similarity]", "details": []}}
    (answer,) = leg_answers("products", [ExplainLeg(text="sofa", ids=("a",))], {"responses": [item(explained)]}, index="")
    assert answer.found[0].fields == {"title": 2.5}
