"""When a server counts as started: small servers that answer as OpenSearch does, well or badly."""

import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from indexer.embedded import opensearch, ports
from indexer.embedded.java import Java
from indexer.embedded.opensearch import Node
from indexer.embedded.processes import Detached, Launch, start
from indexer.errors import EngineDied, EngineError, PortTaken

CLUSTER = "fusedex-embedded-test"

# Answers as a node does. Arguments: port, cluster, status, seconds until it ends by itself with status 1 (after a word in its log).
SERVER = """
import http.server, json, os, sys, threading, time
port, cluster, status, life = int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])
class Node(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"cluster_name": cluster, "status": status}).encode()
        self.send_response(200); self.send_header("Content-Length", str(len(body))); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Node)
threading.Thread(target=server.serve_forever, daemon=True).start()
time.sleep(life)
print("fatal error in thread: no native library", flush=True)
os._exit(1)
"""


@pytest.fixture
def node(tmp_path: Path) -> Node:
    (tmp_path / "logs").mkdir()
    port = ports.choose(["one"], {})["one"]
    java = Java(tmp_path / "java", 25, vector=True)
    return Node(place=tmp_path, cluster=CLUSTER, port=port, java=java, heap_mb=64, user=None, console=tmp_path / "console")


Serve = Callable[..., Detached]


@pytest.fixture
def serve(node: Node) -> Iterator[Serve]:
    started = []

    def begin(*, cluster: str = CLUSTER, status: str = "green", life: float = 60, code: str = SERVER) -> Detached:
        argv = [sys.executable, "-c", code, str(node.port), cluster, status, str(life)]
        started.append(start(Launch(argv=argv, folder=node.place, log=node.console)))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def wait(node: Node, process: Detached, *, timeout_s: float = 30) -> None:
    opensearch.wait_until_healthy(node, process, console_from=0, log_from=0, timeout_s=timeout_s)


@pytest.mark.parametrize("status", ["green", "yellow"])
def test_a_node_that_stays_healthy_is_started(node: Node, serve: Serve, status: str) -> None:
    process = serve(status=status)
    wait(node, process)
    assert process.poll() is None
    assert opensearch.answers(node.port, CLUSTER)


def test_one_answer_is_no_proof(node: Node, serve: Serve) -> None:
    # So behaves a node whose data folder kills it: it answers, and is gone within a second.
    with pytest.raises(EngineDied) as caught:
        wait(node, serve(life=0.7))
    assert "status 1" in caught.value.message
    assert "fatal error in thread: no native library" in caught.value.message
    assert str(node.log) in caught.value.message


def test_a_node_that_ends_at_once_shows_its_last_lines(node: Node, serve: Serve) -> None:
    node.log.write_text("[ERROR] the reason\n")
    with pytest.raises(EngineDied, match=r"Error: Could not create the Java Virtual Machine\.\n\[ERROR\] the reason"):
        wait(node, serve(code="import sys; sys.exit('Error: Could not create the Java Virtual Machine.')"))


def test_an_ending_by_a_taken_port_is_told_apart(node: Node, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", node.port)), pytest.raises(PortTaken, match=str(node.port)) as caught:
        wait(node, serve())
    assert caught.value.retryable


def test_a_foreign_node_on_the_port_is_never_ours(node: Node, serve: Serve) -> None:
    process = serve(cluster="someone-elses")
    with pytest.raises(EngineError, match=r"no answer.*log is"):
        wait(node, process, timeout_s=2.5)
    assert not opensearch.answers(node.port, CLUSTER)


def test_a_red_node_is_not_healthy(node: Node, serve: Serve) -> None:
    with pytest.raises(EngineError, match="last: red"):
        wait(node, serve(status="red"), timeout_s=2.5)


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]", b'"text"', b"\xff\xfe"])
def test_an_answer_that_is_no_object_is_no_answer(body: bytes) -> None:
    class Odd(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        assert opensearch.ask(server.server_port, "/") is None
        server.shutdown()
        thread.join()


def test_nobody_there_is_no_answer(node: Node) -> None:
    assert opensearch.ask(node.port, "/") is None
    assert not opensearch.answers(node.port, CLUSTER)


def test_the_vector_module_is_asked_for_only_where_it_is(node: Node) -> None:
    def flags(java: Java) -> list[str]:
        return opensearch.command_line(node.place, java, heap_mb=300)

    with_module = flags(node.java)
    assert "--add-modules=jdk.incubator.vector" in with_module
    assert "--add-modules=jdk.incubator.vector" not in flags(Java(node.java.program, 25, vector=False))
    assert {"-Xms300m", "-Xmx300m", "-Djava.locale.providers=CLDR,SPI"} <= set(with_module)
    assert not any("security.manager" in flag for flag in with_module)
    assert with_module[0] == str(node.java.program)


def test_the_server_gets_an_empty_environment_and_a_relative_class_path(node: Node) -> None:
    launch = node.launch()
    assert launch.environment == {"LANG": "C.UTF-8"}
    assert launch.folder == node.place
    assert list(launch.argv)[-3:] == ["-cp", "lib/*", "org.opensearch.bootstrap.OpenSearch"]
    assert json.dumps(list(launch.argv))  # text only
