"""Encoders while they learn: the rows that they give now, by the stages of the real ones, wherever their networks are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from indexer.batches import batches
from indexer.encode.base import Pixels, Side
from indexer.encode.image import ImageEncoder
from indexer.encode.projection import Projection
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import LearningError, UnusablePhoto
from indexer.learn.encoder_pairs import Ware
from indexer.learn.rows import PhotoLimits
from indexer.photos.decode import decode
from indexer.photos.read import read
from indexer.vectors import Rows, unit_rows

if TYPE_CHECKING:
    import torch

TOGETHER = 32
"""Texts or photos of one pass without gradients."""
RIDGE = 0.01
"""Share of the mean square of the features that is added where the first projection is solved for: few photos, many features."""


class PhotoReader:
    """Photos from a disk, decoded anew each time: a catalogue's pixels do not fit into memory."""

    def __init__(self, limits: PhotoLimits | None = None) -> None:
        """Read no larger ones."""
        self._limits = limits or PhotoLimits()

    def __call__(self, path: Path) -> Pixels:
        """Its pixels; raises LearningError where it can't be used, as it could when `usable` was asked."""
        try:
            return decode(read(path, limit_bytes=self._limits.largest_bytes), pixels=self._limits.pixels)
        except (FileNotFoundError, UnusablePhoto) as error:
            raise LearningError(f"The photo {path} can't be used: {error}", cure="Take it out, or mend it.") from error

    def usable(self, path: Path) -> bool:
        """Whether it can be read and decoded."""
        try:
            self(path)
        except LearningError:
            return False
        return True


@dataclass(frozen=True, slots=True, eq=False)
class Towers:
    """The encoders whose networks learn in place, the module that holds these, and how a photo is read.

    `photo` is None where photos do not teach; else it has a projection into the texts' space.
    """

    text: TransformerEncoder
    photo: ImageEncoder | None
    network: "torch.nn.Module"
    read: PhotoReader

    def texts(self, texts: Sequence[str], *, side: Side = "product") -> Rows:
        """Unit rows (n, width) in the texts' order."""
        width = self.text.spec.width
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))  # those of like length together: little is padded
        rows = np.empty((len(texts), width), dtype=np.float32)
        for some in batches(order, size=TOGETHER):
            (made,), _ = self._run([self.prepared([texts[at] for at in some], side=side)], None)
            rows[list(some)] = unit_rows(made.cpu().numpy(), width=width)
        return rows

    def photos(self, paths: Sequence[Path]) -> Rows:
        """Unit rows (n, width) of photos in their order, projected into the texts' space."""
        width = self.text.spec.width
        made = [cast("torch.Tensor", self._run([], self.pixels(some))[1]) for some in batches(list(paths), size=TOGETHER)]
        return unit_rows(np.concatenate([one.cpu().numpy() for one in made]), width=width) if made else np.empty((0, width), np.float32)

    def prepared(self, texts: Sequence[str], *, side: Side) -> "Mapping[str, torch.Tensor]":
        """What the text model takes, on the processor."""
        return cast("Mapping[str, torch.Tensor]", self.text.prepare(texts, side))

    def pixels(self, paths: Sequence[Path]) -> "torch.Tensor":
        """What the image network takes, on the processor; raises LearningError where no photos teach, and what `read` raises."""
        import torch

        if self.photo is None:
            raise LearningError("These towers have none for photos.")
        return torch.from_numpy(cast("npt.NDArray[np.float32]", self.photo.prepare([self.read(path) for path in paths])))

    def _run(
        self, texts: "Sequence[Mapping[str, torch.Tensor]]", pixels: "torch.Tensor | None"
    ) -> "tuple[list[torch.Tensor], torch.Tensor | None]":
        import torch

        device = next(self.network.parameters()).device
        self.network.eval()
        with torch.no_grad():
            placed = [{name: tensor.to(device) for name, tensor in one.items()} for one in texts]
            made: tuple[list[torch.Tensor], torch.Tensor | None] = self.network(placed, None if pixels is None else pixels.to(device))
        return made


def first_projection(wares: Sequence[Ware], text: TransformerEncoder, photo: ImageEncoder, *, read: PhotoReader) -> Projection:
    """Where the projection begins: ridge regression from the photos' unit features onto the unit rows of their titles.

    Raises LearningError for fewer than two photos.
    """
    if len(wares) < 2:
        raise LearningError(f"{len(wares)} photos are too few to learn from.", cure="Give products with photos, or learn without.")
    some = list(batches(list(wares), size=TOGETHER))
    features = np.concatenate([photo.encode([read(path) for ware in each if (path := ware.photo)]) for each in some]).astype(np.float64)
    rows = np.concatenate([text.encode([ware.title for ware in each], side="query") for each in some]).astype(np.float64)
    centre, middle = features.mean(axis=0), rows.mean(axis=0)
    spread = features - centre
    square = spread.T @ spread
    square += np.eye(len(square)) * max(RIDGE * np.trace(square) / len(square), 1e-9)
    weight = np.linalg.solve(square, spread.T @ (rows - middle)).T
    return Projection(
        weight=weight.astype(np.float32),
        bias=(middle - weight @ centre).astype(np.float32),
        sha256="",
        licence="as the data allows",
        origin="ridge regression",
    )
