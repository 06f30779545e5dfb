"""What a search of `learn fuse`'s settings tries and reports: nested, so that the photos it reports on chose neither epoch nor settings.

photos ─┬─ report: asked once, by the usual and by the chosen settings
        └─ the others ─┬─ choose: choose each training's epoch, and the trial
                       └─ learn: a quarter, a half, all of them
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.errors import LearningError, SettingsError
from indexer.evaluate.compare import Comparison, compared
from indexer.evaluate.space import Space, Value, Values
from indexer.learn.fuse_items import Item, split
from indexer.learn.fuse_material import Material, prepare
from indexer.learn.fuse_measures import Floats, precisions, ranks, recalls
from indexer.learn.fuse_task import FuseSettings, FuseTask
from indexer.learn.fuse_train import FuseHow
from indexer.learn.logs import RunLog
from indexer.learn.loop import fit
from indexer.learn.machine import seeded
from indexer.learn.rows import RowTable
from indexer.learn.settings import LoopSettings
from indexer.registry import did_you_mean

SPACE = Space(
    (
        Values("join", ("gate", "mlp")),
        Values("learning_rate", (1e-3, 2e-3, 3e-3, 5e-3, 8e-3)),
        Values("weight_decay", (0.0, 0.01, 0.05, 0.1)),
        Values("batch", (16, 32, 64, 128)),
        Values("temperature", (0.05, 0.07, 0.1, 0.14, 0.2)),
        Values("smoothing", (0.0, 0.05, 0.1, 0.2)),
        Values("keep", (0.0, 0.1, 0.2, 0.5)),
        Values("words", (0.5, 1.0, 2.0)),
    )
)
REPORT = 0.2
"""Share of the photos that no trial sees."""
MEASURES = ("recall@1", "precision@10")
LOOP = tuple(field.name for field in fields(LoopSettings))
OWN = tuple(field.name for field in fields(FuseSettings) if field.name != "batch")


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """Material to learn and to choose by, and apart from it the photos to report on, with the items that they show."""

    inner: Material
    items: tuple[Item, ...]
    photos: npt.NDArray[np.float32]
    owner: npt.NDArray[np.int64]
    report: tuple[tuple[Path, str], ...]


def nested(items: Sequence[Item], table: RowTable, *, views: int, seed: int) -> Nested:
    """Put the photos to report on apart, then part the others as every training does.

    Raises LearningError where too little is left for any of the three.
    """
    every = table.digests(photo for item in items for photo in (*item.photos, *([item.picture] if item.picture else [])))
    outer = split(items, every, seed=seed, share=REPORT)
    inner = [replace(item, photos=tuple(item.photos[at] for at in places)) for item, places in zip(items, outer.learn, strict=True)]
    report = [(number, item.photos[at]) for number, item in enumerate(items) for at in outer.apart[number]]
    if not report:
        raise LearningError("No photo is left to report on.", cure="Give more products or classes with photos.")
    material = prepare(inner, table, views=views, seed=seed + 1)
    sources = tuple((photo, every[photo]) for _, photo in report)
    owner = np.array([number for number, _ in report], dtype=np.int64)
    return Nested(material, tuple(items), table.photos(sources), owner, sources)


def subset(material: Material, share: float, *, seed: int) -> Material:
    """The material with a share of the photos to learn from; a smaller share's are among a larger one's."""
    order = np.random.default_rng(seed).permutation(material.learn)
    learn = np.sort(order[: max(2, round(share * len(order)))])
    owners = np.unique(material.owner[learn])
    if len(owners) < 2:
        raise LearningError(f"A share of {share:g} of the photos shows one item alone.", cure="Give more photos.")
    return replace(material, learn=learn, learned_items=owners)


def changed(how: FuseHow, settings: Mapping[str, Value]) -> FuseHow:
    """The settings with these in their place. Raises SettingsError for a name that there is not, and for wrong values."""
    unknown = sorted(settings.keys() - {*LOOP, *OWN})
    if unknown:
        raise SettingsError(f"{unknown[0]!r} is no setting of a fusion's training.", cure=did_you_mean(unknown[0], [*LOOP, *OWN]))
    loop: dict[str, Any] = {name: value for name, value in settings.items() if name in LOOP}
    own: dict[str, Any] = {name: value for name, value in settings.items() if name in OWN}
    try:
        return FuseHow(loop=replace(how.loop, **loop), task=replace(how.task, **own))
    except TypeError as error:
        raise SettingsError(f"The settings of a fusion's training are wrong: {error}.") from error


def trained(material: Material, how: FuseHow) -> tuple[FuseTask, float]:
    """The task of a training with its best epoch's weights, and its score on the photos that chose that epoch. Raises as `fit`."""
    with seeded(how.loop.seed):
        task = FuseTask(material, replace(how.task, batch=how.loop.batch))
    fitted = fit(task, how.loop, RunLog())
    return task, fitted.best.measures["score"]


def reported(parts: Nested, how: FuseHow) -> dict[str, Floats]:
    """Trained on all of the inner material: by measure a number for each photo to report on, and for each text that asks for one."""
    task, _ = trained(parts.inner, how)
    photos = task.rows(None, parts.photos)
    texts = np.flatnonzero(np.isin(parts.inner.asked_owner, parts.owner))
    right = parts.inner.asked_owner[texts][:, None] == parts.owner[None, :]
    found = ranks(photos, task.products(), parts.owner)
    return {"recall@1": recalls(found, depth=1), "precision@10": precisions(parts.inner.asking[texts], photos, right)}


def gains(usual: Mapping[str, Floats], chosen: Mapping[str, Floats], *, seed: int) -> dict[str, Comparison]:
    """The chosen settings against the usual ones, photo by photo and text by text."""
    return {name: compared(usual[name], chosen[name], seed=seed) for name in MEASURES}
