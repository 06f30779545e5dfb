"""Settings of a training looked for with a budget: all are tried on little data first, and only the better half goes on to more.

Successive halving (Jamieson and Talwalkar 2016), with the first round's settings proposed by optuna. Of n trials with a quarter, a half
and all of the data it takes the time of three quarters of n whole trainings, and it never compares what learned from unlike shares.
"""

import math
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

SHARES = (0.25, 0.5, 1.0)
"""Of the data to learn from: what a trial is tried on, one after the other."""
FIRST = 1 / 3
"""Of the minutes, for the first round: each of the three takes about as long."""
STUDY = "study.jsonl"
NAME = "learn search"
VALUES = "settings"

Score = Callable[[Mapping[str, Value], float], float]
"""Settings and a share of the data -> how good they are, higher being better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How many trials, and about how many minutes at most: after them no training begins but the best trial's, on what it lacks."""

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
    scores: dict[float, float]

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
    """Try settings of the space on the smallest share, then the better half on more; all trials in order, one of them whole at least.

    `state` is a folder and what the search is of: interrupted, the same search goes on there, to the same trials as without the
    interruption; the training under way begins anew. It holds JSON Lines; nothing that is read from it can run code.
    Raises LearningError where the folder holds another search, and what `score` raises.
    """
    need("optuna")
    if state is not None:
        check_begun(state[0], {**state[1], "space": space.as_object(), "seed": seed})
    with quiet():
        study = _study(state[0] if state else None)
        _first_round(study, score, space, _Time(budget, share=FIRST), plan=(budget.trials, seed))
        attempts = [_attempt(number, trial) for number, trial in enumerate(_ended(study))]
        going, time_left = attempts, _Time(budget)
        for share in SHARES[1:]:
            going = better_half(going)
            for place, one in enumerate(going):
                if place and time_left.over():
                    break
                one.scores[share] = _once(study, one, share, score)
            going = [one for one in going if share in one.scores]
        return attempts


def better_half(attempts: Sequence[Attempt]) -> list[Attempt]:
    """The better half by the last score, rounded up, best first; of equals the earlier ones."""
    ordered = sorted(attempts, key=lambda one: (-one.score, one.number))
    return ordered[: math.ceil(len(ordered) / 2)]


def best_of(attempts: Sequence[Attempt]) -> Attempt:
    """The best of those that were tried on all data; of equals the first. Raises LearningError where there is none."""
    whole = [one for one in attempts if one.whole]
    if not whole:
        raise LearningError("No trial came to the whole data.", cure="Give it more time, or more trials.")
    return max(whole, key=lambda one: (one.score, -one.number))


class _Time:
    """What is left of the budget's minutes, or of a share of them."""

    def __init__(self, budget: Budget, *, share: float = 1.0) -> None:
        self._end = math.inf if budget.minutes is None else time.monotonic() + 60 * share * budget.minutes

    def over(self) -> bool:
        """Whether nothing is."""
        return time.monotonic() >= self._end


def _first_round(study: "Study", score: Score, space: Space, time_left: _Time, *, plan: tuple[int, int]) -> None:
    """Trials on the smallest share until there are enough, or time is up; one there is at least. `plan` is their number and the seed."""
    from optuna.trial import TrialState

    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)  # under way when the search was interrupted
    trials, seed = plan
    while (done := len(_ended(study))) < trials and not (done and time_left.over()):
        # A sampler for each trial, so that what it draws depends on the trials before, and not on which process made them.
        study.sampler = sampler(seed=seed * 1009 + done)
        trial = study.ask()
        settings = suggested(trial, space.axes)
        trial.set_user_attr(VALUES, settings)
        study.tell(trial, score(settings, SHARES[0]))


def _once(study: "Study", attempt: Attempt, share: float, score: Score) -> float:
    """The score on a larger share, kept with the study."""
    name = f"trial {attempt.number} at {share:g}"
    if name not in study.user_attrs:
        study.set_user_attr(name, score(attempt.settings, share))
    return float(study.user_attrs[name])


def _study(folder: Path | None) -> "Study":
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    storage = JournalStorage(JournalFileBackend(str(folder / STUDY))) if folder else None
    return optuna.create_study(study_name=NAME, direction="maximize", storage=storage, load_if_exists=True)


def _ended(study: "Study") -> "list[FrozenTrial]":
    from optuna.trial import TrialState

    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _attempt(number: int, trial: "FrozenTrial") -> Attempt:
    return Attempt(number=number, settings=dict(trial.user_attrs[VALUES]), scores={SHARES[0]: float(trial.values[0])})
