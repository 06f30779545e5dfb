"""Smaller forms of an encoder: exported to ONNX, in float32 or in numbers of eight bits."""

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from indexer.encode.base import PhotoEncoder, TextEncoder
from indexer.encode.image import ImageEncoder
from indexer.encode.kept import MODEL, SPEC, TOKENISER, OnnxSpec, file_digest, spec_of
from indexer.encode.lazy import need
from indexer.encode.pooling import Pooling, pooled
from indexer.encode.transformer import TransformerEncoder
from indexer.errors import ModelError

if TYPE_CHECKING:
    import torch


Export = Literal["onnx", "int8"]
CURE = "Install it: pip install 'fusedex[onnx]'."
SAMPLE = ["a chair of oak", "running shoes for the woods"]


def export(encoder: TextEncoder | PhotoEncoder, folder: Path, *, form: Export) -> None:
    """Write model.onnx, spec.json and, for texts, tokenizer.json into a folder.

    `onnx` keeps float32 and the original's spec, so that both may serve one index; `int8` has a spec of its own. Raises ModelError
    for an encoder that has no single network (`transformer`, `minilm` and `image` have one), ModelUnavailable without the packages.
    """
    need("onnx", "onnxruntime", "onnxscript", model="onnx", cure=CURE)
    if isinstance(encoder, TransformerEncoder):
        inputs = _export_text(encoder, folder)
    elif isinstance(encoder, ImageEncoder) and encoder.projection is None:
        inputs = _export_photo(encoder, folder)
    else:
        raise ModelError(
            f"The encoder {encoder.spec.name!r} can't be exported: only transformers and image networks without projection can."
        )
    spec = encoder.spec
    if form == "int8":
        _quantise(folder / MODEL)
        spec = replace(spec, name=f"{spec.name}-int8", weights=file_digest(folder / MODEL))
    files = [name for name in (MODEL, TOKENISER) if (folder / name).exists()]
    told = OnnxSpec(
        kind="text" if isinstance(encoder, TextEncoder) else "photo",
        numbers="int8" if form == "int8" else "float32",
        inputs=tuple(inputs),
        alone=form == "int8",
        made_from=encoder.spec.digest,
        sha256={name: file_digest(folder / name) for name in files},
        model=spec_of(spec),
    )
    (folder / SPEC).write_text(told.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _export_text(encoder: TransformerEncoder, folder: Path) -> Sequence[str]:
    import torch

    model, tokenizer = encoder.torch_model()
    prepared = cast("Mapping[str, torch.Tensor]", encoder.prepare(SAMPLE, "product"))
    names, pooling = tuple(prepared), cast("Pooling", encoder.spec.pooling)

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            told = dict(zip(names, tensors, strict=True))
            states: torch.Tensor = self.model(**told).last_hidden_state
            return pooled(states.float(), told["attention_mask"], pooling=pooling)

    dynamic = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    tensors = tuple(tensor.to(next(model.parameters()).device) for tensor in prepared.values())
    _save(Pooled().eval(), tensors, folder / MODEL, names=names, dynamic=((dynamic,) * len(names),))
    tokenizer.save(str(folder / TOKENISER))
    return names


def _export_photo(encoder: ImageEncoder, folder: Path) -> Sequence[str]:
    import torch

    network = encoder.network.torch_model()
    image = encoder.spec.image
    side = image.side if image else 224
    pixels = torch.zeros(2, 3, side, side, device=next(network.parameters()).device)
    _save(network, (pixels,), folder / MODEL, names=("pixels",), dynamic=({0: torch.export.Dim.DYNAMIC},))
    return ("pixels",)


def _save(
    module: "torch.nn.Module", inputs: tuple["torch.Tensor", ...], file: Path, *, names: Sequence[str], dynamic: tuple[object, ...]
) -> None:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own parts that will change
        shapes = cast("tuple[dict[int, object], ...]", dynamic)
        made = torch.onnx.export(
            module, inputs, dynamo=True, input_names=list(names), output_names=["rows"], dynamic_shapes=shapes, verbose=False
        )
    if made is None:
        raise ModelError("torch exported nothing.")
    made.save(file)


def _quantise(file: Path) -> None:
    """Weights to eight bits, per channel; activations get their scale when they are computed (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    plain = file.with_name("plain.onnx")
    file.rename(plain)
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it advises a step that exported models need not
    try:
        quantize_dynamic(plain, file, weight_type=QuantType.QInt8, per_channel=True)
    finally:
        root.setLevel(level)
        plain.unlink()
        plain.with_name("plain.onnx.data").unlink(missing_ok=True)
