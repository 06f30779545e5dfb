"""A tiny shop with descriptions and photos, and tiny encoders of random weights: what encoders learn on in seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from indexer.encode.folder import Folder
from indexer.encode.image import ImageEncoder
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import TransformerEncoder
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.learn.encoder_pairs import Pairs, asks_of, parted, wares_of
from indexer.records import Product
from tests.data.models import tiny_timm
from tests.unit.learn.tag_bert import tiny_bert, with_photos
from tests.unit.learn.tag_shop import shop

RESNET = ("resnet10t", {"input_size": [3, 32, 32], "crop_pct": 1.0, "interpolation": "bilinear"})
VIT = (
    "vit_tiny_patch16_224",
    {"input_size": [3, 32, 32], "crop_pct": 1.0, "model_args": {"img_size": 32, "embed_dim": 16, "depth": 3, "num_heads": 2}},
)
SEED = 3
"""With it each part of the shop has products of several families."""


def products(count: int = 96, *, photos: Path | None = None) -> list[Product]:
    """The shop of the tagger, each product described; with `photos`, a folder for them, most have one."""
    plain = shop(count)
    shown = with_photos(plain, photos) if photos else plain
    return [replace(one, description=f"wide {one.attributes['colour']} number {n} for home") for n, one in enumerate(shown)]


def judged(some: Sequence[Product]) -> tuple[Judgments, Sequence[Topic]]:
    """Queries of two words, each with the products that say both in their titles; others of the kind fit less."""
    grades: dict[str, dict[str, int]] = {}
    for kind in ("chair", "lamp", "table", "sofa"):
        for series in ("alba", "brio", "cosmo", "dune"):
            query = f"{series} {kind}"
            found = {one.id: 2 for one in some if series in one.title.lower() and kind in one.title}
            if found:
                grades[query] = found | {one.id: 0 for one in some[:3] if one.id not in found}
    judgments = Judgments(grades)
    return judgments, [Topic(id=query, text=query) for query in grades]


def pairs(folder: Path | None = None, *, seed: int = SEED) -> Pairs:
    some = products(photos=folder)
    wares = wares_of(some, usable=Path.exists)
    return parted(wares, asks_of(some, wares, None, seed=seed), seed=seed)


def text_encoder(folder: Path) -> TransformerEncoder:
    """A BERT whose rows tell words apart, as a pretrained one's do: random ones lie so near each other that all are alike."""
    if not folder.exists():
        tiny_bert(folder)
        stored = load_file(folder / "model.safetensors")
        stored["embeddings.word_embeddings.weight"] *= 50
        save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    return TransformerEncoder(Folder(path=folder, name="transformer", max_tokens=24), device="cpu", threads=1)


def photo_encoder(folder: Path, network: tuple[str, Mapping[str, Any]] = VIT) -> ImageEncoder:
    if not folder.exists():
        tiny_timm(folder, *network)
    return ImageEncoder(Backbone(BackboneFiles(path=folder), device="cpu", threads=1))
