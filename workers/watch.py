"""Two watches of a worker process: the sweeper finds work that no hint speaks of, the watchdog ends a process that stands still."""

import faulthandler
import os
import threading
import time
from collections.abc import Callable

from indexer.errors import IndexerError
from indexer.observe import RunObserver, log
from indexer.publish.hints import Hints
from indexer.records import LANES
from workers.runtime import Runtime

STOOD_STILL = 70
"""The exit code of a process that its watchdog ended (EX_SOFTWARE in sysexits.h)."""
LEAD_SWEEPS = 3
"""A leader that misses so many sweeps is replaced."""


class Sweeper:
    """Buries what ended unexplained too often and sends hints for due rows, on a thread; of all processes one leads."""

    def __init__(self, runtime: Runtime) -> None:
        """Wait for `start`."""
        self._runtime = runtime
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fusedex-sweeper", daemon=True)

    def start(self) -> None:
        """Sweep now, and then at every interval."""
        self._thread.start()

    def close(self) -> None:
        """No further sweep begins."""
        self._closed.set()

    def sweep(self) -> bool:
        """One sweep; False where another process leads. Raises LedgerUnavailable."""
        settings = self._runtime.settings.work
        ledger, publisher = self._runtime.indexer.ledger, self._runtime.indexer.publisher
        if not ledger.lead("sweeper", owner=self._runtime.name, ttl_s=LEAD_SWEEPS * settings.sweep_s):
            return False
        due = ledger.sweep(attempts=settings.attempts)
        if any(due.values()):
            log.info("swept", **{lane: due.get(lane, 0) for lane in LANES if due.get(lane)})
        Hints(publisher, claim=settings.claim).all_due(due)
        return True

    def _run(self) -> None:
        self._greet()
        while True:
            try:
                self.sweep()
            except IndexerError as error:
                log.warning("sweep_failed", error=type(error).__name__, reason=str(error))
            except Exception:  # noqa: BLE001 - the sweeper is the last to notice lost work: nothing may end it
                log.exception("sweep_failed")
            if self._closed.wait(self._runtime.settings.work.sweep_s):
                return

    def _greet(self) -> None:
        """One hint for every lane: a worker that takes a dead leader's place need not wait until it may lead."""
        try:
            Hints(self._runtime.indexer.publisher, claim=1).all_due(dict.fromkeys(LANES, 1))
        except IndexerError as error:
            log.warning("sweep_failed", error=type(error).__name__, reason=str(error))


def end_process() -> None:
    """End now, without clean-up: something in here does not move any more. Whoever started us starts us again."""
    os._exit(STOOD_STILL)


class _Stages(RunObserver):
    """Notes where each thread is, and since when, in what the watchdog reads."""

    def __init__(self, moved: dict[int, tuple[str, float]], lock: threading.Lock, *, end: Callable[[], None]) -> None:
        self._moved = moved
        self._lock = lock
        self._end = end

    def stage_moved(self, stage: str) -> None:
        """Note the calling thread there; `idle` takes it off."""
        with self._lock:
            if stage == "idle":
                self._moved.pop(threading.get_ident(), None)
            else:
                self._moved[threading.get_ident()] = (stage, time.monotonic())

    def device_lost(self, reason: str) -> None:
        """End the process at once: rows in hand become suspects, and the one to blame is found alone."""
        log.error("device_lost", reason=reason)
        self._end()


class Watchdog:
    """Hears of every stage, by thread; one that moves no further for too long ends the process, after a dump of all stacks.

    Leases then run out, and the rows are worked alone: the ones to blame are buried in the end.
    """

    def __init__(self, limit_s: float, *, end: Callable[[], None] = end_process) -> None:
        """Watch from `start` on; `observer` must hear of the stages, of which `idle` ends a thread's watch."""
        self._limit_s = limit_s
        self._end = end
        self._moved: dict[int, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self.observer: RunObserver = _Stages(self._moved, self._lock, end=end)
        self._closed = threading.Event()

    def start(self) -> None:
        """Look from now on, four times a limit."""
        threading.Thread(target=self._run, name="fusedex-watchdog", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.wait(min(self._limit_s / 4, 10.0)):
            if stuck := self._standing():
                log.error("stood_still", stages=stuck, limit_s=self._limit_s)
                faulthandler.dump_traceback(all_threads=True)
                self._end()

    def _standing(self) -> list[str]:
        before = time.monotonic() - self._limit_s
        with self._lock:
            return [stage for stage, moved in self._moved.values() if moved < before]
