"""Split, keep order, map; knows nothing of products."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], *, size: int) -> Iterator[list[T]]:
    """Yield lists of at most `size` items, in order, never an empty one; reads the input lazily."""
    if size < 1:
        raise ValueError(f"A batch holds at least one item, not {size}.")
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def by_length(lengths: Sequence[float], *, size: int) -> list[list[int]]:
    """Group positions into batches of similar length, longest first (so that memory runs out at once or never)."""
    order = sorted(range(len(lengths)), key=lambda position: (-lengths[position], position))
    return list(batches(order, size=size))
