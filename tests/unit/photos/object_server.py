"""As much of S3's protocol as keeping photos takes, on loopback: put, get, delete, list by pages."""

import hashlib
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 3


class ObjectServer(ThreadingHTTPServer):
    """One bucket. `failing` answers every request with that status; `touched` sets an object's time."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.asked: list[str] = []
        self.failing: int | None = None
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def options(self) -> tuple[str, ...]:
        return (f"endpoint=http://127.0.0.1:{self.server_address[1]}", "skip_signature=true", "region=us-east-1")

    def touched(self, name: str, at: float) -> None:
        self.objects[name] = self.objects[name][0], datetime.fromtimestamp(at, UTC)

    def close(self) -> None:
        self.shutdown()
        self.server_close()


class _Answer(BaseHTTPRequestHandler):
    server: ObjectServer
    protocol_version = "HTTP/1.1"

    def _send(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self) -> tuple[str, dict[str, list[str]], bytes] | None:
        address = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append(f"{self.command} {self.path}")
        if self.server.failing is not None:
            self._send(self.server.failing, b"<Error><Code>Told</Code><Message>to fail</Message></Error>")
            return None
        return unquote(address.path).removeprefix("/bucket").removeprefix("/"), parse_qs(address.query, keep_blank_values=True), data

    def do_PUT(self) -> None:
        if (begun := self._begin()) is not None:
            name, _, data = begun
            self.server.objects[name] = data, datetime.now(UTC)
            self._send(200, ETag=f'"{hashlib.md5(data).hexdigest()}"')

    def do_GET(self) -> None:
        if (begun := self._begin()) is None:
            return
        name, query, _ = begun
        if not name:
            self._list(query)
        elif name in self.server.objects:
            data, at = self.server.objects[name]
            self._send(200, data, ETag='"1"', Last_Modified=at.strftime("%a, %d %b %Y %H:%M:%S GMT"))
        else:
            self._send(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        if (begun := self._begin()) is not None:  # several deleted at once
            names = re.findall(r"<Key>(.*?)</Key>", begun[2].decode())
            for name in names:
                self.server.objects.pop(name, None)
            gone = "".join(f"<Deleted><Key>{name}</Key></Deleted>" for name in names)
            self._send(200, f"<DeleteResult>{gone}</DeleteResult>".encode(), Content_Type="application/xml")

    def do_DELETE(self) -> None:
        if (begun := self._begin()) is not None:
            self.server.objects.pop(begun[0], None)
            self._send(204)

    def _list(self, query: dict[str, list[str]]) -> None:
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        names = sorted(name for name in self.server.objects if name.startswith(prefix) and name > after)
        page = names[:PAGE]
        found = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{self.server.objects[name][1].isoformat()}</LastModified>"
            f"<ETag>1</ETag><Size>{len(self.server.objects[name][0])}</Size></Contents>"
            for name in page
        )
        more = (
            f"<IsTruncated>true</IsTruncated><NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if len(names) > PAGE else ""
        )
        body = f"<?xml version='1.0'?><ListBucketResult>{found}{more or '<IsTruncated>false</IsTruncated>'}</ListBucketResult>"
        self._send(200, body.encode(), Content_Type="application/xml")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature it overrides
        pass
