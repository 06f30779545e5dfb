"""Keeps one command running: `python -m indexer.embedded.keeper -- ARGV...`.

When the command ends unasked it is started again, after a delay that grows; SIGTERM ends it and then the keeper. The command dies
with its keeper, however that one ends (Linux).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from indexer.observe import configure_logs, log

FIRST_DELAY_S = 1.0
LONGEST_DELAY_S = 60.0
# A command that ran this long was not failing at its start: the delay begins anew.
STEADY_S = 60.0
# How long the command may take to end after SIGTERM; a worker needs up to 30 s to hand its work back.
GRACE_S = 45.0
SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD})
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def next_delay(delay_s: float, ran_s: float) -> float:
    """The delay before the next start, from the last one and how long the command ran: doubled up to a minute, or the first again."""
    if ran_s >= STEADY_S or delay_s == 0:
        return FIRST_DELAY_S
    return min(delay_s * 2, LONGEST_DELAY_S)


def keep(argv: Sequence[str], *, grace_s: float = GRACE_S) -> int:
    """Run the command until this process gets SIGTERM, SIGINT or SIGHUP; gives 0. Signals are waited for, never handled in between."""
    usual = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    in_child = _in_child(usual)
    delay_s = 0.0
    while True:
        started = time.monotonic()
        # The keeper has one thread, so code between fork and exec is safe; it must undo the blocked signals there.
        child = subprocess.Popen(list(argv), stdin=subprocess.DEVNULL, preexec_fn=in_child)  # noqa: PLW1509
        log.info("command_started", pid=child.pid, command=argv[0])
        if _asked_to_end(child):
            _end(child, grace_s)
            return 0
        delay_s = next_delay(delay_s, time.monotonic() - started)
        log.warning("command_ended", pid=child.pid, status=child.returncode, again_in_s=delay_s)
        if _wait(SIGNALS - {signal.SIGCHLD}, delay_s) is not None:
            return 0


def main(arguments: Sequence[str]) -> int:
    """The command line; gives the exit status."""
    if len(arguments) < 2 or arguments[0] != "--":
        sys.stderr.write("usage: python -m indexer.embedded.keeper -- COMMAND [ARGUMENT...]\n")
        return 2
    configure_logs("auto")
    return keep(arguments[1:])


def _asked_to_end(child: "subprocess.Popen[bytes]") -> bool:
    """Wait until the child ends (False) or we are asked to end (True)."""
    while child.poll() is None:
        if _wait(SIGNALS, None) not in (signal.SIGCHLD, None):
            return True
    return False


def _end(child: "subprocess.Popen[bytes]", grace_s: float) -> None:
    log.info("command_stopping", pid=child.pid)
    child.terminate()
    try:
        child.wait(grace_s)
    except subprocess.TimeoutExpired:
        log.warning("command_killed", pid=child.pid, after_s=grace_s)
        child.kill()
        child.wait()


def _wait(signals: frozenset[signal.Signals], seconds: float | None) -> int | None:
    """The next of those signals; None when none came in time."""
    if seconds is None:
        return signal.sigwaitinfo(signals).si_signo
    info = signal.sigtimedwait(signals, seconds)
    return info.si_signo if info else None


def _in_child(usual: set[int | signal.Signals]) -> Callable[[], None]:
    """What the child does before it becomes the command: die with the keeper, and take signals as usual."""
    keeper = os.getpid()
    prctl = ctypes.CDLL(None, use_errno=True).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        if prctl:
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != keeper:  # it ended before we asked
                os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, usual)

    return prepare


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
