"""What the write path asks of whoever brings photos that are named by an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.records import PhotoStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of one address: its bytes (status "used"), or why there are none, and when (microseconds since 1970) to try again."""

    data: bytes | None = None
    status: PhotoStatus
    reason: str = ""
    retry_at: int | None = None


class PhotoFetcher(Protocol):
    """Brings photos by address, from a store that all hosts share or from their hosts. Safe across threads."""

    def fetch(self, addresses: Sequence[str]) -> Mapping[str, Fetched]:
        """One result for each address; never raises for what an address or its host does. What takes too long is "pending"."""

    def purge(self) -> int:
        """Let go of kept photos that nobody asked for in long, then of the oldest beyond the limit; how many. Raises OSError."""

    def close(self) -> None:
        """Give the connections back."""
