"""All that has to be there before the server can start: room, a Java, jars, configuration."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexer.embedded import artifacts, java, layout
from indexer.embedded.home import OTHER_PLACES, Home, State, server_user
from indexer.embedded.opensearch import Node

START_TIMEOUT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What of the machine is used: the cache of downloads, Javas, where other users' folders go, and how long a start may take."""

    cache: Path
    java_home: Path | None = None
    java_folders: tuple[str, ...] = java.SYSTEM_FOLDERS
    other_places: Path = OTHER_PLACES
    start_timeout_s: float = START_TIMEOUT_S


def prepare(home: Home, state: State, machine: Machine, *, heap_mb: int, progress: Callable[[str], None]) -> Node:
    """
    A server that can be started: fetches and lays out what is missing, writes its configuration for the recorded ports.

    Raises NoJava, NoNetwork, BadChecksum, DiskFull.
    """
    user = server_user()
    uid = user[0] if user else None
    place = home.make_place(state)
    artifacts.need_room(place, layout.LATER_BYTES if layout.is_installed(place) else layout.FIRST_BYTES)
    chosen = java.find(machine.java_home, folders=machine.java_folders, uid=uid)
    if not java.reachable(chosen.program, uid):
        progress("copying Java to where OpenSearch's user can reach it")
        chosen = java.copy_runtime(chosen, place / "java")
    if not layout.is_installed(place):
        layout.install(place, artifacts.fetch(artifacts.artifacts(), machine.cache / "jars", progress))
    layout.configure(place, state.ports, cluster=state.cluster, user=user)
    return Node(
        place=place,
        cluster=state.cluster,
        port=state.ports["opensearch"],
        java=chosen,
        heap_mb=heap_mb,
        user=user,
        console=home.logs / "opensearch-console.log",
    )
