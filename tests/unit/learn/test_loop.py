import math
from pathlib import Path

import pytest
import torch

from indexer.errors import DeviceFull, LearningError, SettingsError
from indexer.learn.logs import Best, RunLog
from indexer.learn.loop import fit
from indexer.learn.machine import seeded
from indexer.learn.settings import LoopSettings
from indexer.learn.state import STATE
from tests.unit.learn.lines import Line, Told


def quick(**changed: object) -> LoopSettings:
    return LoopSettings(**{"epochs": 6, "batch": 8, "learning_rate": 0.2, "weight_decay": 0.0, **changed})  # type: ignore[arg-type]


def test_a_line_is_learned() -> None:
    task = Line()
    fitted = fit(task, quick(epochs=40), RunLog())
    weight, bias = task.weights()
    assert weight == pytest.approx(2, abs=0.25)
    assert bias == pytest.approx(1, abs=0.25)
    assert fitted.history[-1].loss < fitted.history[0].loss / 4
    assert fitted.best.measures["error"] == min(epoch.measures["error"] for epoch in fitted.history)
    assert not fitted.stopped_early


def test_the_same_seed_gives_the_same_weights_and_another_gives_others() -> None:
    def run(seed: int) -> list[float]:
        task = Line()
        fit(task, quick(seed=seed), RunLog())
        return task.weights()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_random_state_of_the_caller_comes_back() -> None:
    torch.manual_seed(5)
    wanted = torch.rand(3).tolist()
    task = Line()
    torch.manual_seed(5)
    fit(task, quick(epochs=1), RunLog())
    with seeded(9):
        torch.rand(7)
    assert torch.rand(3).tolist() == wanted


def test_seeded_modules_are_alike() -> None:
    def made(seed: int) -> list[float]:
        with seeded(seed):
            weights: list[float] = torch.nn.Linear(2, 2).weight.detach().flatten().tolist()
            return weights

    assert made(3) == made(3)
    assert made(3) != made(4)


def test_the_best_epochs_weights_come_back_when_later_ones_are_worse() -> None:
    task = Line()
    kept: list[list[float]] = []

    class Watching(Told):
        def epoch_ended(self, epoch: object, *, best: bool) -> None:
            kept.append(task.weights())

    task.errors = [3.0, 1.0, 2.0, 2.5]
    fitted = fit(task, quick(epochs=4), Watching())
    assert fitted.best.number == 1
    assert task.weights() == kept[1] != kept[3]


def test_training_stops_when_patience_is_over() -> None:
    task, told = Line(), Told()
    task.errors = [3.0, 1.0, 1.0, 2.0, 0.1]
    fitted = fit(task, quick(epochs=20, patience=2), told)
    assert fitted.stopped_early
    assert len(fitted.history) == 4
    assert fitted.best.number == 1  # an equal measure is no better one
    assert told.events[-1] == "ended 1 early"


def test_patience_that_ends_with_the_last_epoch_is_no_early_stop() -> None:
    task = Line()
    task.errors = [1.0, 2.0, 3.0]
    assert not fit(task, quick(epochs=3, patience=2), RunLog()).stopped_early


def test_higher_can_be_better() -> None:
    task = Line()
    task.best = Best("error", higher=True)
    task.errors = [1.0, 5.0, 3.0]
    assert fit(task, quick(epochs=3), RunLog()).best.number == 1


def test_the_log_hears_everything_in_order() -> None:
    told = Told()
    task = Line(count=16)
    task.errors = [1.0, 2.0]
    fit(task, quick(epochs=2), told)
    each = ["step 1/2", "step 2/2"]
    assert told.events == ["began 0", *each, "epoch 0 best", *each, "epoch 1 no better", "ended 0 in full"]
    assert told.epochs[0].learning_rate > told.epochs[1].learning_rate > 0


def test_accumulated_batches_move_the_weights_as_one_batch_of_all() -> None:
    small, large = Line(batch=8), Line(batch=32)
    for task in (small, large):
        task.linear[1].p = 0.0  # type: ignore[assignment]
    fit(small, quick(epochs=3, accumulate=4), RunLog())
    fit(large, quick(epochs=3, batch=32), RunLog())
    assert small.weights() == pytest.approx(large.weights(), abs=1e-6)


def test_batches_left_over_at_the_end_of_an_epoch_count_too() -> None:
    task, told = Line(count=40), Told()  # five batches, three and two a step
    fit(task, quick(epochs=1, accumulate=3), told)
    assert told.events[1:3] == ["step 3/5", "step 5/5"]


def test_a_training_that_was_cut_off_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = Line()
    history = fit(whole, quick(), RunLog()).history
    cut = Line()
    cut.fail = {3 * cut.steps + 1: KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        fit(cut, quick(), RunLog(), folder=tmp_path)
    again, told = Line(), Told()
    fitted = fit(again, quick(), told, folder=tmp_path)
    assert told.events[0] == "began 3"
    assert again.weights() == whole.weights()
    assert [epoch.loss for epoch in fitted.history] == [epoch.loss for epoch in history]


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    first, second, told = Line(), Line(), Told()
    fit(first, quick(epochs=2), RunLog(), folder=tmp_path)
    fit(second, quick(epochs=2), told, folder=tmp_path)
    assert second.seen == 0
    assert second.weights() == first.weights()
    assert told.events == ["began 2", f"ended {1} in full"]


def test_a_training_with_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    fit(Line(), quick(epochs=2), RunLog(), folder=tmp_path)
    with pytest.raises(LearningError, match="other settings: epochs, seed"):
        fit(Line(), quick(epochs=3, seed=8), RunLog(), folder=tmp_path)


def test_a_training_of_another_module_is_not_gone_on_with(tmp_path: Path) -> None:
    fit(Line(), quick(epochs=1), RunLog(), folder=tmp_path)
    other = Line()
    other.linear = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    with pytest.raises(LearningError, match="was another one"):
        fit(other, quick(epochs=1), RunLog(), folder=tmp_path)


def test_a_loss_that_is_no_number_ends_the_training_and_keeps_the_last_whole_epoch(tmp_path: Path) -> None:
    task = Line()
    task.fail = {task.steps: math.nan}
    with pytest.raises(LearningError, match="The loss is nan in epoch 2"):
        fit(task, quick(), RunLog(), folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == [STATE]
    told = Told()
    fit(Line(), quick(), told, folder=tmp_path)
    assert told.events[0] == "began 1"


def test_a_measure_that_is_no_number_ends_the_training() -> None:
    task = Line()
    task.errors = [math.inf]
    with pytest.raises(LearningError, match="The error is inf in epoch 1"):
        fit(task, quick(), RunLog())


def test_a_measure_that_is_missing_is_named() -> None:
    task = Line()
    task.best = Best("recall")
    with pytest.raises(LearningError, match="measures error, and is to be chosen by recall"):
        fit(task, quick(), RunLog())


@pytest.mark.parametrize("wrong", [RuntimeError("CUDA out of memory. Tried to allocate 2 GiB"), MemoryError()])
def test_memory_that_runs_out_has_a_name_and_a_cure(wrong: Exception) -> None:
    task = Line()
    task.fail = {0: wrong}
    with pytest.raises(DeviceFull, match=r"epoch 1\..*smaller batch"):
        fit(task, quick(), RunLog())


def test_any_other_error_of_the_task_is_its_own() -> None:
    task = Line()
    task.fail = {0: RuntimeError("mat1 and mat2 shapes cannot be multiplied")}
    with pytest.raises(RuntimeError, match="mat1"):
        fit(task, quick(), RunLog())


def test_nothing_to_learn_from_is_said() -> None:
    task = Line(count=4)
    assert task.steps == 0
    with pytest.raises(LearningError, match="without a batch"):
        fit(task, quick(), RunLog())


def test_frozen_modules_are_refused() -> None:
    task = Line()
    task.linear.requires_grad_(requires_grad=False)
    with pytest.raises(LearningError, match="Nothing in the module learns"):
        fit(task, quick(), RunLog())


def test_bfloat16_trains_too() -> None:
    task = Line()
    fit(task, quick(epochs=40, precision="bf16"), RunLog())
    assert task.linear[0].weight.dtype == torch.float32
    assert task.weights()[0] == pytest.approx(2, abs=0.3)


def test_a_module_that_can_not_compute_again_is_refused() -> None:
    with pytest.raises(SettingsError, match="compute its activations again"):
        fit(Line(), quick(checkpointing=True), RunLog())


def test_checkpointing_is_turned_on_inside() -> None:
    class Layer(torch.nn.Linear):
        asked: dict[str, object] | None = None

        def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs: dict[str, object]) -> None:
            self.asked = gradient_checkpointing_kwargs

    task, layer = Line(), Layer(1, 1)
    task.linear = torch.nn.Sequential(layer)
    fit(task, quick(epochs=1, checkpointing=True), RunLog())
    assert layer.asked == {"use_reentrant": False}


def test_the_name_that_transformers_has_now_comes_first() -> None:
    class Layer(torch.nn.Linear):
        asked: dict[str, object] | None = None

        def activation_checkpointing_enable(self, activation_checkpointing_kwargs: dict[str, object]) -> None:
            self.asked = activation_checkpointing_kwargs

        def gradient_checkpointing_enable(self, gradient_checkpointing_kwargs: dict[str, object]) -> None:
            raise FutureWarning("deprecated")

    task, layer = Line(), Layer(1, 1)
    task.linear = torch.nn.Sequential(layer)
    fit(task, quick(epochs=1, checkpointing=True), RunLog())
    assert layer.asked == {"use_reentrant": False}


def test_groups_keep_their_own_rates_and_zero_freezes() -> None:
    class Half(Line):
        def groups(self, settings: LoopSettings) -> list[dict[str, object]]:
            weight, bias = self.linear.parameters()
            return [{"params": [weight], "lr": 0.0}, {"params": [bias]}]

    task = Half()
    fit(task, quick(), RunLog())
    weight, bias = task.weights()
    assert weight == 0.0
    assert bias != 0.0
