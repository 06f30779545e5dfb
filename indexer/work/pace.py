"""Who may work now: the gate for suspects, pauses after failures, how many writes at once, and which lane is next."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from indexer.errors import StoreBusy
from indexer.records import Lane

OUTAGE_CAP_S = 2.0
"""The longest pause while an engine does not answer at all: asking costs it little, and work goes on soon after it is back."""


class Gate:
    """Many share it, or one has it alone; who asks to be alone goes before those who come later."""

    def __init__(self) -> None:
        """Nobody is inside."""
        self._changed = threading.Condition()
        self._sharing = 0
        self._waiting = 0
        self._alone = False

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Be inside together with others."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone and not self._waiting)
            self._sharing += 1
        try:
            yield
        finally:
            with self._changed:
                self._sharing -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one inside; waits until all others have left."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._alone and not self._sharing)
                self._alone = True
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()


class Pauses:
    """Growing pauses after failures in a row: full jitter over min(cap, first * 2^n) seconds (Brooker 2015, AWS Architecture Blog)."""

    def __init__(self, *, first_s: float, cap_s: float) -> None:
        """Nothing has failed yet."""
        self._first_s = first_s
        self._cap_s = cap_s
        self._failures = 0
        self._until = 0.0
        self._lock = threading.Lock()

    def failed(self, *, outage: bool = False) -> float:
        """One failure more: seconds to wait before the same is tried again; few where an engine is away (`outage`), not overloaded."""
        with self._lock:
            cap_s = min(self._cap_s, OUTAGE_CAP_S) if outage else self._cap_s
            ceiling = min(cap_s, self._first_s * 2.0 ** min(self._failures, 32))
            self._failures += 1
            return random.uniform(0, ceiling)  # noqa: S311 - jitter is no secret

    def rest(self, delay_s: float) -> None:
        """An engine is down: claim nothing for so long, or rows without end would be encoded and put back."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + delay_s)

    def worked(self) -> None:
        """The engines answer again: the next failure starts from the first pause."""
        with self._lock:
            self._failures = 0
            self._until = 0.0

    @property
    def active(self) -> bool:
        """Whether a rest is not over yet."""
        return time.monotonic() < self._until


class Window:
    """How many writes may be under way at once, found as TCP finds its rate: one more after rounds that went well, half after a refusal.

    Additive increase, multiplicative decrease (Chiu and Jain 1989). At one write at a time, refusals double a gap between writes instead.
    Plain numbers, times in seconds of one clock; not safe across threads.
    """

    FIRST_GAP_S, LONGEST_GAP_S = 0.05, 2.0
    ROUNDS = 3  # TCP grows after one; a refused write costs more than a lost packet: its rows are claimed anew

    def __init__(self, *, most: int) -> None:
        """Begin with all `most` allowed."""
        self.most = most
        self.limit = float(most)
        self.gap_s = 0.0
        self._cut_at = float("-inf")

    def wait_s(self, *, under_way: int, last_began: float, now: float) -> float:
        """Seconds until another write may begin, by the gap alone; infinity where one under way must end first."""
        if under_way >= int(self.limit):
            return float("inf")
        return max(0.0, last_began + self.gap_s - now)

    def went_well(self) -> None:
        """A write was taken whole."""
        if self.gap_s:
            self.gap_s = self.gap_s / 2 if self.gap_s > self.FIRST_GAP_S else 0.0
        else:
            self.limit = min(float(self.most), self.limit + 1.0 / (self.ROUNDS * int(self.limit)))

    def refused(self, *, began: float, now: float) -> None:
        """The engine asked for a slower pace. Writes that began before the last cut tell nothing new: one cut answers them all."""
        if began < self._cut_at:
            return
        self._cut_at = now
        if self.limit < 2.0:
            self.gap_s = min(self.LONGEST_GAP_S, self.gap_s * 2 or self.FIRST_GAP_S)
        self.limit = max(1.0, self.limit / 2)


class Write:
    """One write under way."""

    def __init__(self, began: float) -> None:
        """It begins now."""
        self.began = began
        self.slow_down = False

    def refused(self) -> None:
        """Some of its documents were refused because the engine is busy."""
        self.slow_down = True


class Pace:
    """The writes of one process: no more at once than the engine takes well. Safe across threads."""

    def __init__(self, *, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        """At most `most` at once, fewer while the engine answers 429."""
        self._window = Window(most=most)
        self._changed = threading.Condition()
        self._under_way = 0
        self._last_began = float("-inf")
        self._clock = clock

    @property
    def limit(self) -> int:
        """How many writes may be under way at once now."""
        return int(self._window.limit)

    @contextmanager
    def writing(self) -> Iterator[Write]:
        """Wait for a turn, then write within: `refused()` on what is given, or a StoreBusy that comes out, slows all down.

        Leaving without either counts as taken; any other error tells nothing of the pace.
        """
        write = self._begin()
        well = False
        try:
            yield write
            well = True
        except StoreBusy:
            write.refused()
            raise
        finally:
            with self._changed:
                self._under_way -= 1
                if write.slow_down:
                    self._window.refused(began=write.began, now=self._clock())
                elif well:
                    self._window.went_well()
                self._changed.notify_all()

    def _begin(self) -> Write:
        with self._changed:
            while wait_s := self._window.wait_s(under_way=self._under_way, last_began=self._last_began, now=self._clock()):
                self._changed.wait(None if wait_s == float("inf") else wait_s)
            self._under_way += 1
            self._last_began = self._clock()
            return Write(self._last_began)


ENCODING_ORDER: tuple[Lane, ...] = ("encode_new", "encode", "backfill", "upgrade")
"""What is worked first where encoding has a queue: what can't be found at all, what changed, what is encoded again, the next index."""


class Turns:
    """Which lanes a hint's worker looks into, in order. Safe across threads.

    A hint of a lower encoding lane gives way to the lanes above it, but for every `SHARE`th time: new products go first, and a
    first load that takes hours holds up no changed product for as long. Other lanes are worked as their hints come.
    """

    SHARE = 4

    def __init__(self, lanes: Sequence[Lane]) -> None:
        """`lanes` are those that this process works at all."""
        self._order = [lane for lane in ENCODING_ORDER if lane in lanes]
        self._asked: dict[Lane, int] = {}
        self._lock = threading.Lock()

    def of(self, lane: Lane) -> tuple[Lane, ...]:
        """The lanes to look into for one hint of `lane`; the first that has work is worked."""
        if lane not in self._order:
            return (lane,)
        with self._lock:
            self._asked[lane] = asked = self._asked.get(lane, 0) + 1
        above = self._order[: self._order.index(lane)]
        return (lane,) if not above or asked % self.SHARE == 0 else (*above, lane)
