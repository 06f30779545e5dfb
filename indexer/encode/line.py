"""One encoder at work: batches cut from what all callers bring, and its three stages overlapped through bounded queues.

callers ─► window ─► prepare (the crew's threads) ─► ready ─► run (one device thread) ─► raw ─► finish (one thread) ─► callers
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Generic, TypeVar

import numpy.typing as npt

from indexer.encode.budget import Budget
from indexer.encode.crew import Crew
from indexer.encode.stages import Encoded, Failure, Fault, attempt, blamed, broken
from indexer.encode.window import Batch, Limits, Piece, Request, Window
from indexer.errors import ModelError
from indexer.observe import RunObserver, log

T = TypeVar("T")

STAGE = "encode"
AHEAD = 4
"""Batches that are being prepared or are ready. Beyond EAGER, only full ones: others wait for company while the device is busy."""
EAGER = 2
RAW = 2
"""Batches whose raw rows wait for `finish`."""


class Line(Generic[T]):
    """The threads and queues of one encoder, which it does not keep alive. Safe across threads.

    `run` is called by one thread only. A thread that works says "encode" to the observer, and "idle" when it has done; a caller
    who waits says "encode" whenever a batch has moved: so a watchdog sees a stage that stands still, and no one who only waits.
    """

    def __init__(self, crew: Crew, observer: RunObserver, *, on_lost: Callable[[str], None]) -> None:
        """Start nothing yet; `on_lost` hears why the device works no more in this process."""
        self._crew = crew
        self._observer = observer
        self._on_lost = on_lost
        self._changed = threading.Condition()
        self._window: Window[T] = Window()
        self._again: deque[Batch[T]] = deque()
        self._ahead = 0
        self._ready: deque[tuple[Batch[T], object]] = deque()
        self._raw: deque[tuple[Batch[T], npt.ArrayLike]] = deque()
        self._budget = Budget()
        self._callers: set[Request[T]] = set()
        self._moves = 0
        self._started = False
        self.closed = False

    def encode(self, request: Request[T]) -> Encoded:
        """Wait until all inputs of the request have rows or errors. Raises what no input is to blame for."""
        with self._changed:
            if self.closed:
                raise ModelError("The engine is closed.")
            self._callers.add(request)
            self._window.add(request)
            self._start()
            self._feed()
        try:
            while not self._moved_on(request):
                self._observer.stage_moved(STAGE)
        finally:
            with self._changed:
                self._callers.discard(request)
                self._window.drop(request)
                if not request.over:  # its thread was interrupted: what is under way for it is dropped
                    request.error = ModelError("Nobody waits for this any more.")
        if request.error is not None:
            raise request.error
        return request.encoded

    def close(self) -> None:
        """End the threads; who still waits gets a ModelError."""
        self._end(ModelError("The engine was closed."))

    def _moved_on(self, request: Request[T]) -> bool:
        """Wait until any batch has moved; whether the request is over."""
        with self._changed:
            moves = self._moves
            self._changed.wait_for(lambda: request.over or self._moves != moves)
            return request.over

    def _start(self) -> None:
        if not self._started:
            self._started = True
            for work, name in ((self._run_one, "device"), (self._finish_one, "finish")):
                threading.Thread(target=self._forever, args=(work,), name=f"fusedex-{name}", daemon=True).start()

    def _feed(self) -> None:
        """Cut batches while there is room ahead of the device."""
        while not self.closed and (batch := self._next()) is not None:
            self._ahead += 1
            try:
                task = self._crew.urge(self._guarded, partial(self._prepare, batch))
            except RuntimeError:  # the crew was shut down before the engine
                self.close()
            else:
                task.add_done_callback(lambda task: self.close() if task.cancelled() else None)

    def _next(self) -> Batch[T] | None:
        if self._ahead >= AHEAD:
            return None
        while self._again:
            batch = self._again.popleft()
            if batch.wanted:
                return batch
        if self._ahead >= EAGER and not self._window.fills():
            return None
        return self._window.take(cap=self._budget.cap())

    def _prepare(self, batch: Batch[T]) -> None:
        with self._told():
            inputs = attempt(lambda: batch.stages.prepare(batch.inputs), name=batch.stages.name)
        self._free_after(batch, inputs)
        with self._moving():
            if isinstance(inputs, Failure):
                self._ahead -= 1
                self._fail(batch, inputs)
            else:
                self._ready.append((batch, inputs))

    def _run_one(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.closed or (self._ready and len(self._raw) < RAW))
            if self.closed:
                return
            batch, inputs = self._ready.popleft()
            self._ahead -= 1
            fits = len(batch.pieces) == 1 or batch.cost <= self._budget.cap()  # memory may have run out since it was prepared
            if batch.wanted and not fits:
                self._again.extendleft(reversed(batch.halves()))
            self._feed()
            if not (batch.wanted and fits):
                return
        with self._told():
            raw = attempt(partial(batch.stages.run, inputs), name=batch.stages.name)
        self._free_after(batch, raw)
        with self._moving():
            if isinstance(raw, Failure):
                self._fail(batch, raw)
            else:
                self._raw.append((batch, raw))

    def _finish_one(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._raw)
            if self.closed:
                return
            batch, raw = self._raw.popleft()
            self._changed.notify_all()
        with self._told():
            rows = attempt(lambda: batch.stages.rows(raw, count=len(batch.pieces)), name=batch.stages.name)
        self._free_after(batch, rows)
        with self._moving():
            if isinstance(rows, Failure):
                self._fail(batch, rows)
            elif batch.trial is not None:
                self._convict(*batch.trial)
            else:
                for piece, row in zip(batch.pieces, rows, strict=True):
                    if not piece.request.over:
                        piece.request.give(piece.position, row)

    def _free_after(self, batch: Batch[T], outcome: object) -> None:
        """Outside the lock and outside of any `except`, as only then nothing holds the memory any more."""
        if isinstance(outcome, Failure) and outcome.fault is Fault.FULL:
            batch.stages.free()
            log.warning("device_full", encoder=batch.stages.name, inputs=len(batch.pieces), reason=outcome.error.args[0])
        elif isinstance(outcome, Failure) and outcome.fault is Fault.LOST:
            self._on_lost(str(outcome.error))

    def _fail(self, batch: Batch[T], failure: Failure) -> None:
        """A stage failed: find out for whose sake, and go on with what is not to blame."""
        name = batch.stages.name
        if failure.fault is Fault.FULL and len(batch.pieces) > 1:
            self._budget.full(batch.cost)
            self._again.extendleft(reversed(batch.halves()))
        elif failure.fault is not Fault.UNCLEAR:
            self._raise(batch, failure.error)
        elif batch.trial is not None:
            self._raise(batch, broken(failure.error, name=name))
        elif batch.acquitted:
            self._convict(batch, failure)
        else:
            sample = Request(batch.stages, [batch.stages.sample], [1.0], Limits(1, 1.0))
            self._again.appendleft(Batch(batch.stages, [Piece(sample, 0)], trial=(batch, failure)))

    def _convict(self, batch: Batch[T], failure: Failure) -> None:
        """The encoder works, so it is an input of the batch: its only one, or one of either half."""
        batch.acquitted = True
        if len(batch.pieces) > 1:
            self._again.extendleft(reversed(batch.halves()))
            return
        request, position = batch.pieces[0].request, batch.pieces[0].position
        if not request.over:
            request.failed(position, blamed(failure.error, name=batch.stages.name))

    def _raise(self, batch: Batch[T], error: Exception) -> None:
        for request in batch.requests:
            if not request.over:
                request.error = error
                self._window.drop(request)

    @contextmanager
    def _told(self) -> Iterator[None]:
        self._observer.stage_moved(STAGE)
        try:
            yield
        finally:
            self._observer.stage_moved("idle")

    @contextmanager
    def _moving(self) -> Iterator[None]:
        """Change what the callers wait for, under the lock."""
        with self._changed:
            yield
            self._moves += 1
            self._feed()
            self._changed.notify_all()

    def _forever(self, work: Callable[[], None]) -> None:
        while not self.closed:
            self._guarded(work)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Let nobody wait for a thread that has ended: what no stage may raise (an exit, say) ends the line, and its callers hear of it."""
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the edge of a thread
            told = ModelError(f"A thread of the engine ended: {type(error).__name__}: {error}")
            told.__cause__ = error
            log.error("engine_ended", reason=told.message)
            self._end(told)

    def _end(self, error: ModelError) -> None:
        with self._changed:
            self.closed = True
            for request in self._callers:
                if not request.over:
                    request.error = error
            self._again.clear()
            self._ready.clear()
            self._raw.clear()
            self._changed.notify_all()
