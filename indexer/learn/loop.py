"""The one training loop: AdamW, warm-up, early stop, accumulation, mixed precision, resume; what is learned is a `Task`'s matter."""

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np

from indexer.encode.device import is_full
from indexer.errors import DeviceFull, LearningError
from indexer.learn.logs import Epoch, RunLog, best_of
from indexer.learn.machine import Machine
from indexer.learn.settings import LoopSettings
from indexer.learn.state import State, load_state, save_state

if TYPE_CHECKING:
    import torch

    from indexer.learn.logs import Best

B = TypeVar("B")


class Task(Protocol[B]):
    """What is learned: a module, its batches, its loss, and how good it is on data that it does not learn from.

    `best` names the measure by which the best epoch is chosen. `steps` is the number of batches of an epoch.
    """

    best: "Best"
    steps: int

    def module(self) -> "torch.nn.Module":
        """What learns: always the same object."""

    def groups(self, settings: LoopSettings) -> Sequence[Mapping[str, Any]]:
        """Parameter groups as torch's optimisers take them; each may have its own `lr` and `weight_decay`."""

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterable[B]:
        """The `steps` batches of epoch 0, 1, ..., tensors on the processor; whatever is drawn is drawn from `generator`."""

    def loss(self, model: "torch.nn.Module", batch: B) -> "torch.Tensor":
        """One number. `model` is `module()`, perhaps wrapped for several devices: call it, and reach its parameters no other way."""

    def measure(self) -> Mapping[str, float]:
        """How good the module is now, by name, on data apart; it is in evaluation mode and no gradients are kept."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training gave; the task's module has the weights of its best epoch."""

    best: Epoch
    history: tuple[Epoch, ...]
    stopped_early: bool


class _Run:
    """One training under way: what `fit` holds between epochs."""

    def __init__(self, task: Task[Any], settings: LoopSettings, machine: Machine) -> None:
        self.task = task
        self.settings = settings
        self.machine = machine
        self.history: list[Epoch] = []
        self.stopped_early = False
        groups = [{**group} for group in task.groups(settings)]
        self.model, self.optimizer = machine.prepare(task.module(), groups, settings)
        self.highest = [float(group["lr"]) for group in self.optimizer.param_groups]
        self.kept = self._weights()
        self.step = 0

    @property
    def best(self) -> Epoch:
        """The epoch whose weights are kept."""
        return best_of(self.history, self.task.best)

    @property
    def finished(self) -> bool:
        """Whether no epoch is left, or patience is over."""
        return self.stopped_early or len(self.history) >= self.settings.epochs

    def epoch(self, log: RunLog) -> Epoch:
        """One epoch of steps, then the measures; the weights are kept where they are the best so far."""
        began = time.monotonic()
        number = len(self.history)
        loss = self._train(number, log)
        ended = Epoch(
            number=number,
            loss=loss,
            learning_rate=self.highest[0] * self._share(-1),
            seconds=time.monotonic() - began,
            measures=self._measured(),
        )
        self.history.append(ended)
        if self.best is ended:
            self.kept = self._weights()
        patience = self.settings.patience
        self.stopped_early = patience is not None and number - self.best.number >= patience and number + 1 < self.settings.epochs
        return ended

    def restore_best(self) -> None:
        """Put the best epoch's weights into the module."""
        self.task.module().load_state_dict(self.kept)

    def _train(self, number: int, log: RunLog) -> float:
        self.model.train()
        generator = np.random.default_rng([self.settings.seed, number])
        self.machine.seed([self.settings.seed, number])
        steps = self.machine.own(self.task.steps)
        losses: list[float] = []
        waiting: list[Any] = []
        for batch in self.machine.share(self.task.batches(number, generator), steps):
            waiting.append(batch)
            if len(waiting) == self.settings.accumulate or len(losses) + len(waiting) == steps:
                losses += self._move(waiting)
                waiting = []
                log.stepped(len(losses), steps=steps, loss=losses[-1])
        if not losses:
            raise LearningError("An epoch without a batch teaches nothing.", cure="Give more examples, or a smaller batch.")
        return math.fsum(losses) / len(losses)

    def _move(self, batches: Sequence[Any]) -> list[float]:
        """One step of the optimiser over the mean loss of some batches; their losses."""
        share = self._share(0)
        for group, highest in zip(self.optimizer.param_groups, self.highest, strict=True):
            group["lr"] = highest * share
        losses: list[float] = []
        for place, batch in enumerate(batches):
            with self.machine.gradients(self.model, last=place == len(batches) - 1):
                loss = self.task.loss(self.model, batch)
                losses.append(_finite(float(loss.detach()), "loss", len(self.history)))
                self.machine.backward(loss / len(batches))
        if self.settings.clip:
            self.machine.clip(self.model, self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.step += 1
        return losses

    def _share(self, shift: int) -> float:
        each = math.ceil(self.machine.own(self.task.steps) / self.settings.accumulate)
        return self.settings.share(self.step + shift, each * self.settings.epochs)

    def _measured(self) -> dict[str, float]:
        import torch

        self.model.eval()
        with torch.no_grad():
            found = {name: _finite(float(value), name, len(self.history)) for name, value in self.task.measure().items()}
        if self.task.best.name not in found:
            raise LearningError(f"The task measures {', '.join(found) or 'nothing'}, and is to be chosen by {self.task.best.name}.")
        return found

    def _weights(self) -> "dict[str, torch.Tensor]":
        return {name: tensor.detach().clone() for name, tensor in self.task.module().state_dict().items()}

    def save(self, folder: Path) -> None:
        """Write where the training stands into `folder`; a process among several that is not the first writes nothing."""
        if not self.machine.first:
            return
        tensors, groups = self.machine.optimizer_state(self.optimizer)
        parts = {"model": self._weights(), "best": self.kept, "optimizer": tensors}
        told = {
            "settings": self.settings.told(),
            "step": self.step,
            "stopped_early": self.stopped_early,
            "history": [epoch.told() for epoch in self.history],
            "groups": groups,
        }
        save_state(folder, State({f"{part}.{name}": tensor for part, named in parts.items() for name, tensor in named.items()}, told))

    def load(self, folder: Path) -> None:
        """Go on where a training in `folder` stood, if there is one; raises LearningError where it had other settings or weights."""
        state = load_state(folder)
        if state is None:
            return
        differing = [name for name, value in self.settings.told().items() if state.told.get("settings", {}).get(name) != value]
        if differing:
            raise LearningError(
                f"The training in {folder} had other settings: {', '.join(differing)}.", cure="Take the same, or another folder."
            )
        try:
            self.task.module().load_state_dict(state.part("model"))
            self.machine.load_optimizer(self.optimizer, state.part("optimizer"), state.told["groups"])
            self.history = [Epoch(**epoch) for epoch in state.told["history"]]
            self.step, self.stopped_early = int(state.told["step"]), bool(state.told["stopped_early"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise LearningError(f"The training in {folder} was another one: {error}", cure="Take another folder.") from error
        self.kept = {name: tensor.to(self.machine.device) for name, tensor in state.part("best").items()}


def fit(task: Task[B], settings: LoopSettings, log: RunLog, *, folder: Path | None = None) -> Fitted:
    """Train a task's module, leave in it the weights of its best epoch, and say how it went.

    With `folder`, each epoch's end is kept there and an interrupted training goes on from it: the same weights come out as from one
    that was not interrupted. Under `accelerate launch` every process trains on its share of the batches; measures are each one's own.
    The caller makes the module, so it seeds what is drawn for that (see `seeded`).

    Raises LearningError where the loss or a measure is no number, or the folder holds another training; DeviceFull where memory
    runs out; KeyboardInterrupt passes through, and the folder then holds the last whole epoch.
    """
    with Machine.at_work(settings) as machine:
        run = _Run(task, settings, machine)
        if folder is not None:
            run.load(folder)
        log.began(settings.told(), epochs_done=len(run.history))
        try:
            while not run.finished:
                ended = run.epoch(log)
                log.epoch_ended(ended, best=run.best is ended)
                if folder is not None:
                    run.save(folder)
        except (RuntimeError, MemoryError) as error:
            if not is_full(error):
                raise
            cure = "Take a smaller batch and accumulate more of them, or compute activations again (checkpointing)."
            raise DeviceFull(f"Memory ran out in epoch {len(run.history) + 1}.", cure=cure) from error
        run.restore_best()
        log.ended(run.best, stopped_early=run.stopped_early)
        return Fitted(run.best, tuple(run.history), run.stopped_early)


def _finite(value: float, name: str, epoch: int) -> float:
    if not math.isfinite(value):
        cure = "Take a lower learning rate, precision fp32, or look for wrong numbers in the data."
        raise LearningError(f"The {name} is {value} in epoch {epoch + 1}: the training has come apart.", cure=cure)
    return value
