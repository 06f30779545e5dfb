"""Photos that visitors search with: kept in memory for a while, so that the answer has an address of its own to page through."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

KEPT_S = 1800
KEPT_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Upload:
    """A visitor's photo: its bytes, a thumbnail of it, and until when it is kept (seconds of the shelf's clock)."""

    data: bytes
    thumbnail: bytes
    until: float


class Uploads:
    """A bounded shelf: nothing is written to disk, what is old or too much is let go. Names can't be guessed (128 bits).

    Used from one event loop only.
    """

    def __init__(self, *, kept_s: float = KEPT_S, kept_bytes: int = KEPT_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep each photo `kept_s` seconds at most, and `kept_bytes` in all."""
        self.kept_s = kept_s
        self.kept_bytes = kept_bytes
        self._clock = clock
        self._kept: OrderedDict[str, Upload] = OrderedDict()

    def put(self, data: bytes, thumbnail: bytes) -> str:
        """Keep a photo; its name."""
        name = secrets.token_urlsafe(16)
        self._kept[name] = Upload(data, thumbnail, self._clock() + self.kept_s)
        self._let_go()
        return name

    def get(self, name: str) -> Upload | None:
        """The photo of that name, or None when it is gone (or never was)."""
        self._let_go()
        return self._kept.get(name)

    def _let_go(self) -> None:
        now = self._clock()
        size = sum(len(upload.data) + len(upload.thumbnail) for upload in self._kept.values())
        while self._kept:
            name, oldest = next(iter(self._kept.items()))
            # The newest always stays: it was let in under the limit of one request.
            if oldest.until > now and (size <= self.kept_bytes or len(self._kept) == 1):
                return
            size -= len(oldest.data) + len(oldest.thumbnail)
            del self._kept[name]
