"""The networks that learn together: a transformer for texts and, where photos teach, an image backbone with its projection."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from indexer.encode.pooling import Pooling, pooled
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import SettingsError
from indexer.learn.settings import LoopSettings

if TYPE_CHECKING:
    import torch

    from indexer.encode.image import ImageEncoder

FreezePhoto = int | Literal["all"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderSettings:
    """What is particular to encoders; LoopSettings has the rest, its learning rate being the text model's.

    photo_rate      the backbone's highest learning rate
    heads           times the backbone's: the projection's, which is no more than a first guess
    freeze_text     the embeddings and so many of the lowest layers stay as they are; None: everything learns
    freeze_photo    the stem and so many of the lowest stages; "all": only the projection learns
    temperature     of the contrastive losses
    hard            hard negatives beside the batch's own, for each text that asks
    photos          pairs of title and photo in a step
    """

    photo_rate: float = 1e-5
    heads: float = 20.0
    freeze_text: int | None = None
    freeze_photo: FreezePhoto = None
    temperature: float = 0.05
    hard: int = 1
    photos: int = 16

    def __post_init__(self) -> None:
        """Raise SettingsError for what makes no training."""
        for name in ("photo_rate", "heads", "temperature"):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise SettingsError(f"{name} must be above 0, not {getattr(self, name)}.")
        if self.hard < 0 or self.photos < 2:
            raise SettingsError("A step has at least two photos, and no fewer than 0 hard negatives.")


def make_network(text: TransformerEncoder, photo: "ImageEncoder | None") -> "torch.nn.Module":
    """One module over the encoders' own networks, which learn in place: hand it encoders that nobody else uses.

    Its forward takes several batches of texts, each as `TransformerEncoder.prepare` gives it, and pixels as `ImageEncoder.prepare` gives
    them, or None; it gives raw rows for each batch of texts, and for the photos. `photo` must have a projection.
    """
    model, _ = text.torch_model()
    backbone = head = None
    if photo is not None and photo.projection is not None:
        import torch

        backbone, start = photo.network.torch_model(), photo.projection
        head = torch.nn.Linear(start.weight.shape[1], start.weight.shape[0])
        head.weight.data, head.bias.data = torch.from_numpy(start.weight.copy()), torch.from_numpy(start.bias.copy())
    made: torch.nn.Module = _network_class()(model, cast("Pooling", text.spec.pooling), backbone, head)
    return made


def freeze(network: "torch.nn.Module", settings: EncoderSettings) -> None:
    """Take from the lowest layers, as the settings say, and from what no row passes through, that they learn.

    Raises SettingsError where there are not so many layers.
    """
    text: torch.nn.Module = network.get_submodule("text")
    # BERT has a pooler, and pooled rows do not pass through it.
    still = [parameter for name, parameter in text.named_parameters() if name.startswith("pooler.")]
    if settings.freeze_text is not None:
        still += _lowest_of_text(text, settings.freeze_text)
    if settings.freeze_photo is not None and "photo" in dict(network.named_children()):
        still += _lowest_of_photo(network.get_submodule("photo"), settings.freeze_photo)
    for parameter in still:
        parameter.requires_grad = False


def parameter_groups(network: "torch.nn.Module", own: EncoderSettings, loop: LoopSettings) -> Sequence[Mapping[str, Any]]:
    """What learns, by its rate: text, photo, projection; norms and biases without weight decay."""
    rates = {"text": loop.learning_rate, "photo": own.photo_rate, "head": own.photo_rate * own.heads}
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault((name.partition(".")[0], parameter.ndim > 1), []).append(parameter)
    return [
        {"params": several, "lr": rates[part], "weight_decay": loop.weight_decay if decays else 0.0}
        for (part, decays), several in groups.items()
    ]


def _lowest_of_text(text: "torch.nn.Module", count: int) -> "list[torch.nn.Parameter]":
    """All parameters that stand before the layers, and those of the first `count`; the layers are the longest list of equal modules."""
    import torch

    lists = {name: len(module) for name, module in text.named_modules() if isinstance(module, torch.nn.ModuleList)}
    place = max(lists, key=lambda name: lists[name], default="")
    if count > lists.get(place, 0):
        raise SettingsError(f"The text model has {lists.get(place, 0)} layers, so {count} can't be frozen.", cure="Freeze fewer.")
    named = dict(text.named_parameters())
    layer = [int(name.removeprefix(f"{place}.").partition(".")[0]) if name.startswith(f"{place}.") else -1 for name in named]
    above = next((number for number, own in enumerate(layer) if own >= count), len(layer))
    return list(named.values())[:above]


def _lowest_of_photo(backbone: "torch.nn.Module", count: int | Literal["all"]) -> "list[torch.nn.Parameter]":
    """The parameters of the stem and of the first `count` stages, by timm's own account of its networks."""
    if count == "all":
        return list(backbone.parameters())
    from timm.models import group_parameters

    matcher = backbone.group_matcher(coarse=True)  # type: ignore[operator]
    place: Mapping[str, int] = group_parameters(backbone, matcher, reverse=True)
    deepest = max(place.values())
    if count > deepest:
        raise SettingsError(f"The photo network has {deepest} stages above its stem, so {count} can't be frozen.", cure="Freeze fewer.")
    return [parameter for name, parameter in backbone.named_parameters() if place[name] <= count]


@lru_cache(maxsize=1)
def _network_class() -> Any:
    """The class, made when torch is first needed."""
    import torch
    from torch.nn import functional

    class Network(torch.nn.Module):
        def __init__(self, text: torch.nn.Module, pooling: Pooling, photo: torch.nn.Module | None, head: torch.nn.Module | None) -> None:
            super().__init__()
            self.text = text
            self.pooling = pooling
            if photo is not None and head is not None:
                self.photo, self.head = photo, head

        def forward(
            self, texts: Sequence[Mapping[str, torch.Tensor]], pixels: torch.Tensor | None
        ) -> tuple[list[torch.Tensor], torch.Tensor | None]:
            rows = [pooled(self.text(**one).last_hidden_state.float(), one["attention_mask"], pooling=self.pooling) for one in texts]
            seen = None if pixels is None else self.head(functional.normalize(self.photo(pixels).float(), dim=1))
            return rows, seen

        def train(self, mode: bool = True) -> "Network":  # noqa: FBT001, FBT002 - torch's own signature
            super().train(mode)
            for module in self.modules():
                # Batches here are small and of one shop: the statistics of the pretraining tell more, and what is frozen must not move.
                if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
                    module.eval()
            return self

    return Network
