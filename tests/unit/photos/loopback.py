"""A world on loopback for the fetcher: a server that behaves as told, a resolver that answers as told, and a record of who was dialled."""

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpcore2

from indexer.photos.fetch import Fetcher, Outside
from indexer.settings import FeedSettings, PhotoSettings, Settings

PUBLIC = "93.184.216.34"
OTHER = "198.41.0.4"


@dataclass(frozen=True)
class Asked:
    """A request as it came: headers by lower-case name."""

    target: str
    headers: Mapping[str, str]


Script = Callable[[Asked, socket.socket], object]
"""Answers a request on its connection; False closes the connection."""


def reply(body: bytes = b"", *, status: int = 200, length: int | None = None, **headers: str) -> Script:
    """A whole answer; header names with underscores for dashes."""

    def script(_: Asked, connection: socket.socket) -> bool:
        lines = [f"HTTP/1.1 {status} As told", f"Content-Length: {len(body) if length is None else length}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return length is None

    return script


def raw(*pieces: bytes) -> Script:
    """Bytes as they are, then the connection is closed."""

    def script(_: Asked, connection: socket.socket) -> bool:
        for piece in pieces:
            connection.sendall(piece)
        return False

    return script


class _Conversation(socketserver.BaseRequestHandler):
    server: "Server"

    def handle(self) -> None:
        connection: socket.socket = self.request
        try:
            if self.server.tls is not None:
                connection = self.server.tls.wrap_socket(connection, server_side=True)
            rest = b""
            while True:
                while b"\r\n\r\n" not in rest:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    rest += piece
                head, _, rest = rest.partition(b"\r\n\r\n")
                if self.server.answer(head.decode("latin-1"), connection) is False:
                    return
        except OSError:
            return
        finally:
            connection.close()


class Server(socketserver.ThreadingTCPServer):
    """Answers each path by its script, the last of a list over and over; 404 elsewhere."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.tls = tls
        self.scripts: dict[str, list[Script]] = {}
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def on(self, path: str, *scripts: Script) -> None:
        self.scripts[path] = list(scripts)

    def answer(self, head: str, connection: socket.socket) -> object:
        first, *lines = head.split("\r\n")
        target = first.split(" ")[1]
        pairs = [line.partition(":")[::2] for line in lines]
        asked = Asked(target, {name.lower(): value.strip() for name, value in pairs})
        with self._lock:
            self.asked.append(asked)
            scripts = self.scripts.get(target.partition("?")[0], [reply(status=404)])
            script = scripts.pop(0) if len(scripts) > 1 else scripts[0]
        return script(asked, connection)

    def close(self) -> None:
        self.shutdown()
        self.server_close()


@dataclass
class Names:
    """A resolver: each host has a list of answers, given one after the other, the last for ever."""

    answers: dict[str, list[Sequence[str]]]
    calls: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.calls.append(host)
        answers = self.answers.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Dial(httpcore2.AnyIOBackend):
    """Notes which addresses a connection was opened to, and leads those of the public internet to servers of the test."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self.servers = dict(servers)
        self.dialled: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature it overrides
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.dialled.append((host, port))
        if host not in self.servers:
            raise httpcore2.ConnectError("nobody there")
        return await super().connect_tcp("127.0.0.1", self.servers[host].port, timeout, local_address, socket_options)


class Clock:
    """A time that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class World:
    """One fetcher and all that it meets."""

    fetcher: Fetcher
    server: Server
    names: Names
    dial: Dial
    clock: Clock
    folder: Path

    def one(self, address: str) -> Any:
        """What came of one address."""
        return self.fetcher.fetch([address])[address]


@contextmanager
def world(
    folder: Path, *, largest: int = 100_000, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None, **photos: Any
) -> Iterator[World]:
    """A shop at cdn.example.com (PUBLIC) and other.example.org (OTHER), both on one server of this machine.

    `tls`: the server's context and the fetcher's.
    """
    given = {"hosts": ("cdn.example.com", "*.example.org"), "total_s": 5, "patience_s": 20} | photos
    server = Server(tls[0] if tls else None)
    names = Names({"cdn.example.com": [[PUBLIC]], "other.example.org": [[OTHER]]})
    dial, clock = Dial({PUBLIC: server, OTHER: server}), Clock()
    settings = Settings(home=folder, photos=PhotoSettings(**given), feed=FeedSettings(photo_bytes=largest))
    outside = Outside(resolve=names, dial=dial, clock=clock, jitter=lambda: 0.5, tls=tls[1] if tls else None)
    fetcher = Fetcher(settings, outside=outside)
    try:
        yield World(fetcher, server, names, dial, clock, folder)
    finally:
        fetcher.close()
        server.close()
