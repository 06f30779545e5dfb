"""Split, keep order, map; knows nothing of products."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from indexer.errors import IndexerError

T = TypeVar("T")


def batches(items: Iterable[T], *, size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` items, in order, never an empty one; reads the input lazily.

    Where the input ends with an error of ours, what came before it is given first, then the error is raised.
    """
    if size < 1:
        raise ValueError(f"A batch holds at least one item, not {size}.")
    batch: list[T] = []
    try:
        for item in items:
            batch.append(item)
            if len(batch) == size:
                full, batch = batch, []
                yield full
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
