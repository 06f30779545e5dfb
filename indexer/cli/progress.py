"""How far a feed is, on standard error: bars with rate and time left on a terminal, now and then a plain line in a log."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from indexer.observe import RunObserver
from indexer.records import Rejected

LOG_EVERY_S = 10.0


class Display(Protocol):
    """One phase at a time: begun with a name and an expected total, moved, and begun anew for the next."""

    def begin(self, phase: str, *, total: int) -> None:
        """A phase begins; `total` is an estimate, 0 where nothing is known."""

    def at(self, done: int) -> None:
        """That many rows of the phase are done."""

    def end(self) -> None:
        """The phase is done."""

    def warn(self, text: str) -> None:
        """Say something beside the phase, which goes on."""


class Rate(ProgressColumn):
    """Rows per second."""

    def render(self, task: Task) -> Text:
        """The rate over the last moments, or a dash before there is one."""
        speed = task.finished_speed or task.speed
        return Text(rate_text(speed) if speed else "–/s")


class Bars:
    """A bar a phase."""

    def __init__(self, progress: Progress) -> None:
        """Draw into `progress`, which its owner starts and stops."""
        self._progress = progress
        self._task = TaskID(0)
        self._done = 0

    def begin(self, phase: str, *, total: int) -> None:
        """Add a bar."""
        self._done = 0
        self._task = self._progress.add_task(phase, total=total or None)

    def at(self, done: int) -> None:
        """Move the bar."""
        self._done = done
        self._progress.update(self._task, completed=done)

    def end(self) -> None:
        """Fill the bar: the estimate gives way to what was counted."""
        self._progress.update(self._task, completed=self._done, total=self._done)

    def warn(self, text: str) -> None:
        """A line above the bars."""
        self._progress.console.print(escape(text), style="yellow", highlight=False, soft_wrap=True)


class Lines:
    """A line every ten seconds and one at a phase's end."""

    def __init__(self) -> None:
        """Nothing is written before the first phase begins."""
        self._phase, self._total = "", 0
        self._done = 0
        self._begun = self._told = 0.0

    def begin(self, phase: str, *, total: int) -> None:
        """Remember the phase."""
        self._phase, self._total, self._done = phase, total, 0
        self._begun = self._told = time.monotonic()

    def at(self, done: int) -> None:
        """Write a line if the last one is ten seconds old."""
        self._done = done
        if time.monotonic() - self._told >= LOG_EVERY_S:
            self._tell()

    def end(self) -> None:
        """Write the last line of the phase."""
        self._total = self._done
        self._tell()

    def warn(self, text: str) -> None:
        """A line of its own."""
        print(text, file=sys.stderr, flush=True)

    def _tell(self) -> None:
        self._told = time.monotonic()
        spent = self._told - self._begun
        rate = self._done / spent if spent > 0 else 0.0
        left = (self._total - self._done) / rate if rate and self._total > self._done else 0.0
        of = f" of about {self._total:,}" if left else ""
        eta = f", about {left:,.0f} s left" if left else ""
        print(f"{self._phase}: {self._done:,}{of} rows, {rate_text(rate)}{eta}", file=sys.stderr, flush=True)


def rate_text(rate: float) -> str:
    """Rows a second, with a decimal where there are few."""
    return f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"


@contextmanager
def display() -> Iterator[Display]:
    """Bars where standard error is a terminal, lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines()
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn()
    with Progress(*columns, console=console) as progress:
        yield Bars(progress)


class Watch(RunObserver):
    """Counts a feed's rows for the display and hands the rejected ones on."""

    def __init__(self, shown: Display, rejections: "Rejections") -> None:
        """Begin at no rows."""
        self._shown = shown
        self._rejections = rejections
        self._rows = 0

    def rows_accepted(self, outcomes: Mapping[str, int]) -> None:
        """Move the display by one batch."""
        self._rows += sum(outcomes.values())
        self._shown.at(self._rows)

    def row_rejected(self, rejected: Rejected) -> None:
        """Keep or write the row's report."""
        self._rejections.add(rejected)


class Rejections(Protocol):
    """Takes rejected rows as they come."""

    def add(self, rejected: Rejected) -> None:
        """One more."""
