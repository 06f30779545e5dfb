"""The learned fusion of format 2: words keep the text encoder's space, photos are brought into it, a gate or a network joins both.

    P(p) = Σ_k softmax_k(W p + b) · anchor_k        a photo's place: a mean of learned anchors, by how much it looks like each
    gate:  z = unit(g ⊙ t + (1 - g) ⊙ P(p)),  g = sigmoid(G [t; P(p)] + c)        (gated multimodal unit, Arevalo et al. 2017)
    mlp:   z = unit(t + P(p) + V gelu(U [t; P(p)] + d) + e)

t is the text's unit row, p the photo's, P(p) is made a unit row first. A text alone is t itself, so words that no training saw keep their
neighbours; a photo alone is P(p). Runs on numpy, so that a search host needs no torch.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.errors import WidthMismatch
from indexer.fuse.base import PartRow
from indexer.fuse.learned_checkpoint import LearnedSpec, Tensors, load_learned
from indexer.fuse.means import block_row, lean_of, part_weights
from indexer.fuse.mlp import ACTIVATIONS, TEXT_KINDS
from indexer.specs import ModelSpec
from indexer.vectors import Row, unit_row

Wide = npt.NDArray[np.float64]


class LearnedFusion:
    """One row for words, photos and products, from a checkpoint of format 2. Weights of parts lean on words or on the photo."""

    def __init__(self, spec: LearnedSpec, tensors: Tensors, *, sha256: str) -> None:
        """Take a loaded checkpoint (see `load_learned`)."""
        self._checkpoint = spec
        self._tensors = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
        self._shares = {"title": spec.title_weight, "description": spec.description_weight, "photo": 1.0, "text": 1.0}
        told = f"title {spec.title_weight:.6f}, description {spec.description_weight:.6f}"
        self._spec = ModelSpec(
            name=spec.name,
            revision=spec.revision,
            width=spec.width,
            weights=sha256,
            licence=spec.licence,
            origin=spec.origin,
            preprocessing=f"format {spec.format}; {spec.text_width} + {spec.photo_width}; {spec.anchors} anchors; {spec.join}; {told}",
        )

    @classmethod
    def load(cls, folder: Path, *, text_width: int) -> "LearnedFusion":
        """The fusion of a checkpoint folder; raises as `load_learned`, and WidthMismatch where it takes other text rows."""
        spec, sha256, tensors = load_learned(folder)
        if spec.text_width != text_width:
            raise WidthMismatch(
                f"The checkpoint {folder} takes text rows of {spec.text_width} numbers, the text encoder gives {text_width}.",
                cure="Use the encoders that it was trained with.",
            )
        return cls(spec, tensors, sha256=sha256)

    @property
    def spec(self) -> ModelSpec:
        """Identity; the weights' sha-256 and the checkpoint's spec are in its digest."""
        return self._spec

    @property
    def floors(self) -> Mapping[str, tuple[float, float]]:
        """Which cosines of the checkpoint's rows mean something, by kind of query (see `Measured`)."""
        return {str(kind): pair for kind, pair in self._checkpoint.floors.items()}

    @property
    def photo_width(self) -> int:
        """Numbers of the photo rows that it takes."""
        return self._checkpoint.photo_width

    @property
    def trained_with(self) -> tuple[str, str]:
        """Digests of the text and the photo encoder's specs that it was trained with; empty where its checkpoint does not tell."""
        return self._checkpoint.text, self._checkpoint.photo

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        """One unit row, or None where no part has weight. Raises WidthMismatch, NotFinite, ZeroRow; ModelError for an unknown kind."""
        weights = part_weights(parts, self._shares)
        text = block_row(parts, weights, TEXT_KINDS, width=self._checkpoint.text_width)
        photo = block_row(parts, weights, ("photo",), width=self._checkpoint.photo_width)
        if photo is None:
            return text
        placed = self.placed(photo)
        if text is None:
            return np.asarray(placed, dtype=np.float32)
        words, looks = lean_of(parts, TEXT_KINDS), lean_of(parts, ("photo",))
        least, most = min(words, looks), max(words, looks)
        joined = unit_row(self._join(text.astype(np.float64), placed), width=self._checkpoint.width)
        # Even weights give the learned row; what one part weighs more is added as that part alone.
        row = least * joined + (words - least) * text + (looks - least) * placed
        return unit_row(row / most, width=self._checkpoint.width)

    def placed(self, photo: Row) -> Wide:
        """P(p) as a unit row (width,), float64."""
        scores = self._tensors["photo.weight"] @ photo.astype(np.float64) + self._tensors["photo.bias"]
        shares = np.exp(scores - scores.max())
        row = (shares / shares.sum()) @ self._tensors["anchors"]
        length = float(np.linalg.norm(row))
        if not length > 0:
            return np.asarray(unit_row(row, width=self._checkpoint.width), dtype=np.float64)
        return np.asarray(row / length)

    def _join(self, text: Wide, placed: Wide) -> Wide:
        both = np.concatenate([text, placed])
        named: Mapping[str, Wide] = self._tensors
        if self._checkpoint.join == "gate":
            gate = 1 / (1 + np.exp(-np.clip(named["gate.weight"] @ both + named["gate.bias"], -60, 60)))
            return np.asarray(gate * text + (1 - gate) * placed)
        hidden = ACTIVATIONS["gelu"](named["join.0.weight"] @ both + named["join.0.bias"])
        return np.asarray(text + placed + named["join.1.weight"] @ hidden + named["join.1.bias"])
