"""Two towers in one space: CLIP, SigLIP, Chinese-CLIP and their like through transformers, texts and photos from one folder."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import PhotoEncoder, Pixels, Side, TextEncoder
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype, use_threads
from indexer.encode.dual_folder import DualFolder, read_dual
from indexer.encode.folder import Folder
from indexer.encode.lazy import Once, need
from indexer.encode.preprocess import photo_block
from indexer.errors import ModelUnavailable
from indexer.specs import ImageInput

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "torch.nn.Module"
    tokenizer: "Tokenizer"
    device: str
    dtype: "torch.dtype"


class DualNetwork:
    """Both towers, loaded once and shared by the two encoders. Safe across threads: one batch of either kind runs at a time."""

    def __init__(self, folder: Folder, *, device: Device = "auto", dtype: Dtype = "auto", threads: int | None = None) -> None:
        """Read the folder's files; the model loads with the first text or photo. Raises ModelUnavailable."""
        need("transformers", "torch", "safetensors", model=folder.name)
        self.folder: DualFolder = read_dual(folder)
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def tokens(self, texts: Sequence[str]) -> Mapping[str, "torch.Tensor"]:
        """Token numbers, and masks where the text tower was trained with them, cut and padded as it was trained."""
        import torch

        encoded = self._loaded.get().tokenizer.encode_batch(list(texts))
        tensors = {"input_ids": torch.tensor([one.ids for one in encoded])}
        if not self.folder.pads_to_end:
            tensors["attention_mask"] = torch.tensor([one.attention_mask for one in encoded])
        return tensors

    def text_rows(self, tensors: Mapping[str, "torch.Tensor"]) -> npt.ArrayLike:
        """Raw rows (n, width) of the text tower."""
        loaded = self._loaded.get()
        return self._run("get_text_features", {name: tensor.to(loaded.device) for name, tensor in tensors.items()})

    def photo_rows(self, block: npt.NDArray[np.float32]) -> npt.ArrayLike:
        """Raw rows (n, width) of the photo tower for a block (n, 3, side, side)."""
        import torch

        loaded = self._loaded.get()
        return self._run("get_image_features", {"pixel_values": torch.from_numpy(block).to(loaded.device, dtype=loaded.dtype)})

    def _run(self, tower: str, tensors: Mapping[str, "torch.Tensor"]) -> npt.ArrayLike:
        import torch

        features = cast("Callable[..., object]", getattr(self._loaded.get().model, tower))
        with self._lock, torch.inference_mode():
            rows = cast("torch.Tensor", getattr(features(**tensors), "pooler_output"))  # noqa: B009 - transformers has no type for it
            return cast("npt.ArrayLike", rows.float().cpu().numpy())

    def _load(self) -> _Loaded:
        from safetensors import SafetensorError

        path = self.folder.path
        try:
            return self._read_folder(path)
        except (SafetensorError, OSError, ValueError, RuntimeError, LookupError, ImportError) as error:  # all that transformers raises
            raise ModelUnavailable(f"The model folder {path} can't be loaded: {error}") from error

    def _read_folder(self, path: Path) -> _Loaded:
        from transformers import AutoModel
        from transformers.utils.logging import disable_progress_bar

        cast("Callable[[], None]", disable_progress_bar)()  # it would write into logs; it is process-wide, as is the writing
        use_threads(self._threads)
        device = pick_device(self._device)
        dtype = pick_dtype(self._dtype, device=device)
        told = {"local_files_only": True, "trust_remote_code": False}
        model = AutoModel.from_pretrained(path, use_safetensors=True, dtype=dtype, **told)
        return _Loaded(cast("torch.nn.Module", model.eval().to(device)), self._tokenizer(path), device, dtype)

    def _tokenizer(self, path: Path) -> "Tokenizer":
        from tokenizers import Tokenizer
        from transformers import AutoTokenizer

        if (path / "tokenizer.json").is_file():
            # As it is: the classes of transformers for some of these models need one more package for the same numbers.
            fast, pad = Tokenizer.from_file(str(path / "tokenizer.json")), self.folder.pad
        else:
            made = AutoTokenizer.from_pretrained(path, use_fast=True, local_files_only=True, trust_remote_code=False)
            fast, pad = cast("Tokenizer", made.backend_tokenizer), (int(made.pad_token_id or 0), str(made.pad_token or "[PAD]"))
        fast.enable_truncation(self.folder.max_tokens)
        fast.enable_padding(pad_id=pad[0], pad_token=pad[1], length=self.folder.max_tokens if self.folder.pads_to_end else None)
        return fast


class DualText(TextEncoder):
    """The text tower: near the photos that a text describes."""

    def __init__(self, network: DualNetwork) -> None:
        """Stand on a network, which the photo encoder may share."""
        self.network = network
        self.spec = network.folder.spec("dual", image=None)

    def length(self, text: str) -> float:
        """About its tokens, as far as the tower reads; all of them where it pads every text to its end."""
        most = self.network.folder.max_tokens
        return most if self.network.folder.pads_to_end else min(2 + super().length(text), most)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """Token numbers behind the side's prefix."""
        return self.network.tokens(cast("list[str]", super().prepare(texts, side)))

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        return self.network.text_rows(cast("Mapping[str, torch.Tensor]", inputs))


class DualPhoto(PhotoEncoder):
    """The photo tower: near the texts that describe a photo."""

    def __init__(self, network: DualNetwork, *, grey: bool = False) -> None:
        """Stand on a network, which the text encoder may share."""
        self.network = network
        self._input: ImageInput = replace(network.folder.image, grey=grey)
        self.spec = network.folder.spec("dual-photo", image=self._input)

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """A block (n, 3, side, side) as the folder's preprocessor says."""
        return photo_block(photos, self._input)

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        return self.network.photo_rows(cast("npt.NDArray[np.float32]", inputs))
