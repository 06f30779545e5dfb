"""One request for a photo: what its host answered, within limits of time and size that no answer can stretch."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from indexer.errors import PhotoUnreachable
from indexer.photos.addresses import Place

if TYPE_CHECKING:
    import httpcore2

REDIRECTS = (301, 302, 303, 307, 308)
GONE = (404, 410)
BUSY = (429, 503)

DRAIN_S = 0.5
DRAIN_BYTES = 65_536

HEADERS = (
    # AVIF is left out: what a host makes to order comes in a format that we decode.
    ("Accept", "image/webp,image/jpeg,image/png,image/gif;q=0.9,*/*;q=0.1"),
    ("Accept-Encoding", "identity"),
    ("User-Agent", "fusedex"),
)
"""All that a request says besides Host and its conditions: no cookies, no credentials, no referrer, on any hop."""


@dataclass(frozen=True, slots=True)
class Got:
    """A photo's bytes, and what to ask with next time (each empty where the host gave none)."""

    data: bytes
    etag: str = ""
    last_modified: str = ""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """304: the kept bytes are the current ones."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect: its location as the host wrote it, unchecked."""

    location: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """No photo, and why.

    `blame`: the host failed, not the one address. `final`: it will hardly come back. `status`: "unusable" where an answer
    came that breaks a limit. `wait_s`: the host asked for that long a pause.
    """

    reason: str
    blame: bool = False
    final: bool = False
    status: Literal["unreachable", "unusable"] = "unreachable"
    wait_s: float | None = None


Answered = Got | Unchanged | Moved | Missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may take: seconds to connect, and bytes of body, as sent and as unpacked."""

    connect_s: float
    largest_bytes: int


async def ask(
    pool: "httpcore2.AsyncConnectionPool", place: Place, *, conditions: Mapping[str, str], limits: Limits, again: bool = True
) -> Answered:
    """What the host answers to one GET; follows no redirect and waits as long as it takes: the caller sets the time.

    A kept-open connection that its host has just closed is replaced once (`again`). Raises AddressRefused from the guard.
    """
    import httpcore2

    opened: list[str] = []

    async def watch(event: str, _: Mapping[str, object]) -> None:
        if event == "connection.connect_tcp.started":
            opened.append(event)

    headers = [("Host", place.host_header), *HEADERS, *conditions.items()]
    url = httpcore2.URL(scheme=place.scheme.encode(), host=place.host.encode(), port=place.port, target=place.target.encode())
    answered = False
    try:
        async with pool.stream(
            "GET",
            url,
            headers=[(name.encode(), value.encode("latin-1")) for name, value in headers],
            extensions={"timeout": {"connect": limits.connect_s}, "trace": watch},
        ) as response:
            answered = True
            return await _read(response, place, limits.largest_bytes)
    except PhotoUnreachable as error:
        return Missed(reason=error.message, blame=True)
    except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProtocolError, OSError) as error:
        if again and not answered and not opened:
            return await ask(pool, place, conditions=conditions, limits=limits, again=False)
        return Missed(reason=f"{place.host}: {_words(error)}.", blame=True)


async def _read(response: "httpcore2.Response", place: Place, largest: int) -> Answered:
    headers = {name.lower().decode("latin-1"): value.decode("latin-1").strip() for name, value in response.headers}
    status = response.status
    if status != 200:
        await _drain(response)
    if status == 304:
        return Unchanged()
    if status in REDIRECTS and headers.get("location"):
        return Moved(_utf8(headers["location"]))
    if status != 200:
        wait_s = _seconds(headers.get("retry-after", "")) if status in BUSY else None
        return Missed(reason=f"{place.host} answers {status}.", blame=status >= 500 or status == 429, final=status in GONE, wait_s=wait_s)
    stated = headers.get("content-length", "")
    if stated.isdigit() and int(stated) > largest:
        return _too_large(place, largest)
    encoding = headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        return Missed(reason=f"{place.host} packs its answer as {encoding[:20]!r}, unasked.")
    async with aclosing(_chunks(response)) as chunks:
        data = await (_plain(chunks, largest) if encoding in ("", "identity") else _unpacked(chunks, largest))
    if data is None:
        return _too_large(place, largest)
    return Got(data, headers.get("etag", "")[:1000], headers.get("last-modified", "")[:100])


async def _drain(response: "httpcore2.Response") -> None:
    """Read a short answer's body to its end, so that its connection can be used again; a long or slow one is cut off with it."""
    read = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S), aclosing(_chunks(response)) as chunks:
            async for chunk in chunks:
                read += len(chunk)
                if read > DRAIN_BYTES:
                    return


async def _chunks(response: "httpcore2.Response") -> AsyncGenerator[bytes]:
    async for chunk in response.aiter_stream():
        yield chunk


async def _plain(chunks: AsyncIterator[bytes], largest: int) -> bytes | None:
    data = bytearray()
    async for chunk in chunks:
        data += chunk
        if len(data) > largest:
            return None
    return bytes(data)


async def _unpacked(chunks: AsyncIterator[bytes], largest: int) -> bytes | None:
    """The body unpacked, never more than one byte over the limit; None where either form is over it."""
    unpacker = zlib.decompressobj(32 + zlib.MAX_WBITS)  # gzip or zlib, whichever it is
    data = bytearray()
    packed = 0
    try:
        async for chunk in chunks:
            packed += len(chunk)
            data += unpacker.decompress(chunk, largest - len(data) + 1)
            if max(len(data), packed) > largest:
                return None
    except zlib.error as error:
        raise PhotoUnreachable("The packed answer is damaged.") from error
    if not unpacker.eof:
        raise PhotoUnreachable("The packed answer ends too early.")
    return bytes(data)


def _too_large(place: Place, largest: int) -> Missed:
    return Missed(reason=f"{place.host} sends more than {largest:,} bytes.", final=True, status="unusable")


def _seconds(text: str) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) as seconds from now: a number or a date; None where it is neither."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _utf8(header: str) -> str:
    """A header as people write it: in UTF-8 where it is that, else as it came."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def _words(error: Exception) -> str:
    return str(error).strip().rstrip(".")[:200] or type(error).__name__
