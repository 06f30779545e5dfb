"""Who may work now: the gate between rows worked together and suspects worked alone, and the pauses after failures."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


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

    def failed(self) -> float:
        """One failure more: seconds to wait before the same is tried again."""
        with self._lock:
            ceiling = min(self._cap_s, self._first_s * 2.0 ** min(self._failures, 32))
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
