"""What a smaller form of an encoder costs and brings: cosine to the original, neighbours kept, speed, size."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np

from indexer.batches import batches
from indexer.vectors import Rows

NEIGHBOURS = 10
ROUNDS = 3
BATCH = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Parity:
    """Mean and least cosine of each row with the original's, the share of the original's ten nearest kept, how many times as fast."""

    inputs: int
    mean_cosine: float
    least_cosine: float
    recall: float
    speed: float


def measured(inputs: Sequence[object], original: Callable[[Sequence[object]], Rows], smaller: Callable[[Sequence[object]], Rows]) -> Parity:
    """Encode the inputs by both, in turns so that a busy machine slows both, and compare; needs more than ten inputs."""
    if len(inputs) <= NEIGHBOURS:
        raise ValueError(f"Recall@{NEIGHBOURS} needs more than {NEIGHBOURS} inputs, not {len(inputs)}.")
    parts = [list(part) for part in batches(inputs, size=BATCH)]
    one, other = (np.concatenate([encode(part) for part in parts]) for encode in (original, smaller))  # the models load here
    ratios: list[float] = []
    for _ in range(ROUNDS):
        spent: list[float] = []
        for encode in (original, smaller):
            began = time.perf_counter()
            for part in parts:
                encode(part)
            spent.append(time.perf_counter() - began)
        ratios.append(spent[0] / spent[1])
    cosines = np.einsum("nw,nw->n", one, other)
    return Parity(
        inputs=len(inputs),
        mean_cosine=float(cosines.mean()),
        least_cosine=float(cosines.min()),
        recall=kept_neighbours(one, other),
        speed=float(np.median(ratios)),
    )


def kept_neighbours(original: Rows, smaller: Rows) -> float:
    """The share of each row's ten nearest others in the original space that are among its ten nearest in the smaller one.

    >>> import numpy as np
    >>> rows = np.eye(12, dtype=np.float32)
    >>> kept_neighbours(rows, rows)
    1.0
    """
    kept = [len(set(one) & set(other)) for one, other in zip(_nearest(original), _nearest(smaller), strict=True)]
    return float(np.mean(kept)) / NEIGHBOURS


def _nearest(rows: Rows) -> list[list[int]]:
    scores = rows @ rows.T
    np.fill_diagonal(scores, -np.inf)
    return [[int(one) for one in order[:NEIGHBOURS]] for order in np.argsort(-scores, axis=1, kind="stable")]


def sample_texts() -> list[str]:
    """240 titles as shops write them, for when no others are at hand: alike in parts, so that neighbours are not easy."""
    kinds = ("chair", "running shoes", "sofa", "digital camera", "laptop", "frying pan", "T-shirt", "desk lamp", "backpack", "wrist watch")
    traits = ("black", "white", "oak", "leather", "for children", "waterproof", "large", "foldable")
    ends = ("", ", set of two", " with two years of guarantee")
    return [f"{kind.capitalize()} {trait}{end}" for kind, trait, end in product(kinds, traits, ends)]


def size_of(folder: Path) -> int:
    """Bytes of all files under a folder that hold weights."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.suffix in (".onnx", ".safetensors", ".data", ".pth"))
