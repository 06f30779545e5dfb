"""Split, keep order, map; knows nothing of products."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from indexer.errors import IndexerError

T = TypeVar("T")


def batches(items: Iterable[T], *, size: int, first: int | None = None) -> Iterator[list[T]]:
    """Yield lists of at most `size` items, in order, never an empty one; reads the input lazily.

    With `first` the first batch is that small and each next one twice as large, up to `size`: whoever waits for the first need
    not wait for a full one. Where the input ends with an error of ours, what came before it is given first, then the error is raised.
    """
    now = size if first is None else min(first, size)
    if now < 1:
        raise ValueError(f"A batch holds at least one item, not {now}.")
    batch: list[T] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == now:
                full, batch = batch, []
                yield full
                now = min(2 * now, size)
    except IndexerError:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def by_length(lengths: Sequence[float], *, size: int) -> list[list[int]]:
    """Group positions into batches of similar length, longest first (so that memory runs out at once or never)."""
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    return list(batches(order, size=size))
