"""Runs encoders over many inputs: in batches of like length, one batch on the device at a time, blaming exactly the inputs that fail."""

import threading
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from indexer.batches import by_length
from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.errors import BadDigest, IndexerError, ModelError, ModelUnavailable, ProductError, WidthMismatch
from indexer.observe import RunObserver
from indexer.vectors import Row, Rows

T = TypeVar("T")

STAGE = "encode"
_SAMPLE_TEXT = "a"
_SAMPLE_PHOTO: Pixels = np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)


@dataclass(frozen=True, slots=True, eq=False)
class Encoded:
    """Unit rows and failures by the input's position; every position is in exactly one of the two."""

    rows: dict[int, Row] = field(default_factory=dict)
    failed: dict[int, IndexerError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class _Stages(Generic[T]):
    """One encoder's three stages, its lock, and an input that any working encoder takes."""

    name: str
    prepare: Callable[[Sequence[T]], object]
    run: Callable[[object], npt.ArrayLike]
    finish: Callable[[npt.ArrayLike], Rows]
    sample: T
    lock: threading.Lock


class Engine:
    """Shared by the threads of one process: an encoder's `run` is called by one thread at a time, the other stages by all at once."""

    def __init__(self, observer: RunObserver | None = None) -> None:
        """Tell `observer.stage_moved("encode")` after each batch."""
        self._observer = observer or RunObserver()
        self._locks: weakref.WeakKeyDictionary[object, threading.Lock] = weakref.WeakKeyDictionary()
        self._guard = threading.Lock()

    def texts(self, encoder: TextEncoder, texts: Sequence[str], *, side: Side, batch: int = 64) -> Encoded:
        """Rows for texts, in batches of at most `batch` that are sorted by length.

        A batch that raises is halved until the inputs to blame stand alone: these are in `failed`. When the encoder fails on a
        plain sample too, it is the encoder's fault: its error is raised (a ModelError), and no input is blamed.
        """
        stages = _Stages(
            encoder.spec.name,
            lambda some: encoder.prepare(some, side),
            encoder.run,
            encoder.finish,
            _SAMPLE_TEXT,
            self._lock_of(encoder),
        )
        return self._all(stages, texts, by_length([encoder.length(text) for text in texts], size=batch))

    def photos(self, encoder: PhotoEncoder, photos: Sequence[Pixels], *, batch: int = 64) -> Encoded:
        """Rows for decoded photos, in batches of at most `batch`; failures as for `texts`."""
        stages = _Stages(encoder.spec.name, encoder.prepare, encoder.run, encoder.finish, _SAMPLE_PHOTO, self._lock_of(encoder))
        return self._all(stages, photos, by_length([0] * len(photos), size=batch))

    def _all(self, stages: _Stages[T], inputs: Sequence[T], groups: Sequence[list[int]]) -> Encoded:
        done = Encoded()
        for positions in groups:
            self._some(stages, inputs, positions, done)
            self._observer.stage_moved(STAGE)
        return done

    def _some(self, stages: _Stages[T], inputs: Sequence[T], positions: list[int], done: Encoded) -> None:
        """Encode one batch into `done`; where it fails for an input's sake, its halves."""
        pending = [positions]
        suspected = False
        while pending:
            some = pending.pop()
            try:
                rows = _run(stages, [inputs[position] for position in some])
            except Exception as error:  # noqa: BLE001  # a plug-in may raise anything; the batch's other inputs must not suffer
                if not suspected:
                    _acquit(stages, error)
                    suspected = True
                if len(some) == 1:
                    done.failed[some[0]] = _blame(stages.name, error)
                    continue
                middle = len(some) // 2
                pending += [some[middle:], some[:middle]]
                self._observer.stage_moved(STAGE)
            else:
                done.rows.update(zip(some, rows, strict=True))

    def _lock_of(self, encoder: object) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(encoder, threading.Lock())


def _run(stages: _Stages[T], inputs: Sequence[T]) -> Rows:
    prepared = stages.prepare(inputs)
    with stages.lock:
        raw = stages.run(prepared)
    rows = stages.finish(raw)
    if len(rows) != len(inputs):
        raise WidthMismatch(f"The encoder {stages.name!r} gave {len(rows)} rows for {len(inputs)} inputs.")
    return rows


def _acquit(stages: _Stages[T], error: Exception) -> None:
    """Return where the inputs may be to blame; raise where it is the encoder: told so, transient, or failing on the sample."""
    if isinstance(error, ModelUnavailable | BadDigest | WidthMismatch) or getattr(error, "retryable", False):
        raise error
    try:
        _run(stages, [stages.sample])
    except IndexerError:
        raise
    except Exception as broken:
        raise ModelError(f"The encoder {stages.name!r} fails on any input: {type(broken).__name__}: {broken}") from broken


def _blame(name: str, error: Exception) -> IndexerError:
    if isinstance(error, IndexerError):
        return error
    blamed = ProductError(f"The encoder {name!r} fails on this input: {type(error).__name__}: {error}")
    blamed.__cause__ = error
    return blamed
