"""The network: a BERT whose states a photo's row conditions, a tag for each word, and a value for each label with a closed list.

    p      = photo ? W · (row - centre) / spread : null          (null is learned)
    h'     = h ⊙ (1 + γ(p)) + β(p)                                 FiLM (Perez et al. 2018); γ and β begin as 0, so it begins as BERT
    h      = BERT(words + E[hint])                                 E begins as 0
    tags   = T · h' + D[hint]                                      for each token; D begins as TRUST on its diagonal
    values = V · [mean h ; p]                                      for each label with known values

The hint is the tag that a dictionary of the catalogue's own values gives the word (a gazetteer feature). By D the network begins as that
dictionary; by E the hints of the other words are read too, so that it learns where the dictionary is wrong, or silent.
A photo that is there is left out in training now and then, so that titles alone are tagged well.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from indexer.errors import ModelUnavailable, WidthMismatch
from indexer.learn.tag_labels import TAGS
from indexer.learn.tag_values import Label
from indexer.vectors import Rows

if TYPE_CHECKING:
    from pathlib import Path

    import torch

DROPOUT = 0.1
TRUST = 3.0
"""How much a dictionary's hint is believed at first: e^3 to one against each other tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagShape:
    """What the network is made of: numbers of a photo's row (0: it takes none), and the known values of each label that has a list."""

    photo_width: int = 0
    values: Mapping[Label, tuple[str, ...]]


class TagInputs(NamedTuple):
    """A batch: token numbers, mask and hints (n, tokens), photo rows (n, photo_width), and which of them are there (n,)."""

    ids: "torch.Tensor"
    mask: "torch.Tensor"
    hints: "torch.Tensor"
    photos: "torch.Tensor"
    there: "torch.Tensor"


class TagOutputs(NamedTuple):
    """Scores before softmax: (n, tokens, tags), and for each label with a list (n, values)."""

    tags: "torch.Tensor"
    values: "Mapping[str, torch.Tensor]"


def bert_from(folder: "Path") -> "torch.nn.Module":
    """The pretrained BERT in a folder, safetensors only, no network and no remote code; raises ModelUnavailable."""
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    cast("Callable[[], None]", disable_progress_bar)()  # it would write into logs; it is process-wide, as is the writing
    try:
        loaded = AutoModel.from_pretrained(folder, use_safetensors=True, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, RuntimeError, LookupError, ImportError) as error:  # what transformers raises for a folder it can't use
        raise ModelUnavailable(f"The model folder {folder} can't be loaded: {error}") from error
    return cast("torch.nn.Module", loaded)


def bert_like(config: Mapping[str, Any]) -> "torch.nn.Module":
    """A BERT of a config's shape with weights of no meaning, to load others into; raises ModelUnavailable."""
    from transformers import AutoConfig, AutoModel

    try:
        made = cast("Any", AutoModel).from_config(AutoConfig.for_model(**config), trust_remote_code=False)
    except (ValueError, TypeError, LookupError, ImportError) as error:
        raise ModelUnavailable(f"The config makes no model: {error}") from error
    return cast("torch.nn.Module", made)


def make_network(bert: "torch.nn.Module", shape: TagShape, *, photos: Rows | None = None) -> "torch.nn.Module":
    """The network over a BERT, its heads new; `photos` (n, photo_width) are the training's, by which rows are centred and scaled.

    Called with TagInputs' five tensors it gives TagOutputs. Raises WidthMismatch for rows of another width.
    """
    if photos is not None and photos.shape[1] != shape.photo_width:
        raise WidthMismatch(f"Photo rows of {photos.shape[1]} numbers, the network takes {shape.photo_width}.")
    network = _network_class()(bert, shape)
    if photos is not None and len(photos):
        import torch

        network.centre.copy_(torch.from_numpy(photos.mean(axis=0)))
        network.spread.copy_(torch.from_numpy(np.maximum(photos.std(axis=0), 1e-3)))
    return cast("torch.nn.Module", network)


def _network_class() -> Any:
    """The class is made here because torch is imported late."""
    import torch
    from torch import nn

    class Conditioned(nn.Module):
        def __init__(self, bert: nn.Module, shape: TagShape) -> None:
            super().__init__()
            width = int(cast("Any", bert).config.hidden_size)
            self.bert = bert
            self.listed = tuple(shape.values)
            self.hints = nn.Embedding(len(TAGS), len(TAGS), _weight=TRUST * torch.eye(len(TAGS)))
            self.told = nn.Embedding(len(TAGS), width, _weight=torch.zeros(len(TAGS), width))
            self.null = nn.Parameter(torch.zeros(width))
            self.photo = nn.Linear(shape.photo_width, width) if shape.photo_width else None
            self.register_buffer("centre", torch.zeros(shape.photo_width))
            self.register_buffer("spread", torch.ones(shape.photo_width))
            self.film = nn.Linear(width, 2 * width)
            nn.init.zeros_(self.film.weight)
            nn.init.zeros_(self.film.bias)
            self.dropout = nn.Dropout(DROPOUT)
            self.tags = nn.Linear(width, len(TAGS))
            self.values = nn.ModuleDict({f"{label}_is": nn.Linear(2 * width, len(known)) for label, known in shape.values.items()})

        def forward(
            self, ids: torch.Tensor, mask: torch.Tensor, hints: torch.Tensor, photos: torch.Tensor, there: torch.Tensor
        ) -> TagOutputs:
            words = cast("Any", self.bert).get_input_embeddings()(ids) + self.told(hints)
            states = self.bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
            seen = self.null.expand(len(ids), -1)
            if self.photo is not None:
                projected = self.photo((photos - cast("torch.Tensor", self.centre)) / cast("torch.Tensor", self.spread))
                seen = torch.where(there[:, None], projected, seen)
            gain, shift = self.film(seen)[:, None].chunk(2, dim=-1)
            tags = self.tags(self.dropout(states * (1 + gain) + shift)) + self.hints(hints)
            kept = mask[..., None].to(states.dtype)
            both = self.dropout(torch.cat([(states * kept).sum(dim=1) / kept.sum(dim=1), seen], dim=1))
            return TagOutputs(tags, {label: self.values[f"{label}_is"](both) for label in self.listed})

    return Conditioned


def head_parameters(network: "torch.nn.Module") -> "tuple[Sequence[torch.nn.Parameter], Sequence[torch.nn.Parameter]]":
    """The parameters of the BERT, and those of everything new."""
    named = list(network.named_parameters())
    return [one for name, one in named if name.startswith("bert.")], [one for name, one in named if not name.startswith("bert.")]
