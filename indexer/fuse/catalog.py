"""The fusions we know, by name, and how settings choose among them; plug-ins join by entry point (see `Registry`)."""

from typing import Protocol

from indexer.errors import SettingsError
from indexer.fuse.base import Fusion
from indexer.fuse.checkpoint import FOLDER, SPEC
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.mlp import MlpFusion
from indexer.fuse.weighted import TEXT_KINDS, WeightedFusion
from indexer.model_files import json_object
from indexer.registry import Registry
from indexer.settings import EncodeSettings


class FusionMaker(Protocol):
    """Makes a fusion for text rows of `width` numbers."""

    def __call__(self, settings: EncodeSettings, *, width: int) -> Fusion:
        """The fusion; raises ModelError or SettingsError where it can't be made."""


LEARNED = 2
"""The format of the checkpoints that `fusedex learn fuse` writes; format 1 is a plain network."""

FUSIONS: Registry[FusionMaker] = Registry("fusion")


def make_fusion(settings: EncodeSettings, *, width: int) -> Fusion:
    """The fusion that the settings name, for text rows of `width` numbers.

    Raises UnknownName, SettingsError, and what loading a checkpoint raises (see `load_checkpoint`).
    """
    return FUSIONS.get(settings.fusion)(settings, width=width)


def needed_kinds(settings: EncodeSettings) -> frozenset[str]:
    """The kinds of text that the settings' fusion gives weight; one that is not among them need not be encoded.

    A learned fusion was trained on title and description; a plug-in's gets these two, and what has a weight above 0.
    """
    learned = frozenset({"title", "description"})
    if settings.fusion == "mlp":
        return learned
    weighty = frozenset(kind for kind in TEXT_KINDS if _weights(settings)[kind] > 0)
    return weighty if settings.fusion == "weighted" else learned | weighty


def _weights(settings: EncodeSettings) -> dict[str, float]:
    return {
        "title": settings.title_weight,
        "description": settings.description_weight,
        "photo": settings.photo_weight,
        "brand": settings.brand_weight,
        "attributes": settings.attributes_weight,
    }


def _weighted(settings: EncodeSettings, *, width: int) -> Fusion:
    weights = _weights(settings)
    if not any(weights.values()):
        names = ", ".join(f"…{kind.upper()}_WEIGHT" for kind in weights if kind != "title")
        raise SettingsError("All fusion weights are zero.", cure=f"Set one of FUSEDEX_ENCODE__TITLE_WEIGHT, {names}.")
    if settings.photo_vector and not settings.photo_weight:
        raise SettingsError(
            "Photos without a fusion weight have no vector of their own either: no query by photo would have one.",
            cure="Set FUSEDEX_ENCODE__PHOTO_WEIGHT, however small, or leave FUSEDEX_ENCODE__PHOTO_VECTOR out.",
        )
    return WeightedFusion(width=width, **weights)


def _mlp(settings: EncodeSettings, *, width: int) -> Fusion:
    if settings.fusion_folder is None:
        raise SettingsError("The fusion 'mlp' needs a checkpoint folder.", cure="Set FUSEDEX_ENCODE__FUSION_FOLDER.")
    if json_object(settings.fusion_folder / SPEC, cure=FOLDER).get("format") == LEARNED:
        return LearnedFusion.load(settings.fusion_folder, text_width=width)
    return MlpFusion.load(settings.fusion_folder, text_width=width)


FUSIONS.add("weighted", _weighted)
FUSIONS.add("mlp", _mlp)
