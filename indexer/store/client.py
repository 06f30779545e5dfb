"""The only place where OpenSearch clients are made, and the border where their errors become ours."""

import base64
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import opensearchpy
import orjson
from opensearchpy import exceptions as theirs
from opensearchpy.serializer import JSONSerializer
from pydantic import SecretStr

from indexer.errors import SettingsError, StoreError, StoreUnavailable
from indexer.store.calls import Call
from indexer.store.responses import told_error

POOL = 16
"""Connections kept open: urllib3 keeps one by default, and opens and drops the others."""

RETRIES = 2
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PORTS = {"http": 9200, "https": 443}

# Refusals are told by our errors; without a handler of its own the client's logger would also write each to standard error.
logging.getLogger("opensearch").addHandler(logging.NullHandler())


class Answers(JSONSerializer):
    """Reads the server's answers twice as fast as the client's own reader.

    Whole numbers beyond 64 bits come out as floats: our documents hold none (documents.py writes those in another way).
    """

    def loads(self, s: str) -> Any:
        """The same values; what orjson refuses goes to the client's reader. Raises its SerializationError."""
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:  # half a surrogate pair, NaN, or no JSON: the other reader says
            return super().loads(s)


def connection_options(url: SecretStr, *, timeout_s: float) -> dict[str, Any]:
    """What both clients are made with; `?ca=FILE` behind an https address names the certificate authority to trust, in PEM.

    Raises SettingsError for an address that is none, without showing it.
    """
    try:
        parts = urlsplit(url.get_secret_value())
        port = parts.port
    except ValueError as error:
        raise SettingsError("The address of OpenSearch can't be read.", cure=_ADDRESS) from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise SettingsError("The address of OpenSearch is no http or https address.", cure=_ADDRESS)
    host: dict[str, Any] = {"host": parts.hostname, "port": port or PORTS[parts.scheme]}
    if parts.path.strip("/"):
        host["url_prefix"] = parts.path.strip("/")
    return {
        "hosts": [host],
        "use_ssl": parts.scheme == "https",
        "ca_certs": _authority(parts),
        "headers": _authorization(parts.username, parts.password),
        "http_compress": parts.hostname not in LOOPBACK,
        "pool_maxsize": POOL,
        "timeout": timeout_s,
        "max_retries": RETRIES,
        "retry_on_status": (502, 503, 504),
        "retry_on_timeout": False,
        "serializer": Answers(),
    }


def make_client(url: SecretStr, *, timeout_s: float = 10.0) -> opensearchpy.OpenSearch:
    """A client for threads. Raises SettingsError for an address that is none; connects at the first request."""
    return opensearchpy.OpenSearch(**connection_options(url, timeout_s=timeout_s))


def make_async_client(url: SecretStr, *, timeout_s: float = 10.0) -> "opensearchpy.AsyncOpenSearch":
    """A client for one event loop. Raises StoreError when the extra `async` is not installed."""
    options = connection_options(url, timeout_s=timeout_s)
    if not hasattr(opensearchpy, "AsyncOpenSearch"):
        raise StoreError("The asynchronous client needs aiohttp.", cure="pip install 'fusedex[async]'")
    return opensearchpy.AsyncOpenSearch(**options)


def request_arguments(call: Call) -> dict[str, Any]:
    """A call as the arguments of either transport's perform_request."""
    body = call.body
    headers = {"content-type": "application/x-ndjson"} if isinstance(body, bytes) else {"content-type": "application/json"}
    return {
        "method": call.method,
        "url": call.path,
        "params": dict(call.params),
        "body": body,
        "headers": headers if body is not None else None,
        "timeout": call.timeout_s,
    }


@contextmanager
def our_errors(index: str) -> Iterator[None]:
    """Within it, whatever the client raises comes out as one of our StoreError classes, naming the index."""
    try:
        yield
    except FOREIGN as error:
        raise translated(error, index) from error


def translated(error: Exception, index: str) -> StoreError:
    """Our error for one of the client's: by status and body where the server answered, else by its class."""
    if isinstance(error, theirs.TransportError) and isinstance(error.status_code, int):
        return told_error(index, error.status_code, error.info)
    ours, sentence, cure = next(TRANSLATION[base] for base in type(error).__mro__ if base in TRANSLATION)
    told = f": {error.error}" if isinstance(error, theirs.TransportError) and type(error) is theirs.TransportError else ""
    return ours(f"{sentence} ({index!r}{told}).", cure=cure)


def _authorization(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _authority(parts: SplitResult) -> str | None:
    """The file that the address names; None: the authorities that the client brings along."""
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    file = options.pop("ca", None)
    if options or (file is not None and parts.scheme != "https"):
        raise SettingsError("The address of OpenSearch has an option other than ca, or ca without https.", cure=_ADDRESS)
    if file is not None and not Path(file).is_file():
        raise SettingsError(f"The certificate authority of the address of OpenSearch is no file: {file!r}.", cure=_ADDRESS)
    return file


_ADDRESS = "Write FUSEDEX_OPENSEARCH_URL like http://host:9200 or https://user:password@host:9200?ca=/path/to/ca.pem."
_RUNNING = "Check that it runs and that FUSEDEX_OPENSEARCH_URL names it (fusedex status)."
_REPORT = "This is a fault of the library or of a proxy before the server."
TRANSLATION: Mapping[type[Exception], tuple[type[StoreError], str, str]] = {
    theirs.ConnectionTimeout: (StoreUnavailable, "OpenSearch did not answer in time", _RUNNING),
    theirs.SSLError: (
        StoreError,
        "The connection to OpenSearch could not be secured",
        "Check the server's certificate, and name its authority: ?ca=/path/to/ca.pem behind the address.",
    ),
    theirs.ConnectionError: (StoreUnavailable, "OpenSearch can't be reached", _RUNNING),
    theirs.NotFoundError: (StoreError, "OpenSearch knows nothing of that name", ""),
    theirs.ConflictError: (StoreError, "OpenSearch has another version", ""),
    theirs.RequestError: (StoreError, "OpenSearch can't read the request", _REPORT),
    theirs.AuthenticationException: (StoreError, "OpenSearch wants to know who asks", _ADDRESS),
    theirs.AuthorizationException: (StoreError, "OpenSearch does not allow it", _ADDRESS),
    theirs.TransportError: (StoreUnavailable, "The connection to OpenSearch failed", _RUNNING),
    theirs.SerializationError: (StoreUnavailable, "What answered is no OpenSearch, or broke off", _REPORT),
    theirs.ImproperlyConfigured: (StoreError, "The OpenSearch client can't be set up", _REPORT),
    theirs.UnknownDslObject: (StoreError, "The OpenSearch client knows no such query", _REPORT),
    theirs.ValidationException: (StoreError, "The OpenSearch client refuses the document", _REPORT),
    theirs.IllegalOperation: (StoreError, "The OpenSearch client refuses the operation", _REPORT),
    theirs.OpenSearchDslException: (StoreError, "The OpenSearch client refuses the query", _REPORT),
    theirs.OpenSearchException: (StoreError, "The OpenSearch client failed", _REPORT),
    theirs.OpenSearchDeprecationWarning: (StoreError, "OpenSearch warns that a request is deprecated", _REPORT),
    theirs.OpenSearchWarning: (StoreError, "OpenSearch warns", _REPORT),
}
"""The client's classes, each with ours, what it means and what to do; the nearest base of an unlisted subclass speaks for it."""

FOREIGN = tuple(TRANSLATION)
