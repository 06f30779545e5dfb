"""Points in time: their names, how their ends are told (synthetic answers as the server was seen to give them), the twin's own."""

from typing import Any

import pytest

from indexer.errors import CursorGone, IndexMissing, StoreBusy, StoreError
from indexer.records import Product
from indexer.store.asking import Kept, ask_plan, open_point_plan
from indexer.store.base import Document, LexicalLeg
from indexer.store.calls import Call
from indexer.store.identity import Description
from indexer.store.memory import POINTS_CAP, MemoryStore
from indexer.store.points import frozen_id, point_index, point_name
from indexer.text import Cleaning
from tests.contract.store.cases import browse, document, identity
from tests.unit.store.plans import drive, refusal

POINT = "products-000007:o463QQ=="
CLEANING = Cleaning.load()
EMPTY = {"took": 1, "timed_out": False, "_shards": {"total": 2, "failed": 0}, "hits": {"hits": []}}


def answered(item: object) -> Any:
    (told,), calls = drive(ask_plan("products", [LexicalLeg(text="x")], Kept(), CLEANING, point=POINT), lambda _: {"responses": [item]})
    return told, calls


def failed(kind: str) -> dict[str, Any]:
    cause = {"type": kind, "reason": "No search context found for id [12]"}
    outer = {"type": "search_phase_execution_exception", "reason": "all shards failed", "root_cause": [cause]}
    return {"error": outer | {"failed_shards": [{"shard": 0, "reason": cause}]}, "status": 404}


def test_a_points_name_has_the_index_and_the_id() -> None:
    assert (point_index(POINT), frozen_id(POINT)) == ("products-000007", "o463QQ==")
    assert point_name("a-000001", "x:y") == "a-000001:x:y"
    assert (point_index("a:x:y"), frozen_id("a:x:y")) == ("a", "x:y")


@pytest.mark.parametrize("point", ["x", ":", "a:", ":b", "products-000007:ü"])
def test_a_text_that_is_no_point_is_a_cursor_that_is_gone(point: str) -> None:
    for call in (point_index, frozen_id):
        with pytest.raises(CursorGone):
            call(point)
    with pytest.raises(CursorGone):
        drive(ask_plan("products", [LexicalLeg(text="x")], Kept(), CLEANING, point=point), lambda _: EMPTY)


def test_an_empty_answer_is_of_the_points_index_without_another_question() -> None:
    told, calls = answered(EMPTY)
    assert (told.found, told.index, len(calls)) == ((), "products-000007", 1)


def test_a_point_whose_time_is_over_is_gone() -> None:
    with pytest.raises(CursorGone) as caught:
        answered(failed("search_context_missing_exception"))
    assert caught.value.cure
    assert not caught.value.retryable


def test_a_point_on_a_deleted_index_is_gone() -> None:
    missing = {"type": "index_not_found_exception", "reason": "no such index"}
    with pytest.raises(CursorGone):
        answered({"error": missing | {"root_cause": [missing]}, "status": 404})


def test_half_of_a_frozen_answer_is_none() -> None:
    lost = {"total": 2, "failed": 1, "failures": [{"shard": 1, "reason": {"type": "search_context_missing_exception", "reason": "gone"}}]}
    with pytest.raises(CursorGone):
        answered(EMPTY | {"_shards": lost})


def test_a_point_without_shards_is_none() -> None:
    with pytest.raises(CursorGone):
        answered(EMPTY | {"_shards": {"total": 0, "failed": 0}})


def test_other_failures_under_a_point_stay_what_they_are() -> None:
    with pytest.raises(StoreError, match="No search context"):
        answered(failed("some_exception"))


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("illegal_argument_exception", 400, CursorGone),
        ("unsupported_version_exception", 500, CursorGone),
        ("x_content_parse_exception", 400, StoreError),
        ("", 503, StoreError),
    ],
)
def test_an_id_that_the_server_cannot_read_is_gone(kind: str, status: int, error: type[Exception]) -> None:
    refused = refusal(StoreError("no"), status=status, kind=kind)
    with pytest.raises(error):
        drive(ask_plan("products", [LexicalLeg(text="x")], Kept(), CLEANING, point=POINT), lambda _: refused)
    with pytest.raises(StoreError):
        drive(ask_plan("products", [LexicalLeg(text="x")], Kept(), CLEANING), lambda _: refused)


def test_a_point_is_opened_on_the_index_itself_for_all_of_its_shards() -> None:
    def server(call: Call) -> Any:
        return {"products-000007": {"mappings": {}}} if call.path.endswith("_mapping") else {"pit_id": "o463QQ=="}

    point, calls = drive(open_point_plan("products", keep_s=1.2345), server)
    assert point == POINT
    assert (calls[-1].method, calls[-1].path) == ("POST", "/products-000007/_search/point_in_time")
    assert calls[-1].params == {"keep_alive": "1235ms", "allow_partial_pit_creation": "false"}
    assert drive(open_point_plan("products", keep_s=1e-9), server)[1][-1].params["keep_alive"] == "1ms"


def test_what_is_kept_is_forgotten() -> None:
    kept = Kept()
    description = Description(index="a", identity=identity(), products=1, attributes=())
    assert kept.recent() is None
    assert kept.keep(description) is kept.recent()
    kept.forget()
    assert kept.recent() is None


def test_the_twins_points_end_and_are_counted() -> None:
    store = MemoryStore()
    with pytest.raises(IndexMissing):
        store.open_point(keep_s=60)
    store.ensure(identity())
    store.write([document(Product(id="a", title="t"))])
    over = store.open_point(keep_s=0)
    with pytest.raises(CursorGone):
        store.ask([LexicalLeg(text="")], point=over)
    points = [store.open_point(keep_s=3600) for _ in range(POINTS_CAP)]
    assert len(set(points)) == POINTS_CAP
    with pytest.raises(StoreBusy) as caught:
        store.open_point(keep_s=3600)
    assert caught.value.retryable
    store.write([Document(id="a", version=2, product=None)])
    assert browse(store) == []
    assert [one.id for one in store.ask([LexicalLeg(text="")], point=points[0])[0].found] == ["a"]


def test_a_point_of_one_store_is_none_of_anothers() -> None:
    one, other = MemoryStore(), MemoryStore()
    for store in (one, other):
        store.ensure(identity())
    with pytest.raises(CursorGone):
        other.ask([LexicalLeg(text="")], point=one.open_point(keep_s=60))
