"""`fusedex serve`: the search page and the JSON search, on this machine unless told otherwise."""

import asyncio
import socket
import sys
from collections.abc import Collection
from contextlib import closing, suppress
from typing import Annotated

import typer
import uvicorn

from indexer.build.reading import build_async_searcher
from indexer.errors import IndexerError, PortTaken
from indexer.observe import configure_logs, log
from indexer.read_path import AsyncSearcher
from indexer.service.app import make_app
from indexer.service.guard import LOOPBACK
from indexer.settings import Settings

PORT = 8000


def serve(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 is every one, seen by other machines.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=f"The port; default: {PORT}, or a free one when that is taken.")
    ] = None,
) -> None:
    """Serve the search page until Ctrl-C."""
    settings = Settings.load()
    configure_logs(settings.log)
    with closing(listening(host, port)) as door:
        print(f"The page: {page_address(host, door)}   (Ctrl-C ends it)", flush=True)
        run(door, settings, host=host)


def run(door: socket.socket, settings: Settings, *, host: str) -> None:
    """Serve on a bound socket until SIGINT or SIGTERM. On loopback only its own names are answered.

    Raises what the searcher's parts raise: SettingsError, EngineError, ModelUnavailable.
    """
    hosts = {*LOOPBACK, host} if host in LOOPBACK else None
    with suppress(KeyboardInterrupt):  # the server ends in good order first, then sends itself the signal once more
        asyncio.run(_run(door, settings, hosts))


async def _run(door: socket.socket, settings: Settings, hosts: Collection[str] | None) -> None:
    async with build_async_searcher(settings) as searcher:
        app = make_app(searcher, settings=settings, hosts=hosts)
        # One process: uploads are kept in its memory. No access log: queries are people's own.
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=5)
        warming = asyncio.create_task(_warm(searcher))
        await uvicorn.Server(config).serve(sockets=[door])
        await warming


async def _warm(searcher: AsyncSearcher) -> None:
    try:
        await searcher.warm()
    except IndexerError as error:  # the page still answers what needs no model, and says this where one is needed
        log.warning("not_warm", error=type(error).__name__, reason=str(error))


def listening(host: str, port: int | None) -> socket.socket:
    """A socket bound to the port; where none was asked for, to 8000 or else to a free one. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    tried = [PORT, 0] if port is None else [port]
    for candidate in tried:
        door = socket.socket(family, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((host, candidate))
        except OSError as error:
            door.close()
            reason = error.strerror or str(error)
        else:
            if candidate != tried[0]:
                print(f"Port {tried[0]} is taken; {door.getsockname()[1]} is used instead.", file=sys.stderr)
            return door
    raise PortTaken(f"{host}:{tried[-1]} can't be listened on: {reason}.", cure="Name another port: fusedex serve --port 8080.")


def page_address(host: str, door: socket.socket) -> str:
    """The address to open in a browser."""
    name = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{door.getsockname()[1]}/"
