"""Processes of ours that are asked by a line and answer by a line."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


class Child:
    """One such process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Talk to it."""
        self.pid = process.pid
        self._process = process

    def ask(self, line: object) -> str:
        """Its answer to the line."""
        if self._process.stdin is None:
            raise SystemExit("the child has no standard input")
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> str:
        """Its next line."""
        line = self._process.stdout.readline().strip() if self._process.stdout else ""
        if not line:
            raise SystemExit(f"{self._process.args!r} ended")
        return line


@contextmanager
def child(module: str, *arguments: str, environment: Mapping[str, str]) -> Iterator[Child]:
    """A module of ours as a process, once it says `ready`; ended with the block."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, env=dict(environment), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        asked = Child(process)
        if asked.answer() != "ready":
            raise SystemExit(f"{module} did not start")
        yield asked
    finally:
        process.terminate()
        process.wait(60)
