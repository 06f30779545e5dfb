"""A cross-encoder: one model reads a query and a passage together and says how well they fit. Slower than vectors, and sees more."""

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt

from indexer.batches import batches
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype
from indexer.encode.lazy import Once, digest_of, need
from indexer.errors import ModelError, ModelUnavailable, NotFinite, RerankerLate
from indexer.model_files import json_object

if TYPE_CHECKING:
    import torch
    from tokenizers import Tokenizer

MOST_TOKENS = 256
"""Tokens of query and passage together: as the MS MARCO cross-encoders were trained; time grows faster than length."""

BATCH = 16
"""Pairs a run: between runs it is seen whether there is time left."""

_SOONER = "Lower FUSEDEX_SEARCH__RERANK_DEPTH, or raise FUSEDEX_SEARCH__RERANK_S."

_FITTING = ("relevant", "entailment", "exact", "yes", "true", "label_1")
"""Names of the class that means "fits", in lower case, where a model tells classes apart."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "torch.nn.Module"
    tokenizer: "Tokenizer"
    inputs: tuple[str, ...]
    device: str


class CrossEncoder:
    """A sequence classifier from a local folder: safetensors only, no remote code, no network. Safe across threads."""

    def __init__(self, folder: Path, *, device: Device = "auto", dtype: Dtype = "auto") -> None:
        """Read the folder's account of itself; the model loads with the first pair. Raises ModelUnavailable."""
        need("transformers", "torch", "safetensors", model="cross-encoder")
        weights = sorted(folder.glob("*.safetensors"))
        if not weights:
            raise ModelUnavailable(
                f"The cross-encoder's folder {folder} holds no *.safetensors.",
                cure="Name a folder with FUSEDEX_SEARCH__CROSS_ENCODER_FOLDER; other formats can run code while they load.",
            )
        config = json_object(folder / "config.json")
        self.digest = hashlib.sha256(digest_of([*weights, folder / "config.json"], model="cross-encoder").encode()).hexdigest()[:16]
        self._fits = _fitting_class(config)
        self._most = min(MOST_TOKENS, int(cast("int", config.get("max_position_embeddings") or MOST_TOKENS)))
        self._folder, self._device, self._dtype = folder, device, dtype
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def scores(self, query: str, passages: Sequence[str], *, within_s: float = math.inf) -> list[float]:
        """How well each passage fits the query, in order: higher is better, on the model's own scale (a logit).

        A model of one output gives it; one of several classes the logit of the class that means "fits" less the greatest of the
        others. Raises RerankerLate between batches once `within_s` seconds are over, so that a thread is not held for an answer that
        nobody waits for; NotFinite, and other ModelError classes.
        """
        end = time.perf_counter() + within_s
        order = sorted(range(len(passages)), key=lambda place: len(passages[place]))  # so that little is padded
        found: dict[int, float] = {}
        for some in batches(order, size=BATCH):
            if time.perf_counter() > end:
                raise RerankerLate(f"The cross-encoder read {len(found)} of {len(passages)} products within {within_s:g} s.", cure=_SOONER)
            told = self._logits([(query, passages[place]) for place in some])
            if not np.isfinite(told).all():
                raise NotFinite("The cross-encoder gave a score that is no number.")
            found |= dict(zip(some, map(float, told), strict=True))
        return [found[place] for place in range(len(passages))]

    def _logits(self, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        loaded = self._loaded.get()
        try:
            return self._ran(loaded, pairs)
        except (RuntimeError, ValueError, LookupError, OverflowError) as error:  # no memory left, a pair that this model can't take
            raise ModelError(f"The cross-encoder failed: {error}") from error

    def _ran(self, loaded: _Loaded, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
        import torch

        encoded = loaded.tokenizer.encode_batch(list(pairs))
        columns = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
        with self._lock, torch.inference_mode():
            tensors = {name: torch.tensor([getattr(one, columns[name]) for one in encoded]).to(loaded.device) for name in loaded.inputs}
            logits = np.asarray(loaded.model(**tensors).logits.double().cpu().numpy(), dtype=np.float64)
        if logits.shape[1] == 1:
            return logits[:, 0]
        fitting: npt.NDArray[np.float64] = logits[:, self._fits] - np.delete(logits, self._fits, axis=1).max(axis=1)
        return fitting

    def _load(self) -> _Loaded:
        from safetensors import SafetensorError

        try:
            return self._read_folder()
        except (OSError, ValueError, RuntimeError, LookupError, ImportError, SafetensorError) as error:
            # What transformers raises for a folder that it can't use.
            raise ModelUnavailable(f"The cross-encoder's folder {self._folder} can't be loaded: {error}") from error

    def _read_folder(self) -> _Loaded:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
        from transformers.utils.logging import disable_progress_bar

        cast("Callable[[], None]", disable_progress_bar)()  # it would write into logs; it is process-wide, as is the writing
        device = pick_device(self._device)
        local = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(self._folder, use_fast=True, **local)
        fast = cast("Tokenizer", tokenizer.backend_tokenizer)
        fast.enable_truncation(self._most, strategy="only_second")  # the query is read whole
        fast.enable_padding(pad_id=tokenizer.pad_token_id or 0, pad_token=tokenizer.pad_token or "[PAD]")
        dtype = pick_dtype(self._dtype, device=device)
        model, told = AutoModelForSequenceClassification.from_pretrained(
            self._folder, use_safetensors=True, dtype=dtype, output_loading_info=True, **local
        )
        if lacking := sorted(told["missing_keys"]):  # a bare encoder would get a head of random numbers, and rank by chance
            raise ValueError(f"its weights lack {', '.join(lacking)}, so it was never trained to classify")
        known = ("input_ids", "attention_mask", "token_type_ids")
        names = tuple(name for name in known if name in tokenizer.model_input_names or name == "attention_mask")
        return _Loaded(cast("torch.nn.Module", model.eval().to(device)), fast, names, device)


def _fitting_class(config: Mapping[str, object]) -> int:
    """The class that means "fits": by its name where names are told, else the last."""
    names = cast("Mapping[str, str]", config.get("id2label") or {})
    by_name = {str(name).casefold(): int(number) for number, name in names.items()}
    return next((by_name[name] for name in _FITTING if name in by_name), max(by_name.values(), default=-1))
