"""A fusion learned on a tiny drawn shop, from photos to a checkpoint that searches."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.encode.hashed import HashedText
from indexer.errors import LearningError, ModelError
from indexer.fuse.base import PartRow
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import Join, LearnedSpec
from indexer.learn.fuse_before import before
from indexer.learn.fuse_items import Item
from indexer.learn.fuse_material import Material, own_rows, prepare
from indexer.learn.fuse_model import tensors_of
from indexer.learn.fuse_task import FuseSettings, FuseTask
from indexer.learn.fuse_train import CARD, CURVES, METRICS, FuseHow, Told, Trained, best_of_seeds, save, train
from indexer.learn.logs import RunLog
from indexer.learn.machine import seeded
from indexer.learn.settings import LoopSettings
from tests.unit.learn.fuse_shop import Thumbs, cards, classes, draw, table
from tests.unit.learn.lines import Told as Heard

LOOP = LoopSettings(epochs=8, batch=8, learning_rate=0.02, weight_decay=0.0)


def prepared(items: list[Item], folder: Path) -> Material:
    rows = table(folder)
    try:
        return prepare(items, rows, views=2, seed=0)
    finally:
        rows.close()


def trained(material: Material, *, seed: int = 0, task: FuseSettings | None = None, state: Path | None = None) -> Trained:
    specs = (HashedText().spec, Thumbs().spec)
    return train(material, specs, FuseHow(loop=replace(LOOP, seed=seed), task=task or FuseSettings()), RunLog(), state=state)


def told(material: Material) -> Told:
    counts = {"items": 4, "texts": len(material.asking), "photos": len(material.learn), "apart": len(material.apart)}
    old = {"recall@1": 0.25, "recall@5": 1.0, "precision@10": 0.25, "score": 0.25}
    return Told(name="a drawn shop", sources=("photos", "texts.csv"), licence="CC0-1.0", counts=counts, digest=material.digest, before=old)


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("classes")
    return prepared(classes(folder), folder / "kept")


@pytest.fixture(scope="module")
def pictured(tmp_path_factory: pytest.TempPathFactory) -> Material:
    folder = tmp_path_factory.mktemp("cards")
    return prepared(cards(folder), folder / "kept")


def test_material_is_complete_and_apart(colours: Material) -> None:
    assert colours.photos.shape == (2, 48, 28)
    assert sorted([*colours.learn.tolist(), *colours.apart.tolist()]) == list(range(48))
    assert colours.owner.tolist() == [number for number in range(4) for _ in range(12)]
    assert colours.own.shape == (4, colours.asking.shape[1])
    assert len(colours.asking) == 12
    assert not colours.pictured.any()
    assert colours.anchors().shape == (4, colours.own.shape[1])
    assert colours.right_apart().sum(axis=1).tolist() == [
        int((colours.owner[colours.apart] == item).sum()) for item in colours.asked_owner[colours.asked_apart]
    ]


def test_a_products_words_are_one_row_of_title_and_description(tmp_path: Path) -> None:
    rows = table(tmp_path)
    title, description = rows.texts(["red shirt", "cotton"])
    one, two = own_rows([("red shirt", "cotton"), ("red shirt", "")], rows.texts)
    rows.close()
    wanted = 2 * title + description
    assert one.tolist() == pytest.approx((wanted / np.linalg.norm(wanted)).tolist(), abs=1e-6)
    assert two.tolist() == pytest.approx(title.tolist(), abs=1e-6)


@pytest.mark.parametrize("join", ["gate", "mlp"])
def test_photos_find_their_items_and_words_their_photos(colours: Material, pictured: Material, join: Join) -> None:
    for material in (colours, pictured):
        with seeded(0):
            untrained = FuseTask(material, FuseSettings(join=join)).measure()
        found = trained(material, task=FuseSettings(join=join)).fitted.best.measures
        assert found["recall@1"] > max(0.9, untrained["recall@1"])
        assert found["precision@10"] > max(0.9, untrained["precision@10"])


@pytest.mark.parametrize("join", ["gate", "mlp"])
def test_numpy_gives_what_torch_learned(pictured: Material, join: Join) -> None:
    with seeded(1):
        task = FuseTask(pictured, FuseSettings(join=join))
    for parameter in task.module().parameters():
        parameter.data += 0.05  # away from the gate's and the network's zeros
    sizes = {"text_width": pictured.own.shape[1], "photo_width": 28, "anchors": 4, "hidden": 256 if join == "mlp" else 0}
    spec = LearnedSpec.model_validate({"name": "x", "revision": "1", "licence": "", "origin": "", "join": join, **sizes})
    fusion = LearnedFusion(spec, tensors_of(task.module()), sha256="x")
    photos = pictured.pictures[0]
    both, alone = task.products(), task.rows(None, photos)
    for number, (text, photo) in enumerate(zip(pictured.own, photos, strict=True)):
        fused, placed = fusion.fuse([PartRow("title", text), PartRow("photo", photo)]), fusion.fuse([PartRow("photo", photo)])
        assert fused is not None
        assert placed is not None
        assert fused.tolist() == pytest.approx(both[number].tolist(), abs=2e-5)
        assert placed.tolist() == pytest.approx(alone[number].tolist(), abs=2e-5)


def test_the_seed_decides(colours: Material) -> None:
    one, same, other = trained(colours), trained(colours), trained(colours, seed=1)
    assert (one.tensors["photo.weight"] == same.tensors["photo.weight"]).all()
    assert (one.tensors["photo.weight"] != other.tensors["photo.weight"]).any()
    assert best_of_seeds([one, other]).score == max(one.score, other.score)


def test_anchors_stay_among_the_words_unless_products_have_pictures(colours: Material, pictured: Material) -> None:
    assert (trained(colours).tensors["anchors"] == colours.anchors()).all()
    assert (trained(colours, task=FuseSettings(anchors="free")).tensors["anchors"] != colours.anchors()).any()
    assert (trained(pictured).tensors["anchors"] != pictured.anchors()).any()
    assert (trained(pictured, task=FuseSettings(anchors="fixed")).tensors["anchors"] == pictured.anchors()).all()


def test_a_training_goes_on_from_its_state(colours: Material, tmp_path: Path) -> None:
    whole = trained(colours, state=tmp_path)
    heard = Heard()
    specs = (HashedText().spec, Thumbs().spec)
    again = train(colours, specs, FuseHow(loop=LOOP, task=FuseSettings()), heard, state=tmp_path)
    assert heard.events[0] == "began 8"
    assert (again.tensors["photo.weight"] == whole.tensors["photo.weight"]).all()


def test_the_folder_is_whole_and_searches(colours: Material, tmp_path: Path) -> None:
    both = [trained(colours), trained(colours, seed=1)]
    save(tmp_path / "fusion", both, told(colours))
    files = sorted(file.name for file in (tmp_path / "fusion").iterdir())
    assert files == sorted([CARD, CURVES, METRICS, "spec.json", "weights.safetensors"])
    figures = json.loads((tmp_path / "fusion" / METRICS).read_text())
    assert figures["before"]["score"] == 0.25
    assert figures["after"]["score"] == max(one.score for one in both)
    assert figures["mean"]["score"] == pytest.approx(sum(one.score for one in both) / 2)
    assert [one["chosen"] for one in figures["seeds"]].count(True) == 1
    assert figures["data"]["sha256"] == colours.digest
    card = (tmp_path / "fusion" / CARD).read_text()
    for words in ("# Learned fusion of a drawn shop", "CC0-1.0", colours.digest, "## Limits", "| recall@1 |", "0.250"):
        assert words in card
    loaded = LearnedFusion.load(tmp_path / "fusion", text_width=colours.own.shape[1])
    rows = [loaded.fuse([PartRow("photo", photo)]) for photo in colours.photos[0]]
    found = [int((colours.anchors() @ row).argmax()) for row in rows if row is not None]
    assert np.mean(np.array(found) == colours.owner) > 0.9
    with pytest.raises(ModelError, match="exists already"):
        save(tmp_path / "fusion", both, told(colours))


def test_what_it_replaces_is_measured_on_the_same_photos(tmp_path: Path) -> None:
    items = cards(tmp_path)
    material = prepared(items, tmp_path / "kept")

    class Bridge(Thumbs):
        def __init__(self) -> None:
            super().__init__("bridge")
            self.spec = replace(self.spec, width=material.own.shape[1])

        def run(self, inputs: object) -> list[list[float]]:
            padding = self.spec.width - 28
            return [[*row, *([0.0] * padding)] for row in super().run(inputs)]

    rows = table(tmp_path / "bridge", Bridge())
    found = before(items, material, rows)
    rows.close()
    assert set(found) == {"recall@1", "recall@5", "precision@10", "score"}
    assert all(0 <= value <= 1 for value in found.values())
    assert found["recall@5"] == 1.0  # among four items everything is


def test_too_little_is_said(tmp_path: Path) -> None:
    with pytest.raises(LearningError, match="at least two are needed"):
        prepared(classes(tmp_path)[:1], tmp_path / "kept")
    pair = [
        Item(id=name, title=name, photos=(draw(tmp_path / f"{name}.png", (number, 9, 9), seed=number),))
        for number, name in enumerate(("b", "c"))
    ]
    with pytest.raises(LearningError, match=r"to measure by|at least two"):
        prepared(pair, tmp_path / "kept")


def test_many_items_stand_against_their_hard_negatives(colours: Material, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.learn.fuse_task.TOGETHER", 3)
    task = FuseTask(colours, FuseSettings(batch=2))
    for batch in task.batches(0, np.random.default_rng(0)):
        assert len(batch["texts"]) <= 3
        assert batch["labels"].max() < len(batch["texts"])
        assert batch["targets"].shape == (len(batch["labels"]), colours.own.shape[1])
