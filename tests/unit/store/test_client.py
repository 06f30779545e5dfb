"""The border to the client: every error of theirs has one of ours, secrets stay secret, and what is no server is told."""

import inspect
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opensearchpy import exceptions
from pydantic import SecretStr

from indexer.errors import IndexMissing, SettingsError, StoreBlocked, StoreBusy, StoreError, StoreUnavailable
from indexer.settings import IndexSettings
from indexer.store.base import Document, LexicalLeg
from indexer.store.client import TRANSLATION, connection_options, make_client, our_errors, translated
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore

THEIRS = [
    found
    for _, found in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(found, Exception) and found.__module__ == exceptions.__name__
]


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda theirs: theirs.__name__)
def test_every_error_class_of_the_client_is_translated(theirs: type[Exception]) -> None:
    assert theirs in TRANSLATION
    transport = issubclass(theirs, exceptions.TransportError)
    error = theirs("N/A", "why", Exception("inner")) if transport else theirs("why")
    with pytest.raises(StoreError, match="products") as caught, our_errors("products"):
        raise error
    assert caught.value.__cause__ is error


def test_there_are_errors_to_translate() -> None:
    assert len(THEIRS) >= 15
    assert set(TRANSLATION) == set(THEIRS)


def test_an_unlisted_subclass_is_known_by_its_nearest_base() -> None:
    class Stranger(exceptions.ConnectionTimeout):
        pass

    assert isinstance(translated(Stranger("TIMEOUT", "slow", None), "products"), StoreUnavailable)


def test_our_own_errors_and_foreign_ones_pass_the_border() -> None:
    for error in (StoreBusy("slow"), KeyError("x")):
        with pytest.raises(type(error)) as caught, our_errors("products"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    ("status", "kind", "ours"),
    [
        (404, "index_not_found_exception", IndexMissing),
        (429, "x", StoreBusy),
        (403, "cluster_block_exception", StoreBlocked),
        (503, "x", StoreUnavailable),
        (401, "security_exception", StoreError),
        (400, "parsing_exception", StoreError),
    ],
)
def test_answers_with_a_status_are_told_by_it(status: int, kind: str, ours: type[StoreError]) -> None:
    error = exceptions.HTTP_EXCEPTIONS.get(status, exceptions.TransportError)(status, kind, {"error": {"type": kind, "reason": "so"}})
    told = translated(error, "products")
    assert (type(told), told.status, told.kind) == (ours, status, kind)


@pytest.mark.parametrize(
    "url", ["", "localhost:9200", "ftp://host", "http://", "http://host:port", "http://[::1", "http://user:hush@:99999999"]
)
def test_a_wrong_address_is_a_settings_error_that_does_not_show_it(url: str) -> None:
    with pytest.raises(SettingsError, match="FUSEDEX_OPENSEARCH_URL") as caught:
        connection_options(SecretStr(url), timeout_s=1)
    assert "hush" not in str(caught.value)


def test_an_address_says_host_port_path_and_who_asks() -> None:
    options = connection_options(SecretStr("https://us%40er:pass%2Fword@search.example.com/behind/"), timeout_s=3)
    assert options["hosts"] == [{"host": "search.example.com", "port": 443, "url_prefix": "behind"}]
    assert (options["use_ssl"], options["http_compress"], options["timeout"]) == (True, True, 3)
    assert options["headers"] == {"authorization": "Basic dXNAZXI6cGFzcy93b3Jk"}
    local = connection_options(SecretStr("http://127.0.0.1"), timeout_s=3)
    assert (local["hosts"], local["http_compress"], local["headers"]) == ([{"host": "127.0.0.1", "port": 9200}], False, {})


def test_the_clients_own_log_does_not_reach_standard_error() -> None:
    assert any(isinstance(handler, logging.NullHandler) for handler in logging.getLogger("opensearch").handlers)


class Scripted(BaseHTTPRequestHandler):
    """Answers everything with the server's `status` and `page`."""

    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str]]

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, page = self.server.script  # type: ignore[attr-defined]
        self.server.seen.append((self.command, self.headers.get("authorization", "")))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST = do_PUT = answer  # noqa: N815 - the server calls them by these names

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(status: int, page: bytes) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Scripted)
    server.daemon_threads = True
    seen: list[tuple[str, str]] = []
    server.script, server.seen = (status, page), seen  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://admin:hush%21@127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "page", "ours", "requests"),
    [
        (200, b"<html>a proxy</html>", StoreUnavailable, 1),
        (502, b"<html>bad gateway</html>", StoreUnavailable, 3),
        (503, b"{}", StoreUnavailable, 3),
        (429, b'{"error":{"type":"rejected","reason":"slow down"}}', StoreBusy, 1),
        (401, b"Unauthorized", StoreError, 1),
        (404, b'{"error":{"type":"index_not_found_exception"}}', IndexMissing, 1),
    ],
)
def test_what_comes_back_over_the_wire_is_one_of_our_errors(status: int, page: bytes, ours: type[StoreError], requests: int) -> None:
    with serving(status, page) as (url, seen):
        store = OpenSearchStore(SecretStr(url), IndexSettings(alias="shop"))
        with pytest.raises(ours) as caught:
            store.ask([LexicalLeg(text="x")])
        store.close()
    assert type(caught.value) is ours
    assert "hush" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert seen == [("POST", "Basic YWRtaW46aHVzaCE=")] * requests


async def test_the_asynchronous_store_has_the_same_border() -> None:
    with serving(429, b'{"error":{"type":"rejected","reason":"slow down"}}') as (url, seen):
        store = AsyncOpenSearchStore(SecretStr(url), IndexSettings(alias="shop"))
        with pytest.raises(StoreBusy, match="slow down"):
            await store.ask([LexicalLeg(text="x")])
        with pytest.raises(StoreBusy):
            await store.describe()
        await store.close()
    assert [one[0] for one in seen] == ["POST", "GET"]


def test_a_write_that_nobody_answers_raises() -> None:
    with serving(503, b"{}") as (url, _):
        store = OpenSearchStore(SecretStr(url), IndexSettings(alias="shop"))
        with pytest.raises(StoreUnavailable):
            store.write([Document(id="a", version=1, product=None)])
        store.close()


def test_making_a_client_asks_nothing_of_the_server() -> None:
    with serving(200, b"{}") as (url, seen):
        make_client(SecretStr(url)).close()
    assert seen == []
