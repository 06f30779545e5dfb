"""A transformer made smaller by leaving something out: whole layers, which runs faster, or single weights, which packs better."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from indexer.encode.base import PhotoEncoder, TextEncoder
from indexer.encode.saved import save_transformer
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelError

if TYPE_CHECKING:
    import torch


class _Config(Protocol):
    num_hidden_layers: int


class _Model(Protocol):
    config: _Config


def drop_layers(encoder: TextEncoder | PhotoEncoder, folder: Path, *, share: float, texts: Sequence[str]) -> tuple[int, ...]:
    """Write a transformer folder without that share of its layers (one at the least), and return the numbers of those left out, from 0.

    One after another that layer goes without which the rows of the texts stay nearest to the original's (cosine, on average). A layer
    that is left out is not computed. Raises ModelError for other encoders, models whose layers can't be found, and a share that leaves
    no layer.
    """
    fresh, model = _copy(encoder, share=share)
    stack = _stack_of(model)
    kept = list(range(len(stack.layers)))
    count = max(1, round(share * len(kept)))
    if count >= len(kept):
        raise ModelError(f"A share of {share} leaves none of the {len(kept)} layers.", cure="Give a smaller one.")
    before = fresh.encode(texts, side="product")

    def nearness(without: int) -> float:
        stack.use([one for one in kept if one != without])
        return float(np.einsum("nw,nw->n", fresh.encode(texts, side="product"), before).mean())

    for _ in range(count):
        kept.remove(max(kept, key=nearness))
    stack.use(kept)
    _told(model).config.num_hidden_layers = len(kept)
    save_transformer(fresh, folder)
    return tuple(number for number in range(len(stack.layers)) if number not in kept)


def prune(encoder: TextEncoder | PhotoEncoder, folder: Path, *, share: float) -> None:
    """Write a transformer folder in which that share of all linear weights, the smallest by magnitude, is zero.

    Zeros are stored and multiplied as other numbers are: the folder compresses better, and runs no faster. Raises ModelError for other
    encoders and for a share outside 0 to 1.
    """
    from torch import nn
    from torch.nn.utils import prune as pruning

    fresh, model = _copy(encoder, share=share)
    linear = [(module, "weight") for module in model.modules() if isinstance(module, nn.Linear)]
    pruning.global_unstructured(linear, pruning_method=pruning.L1Unstructured, amount=share)
    settle = cast("Callable[[nn.Module, str], nn.Module]", pruning.remove)
    for module, name in linear:
        settle(module, name)
    save_transformer(fresh, folder)


def _copy(encoder: TextEncoder | PhotoEncoder, *, share: float) -> "tuple[TransformerEncoder, torch.nn.Module]":
    """An encoder and its model, to be changed: the original goes on as it is."""
    if not isinstance(encoder, TransformerEncoder):
        raise ModelError(f"The encoder {encoder.spec.name!r} can't be pruned: only transformers can.")
    if not 0 < share < 1:
        raise ModelError(f"The share to prune must lie between 0 and 1, not at {share}.")
    fresh = encoder.again()
    return fresh, fresh.torch_model()[0]


@dataclass(frozen=True, slots=True, eq=False)
class _Stack:
    """A model's layers, and where in it they stand."""

    owner: "torch.nn.Module"
    name: str
    layers: "Sequence[torch.nn.Module]"

    def use(self, numbers: Iterable[int]) -> None:
        """Let the model compute these and no others."""
        from torch import nn

        setattr(self.owner, self.name, nn.ModuleList(self.layers[number] for number in numbers))


def _stack_of(model: "torch.nn.Module") -> _Stack:
    """The one list of modules that has as many as the config says layers."""
    from torch import nn

    count = _told(model).config.num_hidden_layers
    found = [
        _Stack(owner, name, list(child))
        for owner in model.modules()
        for name, child in owner.named_children()
        if isinstance(child, nn.ModuleList) and len(child) == count
    ]
    if len(found) != 1:
        raise ModelError(f"The model's {count} layers can't be told from its other parts.", cure="Prune single weights: --to pruned.")
    return found[0]


def _told(model: "torch.nn.Module") -> _Model:
    return cast("_Model", model)
