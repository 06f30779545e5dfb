"""Free ports on loopback."""

import socket
from collections.abc import Iterable, Mapping

from indexer.embedded.opensearch import LOOPBACK


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
    held = []
    try:
        for name in names:
            port = recorded.get(name)
            probe = socket.socket()
            held.append(probe)  # held until all are chosen, so that none is given out twice
            if port is not None and port not in chosen.values() and is_free(port):
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((LOOPBACK, port))
            else:
                probe.bind((LOOPBACK, 0))
            chosen[name] = probe.getsockname()[1]
    finally:
        for probe in held:
            probe.close()
    return chosen
