"""The small pool of threads that decode photos and prepare batches, shared by all passes of a process."""

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MOST = 8
"""Threads unless told otherwise, on machines that have so many cores: beyond, Python's own lock is what they wait for."""


class Crew(Executor):
    """Daemon threads that start with the first task and end with the crew. What is urgent goes before what waits. Fork-safe.

    Unlike the standard pool's threads they never keep a process from ending: a decoder that hangs must not.
    """

    def __init__(self, threads: int | None = None, *, name: str = "fusedex-prepare") -> None:
        """Start nothing yet; `threads` None: as many as this process has cores, at most MOST."""
        self.threads = threads or min(MOST, len(os.sched_getaffinity(0)))
        self._name = name
        self._tasks = self._fresh()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The task's result, once its turn has come. Raises RuntimeError after `shutdown`."""
        return self._add(Future(), lambda: fn(*args, **kwargs), urgent=False)

    def urge(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The same, before all tasks that are not urgent."""
        return self._add(Future(), lambda: fn(*args, **kwargs), urgent=True)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002 - the standard's signature
        """Take no more tasks; those that wait are still done, or cancelled. `wait` for the threads to end."""
        threads = self._tasks.close(cancel=cancel_futures)
        for thread in threads if wait else ():
            if thread is not threading.current_thread():
                thread.join()

    def _add(self, future: Future[T], call: Callable[[], T], *, urgent: bool) -> Future[T]:
        if self._tasks.pid != os.getpid():
            self._tasks = self._fresh()  # a fork has the tasks of its parent, and none of the threads
        self._tasks.add(future, lambda: _run(future, call), urgent=urgent)
        return future

    def _fresh(self) -> "_Tasks":
        tasks = _Tasks(self.threads, self._name)
        # The threads know the tasks and not the crew: so a forgotten crew can go, and they with it.
        weakref.finalize(self, tasks.close, cancel=True)
        return tasks


class _Tasks:
    """What waits, and the threads that take from it."""

    def __init__(self, most: int, name: str) -> None:
        self.pid = os.getpid()
        self._most = most
        self._name = name
        self._changed = threading.Condition()
        self._urgent: deque[tuple[Future[object], Callable[[], None]]] = deque()
        self._usual: deque[tuple[Future[object], Callable[[], None]]] = deque()
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._closed = False

    def add(self, future: Future[T], task: Callable[[], None], *, urgent: bool) -> None:
        """Let a task wait its turn; starts a thread where all are busy and one more may be."""
        with self._changed:
            if self._closed:
                raise RuntimeError("The crew takes no more tasks: it was shut down.")
            (self._urgent if urgent else self._usual).append((future, task))  # type: ignore[arg-type]  # only ever cancelled
            if self._idle < len(self._urgent) + len(self._usual) and len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()

    def close(self, *, cancel: bool) -> list[threading.Thread]:
        """Take no more; the threads, which end when nothing waits."""
        with self._changed:
            self._closed = True
            dropped = [*self._urgent, *self._usual] if cancel else []
            if cancel:
                self._urgent.clear()
                self._usual.clear()
            self._changed.notify_all()
        for future, _ in dropped:
            future.cancel()
        return self._threads

    def _work(self) -> None:
        while (task := self._next()) is not None:
            task()
            del task  # what it worked on may be large, and the next task may be long in coming

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._urgent or self._usual or self._closed)
            self._idle -= 1
            waiting = self._urgent or self._usual
            return waiting.popleft()[1] if waiting else None


def _run(future: Future[T], call: Callable[[], T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - whoever asked for the result gets it, whatever it is
        future.set_exception(error)
    else:
        future.set_result(result)
