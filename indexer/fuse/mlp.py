"""A learned fusion: a small network over the text's and the photo's row. Runs on numpy, so that a search host needs no torch."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.errors import WidthMismatch
from indexer.fuse.base import PartRow
from indexer.fuse.checkpoint import CheckpointSpec, Layers, load_checkpoint
from indexer.fuse.means import block_row, lean_of, part_weights
from indexer.specs import ModelSpec
from indexer.vectors import Row, unit_row

TEXT_KINDS = ("title", "description", "text")

Wide = npt.NDArray[np.float64]


def _relu(x: Wide) -> Wide:
    return np.maximum(x, 0.0)


def _gelu(x: Wide) -> Wide:
    """The exact x · Φ(x) (Hendrycks and Gimpel 2016)."""
    cumulative: Wide = np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in x])
    return x * cumulative


def _tanh(x: Wide) -> Wide:
    return np.tanh(x)


ACTIVATIONS: Mapping[str, Callable[[Wide], Wide]] = {"relu": _relu, "gelu": _gelu, "tanh": _tanh}


class MlpFusion:
    """z = unit(MLP([z_text; z_photo])): z_text is the weighted mean of the text parts' rows, z_photo the mean of the photos'.

    An absent block is zeros, and flags tell the network so where its spec asks for them. Weights of parts lean on words or
    photo by scaling the lighter block: both stay whole when equal.
    """

    def __init__(self, spec: CheckpointSpec, layers: Layers, *, sha256: str) -> None:
        """Take a loaded checkpoint (see `load_checkpoint`)."""
        self._checkpoint = spec
        self._layers = layers
        self._shares: Mapping[str, float] = {
            "title": spec.title_weight,
            "description": spec.description_weight,
            "photo": 1.0,
            "text": 1.0,
        }
        told = f"title {spec.title_weight:.6f}, description {spec.description_weight:.6f}"
        self._spec = ModelSpec(
            name=spec.name,
            revision=spec.revision,
            width=spec.width,
            weights=sha256,
            licence=spec.licence,
            origin=spec.origin,
            preprocessing=f"format {spec.format}; {spec.text_width} + {spec.photo_width}; {spec.activation}; {spec.missing}; {told}",
        )

    @classmethod
    def load(cls, folder: Path, *, text_width: int) -> "MlpFusion":
        """The fusion of a checkpoint folder; raises as `load_checkpoint`, and WidthMismatch where it takes other text rows."""
        spec, sha256, layers = load_checkpoint(folder)
        if spec.text_width != text_width:
            raise WidthMismatch(
                f"The checkpoint {folder} takes text rows of {spec.text_width} numbers, the text encoder gives {text_width}.",
                cure="Use the encoders that it was trained with.",
            )
        return cls(spec, layers, sha256=sha256)

    @property
    def spec(self) -> ModelSpec:
        """Identity; the weights' sha-256 and the checkpoint's spec are in its digest."""
        return self._spec

    @property
    def photo_width(self) -> int:
        """Numbers of the photo rows that it takes."""
        return self._checkpoint.photo_width

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        """One unit row, or None where no part has weight. Raises WidthMismatch, NotFinite, ZeroRow; ModelError for an unknown kind."""
        weights = part_weights(parts, self._shares)
        text = block_row(parts, weights, TEXT_KINDS, width=self._checkpoint.text_width)
        photo = block_row(parts, weights, ("photo",), width=self._checkpoint.photo_width)
        if text is None and photo is None:
            return None
        leans = (lean_of(parts, TEXT_KINDS), lean_of(parts, ("photo",)))
        heaviest = max(leans[0] if text is not None else 0.0, leans[1] if photo is not None else 0.0)
        blocks = [
            np.zeros(width) if row is None else row * (lean / heaviest)
            for row, lean, width in zip((text, photo), leans, (self._checkpoint.text_width, self._checkpoint.photo_width), strict=True)
        ]
        if self._checkpoint.missing == "zeros+flags":
            blocks.append(np.array([text is not None, photo is not None], dtype=np.float64))
        return unit_row(self._forward(np.concatenate(blocks)), width=self._checkpoint.width)

    def _forward(self, x: Wide) -> Wide:
        for number, (weight, bias) in enumerate(self._layers):
            x = weight.astype(np.float64) @ x + bias
            if number < len(self._layers) - 1:
                x = ACTIVATIONS[self._checkpoint.activation](x)
        return x
