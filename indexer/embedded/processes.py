"""Processes that outlive the one that started them: started, told apart from later ones with the same pid, and ended."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import EngineError

POLL_S = 0.02
LOG_LINES = 15
LOG_BYTES = 10_000_000
TAIL_BYTES = 64_000
# Stack frames, a Java's warnings about itself, and a sentence that names a log which we write elsewhere.
NOT_TELLING = ("at ", "... ", "WARNING:", "For complete error details")


@dataclass(frozen=True, slots=True)
class Mark:
    """One process, once and for all: its pid, and when it started (boot and clock ticks), since pids are used again."""

    pid: int
    started: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """How to start an engine. `environment` None: inherited; `user` None: the caller's."""

    argv: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str] | None = None
    user: tuple[int, int] | None = None


class Detached(subprocess.Popen[bytes]):
    """A process that is meant to outlive this object, so that forgetting the object is no mistake to warn of."""

    def __del__(self) -> None:
        """Nothing: the process goes on, and `stop` collects it."""


def mark_of(pid: int) -> Mark | None:
    """The mark of a running process; None when there is none, or only a dead one that nobody has collected."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The second field is the program's name in brackets and may hold anything, so fields are counted after its end (proc(5)).
    state, *fields = stat[stat.rindex(")") + 2 :].split()
    return None if state in "ZX" else Mark(pid, f"{_boot()}/{fields[18]}")


def is_running(mark: Mark | None) -> bool:
    """Whether that very process still runs, not merely one with its pid."""
    return mark is not None and mark_of(mark.pid) == mark


def start(launch: Launch) -> Detached:
    """Start a process in a session of its own: nothing on standard input, output to the log, no inherited descriptors."""
    try:
        if size_of(launch.log) > LOG_BYTES:
            launch.log.replace(launch.log.with_name(launch.log.name + ".1"))
        descriptor = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise EngineError(f"The log {launch.log} can't be written: {error.strerror}.") from error
    uid, gid = launch.user or (None, None)
    try:
        return Detached(
            list(launch.argv),
            cwd=launch.folder,
            env=launch.environment,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
        )
    except OSError as error:
        raise EngineError(f"{launch.argv[0]} can't be started: {error}.") from error
    finally:
        os.close(descriptor)


def stop(mark: Mark, *, grace_s: float) -> bool:
    """End a process: SIGTERM, and SIGKILL to its whole group after `grace_s`; gives whether the SIGTERM was enough."""
    if not is_running(mark):
        _collect(mark.pid)
        return True
    os.kill(mark.pid, signal.SIGTERM)
    if _gone(mark, grace_s):
        return True
    os.killpg(mark.pid, signal.SIGKILL)
    if not _gone(mark, 30):
        raise EngineError(f"Process {mark.pid} does not end, not even by SIGKILL.", cure="It waits for the kernel: look at its disk.")
    return False


def ending(status: int) -> str:
    """An exit status in words: `status 1`, or `signal SIGKILL`."""
    return f"status {status}" if status >= 0 else f"signal {signal.Signals(-status).name}"


def last_lines(*logs: tuple[Path, int]) -> str:
    """The last lines that tell something: of each log what was written after that many bytes, without stack frames."""
    lines: list[str] = []
    for log, skip in logs:
        if log.exists():
            with log.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(skip if skip <= size else 0, size - TAIL_BYTES))
                lines += file.read().decode("utf-8", errors="replace").splitlines()
    telling = [line for line in lines if line.strip() and not line.lstrip().startswith(NOT_TELLING)]
    return "\n".join(telling[-LOG_LINES:])


def size_of(log: Path) -> int:
    """How many bytes the log holds now; none when it is missing."""
    return log.stat().st_size if log.exists() else 0


def _gone(mark: Mark, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while is_running(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    _collect(mark.pid)
    return True


def _collect(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # another process started it; init collects it


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
