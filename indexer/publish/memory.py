"""Hints kept in memory: for one process that works its own rows, and for tests."""

import threading
from collections import Counter, deque

from indexer.records import Lane


class MemoryPublisher:
    """Collects hints in the order they were sent, at most `room` a lane (more would say nothing new). Safe across threads."""

    def __init__(self, *, room: int = 256) -> None:
        """Hold no hint yet."""
        self._hints: deque[Lane] = deque()
        self._waiting: Counter[Lane] = Counter()
        self._room = room
        self._lock = threading.Lock()

    def work(self, lane: Lane, *, hints: int = 1) -> None:
        """Keep the hints that there is room for."""
        with self._lock:
            for _ in range(min(hints, self._room - self._waiting[lane])):
                self._hints.append(lane)
                self._waiting[lane] += 1

    def take(self) -> Lane | None:
        """The oldest hint, or None."""
        with self._lock:
            if not self._hints:
                return None
            lane = self._hints.popleft()
            self._waiting[lane] -= 1
            return lane

    def waiting(self, lane: Lane) -> int:
        """How many hints of the lane wait."""
        return self._waiting[lane]

    def close(self) -> None:
        """Nothing to give back."""
