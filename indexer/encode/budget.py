"""What a device that ran out of memory has taught about the size of batches, for a while."""

import time
from collections.abc import Callable

HOLD_S = 120.0
"""How long the lesson holds in full: what shared the memory (another process, a long text) may be gone then."""
DOUBLING_S = 120.0
"""Afterwards the cap doubles in that time, so a device that is small for good is filled up once in some minutes, and no oftener."""


class Budget:
    """The largest cost (longest length times count) that a batch may have. Not safe across threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """No cap yet; `clock` counts seconds."""
        self._clock = clock
        self._low = float("inf")
        self._since = 0.0

    def full(self, cost: float) -> None:
        """A batch of that cost did not fit: half of it is the cap now, or less where it was less."""
        self._low = min(self.cap(), cost / 2)
        self._since = self._clock()

    def cap(self) -> float:
        """The cap as it stands now, infinite where memory never ran out."""
        late = self._clock() - self._since - HOLD_S
        return self._low if late <= 0 else self._low * 2.0 ** min(late / DOUBLING_S, 64.0)
