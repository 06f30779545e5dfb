"""What the tasks of one process share: built once, when first needed, under a lock (the threads pool sends no process-init signal)."""

import gc
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from indexer.errors import IndexerError
from indexer.observe import RunObserver, log
from indexer.records import LANES, Lane, Rejected
from indexer.settings import Settings
from indexer.work.pace import Turns
from indexer.write_path import Indexer
from workers.comeback import Comeback

Build = Callable[[Settings, RunObserver], Indexer]


YOUNG = 10_000
"""Objects made and not let go of before Python looks for circles among them (its default is 700): more than the claims in work have."""


def settle_memory() -> None:
    """Let the garbage collector pass over what lives as long as the process: call it when the models are loaded.

    A claim's thousands of small objects go by themselves when it ends. While they are there they made the collector walk all
    objects of the process again and again, for a twelfth of a worker's time beside the models (measured).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)


class Observers(RunObserver):
    """Tells several observers of the same run, in order."""

    def __init__(self, observers: Sequence[RunObserver]) -> None:
        """Name them."""
        self._observers = tuple(observers)

    def rows_accepted(self, outcomes: Mapping[str, int]) -> None:
        """To each."""
        for observer in self._observers:
            observer.rows_accepted(outcomes)

    def row_rejected(self, rejected: Rejected) -> None:
        """To each."""
        for observer in self._observers:
            observer.row_rejected(rejected)

    def parts_encoded(self, *, texts: int, photos: int, cached: int) -> None:
        """To each."""
        for observer in self._observers:
            observer.parts_encoded(texts=texts, photos=photos, cached=cached)

    def documents_written(self, *, written: int, newer: int, failed: int) -> None:
        """To each."""
        for observer in self._observers:
            observer.documents_written(written=written, newer=newer, failed=failed)

    def stage_moved(self, stage: str) -> None:
        """To each."""
        for observer in self._observers:
            observer.stage_moved(stage)

    def searched(self, *, strategy: str, took_ms: float, degraded: Sequence[str]) -> None:
        """To each."""
        for observer in self._observers:
            observer.searched(strategy=strategy, took_ms=took_ms, degraded=degraded)

    def device_lost(self, reason: str) -> None:
        """To each."""
        for observer in self._observers:
            observer.device_lost(reason)


class Runtime:
    """One process's indexer and name. Safe across threads."""

    def __init__(self, settings: Settings, build: Build, *, observers: Sequence[RunObserver] = (), lanes: Sequence[str] = LANES) -> None:
        """Build nothing yet; `build` is called once. `lanes` are those that this process works."""
        self.settings = settings
        self.turns = Turns([lane for lane in LANES if lane in lanes])
        self.comeback = Comeback(self._send_again)
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._build = build
        self._observer = Observers((self.comeback.observer, *observers))
        self._lock = threading.Lock()
        self._indexer: Indexer | None = None
        self._stopping = False
        self._under_way: set[str] = set()

    @property
    def indexer(self) -> Indexer:
        """The indexer; the first call opens the ledger. Raises LedgerUnavailable and other IndexerError classes."""
        with self._lock:
            if self._indexer is None:
                self._indexer = self._build(self.settings, self._observer)
                if self._stopping:
                    self._indexer.stop()
            return self._indexer

    @contextmanager
    def only_one(self, what: str) -> Iterator[bool]:
        """True for the first in this process to do it, False while another is at it: a message may show up twice."""
        with self._lock:
            first = what not in self._under_way
            self._under_way.add(what)
        try:
            yield first
        finally:
            if first:
                with self._lock:
                    self._under_way.discard(what)

    def warm(self) -> None:
        """Load the models now, in a thread of its own, so that the first claim does not wait for them; what fails is logged."""
        threading.Thread(target=self._warm, name="fusedex-warm-up", daemon=True).start()

    def stop(self) -> None:
        """Ask what runs here to put its rows back; may be called in a signal's handler, so it takes no lock."""
        self._stopping = True
        if self._indexer is not None:
            self._indexer.stop()

    def close(self) -> int:
        """Put back what is still held and give all connections back; how many rows were put back."""
        self.stop()
        self.comeback.close()
        return self._indexer.close() if self._indexer is not None else 0

    def _send_again(self, lane: Lane) -> None:
        self.indexer.publisher.work(lane, hints=self.settings.work.threads)

    def _warm(self) -> None:
        try:
            self.indexer.warm()
        except IndexerError as error:
            log.warning("not_warm", error=type(error).__name__, reason=str(error))
        else:
            settle_memory()
            log.info("warm")
