"""/v1/search: JSON in and out, problems as problem documents."""

import base64
from typing import Any

import pytest
from fastapi.testclient import TestClient

from indexer.errors import EncoderMismatch, IndexMissing, ModelUnavailable, StoreBusy, StoreUnavailable
from tests.data.catalogue import PHOTOS
from tests.unit.service.web import Unexpected, failing_client


def ids(body: dict[str, Any]) -> list[str]:
    return [hit["id"] for hit in body["hits"]]


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == response.status_code
    assert body["request_id"] == response.headers["x-request-id"]
    assert {"type", "title", "detail", "instance"} <= set(body)
    return body


def test_an_address_and_a_body_ask_the_same(client: TestClient) -> None:
    got = client.get("/v1/search", params={"q": "shoes", "filter": ["price<130", "stock>0"], "facet": ["brand"], "per_page": 5}).json()
    wanted = {"q": "shoes", "filters": ["price<130", {"field": "stock", "op": "gt", "values": [0]}], "facets": ["brand"], "per_page": 5}
    sent = client.post("/v1/search", json=wanted).json()
    assert ids(got) == ids(sent)
    assert got["facets"] == sent["facets"]
    assert ids(got)[0] == "0010"
    assert got["boundary"]["relevant"] == got["total"]
    assert got["degraded"] == []
    assert got["hits"][0]["score"] == pytest.approx(sum(term["value"] for term in got["hits"][0]["terms"]))


def test_a_photo_comes_as_a_file_or_in_base64(client: TestClient) -> None:
    photo = (PHOTOS / "0022.png").read_bytes()
    filed = client.post("/v1/search", files={"photo": ("p.png", photo)}, data={"per_page": "3", "filter": ["stock>0"]}).json()
    coded = client.post("/v1/search", json={"photo": base64.b64encode(photo).decode(), "per_page": 3, "filters": ["stock>0"]}).json()
    assert ids(filed) == ids(coded)
    assert ids(filed)[0] == "0022"


def test_paths_of_this_machine_never_leave(client: TestClient) -> None:
    response = client.get("/v1/search", params={"q": "sofa"})
    assert response.json()["hits"][0]["product"]["photos"] == [f"/photos/{ids(response.json())[0]}/0"]
    assert str(PHOTOS) not in response.text
    assert str(PHOTOS) not in client.get("/?q=sofa").text


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"filters": ["nonsense"]}, "no filter"),
        ({"filters": [{"field": "nothing", "values": ["x"]}]}, "nothing"),
        ({"facets": ["price"]}, "price"),
        ({"page": 0}, "page"),
        ({"per_page": 100_000}, "100000"),
        ({"strategy": "magic"}, "strategy"),
        ({"photo": "§§"}, "base64"),
        ({"photo": base64.b64encode(b"text").decode()}, "JPEG"),
        ({"qq": "typo"}, "qq"),
        ({"text_weight": -1}, "text_weight"),
        ({"photo_share": 1.5}, "photo_share"),
        ({"q": "sofa", "photo_share": 0.5}, "no vectors of photos alone"),
    ],
)
def test_what_can_not_be_asked_is_a_400_with_its_reason(client: TestClient, sent: dict[str, object], word: str) -> None:
    response = client.post("/v1/search", json=sent)
    assert response.status_code == 400
    assert word in problem(response)["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"hello", "text/plain", 415),
        (b"--x", "multipart/form-data", 400),
    ],
)
def test_bodies_that_are_no_search(client: TestClient, content: bytes, kind: str, status: int) -> None:
    assert problem(client.post("/v1/search", content=content, headers={"content-type": kind}))["status"] == status


def test_a_photo_in_an_address_is_refused(client: TestClient) -> None:
    assert "POST" in problem(client.get("/v1/search?photo=abc"))["detail"]


def test_two_photos_are_refused(client: TestClient) -> None:
    photo = (PHOTOS / "0022.png").read_bytes()
    response = client.post("/v1/search", files=[("photo", ("a.png", photo)), ("photo", ("b.png", photo))])
    assert problem(response)["status"] == 400


def test_unknown_addresses_and_methods_are_problems_too(client: TestClient) -> None:
    assert problem(client.get("/v1/nothing"))["status"] == 404
    assert problem(client.delete("/v1/search"))["status"] == 405


@pytest.mark.parametrize("error", [StoreUnavailable("host db-7 is down"), StoreBusy("429 from db-7")])
def test_what_may_pass_is_a_503_that_says_when_to_come_back(error: Exception) -> None:
    response = failing_client(error).get("/v1/search?q=mug")
    assert int(response.headers["retry-after"]) > 0
    assert problem(response)["status"] == 503
    assert "db-7" not in response.text


def test_an_index_that_does_not_exist_yet_is_a_503() -> None:
    response = failing_client(IndexMissing("There is no index yet.", cure="Feed it.")).get("/v1/search")
    assert problem(response)["cure"] == "Feed it."
    assert response.status_code == 503


@pytest.mark.parametrize("error", [RuntimeError("secret"), Unexpected("secret"), EncoderMismatch("secret"), ModelUnavailable("secret")])
@pytest.mark.parametrize("address", ["/v1/search?q=mug", "/?q=mug"])
def test_all_else_is_a_500_that_tells_nothing_but_the_request(error: Exception, address: str, capsys: pytest.CaptureFixture[str]) -> None:
    response = failing_client(error).get(address, headers={"x-request-id": "visit-17"})
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "visit-17" in response.text
    assert response.headers["content-security-policy"].startswith("default-src 'none'")
    logged = "".join(capsys.readouterr())
    assert "visit-17" in logged
    assert "secret" in logged


def test_the_description_names_every_address_and_the_body(client: TestClient) -> None:
    told = client.get("/v1/openapi.json").json()
    assert set(told["paths"]) == {"/v1/search", "/healthz"}
    assert "application/json" in told["paths"]["/v1/search"]["post"]["requestBody"]["content"]


def test_health_says_what_is_searched(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "index": "products-000001", "products": 31}
    assert failing_client(StoreUnavailable("away")).get("/healthz").status_code == 503
