"""What a plan can need, and how it asks: each request checks that it is answered in kind."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from indexer.encoders import QueryRows
from indexer.records import Answer, QueryPart
from indexer.store.base import Leg, LegAnswer
from indexer.store.identity import Description, Identity
from indexer.vectors import Row


@dataclass(frozen=True, slots=True)
class Describe:
    """Needed: the index's Description, read anew where `fresh`."""

    fresh: bool = False


@dataclass(frozen=True, slots=True)
class OpenPoint:
    """Needed: the name of a point in time that lasts `keep_s` seconds."""

    keep_s: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encode:
    """Needed: the query's rows, within `within_s` seconds. Photos are still bytes: decoding happens where encoding does.

    `like` has the rows of products that are parts of the query, each with its name and weight; `identity` is the index's.
    """

    identity: Identity
    text: str
    photo: bytes | None
    text_weight: float
    photo_weight: float
    parts: tuple[QueryPart, ...] = ()
    like: tuple[tuple[str, Row, float], ...] = ()
    within_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Needed: one answer per leg, out of one request, of the index as it stands or stood at `point`."""

    legs: tuple[Leg, ...]
    point: str = ""


Need = Describe | OpenPoint | Encode | Ask
Got = Description | str | QueryRows | list[LegAnswer] | None
Steps = Generator[Need, Got, Answer]


def described(*, fresh: bool) -> Generator[Need, Got, Description]:
    """The index's description."""
    got = yield Describe(fresh)
    if not isinstance(got, Description):
        raise TypeError(f"Describe is answered by a Description, not by {type(got).__name__}.")
    return got


def opened(*, keep_s: float) -> Generator[Need, Got, str]:
    """The name of a new point in time."""
    got = yield OpenPoint(keep_s)
    if not isinstance(got, str):
        raise TypeError(f"OpenPoint is answered by a name, not by {type(got).__name__}.")
    return got


def encoded(need: Encode) -> Generator[Need, Got, QueryRows | None]:
    """The query's rows; None where the encoder sees nothing in it."""
    got = yield need
    if got is not None and not isinstance(got, QueryRows):
        raise TypeError(f"Encode is answered by QueryRows or None, not by {type(got).__name__}.")
    return got


def asked(legs: Sequence[Leg], *, point: str = "") -> Generator[Need, Got, list[LegAnswer]]:
    """The legs' answers, in order."""
    if not legs:
        return []
    got = yield Ask(tuple(legs), point)
    if not isinstance(got, list):
        raise TypeError(f"Ask is answered by a list of LegAnswers, not by {type(got).__name__}.")
    return got
