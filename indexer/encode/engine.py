"""Runs encoders over many inputs: prepare, run and finish overlapped, batches shared by all callers, blame exactly where it belongs."""

import os
import threading
import weakref
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import TypeVar

import numpy as np

from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.crew import Crew
from indexer.encode.line import Line
from indexer.encode.stages import Encoded, Stages
from indexer.encode.window import Limits, Request
from indexer.observe import RunObserver, log

__all__ = ["TOKENS", "Encoded", "Engine"]

E = TypeVar("E", TextEncoder, PhotoEncoder)
T = TypeVar("T", str, Pixels)

TOKENS = 16_384
"""Tokens per model run where nobody says otherwise, padding included."""

_SAMPLE_TEXT = "a"
_SAMPLE_PHOTO: Pixels = np.repeat(np.arange(0, 256, 8, dtype=np.uint8)[None, :, None], 32, axis=0).repeat(3, axis=2)


class Engine:
    """Shared by the threads of one process: what they bring at the same time is encoded together, one device thread an encoder.

    Callers wait for their rows. Two encoders do not wait for each other. Memory is bounded: at most four batches are prepared ahead of
    the device and two wait behind it. Threads are daemons and start with the first input; after a fork the child has new ones.
    """

    def __init__(
        self, observer: RunObserver | None = None, *, crew: Crew | None = None, on_lost: Callable[[str], None] | None = None
    ) -> None:
        """Tell `observer` which threads work (`stage_moved`); prepare on the crew's threads (default: a crew of its own).

        `on_lost` hears why a GPU works no more in this process (a CUDA error that only a new process cures): end the process
        there. By default it is logged.
        """
        self._observer = observer or RunObserver()
        self._crew = crew or Crew()
        self._own_crew = crew is None
        self._on_lost = on_lost or _log_lost
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._texts: weakref.WeakKeyDictionary[TextEncoder, Line[str]] = weakref.WeakKeyDictionary()
        self._photos: weakref.WeakKeyDictionary[PhotoEncoder, Line[Pixels]] = weakref.WeakKeyDictionary()
        self._closed = False
        weakref.finalize(self, _close, self._texts, self._photos, self._crew if self._own_crew else None)

    def texts(self, encoder: TextEncoder, texts: Sequence[str], *, side: Side, batch: int = 64, tokens: float = TOKENS) -> Encoded:
        """Rows for texts, in batches of at most `batch` texts whose longest length times their number is at most `tokens`.

        A batch that raises is halved until the inputs to blame stand alone: these are in `failed`. When the encoder fails on a
        plain sample too, it is the encoder's fault: its error is raised (a ModelError), and no input is blamed. Where memory runs
        out, batches are halved, and stay small for a while; DeviceFull is raised where one input does not fit.
        """
        if not texts:
            return Encoded()
        stages = Stages(
            name=encoder.spec.name,
            side=side,
            prepare=partial(_prepare_texts, encoder, side),
            run=encoder.run,
            finish=encoder.finish,
            free=encoder.free,
            sample=_SAMPLE_TEXT,
        )
        request = Request(stages, texts, [encoder.length(text) for text in texts], Limits(batch, tokens))
        return self._line(encoder, self._texts).encode(request)

    def photos(self, encoder: PhotoEncoder, photos: Sequence[Pixels], *, batch: int = 64) -> Encoded:
        """Rows for decoded photos, in batches of at most `batch`; failures as for `texts`."""
        if not photos:
            return Encoded()
        stages = Stages(
            name=encoder.spec.name,
            side="product",
            prepare=encoder.prepare,
            run=encoder.run,
            finish=encoder.finish,
            free=encoder.free,
            sample=_SAMPLE_PHOTO,
        )
        return self._line(encoder, self._photos).encode(Request(stages, photos, [1.0] * len(photos), Limits(batch, float(batch))))

    def close(self) -> None:
        """End all threads; callers that still wait get a ModelError, and so does who asks later."""
        self._closed = True
        _close(self._texts, self._photos, self._crew if self._own_crew else None)

    def _line(self, encoder: E, lines: MutableMapping[E, Line[T]]) -> Line[T]:
        if self._pid != os.getpid():
            self._forget_parent()
        with self._guard:
            line = lines.get(encoder)
            if line is None or (line.closed and not self._closed):
                line = lines[encoder] = Line(self._crew, self._observer, on_lost=self._on_lost)
                if self._closed:
                    line.close()
                weakref.finalize(encoder, line.close)
            return line

    def _forget_parent(self) -> None:
        """A fork has the queues and locks of its parent, and none of its threads."""
        self._pid = os.getpid()
        self._guard = threading.Lock()
        self._texts.clear()
        self._photos.clear()


def _prepare_texts(encoder: TextEncoder, side: Side, texts: Sequence[str]) -> object:
    return encoder.prepare(texts, side)


def _log_lost(reason: str) -> None:
    log.error("device_lost", reason=reason)


def _close(
    texts: "weakref.WeakKeyDictionary[TextEncoder, Line[str]]",
    photos: "weakref.WeakKeyDictionary[PhotoEncoder, Line[Pixels]]",
    crew: Crew | None,
) -> None:
    for words in list(texts.values()):
        words.close()
    for pictures in list(photos.values()):
        pictures.close()
    if crew is not None:
        crew.shutdown(wait=False, cancel_futures=True)
