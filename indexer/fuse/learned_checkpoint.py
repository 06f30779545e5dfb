"""A learned fusion's folder, format 2: `spec.json` and `weights.safetensors` as in format 1, and what tells where it comes from.

spec.json, all keys required:

    format       2
    name, revision, licence, origin
    text_width   numbers of a text row; the fused row has as many (`width`)
    photo_width  numbers of a photo row
    anchors      how many places of the text space a photo is a mean of
    join         "gate" or "mlp": how text and photo become one row (see `LearnedFusion`)
    hidden       width of the joining network; 0 for a gate
    title_weight, description_weight   by which a product's two text rows are averaged
    text, photo  digests of the encoders' specs that it was trained with
    floors       by kind of query ("text", "photo") the least cosine that means anything, and what the nearest product must reach where no
                 word matches; may be missing, and a kind may: then nobody has measured it
    sha256       of weights.safetensors

Beside them: metrics.json (measures before and after), card.md (data, measures, licence, limits), curves.png.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from indexer.errors import ModelError, NotFinite, WidthMismatch
from indexer.fuse.checkpoint import SPEC, WEIGHTS, read_checked, read_tensors, tensor_bytes
from indexer.whole import new_files

Join = Literal["gate", "mlp"]
Cosine = Annotated[float, Field(ge=-1, le=1)]
Tensors = Mapping[str, npt.NDArray[np.float32]]


class LearnedSpec(BaseModel):
    """The content of spec.json but for the digest; frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[2] = 2
    name: str
    revision: str
    licence: str
    origin: str
    text_width: int = Field(ge=1)
    photo_width: int = Field(ge=1)
    anchors: int = Field(ge=1)
    join: Join = "gate"
    hidden: int = Field(default=0, ge=0)
    title_weight: float = Field(default=2.0, ge=0)
    description_weight: float = Field(default=1.0, ge=0)
    text: str = ""
    photo: str = ""
    floors: Mapping[Literal["text", "photo"], tuple[Cosine, Cosine]] = Field(default_factory=dict)

    @property
    def width(self) -> int:
        """Numbers of a fused row."""
        return self.text_width

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The tensors that belong to it, by name."""
        both = 2 * self.text_width
        common: dict[str, tuple[int, ...]] = {
            "photo.weight": (self.anchors, self.photo_width),
            "photo.bias": (self.anchors,),
            "anchors": (self.anchors, self.text_width),
        }
        if self.join == "gate":
            return {**common, "gate.weight": (self.text_width, both), "gate.bias": (self.text_width,)}
        joined = {"join.0.weight": (self.hidden, both), "join.0.bias": (self.hidden,)}
        return {**common, **joined, "join.1.weight": (self.text_width, self.hidden), "join.1.bias": (self.text_width,)}


def save_learned(folder: Path, spec: LearnedSpec, tensors: Tensors, *, beside: Mapping[str, bytes] | None = None) -> str:
    """Write a checkpoint, with the files `beside` it, and return the sha-256 of its weights; the folder appears complete, or not at all.

    Raises ModelError where the folder exists or can't be written, and as `check_tensors`.
    """
    check_tensors(spec, tensors)
    content = tensor_bytes(tensors)
    sha256 = hashlib.sha256(content).hexdigest()
    told = {**spec.model_dump(mode="json"), "sha256": sha256}
    new_files(folder, {WEIGHTS: content, SPEC: (json.dumps(told, indent=2) + "\n").encode(), **(beside or {})})
    return sha256


def load_learned(folder: Path) -> tuple[LearnedSpec, str, Tensors]:
    """A checkpoint's spec, the sha-256 of its weights, and its tensors; raises as `load_checkpoint`."""
    spec, sha256, content = read_checked(folder, LearnedSpec)
    tensors = read_tensors(content, folder)
    check_tensors(spec, tensors)
    return spec, sha256, tensors


def check_tensors(spec: LearnedSpec, tensors: Tensors) -> None:
    """Raise ModelError for missing or strange tensors, WidthMismatch for wrong shapes, NotFinite for NaN or infinity."""
    wanted = spec.shapes()
    if wanted.keys() != tensors.keys():
        raise ModelError(f"The weights hold {', '.join(sorted(tensors)) or 'nothing'}; the spec asks for {', '.join(sorted(wanted))}.")
    for name, tensor in tensors.items():
        if tensor.dtype != np.float32:
            raise ModelError(f"{name} is {tensor.dtype}, not float32.")
        if tensor.shape != wanted[name]:
            raise WidthMismatch(f"{name} has the shape {tensor.shape}, the spec says {wanted[name]}.")
        if not np.isfinite(tensor).all():
            raise NotFinite(f"{name} holds NaN or infinity.")
