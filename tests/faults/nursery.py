"""Worker processes by fork from one that has everything imported, for tests that need a hundred of them: `python -m tests.faults.nursery`.

A line of JSON on standard input is one birth: environment, log file, lanes, threads, and perhaps a doom. The answer is the pid.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indexer.ledger import database
from indexer.observe import RunObserver, configure_logs
from indexer.settings import Settings
from workers.app import QUEUES
from workers.process import run

ROOT = Path(__file__).resolve().parents[2]
IN_THE_BULK = "in the bulk"
BULK_UNDER_WAY_S = 0.004


@dataclass(frozen=True, slots=True)
class Doom:
    """At a stage the process sends itself a signal: the first time that it gets there, or the n-th."""

    stage: str
    signal: int = signal.SIGKILL
    time: int = 1


class Doomed(RunObserver):
    def __init__(self, doom: Doom) -> None:
        self._doom = doom
        self._seen = 0

    def stage_moved(self, stage: str) -> None:
        wanted = "writing" if self._doom.stage == IN_THE_BULK else self._doom.stage
        if stage != wanted:
            return
        self._seen += 1
        if self._seen != self._doom.time:
            return
        if self._doom.stage == IN_THE_BULK:
            threading.Timer(BULK_UNDER_WAY_S, os.kill, (os.getpid(), self._doom.signal)).start()
        else:
            os.kill(os.getpid(), self._doom.signal)


def live(order: Mapping[str, Any]) -> None:
    """What a child does, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(order["env"])
    sys.path[:0] = [path for path in order["env"].get("PYTHONPATH", "").split(os.pathsep) if path]
    status = 1
    try:
        configure_logs("json")
        if order["wait_s"]:
            database.WAIT_S = order["wait_s"]
        observers = [Doomed(Doom(**order["doom"]))] if order["doom"] else []
        status = run(Settings.load(), queues=order["queues"], threads=order["threads"], observers=observers)
    except BaseException:  # noqa: BLE001 - the log is the only place where it can be told
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are not waited for
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            live(json.loads(line))
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


class Born:
    """A worker process, known by its pid."""

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def text(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def says(self, event: str) -> bool:
        return event in self.text()

    def wait_ready(self, *, patience_s: float = 60) -> "Born":
        self._until(lambda: self.says("worker_ready") or not self.alive, patience_s)
        if not self.alive:
            raise AssertionError(f"the worker ended: {self.text()[-2000:]}")
        return self

    def wait_dead(self, *, patience_s: float = 60) -> None:
        self._until(lambda: not self.alive, patience_s)

    def send(self, what: signal.Signals) -> None:
        os.kill(self.pid, what)

    def kill(self) -> None:
        if self.alive:
            self.send(signal.SIGKILL)
        self.wait_dead()

    def _until(self, condition: Any, patience_s: float) -> None:
        end = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"it did not happen in time; the worker's log ends: {self.text()[-3000:]}")
            time.sleep(0.01)


class Nursery:
    """The process that workers are born from."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen(command, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._lock = threading.Lock()

    def birth(
        self,
        env: Mapping[str, str],
        log: Path,
        *,
        queues: Sequence[str] = QUEUES,
        threads: int = 2,
        doom: Doom | None = None,
        wait_s: float = 0,
    ) -> Born:
        order = {"env": dict(env), "log": str(log), "queues": list(queues), "threads": threads, "wait_s": wait_s}
        order["doom"] = asdict(doom) if doom else None
        with self._lock:
            if self._process.stdin is None or self._process.stdout is None:
                raise AssertionError("the nursery has no pipes")
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return Born(int(self._process.stdout.readline()), log)

    def close(self) -> None:
        with self._process:  # closes the pipes, which ends it
            self._process.kill()


if __name__ == "__main__":
    main()
