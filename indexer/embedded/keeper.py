"""Keeps commands running: `python -m indexer.embedded.keeper -- ARGV... [-- ARGV...]`.

When a command ends unasked it is started again, after a delay that grows; SIGTERM ends all and then the keeper. The commands die
with their keeper, however that one ends (Linux).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby

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


class _Kept:
    """One command: its process while it runs, and when it may be started again while it does not."""

    def __init__(self, argv: Sequence[str], in_child: Callable[[], None]) -> None:
        self.child: subprocess.Popen[bytes] | None = None
        self.due = 0.0
        self._argv = list(argv)
        self._in_child = in_child
        self._started = 0.0
        self._delay_s = 0.0

    def start(self) -> None:
        """Start it now."""
        self._started = time.monotonic()
        # The keeper has one thread, so code between fork and exec is safe; it must undo the blocked signals there.
        self.child = subprocess.Popen(self._argv, stdin=subprocess.DEVNULL, preexec_fn=self._in_child)  # noqa: PLW1509
        log.info("command_started", pid=self.child.pid, command=self._argv[0])

    def look(self) -> None:
        """Notice that it has ended."""
        if self.child is not None and self.child.poll() is not None:
            now = time.monotonic()
            self._delay_s = next_delay(self._delay_s, now - self._started)
            log.warning("command_ended", pid=self.child.pid, status=self.child.returncode, again_in_s=self._delay_s)
            self.child, self.due = None, now + self._delay_s


def keep(*commands: Sequence[str], grace_s: float = GRACE_S) -> int:
    """Run the commands until this process gets SIGTERM, SIGINT or SIGHUP; gives 0. Signals are waited for, never handled in between."""
    in_child = _in_child(signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS))
    kept = [_Kept(argv, in_child) for argv in commands]
    while True:
        for one in kept:
            if one.child is None and one.due <= time.monotonic():
                one.start()
        waiting = [one.due for one in kept if one.child is None]
        asked = _wait(SIGNALS, max(0.0, min(waiting) - time.monotonic()) if waiting else None)
        if asked not in (signal.SIGCHLD, None):
            _end([one.child for one in kept if one.child is not None], grace_s)
            return 0
        for one in kept:
            one.look()


def main(arguments: Sequence[str]) -> int:
    """The command line; gives the exit status."""
    commands = [list(words) for given, words in groupby(arguments, key="--".__ne__) if given]
    if not commands or arguments[0] != "--":
        sys.stderr.write("usage: python -m indexer.embedded.keeper -- COMMAND [ARGUMENT...] [-- COMMAND [ARGUMENT...]]...\n")
        return 2
    configure_logs("auto")
    return keep(*commands)


def _end(children: "Sequence[subprocess.Popen[bytes]]", grace_s: float) -> None:
    for child in children:
        log.info("command_stopping", pid=child.pid)
        child.terminate()
    deadline = time.monotonic() + grace_s
    for child in children:
        try:
            child.wait(max(0.0, deadline - time.monotonic()))
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
