"""How a training goes: one frozen record for every task, and the share of the learning rate that each step has."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Literal

from indexer.errors import SettingsError

Precision = Literal["auto", "fp32", "bf16"]
Decay = Literal["cosine", "linear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """How long, how fast and how exactly to train; a task's own settings stand elsewhere.

    epochs          at most
    batch           examples in a step, on each device
    accumulate      batches whose gradients are added up before the weights move
    learning_rate   the highest, reached after warm-up
    weight_decay    AdamW's (Loshchilov and Hutter 2019)
    warmup          share of all steps over which the rate climbs from nothing, linearly
    decay           how it falls to nothing afterwards
    patience        epochs without a better measure before training stops; None: never
    seed            of shuffling, dropout and whatever else draws; the same seed on the same machine gives the same weights
    precision       auto: bfloat16 on a GPU that has it, float32 elsewhere
    checkpointing   compute activations again in the backward pass instead of keeping them: less memory, a third more time
    clip            longest gradient; 0: any (Pascanu et al. 2013)
    """

    epochs: int = 20
    batch: int = 64
    accumulate: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    warmup: float = 0.1
    decay: Decay = "cosine"
    patience: int | None = None
    seed: int = 0
    precision: Precision = "auto"
    checkpointing: bool = False
    clip: float = 1.0

    def __post_init__(self) -> None:
        """Raise SettingsError for what makes no training."""
        for name in ("epochs", "batch", "accumulate"):
            if getattr(self, name) < 1:
                raise SettingsError(f"A training has {name} of at least 1, not {getattr(self, name)}.")
        if not (math.isfinite(self.learning_rate) and self.learning_rate > 0):
            raise SettingsError(f"The learning rate must be above 0, not {self.learning_rate}.")
        if not 0 <= self.warmup < 1:
            raise SettingsError(f"The warm-up is a share of all steps below 1, not {self.warmup}.")
        for name in ("weight_decay", "clip", "seed"):
            if not getattr(self, name) >= 0:
                raise SettingsError(f"A training's {name} must not be negative, as {getattr(self, name)} is.")
        if self.patience is not None and self.patience < 1:
            raise SettingsError(f"The patience is at least 1 epoch, not {self.patience}.")

    def share(self, step: int, steps: int) -> float:
        """The share of the learning rate in step 0, 1, ... of `steps`: up to 1 in the last step of warm-up, then down to 0.

        >>> LoopSettings(warmup=0.5, decay="linear").share(0, 4), LoopSettings(warmup=0.5, decay="linear").share(1, 4)
        (0.5, 1.0)
        """
        climb = math.ceil(self.warmup * steps)
        if step < climb:
            return (step + 1) / climb
        gone = (step - climb) / max(1, steps - climb)
        return max(0.0, 1 - gone) if self.decay == "linear" else 0.5 * (1 + math.cos(math.pi * min(1.0, gone)))

    def told(self) -> dict[str, object]:
        """As a JSON object."""
        return asdict(self)


def names() -> tuple[str, ...]:
    """The names of the settings of a training, in their order."""
    return tuple(field.name for field in fields(LoopSettings))
