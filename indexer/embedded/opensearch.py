"""OpenSearch as a process of ours: its command line, whether it answers, and when it is healthy."""

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from indexer.embedded.java import Java
from indexer.embedded.processes import Detached, Launch, ending, last_lines
from indexer.errors import EngineDied, EngineError, PortTaken

LOOPBACK = "127.0.0.1"
PORT_TAKEN = ("Address already in use", "BindHttpException", "BindTransportException")
# A node whose data folder kills it while it recovers answers for about a second first.
STEADY_S = 1.0
POLL_S = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One server: where it lies, the name and port to know it by, the Java it runs on, its heap, and whose process it is."""

    place: Path
    cluster: str
    port: int
    java: Java
    heap_mb: int
    user: tuple[int, int] | None
    console: Path

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.place / "logs" / "opensearch.log"

    def launch(self) -> Launch:
        """How to start it. Its environment is empty, so that no option meant for another Java reaches it."""
        return Launch(
            argv=command_line(self.place, self.java, heap_mb=self.heap_mb),
            folder=self.place,
            log=self.console,
            environment={"LANG": "C.UTF-8"},
            user=self.user,
        )


def command_line(place: Path, java: Java, *, heap_mb: int) -> list[str]:
    """The command that starts the server with `place` as its working folder (the class path is relative: a colon would split it)."""
    options = [
        f"-Xms{heap_mb}m",
        f"-Xmx{heap_mb}m",
        "-XX:+UseG1GC",
        "-XX:-UsePerfData",
        "-XX:+ExitOnOutOfMemoryError",
        f"-XX:ErrorFile={place / 'logs' / 'jvm-crash-%p.log'}",
        f"-Djava.io.tmpdir={place / 'tmp'}",
        f"-Djna.tmpdir={place / 'tmp'}",
        "-Dfile.encoding=UTF-8",
        # The small Java has no rules for Thai words, without which no index can be made; ICU brings them, on any Java.
        "-Djava.locale.providers=CLDR,SPI",
        "-Dio.netty.noUnsafe=true",
        "-Dio.netty.noKeySetOptimization=true",
        "-Dio.netty.recycler.maxCapacityPerThread=0",
        "-Dlog4j.shutdownHookEnabled=false",
        "-Dlog4j2.disable.jmx=true",
        "--enable-native-access=ALL-UNNAMED",
        f"-Dopensearch.path.home={place}",
        f"-Dopensearch.path.conf={place / 'config'}",
        "-Dopensearch.distribution.type=tar",
    ]
    # A Java without this module does not start when it is asked for it.
    options += ["--add-modules=jdk.incubator.vector"] if java.vector else []
    return [str(java.program), *options, "-cp", "lib/*", "org.opensearch.bootstrap.OpenSearch"]


def ask(port: int, path: str, *, timeout_s: float = 5) -> Mapping[str, object] | None:
    """What the server on that port of this machine says to a GET; None when it does not answer, or not with a JSON object."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout_s)
    try:
        connection.request("GET", path)
        said = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return said if isinstance(said, dict) else None


def answers(port: int, cluster: str) -> bool:
    """Whether the server of that name answers there; a foreign one answers just as well, under its own name."""
    said = ask(port, "/")
    return said is not None and said.get("cluster_name") == cluster


def wait_until_healthy(node: Node, process: Detached, *, console_from: int, log_from: int, timeout_s: float) -> None:
    """
    Return once the server has been healthy (yellow or green) for a second.

    Raises PortTaken or EngineDied with the last lines of its logs (from those offsets on) when it ends before,
    EngineError after `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    healthy_since: float | None = None
    status = "no answer"
    while time.monotonic() < deadline:
        ended = process.poll()
        if ended is not None:
            raise _ended(node, ended, last_lines((node.console, console_from), (node.log, log_from)))
        health = ask(node.port, "/_cluster/health")
        ours = health is not None and health.get("cluster_name") == node.cluster
        status = str(health.get("status")) if ours and health else "no answer"
        if status not in ("yellow", "green"):
            healthy_since = None
        elif healthy_since is None:
            healthy_since = time.monotonic()
        elif time.monotonic() - healthy_since >= STEADY_S:
            return
        time.sleep(POLL_S)
    raise EngineError(
        f"OpenSearch did not become healthy within {timeout_s:.0f} s (last: {status}); its log is {node.log}.",
        cure="A slow or busy machine may need a second try; an index that stays red is lost: `fusedex reset` starts anew.",
    )


def _ended(node: Node, status: int, lines: str) -> EngineError:
    if any(sign in lines for sign in PORT_TAKEN):
        return PortTaken(f"Port {node.port}, or OpenSearch's second one, was taken while it started; its log is {node.log}:\n{lines}\n")
    return EngineDied(
        f"OpenSearch ended with {ending(status)} while it started. The last lines of {node.log} and {node.console}:\n{lines}\n"
    )
