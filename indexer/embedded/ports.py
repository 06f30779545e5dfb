"""Free ports on loopback."""

import random
import socket
import time
from collections.abc import Iterable, Mapping

from indexer.embedded.opensearch import LOOPBACK
from indexer.errors import PortTaken

OURS = range(18_000, 32_000)
"""Below those that Linux gives to outgoing connections (32768 on), so that a recorded port stays free while we are down."""

PATIENCE_S = 1.5


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a connection of an earlier one that has not faded yet does not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def choose(names: Iterable[str], recorded: Mapping[str, int]) -> dict[str, int]:
    """A free port for each name: the recorded one where it is still free, else a new one; all different."""
    chosen: dict[str, int] = {}
    for name in names:
        port = recorded.get(name)
        wanted = [port] if port is not None and _becomes_free(port) else []
        fresh = random.sample(OURS, 200)  # at random, so that two homes that start at once hardly meet
        chosen[name] = next((port for port in (*wanted, *fresh) if port not in chosen.values() and is_free(port)), 0)
        if not chosen[name]:
            raise PortTaken(f"None of 200 ports tried from {OURS.start} to {OURS.stop} on {LOOPBACK} is free.")
    return chosen


def _becomes_free(port: int) -> bool:
    """Whether the port is free, or is soon: a process that was just killed holds its port until the system has cleared it away."""
    end = time.monotonic() + PATIENCE_S
    while not is_free(port):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
