"""What waits to be encoded, of all callers together, and how batches are cut from it."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from indexer.encode.stages import Encoded, Failure, Stages
from indexer.errors import IndexerError
from indexer.vectors import Row

T = TypeVar("T")

FEW = 32
"""A batch of so many inputs keeps a device busy; beyond, short inputs had better not be padded to twice their length."""

LEAST = 0.001
"""An empty text has a length too, so that it can be divided by."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch may be: inputs, and longest length times inputs. One input always fits."""

    count: int
    tokens: float


class Request(Generic[T]):
    """One caller's inputs, and what has come of them. Changed only under the line's lock."""

    def __init__(self, stages: Stages[T], inputs: Sequence[T], lengths: Sequence[float], limits: Limits) -> None:
        """Nothing is done yet. `lengths` has one figure an input."""
        self.stages = stages
        self.inputs = inputs
        self.lengths = [max(LEAST, length) for length in lengths]
        self.limits = limits
        self.encoded = Encoded()
        self.error: Exception | None = None
        self._left = len(inputs)

    @property
    def over(self) -> bool:
        """Whether nothing more is to come: all inputs are done, or an error ended it."""
        return self._left == 0 or self.error is not None

    def failed(self, position: int, error: IndexerError) -> None:
        """The input there is to blame."""
        self.encoded.failed[position] = error
        self._left -= 1

    def give(self, position: int, row: Row) -> None:
        """The row of the input there."""
        self.encoded.rows[position] = row
        self._left -= 1


class _Place(NamedTuple):
    """Sorts longest first, then who came first."""

    shortness: float
    serial: int
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Piece(Generic[T]):
    """One input of a request."""

    request: Request[T]
    position: int

    @property
    def length(self) -> float:
        """Its figure, at least LEAST."""
        return self.request.lengths[self.position]


@dataclass(slots=True, eq=False)
class Batch(Generic[T]):
    """Inputs that are encoded together, longest first.

    `acquitted`: it failed before (as part of a larger one), and the encoder was found to work. A sample, which finds that
    out, carries the batch on `trial` and its failure.
    """

    stages: Stages[T]
    pieces: list[Piece[T]]
    acquitted: bool = False
    trial: "tuple[Batch[T], Failure] | None" = None

    @property
    def inputs(self) -> list[T]:
        """What goes into `prepare`."""
        return [piece.request.inputs[piece.position] for piece in self.pieces]

    @property
    def cost(self) -> float:
        """Longest length times count: what is computed, padding included."""
        return max(piece.length for piece in self.pieces) * len(self.pieces)

    @property
    def requests(self) -> list[Request[T]]:
        """Whose inputs are in it (of a sample: in the batch on trial), each once."""
        if self.trial is not None:
            return self.trial[0].requests
        return list(dict.fromkeys(piece.request for piece in self.pieces))

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for it."""
        return any(not request.over for request in self.requests)

    def halves(self) -> "tuple[Batch[T], Batch[T]]":
        """Two batches of the same inputs; the second has the shorter ones."""
        middle = len(self.pieces) // 2
        return (Batch(self.stages, self.pieces[:middle], self.acquitted), Batch(self.stages, self.pieces[middle:], self.acquitted))


class Window(Generic[T]):
    """All inputs that wait, sorted by length, by side. Not safe across threads.

    Cut from the longest to the shortest into batches as full as the limits allow (but none of FEW inputs and more goes on with
    inputs of less than half its longest one), they would be padded least; the next batch is the one of these that holds the
    longest input of the oldest request. So no caller starves, callers end one after the other and not all at once, and a batch
    is full whenever enough waits.
    """

    def __init__(self) -> None:
        """Nothing waits."""
        self._serial = 0
        self._requests: dict[int, tuple[Request[T], list[int]]] = {}  # by age; positions that wait perhaps, longest last
        self._sides: dict[str, list[_Place]] = {}
        self._waiting: dict[int, set[int]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._sides.values()))

    def add(self, request: Request[T]) -> None:
        """Let a request's inputs wait."""
        self._serial += 1
        places = [_Place(-length, self._serial, position) for position, length in enumerate(request.lengths)]
        side = self._sides.setdefault(request.stages.side, [])
        side += places
        side.sort()
        order = sorted(places, reverse=True)
        self._requests[self._serial] = (request, [place.position for place in order])
        self._waiting[self._serial] = {place.position for place in places}

    def drop(self, request: Request[T]) -> None:
        """Forget the inputs of a request."""
        serials = {serial for serial, (known, _) in self._requests.items() if known is request}
        for serial in serials:
            del self._requests[serial], self._waiting[serial]
        if serials:
            for side in self._sides.values():
                side[:] = [place for place in side if place.serial not in serials]

    def fills(self) -> bool:
        """Whether enough waits for a batch that is full by count (or will be by tokens)."""
        lead = next(iter(self._requests.values()), None)
        if lead is None:
            return False
        limits, side = lead[0].limits, self._sides[lead[0].stages.side]
        return len(side) >= limits.count or -sum(place.shortness for place in side) >= limits.tokens

    def take(self, *, cap: float = float("inf")) -> Batch[T] | None:
        """The next batch, its cost within the limits of the request that leads it and within `cap`; None where nothing waits."""
        lead = self._lead()
        if lead is None:
            return None
        request = self._requests[lead.serial][0]
        side = self._sides[request.stages.side]
        count, tokens = request.limits.count, min(request.limits.tokens, cap)
        start, end = 0, 0
        at = bisect_left(side, lead)
        while end <= at:
            start, end = end, _cut(side, end, count=count, tokens=tokens)
        while end == len(side) and start > 0 and _takes(side[start - 1], side[start:end], count=count, tokens=tokens):
            start -= 1
        taken = side[start:end]
        del side[start:end]
        pieces = [Piece(self._requests[place.serial][0], place.position) for place in taken]
        for place in taken:
            self._waiting[place.serial].discard(place.position)
        return Batch(request.stages, pieces)

    def _lead(self) -> _Place | None:
        for serial, (request, order) in list(self._requests.items()):
            waiting = self._waiting[serial]
            while order and order[-1] not in waiting:
                order.pop()
            if order:
                return _Place(-request.lengths[order[-1]], serial, order[-1])
            del self._requests[serial], self._waiting[serial]
        return None


def _cut(side: list[_Place], start: int, *, count: int, tokens: float) -> int:
    """Where the batch ends whose longest input is at `start`."""
    shortness = side[start].shortness
    end = min(len(side), start + max(1, min(count, int(tokens // -shortness))))
    if end - start <= FEW:
        return end
    return max(start + FEW, bisect_left(side, _Place(shortness / 2, 0, 0), start, end))


def _takes(longer: _Place, last: list[_Place], *, count: int, tokens: float) -> bool:
    """Whether the last, shortest batch takes a longer input too, as it would go half full otherwise."""
    if len(last) >= count or -longer.shortness * (len(last) + 1) > tokens:
        return False
    return len(last) < FEW or longer.shortness / 2 >= last[-1].shortness
