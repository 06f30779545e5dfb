"""Errors as people and programs meet them: a status for each class, a problem document for /v1, a page for everything else.

Nothing internal is told: an unexpected error is logged with the request's id, and only the id is shown.
"""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.errors import EmptyIndex, IndexerError, IndexMissing, ProductError, QueryError
from indexer.observe import log
from indexer.service.pages import render

RETRY_AFTER_S = 5
_TITLES = {
    400: "That can't be searched",
    403: "Not allowed",
    404: "Nothing is here",
    405: "Not that way",
    410: "That photo is gone",
    413: "That photo is too large",
    422: "That can't be searched",
    503: "The search is resting",
}
_HIDDEN = "Something went wrong on our side; the log knows more under the request's id."


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an error: HTTP status, a title, what went wrong, what helps, and a short name for programs."""

    status: int
    title: str
    detail: str
    cure: str = ""
    name: str = "error"


def told(error: Exception) -> Told:
    """What is told of an error. The asker's own mistakes are 400, what may pass is 503, an index without products 503 too.

    Of all others, only that they happened (500).
    """
    if isinstance(error, (QueryError, ProductError)):
        return Told(400, _TITLES[400], error.message, error.cure, type(error).__name__)
    if isinstance(error, (IndexMissing, EmptyIndex)):
        return Told(503, "There are no products yet", error.message, error.cure, type(error).__name__)
    if isinstance(error, IndexerError) and error.retryable:
        return Told(503, _TITLES[503], "The search engine does not answer now.", "Try again in a moment.", type(error).__name__)
    if isinstance(error, ValidationError):
        complaints = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in error.errors(include_input=False))
        return Told(400, _TITLES[400], f"{complaints}.", name="InvalidRequest")
    if isinstance(error, HTTPException):
        return Told(error.status_code, _TITLES.get(error.status_code, "That did not work"), str(error.detail), name="HTTP")
    return Told(500, "Something broke", _HIDDEN, name="InternalError")


def add_error_pages(app: FastAPI) -> None:
    """Answer every error of the app's routes, the unexpected ones too."""
    for kind in (IndexerError, ValidationError, HTTPException):
        app.add_exception_handler(kind, respond)
    app.add_middleware(LastResort)


class LastResort:
    """ASGI middleware that answers what nothing else caught; the framework's own stands outside the guard, so without its headers."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap `app`."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; an error after the answer has begun can only be passed on."""
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, receive, noted)
        except Exception as error:
            if begun or scope["type"] != "http":
                raise
            response = await respond(Request(scope, receive), error)
            await response(scope, receive, send)


async def respond(request: Request, error: Exception) -> Response:
    """A problem document (RFC 9457) under /v1, a page elsewhere; 503 says when to come back."""
    what = told(error)
    request_id = str(getattr(request.state, "request_id", ""))
    if what.status >= 500:
        log.error("request_failed", request_id=request_id, path=request.url.path, error=type(error).__name__, exc_info=error)
    headers = {"cache-control": "no-store"} | dict(getattr(error, "headers", None) or {})
    if what.status == 503:
        headers["retry-after"] = str(RETRY_AFTER_S)
    if not request.url.path.startswith("/v1/"):
        return render(request, "error.html", {"told": what, "request_id": request_id}, status=what.status, headers=headers)
    problem = {
        "type": f"urn:fusedex:error:{what.name}",
        "title": what.title,
        "status": what.status,
        "detail": what.detail,
        "instance": request.url.path,
        "request_id": request_id,
    } | ({"cure": what.cure} if what.cure else {})
    return JSONResponse(problem, what.status, headers, media_type="application/problem+json")
