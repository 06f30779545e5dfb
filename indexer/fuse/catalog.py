"""The fusions we know, by name, and how settings choose among them; plug-ins join by entry point (see `Registry`)."""

from typing import Protocol

from indexer.errors import SettingsError
from indexer.fuse.base import Fusion
from indexer.fuse.mlp import MlpFusion
from indexer.fuse.weighted import WeightedFusion
from indexer.registry import Registry
from indexer.settings import EncodeSettings


class FusionMaker(Protocol):
    """Makes a fusion for text rows of `width` numbers."""

    def __call__(self, settings: EncodeSettings, *, width: int) -> Fusion:
        """The fusion; raises ModelError or SettingsError where it can't be made."""


FUSIONS: Registry[FusionMaker] = Registry("fusion")


def make_fusion(settings: EncodeSettings, *, width: int) -> Fusion:
    """The fusion that the settings name, for text rows of `width` numbers.

    Raises UnknownName, SettingsError, and what loading a checkpoint raises (see `load_checkpoint`).
    """
    return FUSIONS.get(settings.fusion)(settings, width=width)


def _weighted(settings: EncodeSettings, *, width: int) -> Fusion:
    if settings.title_weight + settings.description_weight + settings.photo_weight <= 0:
        raise SettingsError(
            "All fusion weights are zero.", cure="Set one of FUSEDEX_ENCODE__TITLE_WEIGHT, …DESCRIPTION_WEIGHT, …PHOTO_WEIGHT."
        )
    return WeightedFusion(
        title=settings.title_weight,
        description=settings.description_weight,
        photo=settings.photo_weight,
        width=width,
    )


def _mlp(settings: EncodeSettings, *, width: int) -> Fusion:
    if settings.fusion_folder is None:
        raise SettingsError("The fusion 'mlp' needs a checkpoint folder.", cure="Set FUSEDEX_ENCODE__FUSION_FOLDER.")
    return MlpFusion.load(settings.fusion_folder, text_width=width)


FUSIONS.add("weighted", _weighted)
FUSIONS.add("mlp", _mlp)
