"""Bulk answers: what each status means for its document, and what a request that failed means for all of its documents."""

import json
from typing import Any

import pytest

from indexer.errors import IndexMissing, StoreBlocked, StoreBusy, StoreError, StoreUnavailable
from indexer.records import Product
from indexer.store.base import Document, Written
from indexer.store.bulk import write_plan
from indexer.store.calls import Call
from tests.unit.store.plans import Answers, drive, refusal

PRODUCTS = [Document(id=f"p{n}", version=n + 1, product=Product(id=f"p{n}", title="t")) for n in range(6)]


def sent(call: Call) -> list[str]:
    assert isinstance(call.body, bytes)
    return [json.loads(line)["index"]["_id"] for line in call.body.decode().split("\n")[:-1:2]]


def answered(call: Call, **items: Any) -> dict[str, Any]:
    return {"items": [{"index": {"_id": name, "status": 201} | items.get(name, {})} for name in sent(call)]}


def write(answers: Answers, *, bulk_bytes: int = 10**6) -> tuple[list[Written], list[Call]]:
    return drive(write_plan("products", PRODUCTS, width=None, bulk_bytes=bulk_bytes), answers)


def refused(status: int, kind: str = "some_exception") -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "reason": "because", "caused_by": {"reason": "of that"}}}


@pytest.mark.parametrize(
    ("item", "outcome", "error", "retryable"),
    [
        ({"status": 200}, "written", "", False),
        ({"status": 201}, "written", "", False),
        (refused(409, "version_conflict_engine_exception"), "newer", "", False),
        (refused(400, "mapper_parsing_exception"), "failed", "mapper_parsing_exception", False),
        (refused(413), "failed", "some_exception", False),
        (refused(429, "rejected_execution_exception"), "failed", "StoreBusy", True),
        (refused(429, "cluster_block_exception"), "failed", "StoreBlocked", True),
        (refused(403, "cluster_block_exception"), "failed", "StoreBlocked", True),
        (refused(403, "security_exception"), "failed", "security_exception", False),
        (refused(502), "failed", "StoreUnavailable", True),
        (refused(503, "unavailable_shards_exception"), "failed", "StoreUnavailable", True),
        (refused(504), "failed", "StoreUnavailable", True),
        (refused(500), "failed", "some_exception", False),
        ({"status": 418}, "failed", "status 418", False),
    ],
)
def test_each_status_means_one_thing(item: dict[str, Any], outcome: str, error: str, retryable: bool) -> None:
    results, _ = write(lambda call: answered(call, p2=item))
    assert [one.outcome for one in results if one.id != "p2"] == ["written"] * 5
    result = results[2]
    assert (result.id, result.version, result.outcome, result.error, result.retryable) == ("p2", 3, outcome, error, retryable)
    if "error" in item and outcome == "failed":
        assert result.reason == "because: of that"


def test_an_answer_that_does_not_fit_its_request_is_no_answer() -> None:
    def swapped(call: Call) -> dict[str, Any]:
        return {"items": answered(call)["items"][::-1]}

    for answers in (swapped, lambda _: {}, lambda call: {"items": answered(call)["items"][:-1]}):
        with pytest.raises(StoreUnavailable):
            write(answers)


def test_a_missing_alias_is_told_as_such() -> None:
    with pytest.raises(IndexMissing, match="products"):
        write(lambda call: answered(call, p0=refused(404, "index_not_found_exception")))


@pytest.mark.parametrize("error", [StoreBusy, StoreBlocked, StoreUnavailable])
def test_a_request_of_which_nothing_can_be_said_raises(error: type[StoreError]) -> None:
    with pytest.raises(error, match="no luck"):
        write(lambda _: refusal(error("no luck"), status=503))
    with pytest.raises(error, match="no luck"):
        write(lambda _: refusal(error("no luck"), status=None), bulk_bytes=1)


def test_one_failed_request_of_several_leaves_the_others_results() -> None:
    def answers(call: Call) -> object:
        return refusal(StoreUnavailable("no luck"), status=503) if "p3" in sent(call) else answered(call)

    results, calls = write(answers, bulk_bytes=1)
    assert len(calls) == 6
    assert [one.outcome for one in results] == ["written"] * 3 + ["failed"] + ["written"] * 2
    assert (results[3].error, results[3].reason, results[3].retryable) == ("StoreUnavailable", "no luck", True)


@pytest.mark.parametrize("status", [400, 413])
def test_a_spoilt_or_too_large_request_is_halved_until_the_culprit_is_alone(status: int) -> None:
    def answers(call: Call) -> object:
        return refusal(StoreError("can't read that"), status=status) if "p4" in sent(call) else answered(call)

    results, calls = write(answers)
    assert [one.outcome for one in results] == ["written"] * 4 + ["failed", "written"]
    assert not results[4].retryable
    assert len(calls) <= 7


def test_other_refusals_of_a_whole_request_are_not_repeated() -> None:
    asked: list[Call] = []

    def answers(call: Call) -> StoreError:
        asked.append(call)
        return refusal(StoreError("you may not"), status=403)

    with pytest.raises(StoreError, match="you may not"):
        write(answers)
    assert len(asked) == 1


def test_requests_write_through_the_alias_under_external_versions_and_never_make_an_index() -> None:
    _, (call,) = write(answered)
    assert (call.method, call.path, call.params["require_alias"]) == ("POST", "/products/_bulk", "true")
    assert isinstance(call.body, bytes)
    actions = [json.loads(line)["index"] for line in call.body.decode().split("\n")[:-1:2]]
    assert actions == [{"_id": f"p{n}", "version": n + 1, "version_type": "external"} for n in range(6)]


def test_bad_documents_are_not_sent() -> None:
    documents = [PRODUCTS[0], Document(id="", version=1, product=None), PRODUCTS[1]]
    results, (call,) = drive(write_plan("products", documents, width=8, bulk_bytes=10**6), answered)
    assert sent(call) == ["p0", "p1"]
    assert [one.outcome for one in results] == ["written", "failed", "written"]
    assert results[1].error == "InvalidField"


def test_nothing_is_sent_for_nothing() -> None:
    results, calls = drive(write_plan("products", [], width=8, bulk_bytes=10**6), answered)
    assert (results, calls) == ([], [])
