import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from indexer.errors import ModelUnavailable
from indexer.learn.logs import Best, Epoch, JsonLines, Several, TensorBoard, WeightsAndBiases, best_of, curves_png
from indexer.learn.loop import fit
from indexer.learn.packages import need
from indexer.learn.settings import LoopSettings
from tests.unit.learn.lines import Line, Told

SETTINGS = LoopSettings(epochs=3, batch=8, learning_rate=0.2)


def epoch(number: int, **measures: float) -> Epoch:
    return Epoch(number=number, loss=1.0 / (number + 1), learning_rate=0.1, seconds=2.0, measures=measures)


def test_the_best_epoch_is_the_first_of_equals() -> None:
    history = [epoch(0, recall=0.1), epoch(1, recall=0.3), epoch(2, recall=0.3)]
    assert best_of(history, Best("recall")).number == 1
    assert best_of(history, Best("recall", higher=False)).number == 0


def test_json_lines_tell_the_run_and_go_on_when_it_does(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "log.jsonl"
    fit(Line(), SETTINGS, JsonLines(file), folder=tmp_path)
    fit(Line(), SETTINGS, JsonLines(file), folder=tmp_path)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["began", "epoch", "epoch", "epoch", "ended", "began", "ended"]
    assert lines[0]["settings"] == SETTINGS.told()
    assert lines[1]["measures"]["error"] > lines[3]["measures"]["error"]
    assert lines[4]["best"]["number"] == 2
    assert lines[5]["epochs_done"] == 3


def test_several_logs_hear_the_same() -> None:
    one, two = Told(), Told()
    fit(Line(), SETTINGS, Several(one, two))
    assert one.events == two.events
    assert "step 4/4" in one.events
    assert one.events[-1].startswith("ended")


def test_tensorboard_reads_what_was_written(tmp_path: Path) -> None:
    fit(Line(), SETTINGS, TensorBoard(tmp_path / "board"))
    read = EventAccumulator(str(tmp_path / "board"))
    read.Reload()
    assert set(read.Tags()["scalars"]) == {"loss", "learning_rate", "error"}
    assert [event.step for event in read.Scalars("error")] == [1, 2, 3]


def test_weights_and_biases_works_offline(tmp_path: Path) -> None:
    fit(Line(), SETTINGS, WeightsAndBiases(tmp_path, project="fusedex"))
    kept = list(tmp_path.glob("wandb/offline-run-*/*.wandb"))
    assert len(kept) == 1
    assert kept[0].stat().st_size > 0


def test_curves_are_a_picture(tmp_path: Path) -> None:
    history = [epoch(number, recall=number / 10, precision=number / 20) for number in range(5)]
    curves_png(history, tmp_path / "curves.png", title="Fusion, seed 0")
    picture = np.asarray(Image.open(tmp_path / "curves.png").convert("RGB"))
    assert picture.shape[1] == 1080
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_curves_of_no_epoch_are_empty_axes(tmp_path: Path) -> None:
    curves_png([], tmp_path / "curves.png", title="nothing yet")
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_a_missing_package_is_named_with_its_extra() -> None:
    need("torch", "numpy")
    with pytest.raises(ModelUnavailable, match=r"no_such_package.*fusedex\[models,wandb\]"):
        need("no_such_package", extra="wandb")
