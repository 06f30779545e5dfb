"""Encoders written down again, with the weights that they have now: folders that `transformer` and `image` load as they are."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.image import ImageEncoder
from indexer.encode.projection import WEIGHTS
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelError


class _Saving(Protocol):
    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and safetensors."""


def save_transformer(encoder: TransformerEncoder, folder: Path) -> None:
    """Write the encoder's network as it is now into a folder that is there, with its tokeniser and what its spec says.

    Pooling, length and prefixes stand in the sentence-transformers files, those that settings told as well.
    """
    model, _ = encoder.torch_model()
    for file in encoder.folder.iterdir():
        if file.is_file() and file.suffix in (".json", ".txt", ".model") and file.name != "model.safetensors.index.json":
            shutil.copyfile(file, folder / file.name)
    cast("_Saving", model).save_pretrained(folder)
    spec = encoder.spec
    _write(folder / "modules.json", [_module(0, "", "Transformer"), _module(1, "1_Pooling", "Pooling")])
    (folder / "1_Pooling").mkdir(exist_ok=True)
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": spec.width, "pooling_mode": spec.pooling})
    _write(folder / "sentence_bert_config.json", {"max_seq_length": spec.max_tokens})
    _write(folder / "config_sentence_transformers.json", {"prompts": {"query": spec.query_prefix, "document": spec.product_prefix}})


def save_backbone(encoder: ImageEncoder, folder: Path) -> ImageEncoder:
    """Write the encoder's network as it is now into a folder that is there, as timm saves one.

    Returns the encoder that it loads as, without projection. Raises ModelError for an encoder whose spec has no input of photos.
    """
    from safetensors.torch import save_file

    spec, network = encoder.spec, encoder.network
    if spec.image is None:
        raise ModelError(f"The encoder {spec.name!r} takes no photos.")
    told = {
        "input_size": [3, spec.image.side, spec.image.side],
        "mean": list(spec.image.mean),
        "std": list(spec.image.std),
        "crop_pct": spec.image.crop_share,
        "crop_mode": "squash" if spec.image.squash else "center",
        "interpolation": spec.image.interpolation,
        "license": network.spec("image", width=network.width).licence,
    }
    config = {"architecture": network.architecture, "num_classes": 0, "model_args": dict(network.args), "pretrained_cfg": told}
    _write(folder / "config.json", config)
    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in network.torch_model().state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    return ImageEncoder(Backbone(BackboneFiles(path=folder), grey=spec.image.grey, device="cpu"))


def save_projection(folder: Path, *, onto: ImageEncoder, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32]) -> None:
    """Write a projection of the encoder's unit rows, (width_out, width_in) and (width_out,), into a folder that is there."""
    from safetensors.numpy import save

    content = save({"weight": np.ascontiguousarray(weight), "bias": np.ascontiguousarray(bias)})
    (folder / WEIGHTS).write_bytes(content)
    told = {"name": folder.name, "licence": "as the data allows", "origin": "learned with its encoders", "input": onto.spec.digest}
    _write(folder / "spec.json", {**told, "sha256": hashlib.sha256(content).hexdigest()})


def _module(number: int, path: str, kind: str) -> dict[str, object]:
    return {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}


def _write(file: Path, told: object) -> None:
    file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
