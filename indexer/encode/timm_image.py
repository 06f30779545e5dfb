"""Any timm backbone, CNN or transformer, by name with weights from a folder; photos enter as the model's own data config says."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import Pixels
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype, use_threads
from indexer.encode.folder import read_json, weight_files
from indexer.encode.lazy import Once, digest_of, need
from indexer.encode.preprocess import photo_block, steps
from indexer.errors import ModelUnavailable
from indexer.model_files import json_object
from indexer.specs import ImageInput, ModelSpec

if TYPE_CHECKING:
    import torch

INTERPOLATIONS = ("bicubic", "bilinear", "lanczos", "nearest")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackboneFiles:
    """A backbone's files: a folder as timm saves them, or one safetensors file with the architecture's name beside it."""

    path: Path
    architecture: str = ""
    origin: str = "a local folder"


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "torch.nn.Module"
    device: str
    dtype: "torch.dtype"


class Backbone:
    """A timm network as features: what its last layer would see, (n, width). Safe across threads."""

    def __init__(
        self, files: BackboneFiles, *, grey: bool = False, device: Device = "auto", dtype: Dtype = "auto", threads: int | None = None
    ) -> None:
        """Read the folder and build the network without numbers, which imports timm; the weights load with the first photo.

        Raises ModelUnavailable for an architecture that timm lacks, for weights that are no safetensors, and for inputs that are no square.
        """
        need("timm", "torch", "safetensors", model="image")
        single = files.path.suffix == ".safetensors"
        read = read_json if files.architecture else json_object
        config = {} if single else read(files.path / "config.json")
        self._weights = [files.path] if single else weight_files(files.path)
        self.architecture = files.architecture or str(config.get("architecture", ""))
        told = config.get("pretrained_cfg")
        args = config.get("model_args")
        self._config: Mapping[str, object] = told if isinstance(told, dict) else {}
        self.args: Mapping[str, object] = args if isinstance(args, dict) else {}
        empty = self._make(empty=True)
        self.width = int(cast("int", getattr(empty, "head_hidden_size", None) or getattr(empty, "num_features")))  # noqa: B009
        self.input = _input_of(empty, grey=grey)
        self._licence = str(_pretrained(empty).get("license") or "see the folder")
        self._origin = f"{files.origin}; architecture: timm {self.architecture}"
        self._digest = digest_of([*self._weights, *([] if single else _config_file(files.path))], model="image")
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def spec(self, name: str, *, width: int) -> ModelSpec:
        """The spec of an encoder that stands on this network."""
        return ModelSpec(
            name=name,
            revision=self.architecture,
            width=width,
            weights=self._digest,
            licence=self._licence,
            origin=self._origin,
            image=self.input,
            preprocessing=steps(self.input),
        )

    def prepare(self, photos: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        """A block (n, 3, side, side) as the spec's ImageInput says."""
        return photo_block(photos, self.input)

    def features(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the last layer sees, (n, width)."""
        import torch

        loaded = self._loaded.get()
        with self._lock, torch.inference_mode():
            pixels = torch.from_numpy(block).to(loaded.device)
            with torch.autocast("cuda", dtype=loaded.dtype, enabled=loaded.dtype is not torch.float32):
                rows = loaded.model(pixels)
            return cast("npt.NDArray[np.float32]", rows.float().cpu().numpy())

    def torch_model(self) -> "torch.nn.Module":
        """The network in evaluation mode, on its device; called with a block it gives the features."""
        return self._loaded.get().model

    def stored(self) -> int:
        """Bytes of the weight files."""
        return sum(file.stat().st_size for file in self._weights)

    def _make(self, *, empty: bool) -> "torch.nn.Module":
        import timm
        import torch

        try:
            with torch.device("meta" if empty else "cpu"):
                # Without classes the model ends where its last layer would begin.
                create = cast("Callable[..., torch.nn.Module]", timm.create_model)
                made = create(self.architecture, pretrained=False, num_classes=0, **self.args)
        except (RuntimeError, TypeError, ValueError) as error:
            raise ModelUnavailable(f"timm can't build the architecture {self.architecture!r}: {error}") from error
        setattr(made, "pretrained_cfg", {**_pretrained(made), **self._config})  # noqa: B010 - a plain attribute of timm's, to torch a part
        return made

    def _load(self) -> _Loaded:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        use_threads(self._threads)
        device = pick_device(self._device)
        model = self._make(empty=False)
        stored: dict[str, torch.Tensor] = {}
        try:
            for file in self._weights:
                stored |= load_file(file)
            kept = {name: tensor for name, tensor in stored.items() if not name.startswith(_classifiers(model))}
            model.load_state_dict(kept, strict=True)
        except (SafetensorError, RuntimeError, OSError) as error:
            raise ModelUnavailable(f"The weights in {self._weights[0].parent} are not those of {self.architecture}: {error}") from error
        return _Loaded(model.eval().to(device), device, pick_dtype(self._dtype, device=device))


def _pretrained(model: "torch.nn.Module") -> dict[str, object]:
    told: object = getattr(model, "pretrained_cfg", {})
    return dict(told) if isinstance(told, dict) else {}


def _classifiers(model: "torch.nn.Module") -> tuple[str, ...]:
    named = _pretrained(model).get("classifier") or ()
    return tuple(f"{name}." for name in ([named] if isinstance(named, str) else cast("Sequence[str]", named)))


def _config_file(folder: Path) -> list[Path]:
    file = folder / "config.json"
    return [file] if file.is_file() else []


def _input_of(model: "torch.nn.Module", *, grey: bool) -> ImageInput:
    from timm.data.config import resolve_model_data_config

    told = cast("Callable[..., Mapping[str, Any]]", resolve_model_data_config)(model)
    channels, height, width = told["input_size"]
    mode, interpolation = told["crop_mode"], told["interpolation"]
    if channels != 3 or height != width or mode not in ("center", "squash") or interpolation not in INTERPOLATIONS:
        raise ModelUnavailable(f"The model wants {channels}x{height}x{width}, crop {mode!r}, {interpolation!r}: only squares of colour do.")
    return ImageInput(
        side=int(height),
        mean=tuple(told["mean"]),
        std=tuple(told["std"]),
        crop_share=float(told["crop_pct"]),
        grey=grey,
        interpolation=interpolation,
        squash=mode == "squash",
    )
