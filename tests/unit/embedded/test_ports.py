"""Choosing ports: recorded ones again where they are free, all different."""

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.embedded import ports


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held


def test_a_port_with_a_listener_is_not_free(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    assert not ports.is_free(port)
    listener.close()
    assert ports.is_free(port)


def test_recorded_ports_are_used_again_until_someone_else_has_them(listener: socket.socket) -> None:
    first = ports.choose(["a", "b"], {})
    assert ports.choose(["a", "b"], first) == first
    taken = {**first, "b": listener.getsockname()[1]}
    second = ports.choose(["a", "b"], taken)
    assert second["a"] == first["a"]
    assert second["b"] != taken["b"]


def test_a_port_recorded_twice_is_given_out_once() -> None:
    port = ports.choose(["a"], {})["a"]
    chosen = ports.choose(["a", "b"], {"a": port, "b": port})
    assert chosen["a"] == port
    assert chosen["b"] != port


def test_a_connection_that_fades_does_not_hold_its_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            accepted, _ = server.accept()
            accepted.close()  # the server's side closes first, so its port is the one that waits
    assert ports.is_free(port)
    assert ports.choose(["a"], {"a": port}) == {"a": port}


@settings(max_examples=20)
@given(st.sets(st.text(min_size=1), max_size=30))
def test_every_name_gets_a_free_port_of_its_own(names: set[str]) -> None:
    chosen = ports.choose(sorted(names), {})
    assert set(chosen) == names
    assert len(set(chosen.values())) == len(names)
    assert all(1024 <= port < 65_536 for port in chosen.values())
