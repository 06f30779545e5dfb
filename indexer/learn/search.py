"""Settings of a training looked for with a budget: each tried on little data first, and only the better half goes on to more.

Successive halving (Jamieson and Talwalkar 2016) as optuna does it, one trial after the other (Li et al. 2020): a trial goes on where it
is among the better half of those that were tried on as much.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import LearningError, SettingsError
from indexer.evaluate.bayes import quiet, sampler, suggested
from indexer.evaluate.space import Space, Value
from indexer.learn.packages import need
from indexer.learn.state import check_begun

if TYPE_CHECKING:
    from optuna.study import Study
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as OptunaTrial

SHARES = (0.25, 0.5, 1.0)
"""Of the data to learn from: what a trial is tried on, one after the other."""
STUDY = "study.jsonl"
NAME = "learn search"
VALUES = "settings"

Score = Callable[[Mapping[str, Value], float], float]
"""Settings and a share of the data -> how good they are, higher being better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many trials, and how many minutes at most: after them no new trial begins, and the one under way ends its step."""

    trials: int = 20
    minutes: float | None = None

    def __post_init__(self) -> None:
        """Raise SettingsError for no budget."""
        if self.trials < 2 or (self.minutes is not None and self.minutes <= 0):
            raise SettingsError("A search needs at least two trials and some time.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """Settings that were tried: by share of the data the score; `whole` where it came to all of them."""

    number: int
    settings: Mapping[str, Value]
    scores: Mapping[float, float]

    @property
    def whole(self) -> bool:
        """Whether it was tried on all data to learn from."""
        return SHARES[-1] in self.scores

    @property
    def score(self) -> float:
        """On the most data that it was tried on."""
        return self.scores[max(self.scores)]


def search(
    score: Score, space: Space, budget: Budget, *, seed: int = 0, state: tuple[Path, Mapping[str, object]] | None = None
) -> list[Attempt]:
    """Try settings of the space until the budget is used up; every trial that came to an end of a step, in order.

    `state` is a folder and what the search is of: interrupted, the same search goes on there, to the same trials as without the
    interruption; the trial under way begins anew. It holds JSON Lines; nothing that is read from it can run code.
    Raises LearningError where the folder holds another search, and what `score` raises.
    """
    need("optuna")
    if state is not None:
        check_begun(state[0], {**state[1], "space": space.as_object(), "seed": seed})
    began = time.monotonic()
    with quiet():
        study = _study(state[0] if state else None)
        _begin_anew(study)
        while len(_ended(study)) < budget.trials and not _over(began, budget):
            # A sampler for each trial, so that what it draws depends on the trials before and on no process that went on.
            study.sampler = sampler(seed=seed * 1009 + len(_ended(study)))
            _try(study, study.ask(), score, space)
        return [_attempt(number, trial) for number, trial in enumerate(_ended(study))]


def best_of(attempts: Sequence[Attempt]) -> Attempt:
    """The best of those that were tried on all data; of equals the first. Raises LearningError where there is none."""
    whole = [one for one in attempts if one.whole]
    if not whole:
        raise LearningError("No trial came to the whole data.", cure="Give it more time, or more trials.")
    return max(whole, key=lambda one: (one.score, -one.number))


def _try(study: "Study", trial: "OptunaTrial", score: Score, space: Space) -> None:
    from optuna.trial import TrialState

    settings = suggested(trial, space.axes)
    trial.set_user_attr(VALUES, settings)
    found = 0.0
    for step, share in enumerate(SHARES):
        found = score(settings, share)
        trial.report(found, 2**step)  # the rungs of halving by two
        if share != SHARES[-1] and trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    study.tell(trial, found)


def _study(folder: Path | None) -> "Study":
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / STUDY))) if folder else None
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    return optuna.create_study(study_name=NAME, direction="maximize", storage=storage, pruner=pruner, load_if_exists=True)


def _begin_anew(study: "Study") -> None:
    """A trial that was under way when the search was interrupted: it failed, and the same settings are the next ones."""
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
        study.enqueue_trial(trial.params)


def _ended(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _over(began: float, budget: Budget) -> bool:
    return budget.minutes is not None and time.monotonic() - began >= 60 * budget.minutes


def _attempt(number: int, trial: "FrozenTrial") -> Attempt:
    scores = {share: trial.intermediate_values[2**step] for step, share in enumerate(SHARES) if 2**step in trial.intermediate_values}
    return Attempt(number=number, settings=dict(trial.user_attrs[VALUES]), scores=scores)
