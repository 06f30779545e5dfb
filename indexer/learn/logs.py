"""What a training tells while it runs: JSON Lines always, TensorBoard and Weights & Biases where asked, curves as a picture."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.learn.packages import need
from indexer.whole import write_whole

PROJECT = "fusedex"
"""The name of runs at Weights & Biases."""


@dataclass(frozen=True, slots=True)
class Best:
    """The measure by which the best epoch is chosen, and whether higher is better; of equals, the first."""

    name: str
    higher: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """One epoch: number from 0, mean loss of its batches, the last step's learning rate, seconds, measures after it."""

    number: int
    loss: float
    learning_rate: float
    seconds: float
    measures: Mapping[str, float]

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def best_of(history: Sequence[Epoch], best: Best) -> Epoch:
    """The best epoch of those; of equals, the first."""
    sign = 1 if best.higher else -1
    return max(history, key=lambda epoch: (sign * epoch.measures[best.name], -epoch.number))


class RunLog:
    """Every hook does nothing; progress bars and logs override what they need."""

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:
        """A training begins, or goes on after so many epochs; `told` are its settings."""

    def stepped(self, done: int, *, steps: int, loss: float) -> None:
        """So many of the epoch's batches are done; the last one's loss."""

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        """An epoch was measured; `best`: better than all before."""

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:
        """The training is over, and the best epoch's weights are back."""


class Several(RunLog):
    """Tells each of several logs the same, in their order."""

    def __init__(self, *logs: RunLog) -> None:
        """Tell these."""
        self._logs = logs

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:
        """Pass on."""
        for log in self._logs:
            log.began(told, epochs_done=epochs_done)

    def stepped(self, done: int, *, steps: int, loss: float) -> None:
        """Pass on."""
        for log in self._logs:
            log.stepped(done, steps=steps, loss=loss)

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        """Pass on."""
        for log in self._logs:
            log.epoch_ended(epoch, best=best)

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:
        """Pass on."""
        for log in self._logs:
            log.ended(best, stopped_early=stopped_early)


class JsonLines(RunLog):
    """One JSON object a line: {"event": "began" | "epoch" | "ended", "time": seconds since 1970, ...}; a resumed run appends."""

    def __init__(self, file: Path) -> None:
        """Write to `file`; its folder is made."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:
        """The settings."""
        self._line("began", epochs_done=epochs_done, settings=dict(told))

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:
        """Loss, rate, seconds, measures."""
        self._line("epoch", **epoch.told(), best=best)

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:
        """The best epoch."""
        self._line("ended", best=best.told(), stopped_early=stopped_early)

    def _line(self, event: str, **told: object) -> None:
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"event": event, "time": round(time.time(), 3), **told}, ensure_ascii=False) + "\n")


class TensorBoard(RunLog):
    """Scalars for `tensorboard --logdir FOLDER`; raises ModelUnavailable without the package."""

    def __init__(self, folder: Path) -> None:
        """Write event files into `folder`."""
        need("torch", "tensorboard")
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(folder)

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:  # noqa: ARG002 - the hook's signature
        """Each figure under its name."""
        for name, value in _figures(epoch).items():
            self._writer.add_scalar(name, value, epoch.number + 1)
        self._writer.flush()

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:  # noqa: ARG002 - the hook's signature
        """Close the files."""
        self._writer.close()


class WeightsAndBiases(RunLog):
    """A run of Weights & Biases: offline it stays in `folder` and nothing is sent; raises ModelUnavailable without the package."""

    def __init__(self, folder: Path, *, project: str, offline: bool = True) -> None:
        """Name the project; the run begins with the training."""
        need("wandb", extra="wandb")
        self._folder = folder
        self._project = project
        self._offline = offline
        self._run: Any = None

    def began(self, told: Mapping[str, object], *, epochs_done: int) -> None:  # noqa: ARG002 - the hook's signature
        """Begin a run with these settings."""
        import wandb

        self._folder.mkdir(parents=True, exist_ok=True)
        quiet = wandb.Settings(silent=True, console="off", disable_git=True, x_disable_stats=True)
        mode: Literal["offline", "online"] = "offline" if self._offline else "online"
        self._run = wandb.init(project=self._project, mode=mode, dir=str(self._folder), config=dict(told), settings=quiet)

    def epoch_ended(self, epoch: Epoch, *, best: bool) -> None:  # noqa: ARG002 - the hook's signature
        """Each figure under its name."""
        self._run.log(_figures(epoch), step=epoch.number + 1)

    def ended(self, best: Epoch, *, stopped_early: bool) -> None:
        """The summary, and the end of the run."""
        self._run.summary.update({"best_epoch": best.number + 1, "stopped_early": stopped_early, **best.measures})
        self._run.finish()


def _figures(epoch: Epoch) -> dict[str, float]:
    return {"loss": epoch.loss, "learning_rate": epoch.learning_rate, **epoch.measures}


def curves_png(history: Sequence[Epoch], file: Path, *, title: str) -> None:
    """Loss on the left, every measure on the right, by epoch; written whole. Raises ModelUnavailable without matplotlib."""
    need("matplotlib")
    import io

    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2).ravel().tolist()
    epochs = [epoch.number + 1 for epoch in history]
    left.plot(epochs, [epoch.loss for epoch in history], color="#1f5fa8")
    left.set(title="loss", xlabel="epoch")
    for name in history[0].measures if history else ():
        right.plot(epochs, [epoch.measures[name] for epoch in history], label=name)
    right.set(title="on data apart", xlabel="epoch")
    if history:
        figure.legend(loc="outside right center", frameon=False, fontsize=8)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e7ea")
        axes.xaxis.get_major_locator().set_params(integer=True)
    figure.suptitle(title, fontsize=10)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=120, metadata={"Software": None})
    write_whole(file, drawn.getvalue())


def asked_for(
    display: RunLog, *, state: Path | None = None, tensorboard: Path | None = None, wandb: Path | None = None, run: str = ""
) -> RunLog:
    """The display, and the logs that have a folder; a training's `run` is a folder of its own in those of `state` and TensorBoard."""
    logs = [display]
    if state is not None:
        logs.append(JsonLines(state / run / "log.jsonl"))
    if tensorboard is not None:
        logs.append(TensorBoard(tensorboard / run))
    if wandb is not None:
        logs.append(WeightsAndBiases(wandb, project=PROJECT))
    return Several(*logs)
