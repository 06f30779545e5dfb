"""Encoders by onnxruntime, for hosts without a GPU and without torch: folders that `fusedex model shrink` makes."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.kept import MODEL, TOKENISER, OnnxSpec, read_onnx
from indexer.encode.lazy import Once, need
from indexer.encode.preprocess import photo_block
from indexer.errors import ModelUnavailable
from indexer.specs import ImageInput

Inputs = Mapping[str, npt.NDArray[np.int64] | npt.NDArray[np.float32]]
CURE = "Install it: pip install 'fusedex[onnx]'."


class _Session(Protocol):
    def run(self, outputs: None, inputs: dict[str, npt.NDArray[np.generic]]) -> Sequence[npt.ArrayLike]:
        """All outputs."""


class _Encoding(Protocol):
    ids: list[int]
    attention_mask: list[int]
    type_ids: list[int]


class _Tokenizer(Protocol):
    def encode_batch(self, texts: list[str]) -> Sequence[_Encoding]:
        """Token numbers, cut and padded."""


class OnnxNetwork:
    """A folder's network, loaded once. Safe across threads: one batch runs at a time."""

    def __init__(self, folder: Path, *, kind: str, threads: int | None = None) -> None:
        """Check the folder's files; raises ModelUnavailable, also where it holds the other kind of encoder, and BadDigest."""
        need("onnxruntime", model="onnx", cure=CURE)
        self.told: OnnxSpec = read_onnx(folder)
        if self.told.kind != kind:
            raise ModelUnavailable(f"The folder {folder} holds a {self.told.kind} encoder, not a {kind} encoder.")
        self.folder = folder
        self._threads = threads
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def rows(self, inputs: Inputs) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        session = self._loaded.get()
        count = len(next(iter(inputs.values())))
        with self._lock:
            if not self.told.alone or count <= 1:
                return session.run(None, dict(inputs))[0]
            one_by_one = (_unpadded(inputs, at) for at in range(count))
            return np.concatenate([np.asarray(session.run(None, dict(one))[0]) for one in one_by_one])

    def _load(self) -> _Session:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        if self._threads is not None:
            options.intra_op_num_threads = self._threads
        try:
            return cast("_Session", onnxruntime.InferenceSession(self.folder / MODEL, options, providers=["CPUExecutionProvider"]))
        except (RuntimeError, ValueError) as error:
            raise ModelUnavailable(f"onnxruntime can't load {self.folder / MODEL}: {type(error).__name__}.") from error


class OnnxText(TextEncoder):
    """A text encoder's network, pooling included, behind its own tokeniser."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Check the folder; the network loads with the first text. Raises as OnnxNetwork."""
        need("tokenizers", model="onnx")
        self._network = OnnxNetwork(folder, kind="text", threads=threads)
        self.spec = self._network.told.spec
        self._tokenizer = Once(self._read_tokenizer)

    def length(self, text: str) -> float:
        """About its tokens, the two that frame it included, as far as the model reads."""
        return min(2 + super().length(text), self.spec.max_tokens or 256)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """Token numbers, masks and types, padded to the longest text."""
        encoded = self._tokenizer.get().encode_batch(cast("list[str]", super().prepare(texts, side)))
        columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        names = self._network.told.inputs
        return {name: np.array([getattr(one, columns[name]) for one in encoded], dtype=np.int64) for name in names}

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        return self._network.rows(cast("Inputs", inputs))

    def _read_tokenizer(self) -> _Tokenizer:
        from tokenizers import Tokenizer

        return cast("_Tokenizer", Tokenizer.from_file(str(self._network.folder / TOKENISER)))  # it says itself how it cuts and pads


class OnnxPhoto(PhotoEncoder):
    """A photo encoder's network behind the preprocessing that its spec tells."""

    def __init__(self, folder: Path, *, threads: int | None = None) -> None:
        """Check the folder; the network loads with the first photo. Raises as OnnxNetwork, and ModelUnavailable without an input."""
        self._network = OnnxNetwork(folder, kind="photo", threads=threads)
        self.spec = self._network.told.spec
        if self.spec.image is None:
            raise ModelUnavailable(f"The folder {folder} does not tell how photos enter.")
        self._input: ImageInput = self.spec.image

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """A block (n, 3, side, side)."""
        return {self._network.told.inputs[0]: photo_block(photos, self._input)}

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        return self._network.rows(cast("Inputs", inputs))


def _unpadded(inputs: Inputs, at: int) -> Inputs:
    """One input of a batch; of a text, the tokens that are no padding."""
    one: Inputs = {name: values[at : at + 1] for name, values in inputs.items()}
    mask = one.get("attention_mask")
    return one if mask is None else {name: values[:, mask[0] == 1] for name, values in one.items()}
