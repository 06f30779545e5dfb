"""`fusedex serve`: a port is found or refused, the page is served, and the server ends in good order."""

import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest

from indexer.cli import serve as command
from indexer.errors import ModelUnavailable, PortTaken
from indexer.read_path import AsyncSearcher
from indexer.settings import Settings
from tests.unit.service.web import searcher


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        yield door


def test_a_port_that_was_asked_for_is_used_or_refused(taken: socket.socket) -> None:
    number = taken.getsockname()[1]
    with pytest.raises(PortTaken, match=str(number)) as caught:
        command.listening("127.0.0.1", number)
    assert "--port" in caught.value.cure


def test_without_one_a_free_port_takes_the_place_of_the_usual(
    taken: socket.socket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "PORT", taken.getsockname()[1])
    with closing(command.listening("127.0.0.1", None)) as door:
        assert door.getsockname()[1] not in (0, command.PORT)
        assert f"Port {command.PORT} is taken" in capsys.readouterr().err
        assert command.page_address("127.0.0.1", door) == f"http://127.0.0.1:{door.getsockname()[1]}/"


def test_addresses_to_open() -> None:
    with closing(command.listening("127.0.0.1", 0)) as door:
        number = door.getsockname()[1]
        assert command.page_address("0.0.0.0", door) == f"http://127.0.0.1:{number}/"
        assert command.page_address("::1", door) == f"http://[::1]:{number}/"


def get(address: str) -> str:
    until = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                text: str = response.read().decode()
                return text
        except ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def test_it_serves_until_it_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main thread serves; another asks, then sends the signal that Ctrl-C would."""
    shop = searcher()
    closed: list[bool] = []

    async def no_models() -> None:
        raise ModelUnavailable("The weights are not here.")

    async def close() -> None:
        await AsyncSearcher.close(shop)
        closed.append(True)

    monkeypatch.setattr(shop, "warm", no_models)  # the page is served all the same
    monkeypatch.setattr(shop, "close", close)
    monkeypatch.setattr(command, "build_async_searcher", lambda settings: shop)
    pages: list[str] = []
    with closing(command.listening("127.0.0.1", 0)) as door:
        address = command.page_address("127.0.0.1", door)

        def visit() -> None:
            try:
                pages.append(get(address + "?q=mug"))
            finally:
                os.kill(os.getpid(), signal.SIGINT)

        visitor = threading.Thread(target=visit)
        door.listen()
        visitor.start()
        command.run(door, Settings(), host="127.0.0.1")
        visitor.join()
    assert "Enamel mug" in pages[0]
    assert closed == [True]
