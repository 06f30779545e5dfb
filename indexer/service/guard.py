"""What stands before every route: a name for the request, the headers that bind the browser, and limits on host, size and origin."""

import re
import uuid
from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 8_000_000
"""The largest body taken: a photo of 8 MB, which is what phones make of 48 megapixels, with a little room for the fields."""

LOOPBACK = ("127.0.0.1", "localhost", "::1")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class Guard:
    """ASGI middleware: sets `request.state.request_id`, sends the headers above, refuses foreign hosts and large bodies.

    `hosts` are the names under which the service may be asked (None: any). On loopback that keeps a page of some other site from
    asking through a name that it made point here (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None = None, body_bytes: int = BODY_BYTES) -> None:
        """Wrap `app`."""
        self.app = app
        self.hosts = hosts
        self.body_bytes = body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told = MutableHeaders(scope=message)
                told["x-request-id"] = request_id
                for name, value in HEADERS.items():
                    told.setdefault(name, value)
            await send(message)

        refused = self._refusal(scope, headers)
        if refused:
            await refused(scope, receive, send_with_headers)
            return
        await self.app(scope, self._capped(receive, declared=headers.get("content-length", "")), send_with_headers)

    def _refusal(self, scope: Scope, headers: Headers) -> PlainTextResponse | None:
        if self.hosts is not None and host_name(headers.get("host", "")) not in self.hosts:
            return PlainTextResponse("This service does not answer under that host name.\n", status_code=421)
        if scope["method"] not in ("GET", "HEAD") and headers.get("sec-fetch-site", "none") in ("cross-site", "same-site"):
            return PlainTextResponse("Forms of other sites are not taken here.\n", status_code=403)
        return None

    def _capped(self, receive: Receive, *, declared: str) -> Receive:
        """`receive`, counting: a body that says it is too large is not read, one that does not say is stopped while it streams."""
        seen = 0
        refused = declared.isdecimal() and int(declared) > self.body_bytes

        async def counted() -> Message:
            nonlocal seen
            if refused:
                raise HTTPException(413, too_large(self.body_bytes))
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.body_bytes:
                raise HTTPException(413, too_large(self.body_bytes))
            return message

        return counted


def too_large(limit: int) -> str:
    """What is said of a body over the limit (bytes)."""
    return f"More than {limit // 1_000_000} MB were sent. Send a smaller photo."


def host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets, in lower case.

    >>> host_name("LocalHost:8000"), host_name("[::1]:8000"), host_name("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
