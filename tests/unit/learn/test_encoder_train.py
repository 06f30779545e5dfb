"""Encoders that learn on a tiny shop: from pairs to a folder that the real encoders load, and back on their feet when interrupted."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from indexer.encode.catalog import make_photo_encoder, make_text_encoder
from indexer.encode.image import ImageEncoder
from indexer.errors import LearningError, ModelError
from indexer.learn.encoder_network import EncoderSettings
from indexer.learn.encoder_pairs import Pairs
from indexer.learn.encoder_task import EncoderTask
from indexer.learn.encoder_train import CARD, CURVES, METRICS, EncoderHow, EncoderTraining
from indexer.learn.logs import Epoch, RunLog
from indexer.learn.losses import contrastive
from indexer.learn.settings import LoopSettings
from indexer.settings import EncodeSettings
from tests.unit.learn.encoder_shop import pairs, photo_encoder, text_encoder

LOOP = LoopSettings(epochs=2, batch=16, learning_rate=2e-3, weight_decay=0.0, precision="fp32")
TOLD = {"sources": ["shop.csv"], "licence": "CC0-1.0"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    text_encoder(folder / "bert")
    photo_encoder(folder / "vit")
    return folder


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Pairs:
    return pairs(tmp_path_factory.mktemp("photos"))


def training(models: Path, some: Pairs, *, photos: bool = False, own: EncoderSettings | None = None, **loop: Any) -> EncoderTraining:
    photo = photo_encoder(models / "vit") if photos else None
    how = EncoderHow(loop=replace(LOOP, **loop), own=own or EncoderSettings(photo_rate=1e-3, photos=8))
    return EncoderTraining(some, (text_encoder(models / "bert"), photo), how)


def weights(one: EncoderTraining) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in one.towers.network.state_dict().items()}


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_texts_and_photos_learn_and_the_folder_gives_the_rows_that_were_measured(models: Path, shown: Pairs, tmp_path: Path) -> None:
    one = training(models, shown, photos=True)
    before = weights(one)
    tried = one.run(RunLog())
    figures = one.save(tmp_path / "out", tried, TOLD)
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == sorted(["text", "photo", "projection", METRICS, CARD, CURVES])
    assert not list(tmp_path.glob(".*")), "no draft is left"

    told = EncodeSettings(text="transformer", text_folder=tmp_path / "out" / "text", device="cpu", threads=1)
    text = make_text_encoder(told)
    titles = [ware.title for ware in shown.wares[:9]]
    assert text.encode(titles, side="query") == pytest.approx(one.towers.texts(titles, side="query"), abs=1e-5)
    assert text.spec.max_tokens == 24
    assert text.encode(titles, side="query") != pytest.approx(text_encoder(models / "bert").encode(titles, side="query"), abs=1e-2)

    places = {"photo_folder": tmp_path / "out" / "photo", "projection_folder": tmp_path / "out" / "projection"}
    photo = make_photo_encoder(told.model_copy(update={"photo": "image", "fusion": "weighted", **places}), text)
    paths = [ware.photo for ware in shown.wares if ware.photo][:6]
    assert isinstance(photo, ImageEncoder)
    assert photo.encode([one.towers.read(path) for path in paths]) == pytest.approx(one.towers.photos(paths), abs=1e-5)
    moved = weights(one)
    for part in ("text.encoder", "photo.blocks.0", "head"):
        assert any(not torch.equal(before[name], tensor) for name, tensor in moved.items() if name.startswith(part)), part

    assert json.loads((tmp_path / "out" / METRICS).read_text()) == json.loads(json.dumps(figures))
    assert set(figures["report"]) == {"synthetic", "attributes", "described", "pictured"}
    assert figures["data"]["sha256"] == shown.digest
    card = (tmp_path / "out" / CARD).read_text()
    for words in ("# out", "CC0-1.0", shown.digest, "## Limits", "| pictured: a title finds its photo", figures["verdict"]):
        assert words in card
    with pytest.raises(ModelError, match="exists already"):
        one.save(tmp_path / "out", tried, TOLD)


def test_what_is_reported_is_measured_by_the_part_that_nothing_chose_by(models: Path, shown: Pairs) -> None:
    one = training(models, shown, epochs=6)
    tried = one.run(RunLog())
    assert {kind: len(tried.after[kind]["mrr"]) for kind in tried.after} == {
        kind: sum(ask.kind == kind for ask in shown.asks["report"]) for kind in tried.after
    }
    chosen = one.task.measure()
    assert chosen["score"] == pytest.approx(tried.fitted.best.measures["score"]), "the best epoch's weights are back"
    assert tried.fitted.history[-1].loss < tried.fitted.history[0].loss
    gain = np.mean([tried.after[kind]["mrr"].mean() - tried.before[kind]["mrr"].mean() for kind in tried.after])
    assert gain > 0.05, "a random model learns a shop of twelve words"


def test_frozen_layers_do_not_move(models: Path, shown: Pairs) -> None:
    one = training(models, shown, photos=True, own=EncoderSettings(freeze_text=1, freeze_photo=2, photos=8, photo_rate=1e-3))
    before = weights(one)
    one.run(RunLog())
    after = weights(one)
    still = ("text.embeddings", "text.encoder.layer.0", "text.pooler", "photo.patch_embed", "photo.blocks.0", "photo.blocks.1")
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert all(torch.equal(before[name], after[name]) for name in before if name.startswith(still))
    assert all(any(name.startswith(part) for name in moved) for part in ("text.encoder.layer.1", "photo.blocks.2", "head"))


class Stops(RunLog):
    """Presses Ctrl-C when the first epoch was kept and the second is under way."""

    def stepped(self, done: int, *, steps: int, loss: float) -> None:
        if self.kept and done == 2:
            raise KeyboardInterrupt

    kept = False

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        self.kept = True


def test_an_interrupted_training_goes_on_to_the_same_weights_and_leaves_nothing_before(models: Path, shown: Pairs, tmp_path: Path) -> None:
    whole = training(models, shown, photos=True)
    whole.run(RunLog())
    stopped = training(models, shown, photos=True)
    with pytest.raises(KeyboardInterrupt):
        stopped.run(Stops(), state=tmp_path / "state")
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
    again = training(models, shown, photos=True)
    tried = again.run(RunLog(), state=tmp_path / "state")
    assert len(tried.fitted.history) == 2
    assert equal(weights(again), weights(whole))


def test_another_training_is_not_taken_for_this_one(models: Path, shown: Pairs, tmp_path: Path) -> None:
    training(models, shown, epochs=1).run(RunLog(), state=tmp_path)
    for other in (
        training(models, pairs(seed=4), epochs=1),
        training(models, shown, epochs=1, own=EncoderSettings(freeze_text=1)),
    ):
        with pytest.raises(LearningError, match="other data, another model or other settings"):
            other.run(RunLog(), state=tmp_path)
    with pytest.raises(LearningError, match="had other settings: learning_rate"):
        training(models, shown, epochs=1, learning_rate=1e-4).run(RunLog(), state=tmp_path)


def test_a_training_that_comes_apart_says_so(models: Path, shown: Pairs) -> None:
    one = training(models, shown, learning_rate=1e30, warmup=0.0)
    with pytest.raises(LearningError, match="has come apart"):
        one.run(RunLog())


def test_checkpointing_computes_the_same_and_accumulation_makes_fewer_steps(models: Path, shown: Pairs) -> None:
    plain, saving = training(models, shown, epochs=1), training(models, shown, epochs=1, checkpointing=True)
    plain.run(RunLog())
    saving.run(RunLog())
    for name, tensor in weights(plain).items():
        assert torch.allclose(tensor, weights(saving)[name], atol=1e-4), name
    added = training(models, shown, epochs=1, accumulate=4)
    added.run(RunLog())
    assert not equal(weights(added), weights(plain))


def task(models: Path, some: Pairs, **own: Any) -> EncoderTask:
    return training(models, some, own=EncoderSettings(**own)).task


def batches(one: EncoderTask) -> list[dict[str, Any]]:
    return list(one.batches(0, np.random.default_rng(0)))


def test_without_hard_negatives_the_loss_is_the_contrastive_one(models: Path, shown: Pairs) -> None:
    one = task(models, shown, hard=0, temperature=0.1)
    batch = batches(one)[0]
    model = one.module().eval()
    with torch.no_grad():
        rows, _ = model(batch["texts"], None)
        # no false negative leaves the right side's own column
        expected = contrastive(rows[0], rows[1], scale=10.0, same=batch["masked"] | batch["masked"].T)
        batch["masked"] = batch["masked"] | batch["masked"].T
        assert float(one.loss(model, batch)) == pytest.approx(float(expected), abs=1e-5)


def test_an_epoch_has_every_pair_once_and_hard_negatives_beside_it(models: Path, shown: Pairs) -> None:
    one = task(models, shown, hard=2)
    count = sum(ask.kind != "pictured" for ask, _ in shown.taught())
    found = batches(one)
    assert len(found) == one.steps == -(-count // 16)
    for batch in found:
        asks, columns = batch["masked"].shape
        assert len(batch["texts"][0]["input_ids"]) == asks == 16
        assert len(batch["texts"][1]["input_ids"]) == columns
        assert asks < columns <= 3 * asks
        assert batch["masked"].diagonal().all(), "a pair's own answer answers it"


def test_what_answers_too_is_no_wrong_answer(models: Path, shown: Pairs) -> None:
    one = task(models, shown, hard=1)
    several = [(ask, ware) for ask, ware in shown.taught() if len(ask.right) > 1][:4]
    others = [other for ask, _ in several for other in ask.right]
    masked = one._masked(several, others)
    for row, (ask, _) in zip(masked, several, strict=True):
        assert all(bool(flag) for flag, other in zip(row, others, strict=True) if other in ask.right)


def test_answers_of_other_parts_neither_count_nor_stand_in_the_way(models: Path, shown: Pairs) -> None:
    one = task(models, shown)
    some = [ask for ask in shown.asks["report"] if ask.kind == "synthetic"]
    asked = one._asked(some, range(len(shown.wares)), "report")
    for row, ask in enumerate(some):
        inside = {ware for ware in ask.right if shown.part[ware] == "report"}
        assert set(np.flatnonzero(asked.right[row]).tolist()) == inside
        assert set(np.flatnonzero(asked.out[row]).tolist()) == set(ask.right) - inside
    assert asked.out.any(), "some queries have answers that were learned from"
