"""Rebinding, redirects and hosts that mean harm or are broken: the outcome, and that nothing else was asked."""

import gzip
import socket
import ssl
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from indexer.photos import download
from tests.unit.photos.loopback import OTHER, PUBLIC, Asked, Script, World, raw, reply, world

URL = "http://cdn.example.com/a.jpg"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made


def moved(location: str, status: int = 302) -> Script:
    return reply(b"over there", status=status, Location=location)


def slow(*pieces: bytes) -> Script:
    """Send the pieces, then nothing more until the other side gives up."""

    def script(_: Asked, connection: socket.socket) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        connection.settimeout(20)
        connection.recv(1)
        return False

    return script


def drip(start: bytes, piece: bytes) -> Script:
    """Send one piece after the other without an end, slowly enough that each read brings something in time."""

    def script(_: Asked, connection: socket.socket) -> bool:
        connection.sendall(start)
        connection.settimeout(0.02)
        for _n in range(2000):
            connection.sendall(piece)
            try:
                if not connection.recv(1):
                    break
            except TimeoutError:
                continue
        return False

    return script


def flood(start: bytes, piece: bytes) -> Script:
    """Send as fast as it goes, far more than any limit."""

    def script(_: Asked, connection: socket.socket) -> bool:
        connection.sendall(start)
        for _n in range(100_000):
            connection.sendall(piece)
        return False

    return script


def reset(_: Asked, connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return False


# Rebinding and mixed answers


def test_a_resolver_that_flips_between_two_photos(shop: World) -> None:
    shop.names.answers["cdn.example.com"] = [[PUBLIC], ["127.0.0.1"]]
    shop.server.on("/a.jpg", reply(b"photo", Connection="close"))
    assert shop.one(URL).status == "used"
    assert shop.one("http://cdn.example.com/b.jpg").status == "refused"
    assert shop.dial.dialled == [(PUBLIC, 80)]


def test_a_name_is_resolved_once_for_a_connection(shop: World) -> None:
    """The flip between check and use finds no second look-up to answer."""
    shop.names.answers["cdn.example.com"] = [[PUBLIC], ["169.254.169.254"]]
    shop.server.on("/a.jpg", reply(b"photo"))
    assert shop.one(URL).data == b"photo"
    assert shop.names.calls == ["cdn.example.com"]
    assert shop.dial.dialled == [(PUBLIC, 80)]


def test_the_next_address_is_dialled_where_one_does_not_answer(shop: World) -> None:
    shop.names.answers["cdn.example.com"] = [["2a00:1450::1", "8.8.8.8", PUBLIC]]
    shop.server.on("/a.jpg", reply(b"photo"))
    assert shop.one(URL).data == b"photo"
    assert shop.dial.dialled == [("2a00:1450::1", 80), ("8.8.8.8", 80), (PUBLIC, 80)]


def test_a_name_without_an_address_is_unreachable(shop: World) -> None:
    shop.names.answers["cdn.example.com"] = [[]]
    assert shop.one(URL).status == "unreachable"
    got = shop.one("http://none.example.org/")
    assert (got.status, "can't be resolved" in got.reason) == ("unreachable", True)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_an_allowed_host_is_followed(shop: World, status: int) -> None:
    shop.server.on("/a.jpg", moved("http://other.example.org/b.jpg?x=1", status))
    shop.server.on("/b.jpg", reply(b"photo"))
    assert shop.one(URL).data == b"photo"
    assert shop.dial.dialled == [(PUBLIC, 80), (OTHER, 80)]
    assert [asked.headers["host"] for asked in shop.server.asked] == ["cdn.example.com", "other.example.org"]


@pytest.mark.parametrize("location", ["b.jpg", "/b.jpg", "./b.jpg", "//cdn.example.com/b.jpg", "?b", "/b.jpg#top", "/größe.jpg"])
def test_a_relative_redirect(shop: World, location: str) -> None:
    shop.server.on("/a.jpg", moved(location), reply(b"photo"))
    for path in ("/b.jpg", "/gr%C3%B6%C3%9Fe.jpg"):
        shop.server.on(path, reply(b"photo"))
    assert shop.one(URL).data == b"photo"


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:9200/",
        "http://[::1]/",
        "http://0x7f000001/",
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://localhost/",
        "http://inside.example.org/",
        "http://evil.com/a.jpg",
        "http://cdn.example.com.evil.com/",
        "http://cdn.example.com@evil.com/",
        "http://cdn.example.com:22/",
        "https://cdn.example.com:8443/",
        "file:///etc/passwd",
        "ftp://cdn.example.com/a.jpg",
        "gopher://cdn.example.com/",
        "data:image/png;base64,AAAA",
        "http:\\\\127.0.0.1/",
        "http://cdn.example.com\t.evil.com/",
        "http://[::1",
        "/a b",
    ],
)
def test_a_redirect_to_elsewhere_is_refused(shop: World, location: str) -> None:
    shop.names.answers["inside.example.org"] = [["10.0.0.7"]]
    shop.server.on("/a.jpg", moved(location))
    got = shop.one(URL)
    assert (got.status, got.retry_at) == ("refused", None)
    assert shop.dial.dialled == [(PUBLIC, 80)]
    assert len(shop.server.asked) == 1


def test_redirects_in_a_circle_end(shop: World) -> None:
    shop.server.on("/a.jpg", moved("/b.jpg"))
    shop.server.on("/b.jpg", moved("/a.jpg"))
    got = shop.one(URL)
    assert (got.status, "more than 3 times" in got.reason) == ("unreachable", True)
    assert len(shop.server.asked) == 4


@pytest.mark.parametrize(("allowed", "status"), [(0, "unreachable"), (1, "unreachable"), (2, "used")])
def test_so_many_redirects_and_no_more(tmp_path: Path, allowed: int, status: str) -> None:
    with world(tmp_path, redirects=allowed) as shop:
        shop.server.on("/a.jpg", moved("/b.jpg"))
        shop.server.on("/b.jpg", moved("/c.jpg"))
        shop.server.on("/c.jpg", reply(b"photo"))
        assert shop.one(URL).status == status


def test_a_redirect_may_not_lead_into_a_private_server(tmp_path: Path) -> None:
    with world(tmp_path, private=("photos.intern:8080",)) as shop:
        shop.names.answers["photos.intern"] = [["10.0.0.7"]]
        shop.dial.servers["10.0.0.7"] = shop.server
        shop.server.on("/a.jpg", moved("http://photos.intern:8080/b.jpg"))
        shop.server.on("/b.jpg", moved("/c.jpg"))
        shop.server.on("/c.jpg", reply(b"photo"))
        assert shop.one(URL).status == "refused"
        assert shop.one("http://photos.intern:8080/b.jpg").data == b"photo"


def test_a_redirect_without_a_location_is_no_photo(shop: World) -> None:
    shop.server.on("/a.jpg", reply(status=302))
    assert shop.one(URL).status == "unreachable"


# What a request says


def test_no_cookies_no_credentials_nothing_of_ours(shop: World) -> None:
    shop.server.on("/a.jpg", reply(status=302, Location="http://other.example.org/b.jpg", Set_Cookie="id=7; Domain=example.org"))
    shop.server.on("/b.jpg", reply(b"photo", Set_Cookie="id=8"))
    shop.server.on("/c.jpg", reply(b"photo"))
    assert shop.one(URL).status == shop.one("http://other.example.org/c.jpg").status == "used"
    assert {frozenset(asked.headers) for asked in shop.server.asked} == {frozenset({"host", "accept", "accept-encoding", "user-agent"})}
    assert {asked.headers["accept-encoding"] for asked in shop.server.asked} == {"identity"}


def test_proxies_of_the_environment_are_not_used(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    shop.server.on("/a.jpg", reply(b"photo"))
    assert shop.one(URL).data == b"photo"


@pytest.mark.parametrize("kind", ["image/jpeg", "text/html", "application/octet-stream", "nonsense", ""])
def test_the_content_type_decides_nothing(shop: World, kind: str) -> None:
    shop.server.on("/a.jpg", reply(b"photo", Content_Type=kind))
    assert shop.one(URL).data == b"photo"


# Time and size

OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 50000\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
ZEROS = zlib.compress(bytes(10_000_000), 9)


def packed(data: bytes, encoding: str) -> Script:
    return reply(data, Content_Encoding=encoding)


STALLING: dict[str, Script] = {
    "headers never begin": slow(),
    "headers never end": slow(OK),
    "headers drip": drip(OK, b"X-A: b\r\n"),
    "a status line that drips": drip(b"HTTP/1.1 200 ", b"O"),
    "endless 100 Continue": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the body never begins": slow(OK + LENGTH),
    "the body stops": slow(OK + LENGTH + b"half"),
    "the body drips": drip(OK + LENGTH, b"x"),
    "chunks drip": drip(OK + CHUNKED, b"1\r\nx\r\n"),
    "a body without a length drips": drip(OK + b"\r\n", b"x"),
    "a packed body of nothing drips": drip(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"),
    "a redirect that drips": drip(b"HTTP/1.1 302 Found\r\n", b"X-A: b\r\n"),
}


@pytest.mark.parametrize("script", STALLING.values(), ids=STALLING)
def test_who_stalls_is_left(tmp_path: Path, script: Script) -> None:
    with world(tmp_path, total_s=0.4) as shop:
        shop.server.on("/a.jpg", script)
        got = shop.one(URL)
        assert (got.status, got.data, "not done within 0.4 s" in got.reason) == ("unreachable", None, True)
        shop.server.on("/b.jpg", reply(b"photo"))
        assert shop.one("http://cdn.example.com/b.jpg").data == b"photo"


TOO_LARGE: dict[str, Script] = {
    "a stated length over the limit": raw(OK + b"Content-Length: 100001\r\n\r\n"),
    "a stated length of a thousand digits": raw(OK + b"Content-Length: " + b"9" * 20 + b"\r\n\r\n"),
    "one byte over the limit": reply(b"x" * 100_001),
    "a body without an end": flood(OK + b"\r\n", b"x" * 65536),
    "chunks without an end": flood(OK + CHUNKED, b"10000\r\n" + b"x" * 65536 + b"\r\n"),
    "a gzip bomb": packed(gzip.compress(bytes(10_000_000), 9), "gzip"),
    "a deflate bomb": packed(ZEROS, "deflate"),
    "a gzip bomb called x-gzip": packed(gzip.compress(bytes(10_000_000), 9), "X-GZIP"),
    "one byte over the limit once unpacked": packed(gzip.compress(b"x" * 100_001), "gzip"),
    "packed nothing without an end": flood(
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff" * 2000
    ),
}


@pytest.mark.parametrize("script", TOO_LARGE.values(), ids=TOO_LARGE)
def test_who_sends_too_much_is_left(shop: World, script: Script) -> None:
    shop.server.on("/a.jpg", script)
    got = shop.one(URL)
    assert (got.status, got.data, "more than 100,000 bytes" in got.reason) == ("unusable", None, True)
    assert got.retry_at is not None


async def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    """However much one piece of it would give."""

    async def pieces() -> AsyncIterator[bytes]:
        yield bomb

    bomb = zlib.compress(bytes(100_000_000), 9)
    tracemalloc.start()
    try:
        assert await download._unpacked(pieces(), 1_000_000) is None
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("body", [b"x" * 100_000, b""])
def test_up_to_the_limit_is_taken(shop: World, body: bytes) -> None:
    shop.server.on("/a.jpg", reply(body))
    shop.server.on("/b.jpg", packed(gzip.compress(body), "gzip"))
    shop.server.on("/c.jpg", packed(zlib.compress(body), "deflate"))
    for path in "abc":
        assert shop.one(f"http://cdn.example.com/{path}.jpg").data == body


BROKEN: dict[str, Script] = {
    "a reset": reset,
    "nothing": raw(),
    "no HTTP": raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "headers cut off": raw(OK),
    "a body shorter than stated": raw(OK + LENGTH + b"short"),
    "chunks cut off": raw(OK + CHUNKED + b"5\r\nabc"),
    "a chunk that is none": raw(OK + CHUNKED + b"zz\r\nabc\r\n"),
    "two lengths": raw(OK + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
    "a negative length": raw(OK + b"Content-Length: -1\r\n\r\nabcd"),
    "a header without an end": raw(OK + b"X-A: " + b"a" * 300_000),
    "headers by the thousand": raw(OK + b"X-A: b\r\n" * 40_000),
    "a gzip that is none": packed(b"no gzip at all", "gzip"),
    "a gzip cut off": packed(gzip.compress(b"photo" * 100)[:-12], "gzip"),
    "a brotli bomb": packed(bytes.fromhex("cfffff7ff82700e2b114204ffeff0f") * 10, "br"),
    "packed twice": packed(gzip.compress(gzip.compress(b"photo")), "gzip, gzip"),
    "an upgrade": raw(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "500": reply(status=500),
    "403": reply(status=403),
    "204": reply(status=204),
    "206, unasked": reply(b"ph", status=206, Content_Range="bytes 0-1/5"),
    "304, unasked": reply(status=304),
}


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_no_photo(shop: World, script: Script) -> None:
    shop.server.on("/a.jpg", script)
    got = shop.one(URL)
    assert (got.status, got.data) == ("unreachable", None)
    assert got.reason
    assert got.retry_at is not None
    shop.server.on("/b.jpg", reply(b"photo"))
    assert shop.one("http://cdn.example.com/b.jpg").data == b"photo"


def test_a_connection_that_its_host_has_closed_is_replaced(shop: World) -> None:
    """The host kept it open, and closed it when the next question came: that question is asked once more, on a new one."""
    shop.server.on("/a.jpg", reply(b"one"))
    shop.server.on("/b.jpg", raw(), reply(b"two"))
    assert shop.one(URL).data == b"one"
    assert shop.one("http://cdn.example.com/b.jpg").data == b"two"
    assert len(shop.dial.dialled) == 2


# TLS


def contexts(certificates: Path, trusted: bool = True) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server for cdn.example.com and *.example.org, and a client that trusts its maker, or the world's."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificates / "cdn.pem", certificates / "cdn.key")
    return server, ssl.create_default_context(cafile=certificates / "maker.pem" if trusted else None)


def test_tls_names_the_host_and_not_the_address(tmp_path: Path, certificates: Path) -> None:
    asked_for: list[str] = []
    server, client = contexts(certificates)
    server.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    with world(tmp_path, tls=(server, client)) as shop:
        shop.server.on("/a.jpg", reply(b"photo"))
        assert shop.one("https://cdn.example.com/a.jpg").data == b"photo"
        assert shop.dial.dialled == [(PUBLIC, 443)]
        assert asked_for == ["cdn.example.com"]


def test_tls_to_a_wrong_name_or_from_an_unknown_maker(tmp_path: Path, certificates: Path) -> None:
    with world(tmp_path / "name", hosts=("shop.example.net",), tls=contexts(certificates)) as shop:
        shop.names.answers["shop.example.net"] = [[PUBLIC]]
        got = shop.one("https://shop.example.net/a.jpg")
        assert (got.status, "certificate" in got.reason.lower()) == ("unreachable", True)
        assert shop.server.asked == []
    with world(tmp_path / "maker", tls=contexts(certificates, trusted=False)) as shop:
        got = shop.one("https://cdn.example.com/a.jpg")
        assert (got.status, "certificate" in got.reason.lower()) == ("unreachable", True)
        assert shop.server.asked == []


def test_no_redirect_from_https_to_http(tmp_path: Path, certificates: Path) -> None:
    with world(tmp_path, tls=contexts(certificates)) as shop:
        shop.server.on("/a.jpg", moved("http://cdn.example.com/b.jpg"))
        shop.server.on("/c.jpg", moved("https://other.example.org/d.jpg"))
        shop.server.on("/d.jpg", reply(b"photo"))
        got = shop.one("https://cdn.example.com/a.jpg")
        assert (got.status, "https to http" in got.reason) == ("refused", True)
        assert shop.one("https://cdn.example.com/c.jpg").data == b"photo"
