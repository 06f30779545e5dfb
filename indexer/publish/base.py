"""Hints to workers: cheap, repeatable, never the truth."""

from typing import Protocol

from indexer.records import Lane


class Publisher(Protocol):
    """Sends hints; losing one costs time (until the next sweep), never a product."""

    def work(self, lane: Lane, *, hints: int = 1) -> None:
        """Say `hints` times that the lane has work. Raises BrokerUnavailable."""

    def close(self) -> None:
        """Give the connection back."""
