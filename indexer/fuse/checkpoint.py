"""A fusion network on disk: one folder, `spec.json` and `weights.safetensors`, written whole or not at all, digest checked.

spec.json, all keys required:

    format       1
    name, revision, licence, origin
    text_width   numbers of a text row
    photo_width  numbers of a photo row
    width        numbers of a fused row
    activation   "relu", "gelu" (exact) or "tanh", after every layer but the last
    missing      "zeros": an absent block is zeros; "zeros+flags": and two inputs follow that are 1 for a present text, a present photo
    title_weight, description_weight   by which a product's two text rows are averaged into z_text
    sha256       of weights.safetensors

weights.safetensors holds float32 `layers.N.weight` (out, in) and `layers.N.bias` (out,), N from 0, as torch's Linear has them.
The first layer takes [z_text; z_photo] or [z_text; z_photo; flags].
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.errors import ModelError, ModelUnavailable, NotFinite, WidthMismatch
from indexer.model_files import json_object, promised_bytes
from indexer.whole import new_files

S = TypeVar("S", bound=BaseModel)

SPEC = "spec.json"
WEIGHTS = "weights.safetensors"
FLAGS = 2
FOLDER = "FUSEDEX_ENCODE__FUSION_FOLDER names the folder."

Layers = tuple[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]], ...]
"""Weight (out, in) and bias (out,) of each layer, first to last."""


class CheckpointSpec(BaseModel):
    """The content of spec.json but for the digest; frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    name: str
    revision: str
    licence: str
    origin: str
    text_width: int = Field(ge=1)
    photo_width: int = Field(ge=1)
    width: int = Field(ge=1)
    activation: Literal["relu", "gelu", "tanh"] = "gelu"
    missing: Literal["zeros", "zeros+flags"] = "zeros+flags"
    title_weight: float = Field(default=2.0, ge=0)
    description_weight: float = Field(default=1.0, ge=0)

    @property
    def inputs(self) -> int:
        """Numbers that the first layer takes."""
        return self.text_width + self.photo_width + (FLAGS if self.missing == "zeros+flags" else 0)


def save_checkpoint(folder: Path, spec: CheckpointSpec, layers: Layers) -> str:
    """Write a checkpoint and return the sha-256 of its weights; the folder appears complete, or not at all.

    Raises ModelError where the folder exists (a checkpoint is never changed, a new one has a new name) or can't be written,
    WidthMismatch and NotFinite where the layers do not fit the spec, and ModelUnavailable without safetensors.
    """
    _check(spec, layers)
    content = tensor_bytes(_named(layers))
    sha256 = hashlib.sha256(content).hexdigest()
    told = {**spec.model_dump(mode="json"), "sha256": sha256}
    new_files(folder, {WEIGHTS: content, SPEC: (json.dumps(told, indent=2) + "\n").encode()})
    return sha256


def load_checkpoint(folder: Path) -> tuple[CheckpointSpec, str, Layers]:
    """A checkpoint's spec, the sha-256 of its weights, and its layers.

    Raises ModelUnavailable for a missing or unreadable file or package, BadDigest where the weights are not those of the spec, and
    ModelError, WidthMismatch or NotFinite where the two do not fit.
    """
    spec, sha256, content = read_checked(folder, CheckpointSpec)
    layers = _layers(read_tensors(content, folder), folder)
    _check(spec, layers)
    return spec, sha256, layers


def read_checked(folder: Path, kind: type[S]) -> tuple[S, str, bytes]:
    """A folder's spec, and the sha-256 and bytes of its weights once they are those of the spec.

    Raises ModelUnavailable for a missing or unreadable file, ModelError for a spec that is wrong, BadDigest for other weights.
    """
    told = json_object(folder / SPEC, cure=FOLDER)
    sha256 = told.pop("sha256", None)
    try:
        spec = kind.model_validate(told)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ModelError(f"{folder / SPEC} is wrong: {wrong}.") from error
    content = promised_bytes(folder / WEIGHTS, sha256, missing=FOLDER)
    return spec, str(sha256), content


def _layers(named: Mapping[str, npt.NDArray[np.float32]], folder: Path) -> Layers:
    count = len(named) // 2
    try:
        layers = tuple((named[f"layers.{n}.weight"], named[f"layers.{n}.bias"]) for n in range(count))
    except KeyError as error:
        raise ModelError(f"{folder / WEIGHTS} lacks {error}.") from error
    if 2 * count != len(named):
        raise ModelError(f"{folder / WEIGHTS} holds {len(named)} tensors, which make no pairs of weight and bias.")
    return layers


def _check(spec: CheckpointSpec, layers: Layers) -> None:
    width = spec.inputs
    for number, (weight, bias) in enumerate(layers):
        if weight.dtype != np.float32 or bias.dtype != np.float32:
            raise ModelError(f"Layer {number} is {weight.dtype}, not float32.")
        if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
            raise WidthMismatch(f"Layer {number} has the shapes {weight.shape} and {bias.shape}; it takes {width} numbers.")
        if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
            raise NotFinite(f"Layer {number} holds NaN or infinity.")
        width = weight.shape[0]
    if not layers or width != spec.width:
        raise WidthMismatch(f"The {len(layers)} layers give {width if layers else 0} numbers, the spec says {spec.width}.")


def _named(layers: Layers) -> dict[str, npt.NDArray[np.float32]]:
    return {
        f"layers.{number}.{kind}": one for number, layer in enumerate(layers) for kind, one in zip(("weight", "bias"), layer, strict=True)
    }


def tensor_bytes(named: Mapping[str, npt.NDArray[np.float32]]) -> bytes:
    """A safetensors file of these; raises ModelUnavailable without the package."""
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise _no_safetensors() from error
    content: bytes = save({name: np.ascontiguousarray(tensor) for name, tensor in named.items()})
    return content


def read_tensors(content: bytes, folder: Path) -> Mapping[str, npt.NDArray[np.float32]]:
    """The tensors of a safetensors file of that folder; raises ModelError where it is none, ModelUnavailable without the package."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load
    except ImportError as error:
        raise _no_safetensors() from error
    try:
        named: dict[str, npt.NDArray[np.float32]] = load(content)
    except SafetensorError as error:
        raise ModelError(f"{folder / WEIGHTS} is no safetensors file: {error}.") from error
    return named


def _no_safetensors() -> ModelUnavailable:
    cure = "Install it: pip install 'fusedex[models]'."
    return ModelUnavailable("The fusion 'mlp' needs the package 'safetensors', which is not installed.", cure=cure)
