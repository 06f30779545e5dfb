"""An HTTP proxy before OpenSearch that misbehaves on command, and keeps book of every document that the server says it applied.

Only bulk requests are tampered with, but for `REFUSE`, which nobody gets past.
"""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


class Mood(StrEnum):
    PASS = "pass"
    REFUSE = "refuse"  # the connection is closed before anything is read
    BUSY = "429"
    AWAY = "503"
    PART = "part"  # every other document goes through, the others are answered with 429
    SWALLOW = "swallow"  # the server applies it all, and its answer is lost
    SLOW = "slow"  # the answer comes late
    CUT = "cut"  # the answer breaks off after some bytes


TOLD = {Mood.BUSY: (429, "rejected_execution_exception"), Mood.AWAY: (503, "unavailable_shards_exception")}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Proxy:
    """One proxy: `mood` holds for all that comes in, or for the next `times` bulk requests."""

    def __init__(self, upstream: str) -> None:
        address = urlsplit(upstream)
        self.upstream = (address.hostname or "127.0.0.1", address.port or 80)
        self.applied: Counter[tuple[str, int]] = Counter()
        self.bulks: Counter[Mood] = Counter()
        self.at_once = 0
        self.most_at_once = 0
        self.busy_above: int | None = None
        self.slow_s = 0.5
        self.cut_bytes = 40
        self._mood, self._left = Mood.PASS, -1
        self._lock = threading.Lock()
        self._server = _server(self)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def be(self, mood: Mood, *, times: int = -1) -> None:
        """From now on, or for the next bulk requests only."""
        with self._lock:
            self._mood, self._left = mood, times

    @contextmanager
    def being(self, mood: Mood) -> Iterator[None]:
        self.be(mood)
        try:
            yield
        finally:
            self.be(Mood.PASS)

    def mood(self, *, bulk: bool) -> Mood:
        """How to treat a request that comes in now."""
        with self._lock:
            mood = self._mood
            if not bulk:
                return mood if mood is Mood.REFUSE else Mood.PASS
            if self._left == 0:
                mood = self._mood = Mood.PASS
            elif self._left > 0:
                self._left -= 1
            if self.busy_above is not None and self.at_once > self.busy_above:
                mood = Mood.BUSY
            self.bulks[mood] += 1
            return mood

    @contextmanager
    def under_way(self) -> Iterator[None]:
        with self._lock:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self._lock:
                self.at_once -= 1

    def note(self, documents: list["Line"], items: list[dict[str, Any]]) -> None:
        """Keep book of a bulk's answer."""
        with self._lock:
            for document, item in zip(documents, items, strict=True):
                if item["index"]["status"] in (200, 201):
                    self.applied[document.id, document.version] += 1

    def twice(self) -> list[tuple[str, int]]:
        """What was applied more than once."""
        return [key for key, count in self.applied.items() if count > 1]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass(frozen=True, slots=True)
class Line:
    """One document of a bulk body."""

    id: str
    version: int
    data: bytes


def lines_of(body: bytes) -> list[Line]:
    """The documents of a bulk body, in order."""
    raw = body.rstrip(b"\n").split(b"\n")
    found = []
    for action, source in zip(raw[::2], raw[1::2], strict=True):
        told = json.loads(action)["index"]
        found.append(Line(told["_id"], told["version"], action + b"\n" + source + b"\n"))
    return found


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in mid-request is what this is for."""


def _server(proxy: Proxy) -> ThreadingHTTPServer:
    class Between(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base class names it
            """Say nothing."""

        def do_GET(self) -> None:
            bulk = self.path.split("?")[0].endswith("/_bulk")
            with proxy.under_way() if bulk else _nothing():
                mood = proxy.mood(bulk=bulk)
                if mood is Mood.REFUSE:
                    self._hang_up()
                    return
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                answer = self._answer(mood, body, bulk=bulk)
            if mood is Mood.SWALLOW:
                self._hang_up()
            elif mood is Mood.CUT:
                self._send(answer, cut=proxy.cut_bytes)
                self._hang_up()
            else:
                self._send(answer)

        do_POST = do_PUT = do_HEAD = do_DELETE = do_GET  # noqa: N815 - as the base class looks for them

        def _answer(self, mood: Mood, body: bytes, *, bulk: bool) -> Answer:
            if mood in TOLD:
                status, kind = TOLD[mood]
                told = {"error": {"type": kind, "reason": "so said the proxy"}, "status": status}
                return Answer(status, [("content-type", "application/json")], json.dumps(told).encode())
            if mood is Mood.SLOW:
                time.sleep(proxy.slow_s)
            if not bulk:
                return self._forward(body)
            documents = lines_of(body)
            sent = documents[::2] if mood is Mood.PART else documents
            answer = self._forward(b"".join(line.data for line in sent))
            if answer.status != 200:
                return answer
            told = json.loads(answer.body)
            proxy.note(sent, told["items"])
            if mood is not Mood.PART:
                return answer
            done = iter(told["items"])
            items = [next(done) if place % 2 == 0 else _refused(line) for place, line in enumerate(documents)]
            return Answer(200, answer.headers, json.dumps(told | {"items": items}).encode())

        def _forward(self, body: bytes) -> Answer:
            connection = http.client.HTTPConnection(*proxy.upstream, timeout=90)
            try:
                headers = {
                    name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length", "connection")
                }
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
                kept = [(name, value) for name, value in answer.getheaders() if name.lower() == "content-type"]
                return Answer(answer.status, kept, answer.read())
            except OSError:
                raise ConnectionAbortedError("the server is gone") from None
            finally:
                connection.close()

        def _send(self, answer: Answer, *, cut: int | None = None) -> None:
            self.send_response(answer.status)
            for name, value in answer.headers:
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[:cut])
            self.wfile.flush()

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    return _Server(("127.0.0.1", 0), Between)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _refused(line: Line) -> dict[str, Any]:
    error = {"type": "rejected_execution_exception", "reason": "so said the proxy"}
    return {"index": {"_id": line.id, "status": 429, "error": error}}
