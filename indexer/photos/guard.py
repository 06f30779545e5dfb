"""The check at connect time: names are resolved once, every answer is checked, and the connection goes to a checked address."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from indexer.errors import AddressRefused, PhotoUnreachable
from indexer.photos.addresses import Place
from indexer.photos.gate import Gate

if TYPE_CHECKING:
    import httpcore2

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to IP addresses, best first; raises OSError where there is none."""


async def system_resolve(host: str, port: int) -> Sequence[str]:
    """What the system's resolver answers, each address once, in its order."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


class Guard:
    """A network backend for httpcore2's pool that opens no connection but to addresses which the gate has passed.

    It stands below redirects, pooling and TLS: whatever the layers above ask for, this is the only door. Host header and
    server name of TLS stay those of the name. A second look-up between check and connection (DNS rebinding) can't happen:
    the address is handed down, not the name.
    """

    def __init__(self, gate: Gate, resolve: Resolve, dial: "httpcore2.AsyncNetworkBackend") -> None:
        """Check by `gate` what `resolve` answers, and connect through `dial`, which is given IP addresses only."""
        self._gate = gate
        self._resolve = resolve
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the pool's signature
        local_address: str | None = None,
        socket_options: "Iterable[httpcore2.SOCKET_OPTION] | None" = None,
    ) -> "httpcore2.AsyncNetworkStream":
        """A connection to the first checked address that takes one, look-up included in the time-out.

        Raises AddressRefused, PhotoUnreachable, and the pool's own errors of the last attempt.
        """
        try:
            async with asyncio.timeout(timeout):
                addresses = self._gate.answers(host, port, await self._look_up(host, port))
                return await self._first(addresses, port, timeout, (local_address, socket_options))
        except TimeoutError as error:
            raise PhotoUnreachable(f"No connection to {host} in time.") from error

    async def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002 - the pool's signature
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the same
        socket_options: "Iterable[httpcore2.SOCKET_OPTION] | None" = None,  # noqa: ARG002 - the same
    ) -> "httpcore2.AsyncNetworkStream":
        """Never: raises AddressRefused."""
        raise AddressRefused("Photos are not fetched from sockets of this machine.")

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def _look_up(self, host: str, port: int) -> Sequence[str]:
        if Place("http", host, port, "/").is_address:
            return [host]
        try:
            return await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that the system's resolver can't spell
            raise PhotoUnreachable(f"The host {host} can't be resolved: {getattr(error, 'strerror', None) or error}.") from error

    async def _first(
        self,
        addresses: Sequence[str],
        port: int,
        timeout: float | None,  # noqa: ASYNC109 - shared among the attempts
        options: "tuple[str | None, Iterable[httpcore2.SOCKET_OPTION] | None]",
    ) -> "httpcore2.AsyncNetworkStream":
        import httpcore2

        local_address, socket_options = options
        clock = asyncio.get_running_loop().time
        until = None if timeout is None else clock() + timeout
        for number, address in enumerate(addresses):
            # An address that swallows packets may not use up the time of the others.
            share = None if until is None else max(0.001, (until - clock()) / (len(addresses) - number))
            try:
                return await self._dial.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if number == len(addresses) - 1:
                    raise
        raise PhotoUnreachable("The host has no address.")
