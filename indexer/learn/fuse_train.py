"""From items to a checkpoint: train with several seeds, measure beside what a fusion replaces, keep the best, write it whole."""

import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import LearnedSpec, check_tensors, save_learned
from indexer.learn.fuse_card import card
from indexer.learn.fuse_floors import Floor, pairs
from indexer.learn.fuse_material import DESCRIPTION_WEIGHT, TITLE_WEIGHT, Material
from indexer.learn.fuse_model import tensors_of
from indexer.learn.fuse_task import FuseSettings, FuseTask
from indexer.learn.logs import RunLog, curves_png
from indexer.learn.loop import Fitted, fit
from indexer.learn.machine import seeded
from indexer.learn.settings import LoopSettings
from indexer.specs import ModelSpec

METRICS, CARD, CURVES = "metrics.json", "card.md", "curves.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class FuseHow:
    """How a fusion is trained: the loop, and what is its own."""

    loop: LoopSettings
    task: FuseSettings


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """One seed's fusion: the spec and the tensors of its checkpoint, and how its training went."""

    seed: int
    spec: LearnedSpec
    tensors: Mapping[str, npt.NDArray[np.float32]]
    fitted: Fitted

    @property
    def score(self) -> float:
        """By which seeds are chosen: the mean of recall@1 and precision@10 on photos apart."""
        return self.fitted.best.measures["score"]

    def fusion(self) -> LearnedFusion:
        """What searches with it."""
        return LearnedFusion(self.spec, self.tensors, sha256=digest_of(self.tensors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the card and the metrics say of the data: where it comes from, its licence, how much it is, its digest.

    `floors` are the chosen seed's, by kind of query.
    """

    name: str
    sources: tuple[str, ...]
    licence: str
    counts: Mapping[str, int]
    digest: str
    before: Mapping[str, float]
    floors: Mapping[str, Floor] = field(default_factory=dict)


def train(material: Material, encoders: tuple[ModelSpec, ModelSpec], how: FuseHow, log: RunLog, *, state: Path | None = None) -> Trained:
    """Train one fusion, with the loop's seed; `encoders` are the specs of text and photo, `state` is `fit`'s folder. Raises as `fit`."""
    (text, photo), loop, settings = encoders, how.loop, how.task
    with seeded(loop.seed):
        task = FuseTask(material, replace(settings, batch=loop.batch))
    fitted = fit(task, loop, log, folder=state)
    tensors = tensors_of(task.module())
    spec = LearnedSpec(
        name="learned",
        revision="1",
        licence=f"{text.licence} (text), {photo.licence} (photo); see card.md for the data",
        origin="fusedex learn fuse",
        text_width=text.width,
        photo_width=photo.width,
        anchors=len(tensors["anchors"]),
        join=settings.join,
        hidden=settings.hidden if settings.join == "mlp" else 0,
        title_weight=TITLE_WEIGHT,
        description_weight=DESCRIPTION_WEIGHT,
        text=text.digest,
        photo=photo.digest,
    )
    check_tensors(spec, tensors)
    return Trained(loop.seed, spec, tensors, fitted)


def best_of_seeds(trained: Sequence[Trained]) -> Trained:
    """The one with the best score on photos apart; of equals, the first."""
    return max(trained, key=lambda one: one.score)


def metrics(trained: Sequence[Trained], told: Told) -> dict[str, Any]:
    """Measures before and after, each seed's and their mean, as a JSON object."""
    names = list(trained[0].fitted.best.measures)
    return {
        "data": {"name": told.name, "sources": list(told.sources), "licence": told.licence, **told.counts, "sha256": told.digest},
        "floors": {kind: asdict(one) for kind, one in told.floors.items()},
        "before": dict(told.before),
        "after": dict(best_of_seeds(trained).fitted.best.measures),
        "mean": {name: float(np.mean([one.fitted.best.measures[name] for one in trained])) for name in names},
        "seeds": [
            {
                "seed": one.seed,
                "chosen": one is best_of_seeds(trained),
                "best_epoch": one.fitted.best.number + 1,
                "epochs": len(one.fitted.history),
                "stopped_early": one.fitted.stopped_early,
                **one.fitted.best.measures,
            }
            for one in trained
        ],
    }


def save(folder: Path, trained: Sequence[Trained], told: Told) -> str:
    """Write the best seed's checkpoint with metrics, card and curves; the sha-256 of its weights.

    The folder appears complete, or not at all. Raises ModelError where it exists or can't be written.
    """
    best = best_of_seeds(trained)
    figures = metrics(trained, told)
    spec = LearnedSpec.model_validate(best.spec.model_dump() | {"floors": pairs(told.floors)})
    beside = {
        METRICS: (json.dumps(figures, indent=2, ensure_ascii=False) + "\n").encode(),
        CARD: card(spec, figures, made=datetime.now(UTC).date()).encode(),
        CURVES: _curves(best),
    }
    return save_learned(folder, spec, best.tensors, beside=beside)


def digest_of(tensors: Mapping[str, npt.NDArray[np.float32]]) -> str:
    """A sha-256 over names and numbers."""
    state = hashlib.sha256()
    for name in sorted(tensors):
        state.update(f"{name} {tensors[name].shape}\n".encode())
        state.update(np.ascontiguousarray(tensors[name], dtype="<f4").tobytes())
    return state.hexdigest()


def _curves(best: Trained) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / CURVES
        curves_png(best.fitted.history, file, title=f"Fusion ({best.spec.join}), seed {best.seed}")
        return file.read_bytes()
