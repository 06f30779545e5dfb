"""Whether a fusion and two encoders belong together, seen before any model runs."""

import contextlib
from typing import Protocol, runtime_checkable

import numpy as np

from indexer.errors import SettingsError, WidthMismatch, ZeroRow
from indexer.fuse.base import Fusion, PartRow
from indexer.specs import ModelSpec
from indexer.vectors import Row


@runtime_checkable
class Trained(Protocol):
    """A fusion that knows which encoders' rows it was trained on."""

    @property
    def trained_with(self) -> tuple[str, str]:
        """Digests of the text and the photo encoder's specs; empty where it does not know."""


def check_fit(fusion: Fusion, *, text: ModelSpec, photo: ModelSpec | None) -> None:
    """Raise SettingsError where the fusion can't take the encoders' rows, or was trained on those of others.

    Rows of another encoder may be as wide, and mean something else in each number: nothing would fail, and nothing be found.
    `photo` None: photos are not encoded, so that only texts have to fit.
    """
    digests = fusion.trained_with if isinstance(fusion, Trained) else ("", "")
    for kind, spec, trained in (("text", text, digests[0]), ("photo", photo, digests[1])):
        if spec is None:
            continue
        if refused := _refused(fusion, kind, spec.width):
            raise _unfit(fusion, kind, spec, refused)
        if trained and trained != spec.digest:
            raise _unfit(fusion, kind, spec, f"it was trained with another {kind} encoder ({trained}, this one is {spec.digest})")


def _refused(fusion: Fusion, kind: str, width: int) -> str:
    """Why rows of that width can't be taken; empty where they can."""
    row: Row = np.zeros(width, dtype=np.float32)
    row[0] = 1.0
    with contextlib.suppress(ZeroRow):  # it has no direction for this one, which is no row of a product
        try:
            fusion.fuse([PartRow(kind, row)])
        except WidthMismatch as error:
            return error.message.rstrip(".")
    return ""


def _unfit(fusion: Fusion, kind: str, spec: ModelSpec, why: str) -> SettingsError:
    return SettingsError(
        f"The fusion {fusion.spec.name!r} does not go with the {kind} encoder {spec.name!r}: {why}.",
        cure=f"Name the encoders that it was trained with (FUSEDEX_ENCODE__{kind.upper()}; for `fusedex learn fuse`: PHOTO=image).",
    )
