"""A tiny task for the loop: a line through made-up points, so that every number can be foretold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from indexer.learn.logs import Best, Epoch, RunLog
from indexer.learn.settings import LoopSettings

Batch = tuple[torch.Tensor, torch.Tensor]


class Line:
    """y = 2 x + 1, learned by one weight and one bias; `fail` breaks a batch's loss by its number over all epochs."""

    best = Best("error", higher=False)

    def __init__(self, *, count: int = 32, batch: int = 8) -> None:
        line = torch.nn.Linear(1, 1)
        torch.nn.init.zeros_(line.weight)
        torch.nn.init.zeros_(line.bias)
        self.linear = torch.nn.Sequential(line, torch.nn.Dropout(0.1))
        self.x = torch.linspace(-1, 1, count)[:, None]
        self.y = 2 * self.x + 1
        self.batch = batch
        self.steps = count // batch
        self.fail: dict[int, Exception | BaseException | float] = {}
        self.seen = 0
        self.errors: list[float] = []

    def module(self) -> torch.nn.Module:
        return self.linear

    def groups(self, settings: LoopSettings) -> Sequence[Mapping[str, Any]]:
        return [{"params": list(self.linear.parameters())}]

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[Batch]:
        order = generator.permutation(len(self.x))
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            yield self.x[rows], self.y[rows]

    def loss(self, model: torch.nn.Module, batch: Batch) -> torch.Tensor:
        wrong = self.fail.get(self.seen)
        self.seen += 1
        if isinstance(wrong, BaseException):
            raise wrong
        x, y = batch
        loss: torch.Tensor = ((model(x) - y) ** 2).mean()
        return loss if wrong is None else loss * wrong

    def measure(self) -> dict[str, float]:
        if self.errors:
            return {"error": self.errors.pop(0)}
        return {"error": float(((self.linear(self.x) - self.y) ** 2).mean())}

    def weights(self) -> list[float]:
        return [float(value) for parameter in self.linear.parameters() for value in parameter.detach().flatten()]


class Told(RunLog):
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.epochs: list[Epoch] = []

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:
        self.events.append(f"began {epochs_done}")

    def stepped(self, done: int, *, steps: int, loss: float) -> None:
        self.events.append(f"step {done}/{steps}")

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        self.events.append(f"epoch {epoch.number} {'best' if best else 'no better'}")
        self.epochs.append(epoch)

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:
        self.events.append(f"ended {best.number} {'early' if stopped_early else 'in full'}")
