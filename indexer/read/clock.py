"""The time of one search, and its end; and that of its encoding."""

import time

from indexer.errors import EncoderLate, RerankerLate, StoreUnavailable
from indexer.read.needs import Encode, Rerank


class Clock:
    """Starts when it is made."""

    def __init__(self, timeout_s: float) -> None:
        """End after so many seconds."""
        self._timeout_s, self._started = timeout_s, time.perf_counter()

    def passed_s(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def left_s(self) -> float:
        """Seconds until the end; negative after it."""
        return self._timeout_s - self.passed_s()

    def check(self) -> None:
        """Raise the error below when the end has come."""
        if self.left_s() <= 0:
            raise self.late()

    def late(self) -> StoreUnavailable:
        """The error of a search that took too long."""
        return StoreUnavailable(
            f"The search took longer than {self._timeout_s:g} s.", cure="Try again, or raise FUSEDEX_SEARCH__TIMEOUT_S."
        )


def late(need: Encode | Rerank) -> EncoderLate | RerankerLate:
    """The error of an encoder, or of what reranks, that took too long."""
    if isinstance(need, Rerank):
        return RerankerLate(
            f"Reranking took longer than {need.within_s:g} s.",
            cure="Lower FUSEDEX_SEARCH__RERANK_DEPTH, or raise FUSEDEX_SEARCH__RERANK_S.",
        )
    return EncoderLate(
        f"The encoder gave no vector within {need.within_s:g} s.", cure="Load it beforehand (warm), or raise FUSEDEX_SEARCH__ENCODE_S."
    )
