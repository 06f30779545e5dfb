"""One encoder's three stages as the engine runs them: whatever a plug-in raises is caught here, and judged."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

import numpy.typing as npt

from indexer.encode.device import is_full, is_lost
from indexer.errors import BadDigest, DeviceFull, IndexerError, ModelError, ModelUnavailable, ProductError, WidthMismatch
from indexer.vectors import Row, Rows

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Unit rows and failures by the input's position; every position is in exactly one of the two."""

    rows: dict[int, Row] = field(default_factory=dict)
    failed: dict[int, IndexerError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stages(Generic[T]):
    """An encoder's stages, and an input that any working encoder takes. Inputs of one `side` can share a batch."""

    name: str
    side: str
    prepare: Callable[[Sequence[T]], object]
    run: Callable[[object], npt.ArrayLike]
    finish: Callable[[npt.ArrayLike], Rows]
    free: Callable[[], None]
    sample: T

    def rows(self, raw: npt.ArrayLike, *, count: int) -> Rows:
        """Unit rows of a batch of so many inputs; raises WidthMismatch for another number, and what `finish` raises."""
        rows = self.finish(raw)
        if len(rows) != count:
            raise WidthMismatch(f"The encoder {self.name!r} gave {len(rows)} rows for {count} inputs.")
        return rows


class Fault(Enum):
    """Whose fault an error is, as far as it tells."""

    FULL = auto()
    """The device had no memory left: a smaller batch may fit."""
    LOST = auto()
    """The device works no more in this process."""
    ENCODER = auto()
    """The encoder's, by its own word, or one that passes: no input is to blame."""
    UNCLEAR = auto()
    """An input's, unless the encoder fails on the sample too."""


@dataclass(frozen=True, slots=True, eq=False)
class Failure:
    """A stage's error and whose fault it is."""

    error: Exception
    fault: Fault


def attempt(stage: Callable[[], T], *, name: str) -> T | Failure:
    """What the stage gives, or how it failed; never raises an Exception."""
    try:
        return stage()
    except Exception as error:  # noqa: BLE001 - a plug-in may raise anything; the batch's other inputs must not suffer
        return _failure(error, name=name)


def blamed(error: Exception, *, name: str) -> IndexerError:
    """The error of an input on which the encoder fails."""
    if isinstance(error, IndexerError):
        return error
    told = ProductError(f"The encoder {name!r} fails on this input: {type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def broken(error: Exception, *, name: str) -> IndexerError:
    """The error of an encoder that fails on the sample too."""
    if isinstance(error, IndexerError):
        return error
    told = ModelError(f"The encoder {name!r} fails on any input: {type(error).__name__}: {error}")
    told.__cause__ = error
    return told


def _failure(error: Exception, *, name: str) -> Failure:
    if isinstance(error, DeviceFull) or is_full(error):
        # A new error on purpose: the old one's traceback holds the frames, and the frames hold the memory that is to be freed.
        full = DeviceFull(
            f"The encoder {name!r} finds no memory: {type(error).__name__}: {str(error)[:300]}",
            cure="Lower FUSEDEX_ENCODE__BATCH_TOKENS or FUSEDEX_ENCODE__BATCH; let no other process use the device.",
        )
        return Failure(full, Fault.FULL)
    if is_lost(error):
        lost = ModelError(
            f"The device of the encoder {name!r} is lost to this process: {type(error).__name__}: {str(error)[:300]}",
            cure="Start the process again.",
        )
        lost.__cause__ = error
        return Failure(lost, Fault.LOST)
    if isinstance(error, ModelUnavailable | BadDigest | WidthMismatch) or getattr(error, "retryable", False):
        return Failure(error, Fault.ENCODER)
    return Failure(error, Fault.UNCLEAR)
