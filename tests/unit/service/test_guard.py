"""What stands before every route."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from indexer.service.guard import BODY_BYTES, HEADERS, LOOPBACK
from tests.unit.service.web import web_app

ADDRESSES = ["/", "/v1/search", "/healthz", "/static/page.css", "/static/page.js", "/nothing", "/photos/0001/0", "/uploads/none", "/?min=x"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_answer_binds_the_browser(client: TestClient, address: str) -> None:
    response = client.get(address)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["x-request-id"])


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = dict(part.split(" ", 1) for part in HEADERS["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in HEADERS["content-security-policy"]


def test_the_page_keeps_to_its_own_policy(client: TestClient) -> None:
    for address in ("/", "/?q=mug", "/?min=x"):
        text = client.get(address).text
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|javascript:", text)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)


@pytest.mark.parametrize(("given", "kept"), [("abc-1.2_3", True), ("a" * 65, False), ("x y", False), ("<b>", False), ("", False)])
def test_a_request_keeps_its_name_when_that_is_a_name(client: TestClient, given: str, kept: bool) -> None:
    assert (client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"] == given) is kept


def test_on_loopback_only_its_own_names_are_answered() -> None:
    client = TestClient(web_app(hosts=LOOPBACK))
    for host, status in [
        ("127.0.0.1:8000", 200),
        ("localhost", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("", 421),
        ("LOCALHOST:1", 200),
    ]:
        assert client.get("/healthz", headers={"host": host}).status_code == status


@pytest.mark.parametrize(("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303)])
def test_forms_of_other_sites_are_not_taken(client: TestClient, site: str, status: int) -> None:
    response = client.post("/", data={"q": "mug"}, headers={"sec-fetch-site": site}, follow_redirects=False)
    assert response.status_code == status


@pytest.mark.parametrize("address", ["/", "/v1/search"])
def test_a_body_over_the_limit_is_refused_unread(client: TestClient, address: str) -> None:
    field = "image" if address == "/" else "photo"
    response = client.post(address, files={field: ("big.png", b"\0" * (BODY_BYTES + 1))})
    assert response.status_code == 413
    assert "8 MB" in response.text


def test_a_body_that_hides_its_length_is_stopped_while_it_streams(client: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
        for _ in range(40):
            sent += 1_000_000
            yield b"\0" * 1_000_000

    response = client.post("/", content=endless(), headers={"content-type": "multipart/form-data; boundary=x"})
    assert response.status_code == 413


def test_a_form_with_too_many_fields_is_refused(client: TestClient) -> None:
    assert client.post("/", files=[("image", ("a.png", b"x")), ("image", ("b.png", b"x"))]).status_code == 400
    assert client.post("/", data={f"f.x{n}": "1" for n in range(200)}, files={"image": ("", b"")}).status_code == 400
    assert client.post("/", content=b"q=1", headers={"content-type": "text/plain"}).status_code == 415


def test_static_files_do_not_lead_out_of_their_folder(client: TestClient) -> None:
    for address in ("/static/../templates/base.html", "/static/%2e%2e/templates/base.html", "/static/..%2f__init__.py"):
        assert client.get(address).status_code == 404
