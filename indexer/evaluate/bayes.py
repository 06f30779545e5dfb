"""Bayesian search by optuna, shared by all that is tuned: the sampler, what it may draw, and its silence."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indexer.evaluate.measures import need
from indexer.evaluate.space import Axis, Range, Value

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

ROUNDED = 4
"""Decimals of numbers that are drawn from a range: finer ones change no order that anyone could measure."""


def sampler(*, seed: int) -> "BaseSampler":
    """Tree-structured Parzen estimator (Bergstra et al. 2011). Raises as `need` without the package."""
    need("optuna")
    import optuna

    return optuna.samplers.TPESampler(seed=seed % 2**32)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, optuna says errors alone; its loudness is process-wide, and comes back."""
    need("optuna")
    import optuna

    loud = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(loud)


def suggested(trial: "Trial", axes: Sequence[Axis]) -> dict[str, Value]:
    """A value for each axis."""
    found: dict[str, Value] = {}
    for axis in axes:
        if isinstance(axis, Range):
            low, high = axis.low, axis.high
            found[axis.name] = (
                trial.suggest_int(axis.name, int(low), int(high))
                if axis.whole
                else round(trial.suggest_float(axis.name, low, high), ROUNDED)
            )
        elif axis.ordered:
            # The place in the list, not the number: steps need not be even, and what is near in the list behaves alike.
            found[axis.name] = axis.values[trial.suggest_int(axis.name, 0, len(axis.values) - 1)]
        else:
            found[axis.name] = trial.suggest_categorical(axis.name, list(axis.values))
    return found
