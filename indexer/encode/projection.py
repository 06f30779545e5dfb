"""A linear map from an image network's rows to another space's: one folder, `spec.json` and `projection.safetensors`, digest checked.

spec.json holds `name`, `licence`, `origin`, `sha256` of projection.safetensors, and `input`: the digest of the image encoder's spec
without projection, by whose unit rows it was learned. projection.safetensors holds float32 `weight` (width_out, width_in) and, perhaps,
`bias` (width_out,), as torch's Linear has them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from indexer.encode.lazy import need
from indexer.errors import ModelUnavailable, NotFinite, WidthMismatch
from indexer.model_files import json_object, promised_bytes
from indexer.vectors import Rows

WEIGHTS = "projection.safetensors"


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A weight (width_out, width_in) and a bias (width_out,), with their sha-256 and where they come from."""

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    sha256: str
    licence: str
    origin: str

    @property
    def width(self) -> int:
        """Numbers of a projected row."""
        return int(self.weight.shape[0])

    def __call__(self, rows: Rows) -> npt.NDArray[np.float32]:
        """Unit rows (n, width_in) to raw rows (n, width)."""
        projected: npt.NDArray[np.float32] = rows @ self.weight.T + self.bias
        return projected


def read_projection(folder: Path, *, digest: str, width: int) -> Projection:
    """The folder's projection for an image encoder with this spec's digest and width.

    Raises ModelUnavailable for what is missing or made for another encoder, BadDigest, WidthMismatch and NotFinite.
    """
    need("safetensors", model="image")
    told = json_object(folder / "spec.json")
    file = folder / WEIGHTS
    content = promised_bytes(file, told.get("sha256"))
    if told.get("input") != digest:
        cure = "Learn one for this encoder, or set the encoder that it was learned with."
        raise ModelUnavailable(f"The projection {folder} was learned with the image encoder {told.get('input')}, not {digest}.", cure=cure)
    weight, bias = _tensors(content, file)
    if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
        raise WidthMismatch(f"The projection {folder} has the shapes {weight.shape} and {bias.shape}; the photo rows have {width} numbers.")
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise NotFinite(f"The projection {folder} holds NaN or infinity.")
    return Projection(
        weight, bias, str(told["sha256"]), str(told.get("licence", "see the folder")), str(told.get("origin", "a local folder"))
    )


def _tensors(content: bytes, file: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        named = load(content)
        weight = np.asarray(named["weight"], dtype=np.float32)
    except (SafetensorError, KeyError) as error:
        raise ModelUnavailable(f"{file} is no safetensors file with a weight: {error}.") from error
    return weight, np.asarray(named.get("bias", np.zeros(weight.shape[0])), dtype=np.float32)
