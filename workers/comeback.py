"""Work comes back soon after an engine does: hints that ended because of it are sent again every second, not at the next sweep."""

import threading
import time
from collections.abc import Callable

from indexer.errors import IndexerError
from indexer.observe import RunObserver, log
from indexer.records import Lane

AGAIN_S = 1.0
"""Between two looks: what they cost (one claim each) is nothing beside a worker's work."""
LINGER_S = 6.0
"""How long after the last failure looks go on: longer than the rests and delays after an outage (indexer.work.pace.OUTAGE_CAP_S)."""


class Comeback:
    """Knows whether passes fail, and for which lanes no hint is left. Safe across threads.

    A pass that claimed rows and ended without finishing any has put them back: an engine is away or overloaded. `observer` must hear
    of the stages.
    """

    def __init__(
        self,
        send: Callable[[Lane], None],
        *,
        again_s: float = AGAIN_S,
        linger_s: float = LINGER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`send` sends hints for a lane; it may raise IndexerError classes, and is called again later."""
        self._send = send
        self._again_s, self._linger_s, self._clock = again_s, linger_s, clock
        self._lanes: set[Lane] = set()
        self._until = float("-inf")
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self.observer: RunObserver = _Passes(self.trouble)

    def trouble(self) -> None:
        """Something did not answer just now."""
        with self._lock:
            self._until = self._clock() + self._linger_s

    def ended(self, lane: Lane) -> None:
        """A hint of the lane led to nothing and is gone; in times of trouble the lane is looked at again."""
        with self._lock:
            if self._clock() >= self._until:
                return
            self._lanes.add(lane)
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="fusedex-comeback", daemon=True)
                self._thread.start()

    def look(self) -> None:
        """Send the hints that are owed; those that can't be sent stay owed."""
        with self._lock:
            lanes, self._lanes = self._lanes, set()
        for lane in lanes:
            try:
                self._send(lane)
            except IndexerError as error:
                log.debug("hint_not_sent_again", lane=lane, reason=error.message)
                with self._lock:
                    self._lanes.add(lane)

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(self._again_s):
            self.look()


class _Passes(RunObserver):
    """Tells of passes that claimed rows and finished none."""

    def __init__(self, trouble: Callable[[], None]) -> None:
        self._trouble = trouble
        self._claimed = threading.local()

    def stage_moved(self, stage: str) -> None:
        """Follow the calling thread's pass."""
        if stage in ("claimed", "finishing"):
            self._claimed.open = stage == "claimed"
        elif stage == "idle" and getattr(self._claimed, "open", False):
            self._claimed.open = False
            self._trouble()
