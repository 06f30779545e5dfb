"""A broker of a test's own, on loopback: the server program of the embedded one, or the system's redis-server."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import redis

from indexer.embedded.broker import server_program

PATIENCE_S = 30.0
SERVERS = ("valkey", "redis")


def program(server: str) -> str:
    """The server's program; a test that lacks Debian's is skipped at home, and fails in CI."""
    if server == "valkey":
        return str(server_program())
    if found := shutil.which("redis-server"):
        return found
    missing = "redis-server is missing (Debian: apt-get install redis-server)"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


class BrokerServer:
    """One server with a folder and a port of its own; it keeps both over a kill and a new start."""

    def __init__(self, server: str, folder: Path, *, acl: str = "") -> None:
        folder.mkdir(parents=True)
        self._program = program(server)
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._root = secrets.token_hex(16)
        # the users of the file, and one more for the test's own eyes
        lines = [acl.rstrip(), f"user root on >{self._root} ~* &* +@all", "" if acl else f"user default on >{self._root} ~* &* +@all"]
        (folder / "users.acl").write_text("\n".join(line for line in lines if line) + "\n", encoding="ascii")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        """The address of the user who may do everything."""
        return self.url_of("root", self._root)

    def url_of(self, user: str, password: str) -> str:
        """The address of a user of the file."""
        return f"redis://{user}:{password}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """The test's own eyes."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it, as deploy/valkey/valkey.conf says but for the addresses, and wait until it answers."""
        told = {"port": self.port, "bind": "127.0.0.1", "dir": ".", "appendonly": "yes", "appendfsync": "everysec"}
        told |= {"maxmemory-policy": "noeviction", "aclfile": str(self._folder / "users.acl"), "databases": 1}
        (self._folder / "server.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()), encoding="ascii")
        with (self._folder / "log").open("ab") as log:
            argv = [self._program, str(self._folder / "server.conf")]
            self._process = subprocess.Popen(argv, cwd=self._folder, stdout=log, stderr=log)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with suppress(redis.RedisError), self.client() as client:
                client.ping()
                return
            time.sleep(0.03)
        raise AssertionError((self._folder / "log").read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@contextmanager
def broker_server(server: str, folder: Path, *, acl: str = "") -> Iterator[BrokerServer]:
    """A running server, killed at the end."""
    running = BrokerServer(server, folder, acl=acl)
    try:
        yield running
    finally:
        running.kill()
