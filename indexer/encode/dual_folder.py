"""What the files of a two-tower model say: kind, width, length of texts, and how photos enter."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from indexer.encode.folder import Folder, read_json, weight_files
from indexer.encode.lazy import digest_of
from indexer.encode.preprocess import steps
from indexer.errors import ModelUnavailable
from indexer.model_files import json_object
from indexer.specs import ImageInput, ModelSpec

PADS_TO_END = ("siglip", "siglip2")
"""Trained on texts that are padded to the last position and read without a mask: padded less, they give other rows."""

KINDS = ("altclip", "chinese_clip", "clip", *PADS_TO_END)

TOKENISER_FILES = ("tokenizer.json", "vocab.txt", "vocab.json", "merges.txt", "tokenizer_config.json")
INTERPOLATIONS: Mapping[object, Literal["nearest", "lanczos", "bilinear", "bicubic"]] = {
    0: "nearest",
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
}
"""By Pillow's numbers, as preprocessor_config.json has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DualFolder:
    """A two-tower model as its folder describes it; `pad` is the padding token's number and text."""

    path: Path
    kind: str
    width: int
    max_tokens: int
    pads_to_end: bool
    pad: tuple[int, str]
    image: ImageInput
    told: Folder
    weights: str

    def spec(self, name: str, *, image: ImageInput | None) -> ModelSpec:
        """The spec of one tower: the photo tower where an input is given, else the text tower."""
        return ModelSpec(
            name=name,
            revision="1",
            width=self.width,
            weights=self.weights,
            licence=self.told.licence,
            origin=self.told.origin,
            max_tokens=None if image else self.max_tokens,
            query_prefix="" if image else self.told.query_prefix or "",
            product_prefix="" if image else self.told.product_prefix or "",
            image=image,
            preprocessing=steps(image) if image else "padded to the end, no mask" if self.pads_to_end else "",
        )


def read_dual(folder: Folder) -> DualFolder:
    """What a folder's files add up to; raises ModelUnavailable where one is missing, or asks for what we can't do."""
    path = folder.path
    files = weight_files(path)
    config = json_object(path / "config.json")
    kind = str(config.get("model_type", ""))
    if kind not in KINDS:
        cure = "Name a folder of a model with two towers. Code that comes with a model is never run."
        raise ModelUnavailable(f"{path / 'config.json'} is of the kind {kind!r}, not one of {', '.join(KINDS)}.", cure=cure)
    processor = path / "preprocessor_config.json"
    decisive = [file for name in TOKENISER_FILES if (file := path / name).exists()]
    positions = _positions(config, kind)
    return DualFolder(
        path=path,
        kind=kind,
        width=_width(config, kind, path),
        max_tokens=min(folder.max_tokens or positions, positions) if kind not in PADS_TO_END else positions,
        pads_to_end=kind in PADS_TO_END,
        pad=_pad(path),
        image=_image(json_object(processor), processor),
        told=folder,
        weights=digest_of([*files, path / "config.json", processor, *decisive], model=folder.name),
    )


def _width(config: Mapping[str, object], kind: str, path: Path) -> int:
    text = _section(config, "text_config")
    # SigLIP has no common projection: its text tower's last layer has the photo tower's width.
    told = (text.get("projection_size") or text.get("hidden_size", 768)) if kind in PADS_TO_END else config.get("projection_dim", 512)
    if not isinstance(told, int):
        raise ModelUnavailable(f"{path / 'config.json'} states no width that is a number.")
    return told


def _positions(config: Mapping[str, object], kind: str) -> int:
    # 52 is what Chinese-CLIP was trained on; its tower has places for more. transformers writes only what differs from its defaults.
    usual = {"clip": 77, "altclip": 77, "chinese_clip": 52}.get(kind, 64)
    told = _section(config, "text_config").get("max_position_embeddings", usual)
    return min(int(cast("int", told)), 52) if kind == "chinese_clip" else int(cast("int", told))


def _section(config: Mapping[str, object], name: str) -> Mapping[str, object]:
    told = config.get(name)
    return told if isinstance(told, dict) else {}


def _pad(path: Path) -> tuple[int, str]:
    """The padding token of a tokenizer.json, by the name that tokenizer_config.json gives it."""
    named = read_json(path / "tokenizer_config.json").get("pad_token")
    token = str(named.get("content") if isinstance(named, dict) else named or "[PAD]")
    listed = read_json(path / "tokenizer.json").get("added_tokens")
    for one in listed if isinstance(listed, list) else ():
        if one.get("content") == token:
            return int(one["id"]), token
    return 0, token


def _image(told: Mapping[str, object], file: Path) -> ImageInput:
    size = told.get("crop_size") if told.get("do_center_crop") else told.get("size")
    scaled = told.get("size")
    side = _side(size)
    shorter = _shorter(scaled)
    interpolation = INTERPOLATIONS.get(told.get("resample", 3))
    if side is None or interpolation is None:
        raise ModelUnavailable(f"{file} asks for an input that is no square, or for an interpolation that Pillow lacks.")
    if told.get("do_normalize") is False or abs(float(cast("float", told.get("rescale_factor", 1 / 255))) * 255 - 1) > 1e-3:
        raise ModelUnavailable(f"{file} asks for pixels that are not (pixel / 255 - mean) / std.")
    mean, std = (tuple(float(number) for number in cast("list[float]", told[name])) for name in ("image_mean", "image_std"))
    return ImageInput(
        side=side,
        mean=cast("tuple[float, float, float]", mean),
        std=cast("tuple[float, float, float]", std),
        crop_share=side / (shorter or _side(scaled) or side),
        interpolation=interpolation,
        squash=shorter is None,
    )


def _side(size: object) -> int | None:
    """The side of a square: a number, equal height and width, or a shortest edge that is cropped to nothing else."""
    if isinstance(size, dict):
        height, width = size.get("height"), size.get("width")
        return int(height) if isinstance(height, int) and height == width else None
    return int(size) if isinstance(size, int) else None


def _shorter(size: object) -> int | None:
    """What the shorter side becomes, where the other follows; None where both sides are told."""
    if isinstance(size, dict):
        edge = size.get("shortest_edge")
        return int(edge) if isinstance(edge, int) else None
    return int(size) if isinstance(size, int) else None
