"""Better search settings, chosen honestly: by nested cross-validation on some queries, and compared once on others that nothing saw.

queries ─┬─ held out ───────────────────────────────────────────► compared once: current against chosen
         └─ folds ─┬─ all of them: every trial ─► the choice
                   └─ each in turn: the best on the others, scored on it ─► what choosing like this gains
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from indexer.errors import EvaluationError
from indexer.evaluate.compare import Comparison, compared
from indexer.evaluate.evaluation import Evaluation, How, evaluated
from indexer.evaluate.folds import Split, split
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import Floats
from indexer.evaluate.queries import Topic
from indexer.evaluate.remember import Searches
from indexer.evaluate.space import Space, check_space
from indexer.evaluate.trials import DEEP, NDCG, Bench, Figures, Goal, Method, Plan, searched
from indexer.settings import SearchSettings
from indexer.store.identity import Description

CURRENT, TUNED = "current", "tuned"
SURE = 0.05
"""Below this p, and with an interval above zero, a gain is called shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneHow:
    """How to tune: by what, how settings are looked for, how queries are parted; `name` is what the judgments are called.

    `trials` is for each Bayesian search: one over all tuning queries, and one a fold.
    """

    name: str = "judgments"
    goal: Goal = NDCG
    method: Method = "grid"
    trials: int = 60
    folds: int = 5
    holdout: float = 0.3
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trial:
    """Settings that were tried on all tuning queries: one figure for each of them, and what they asked of the store."""

    settings: SearchSettings
    figures: Floats
    requests: int

    @property
    def mean(self) -> float:
        """The mean over the tuning queries."""
        return float(self.figures.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fold:
    """One turn of the nested estimate: what was best on the other folds, and both settings' figures on this one."""

    choice: SearchSettings
    inner: float
    chosen: Floats
    current: Floats
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tuning:
    """What tuning found. `trials` start with the current settings.

    `nested` compares each fold's choice with them on queries that it was not chosen by; `held` is the evaluation of current and chosen
    settings on the held-out queries.
    """

    how: TuneHow
    space: Space
    given: Judgments
    split: Split
    left_out: tuple[Topic, ...]
    trials: tuple[Trial, ...]
    chosen: SearchSettings
    folds: tuple[Fold, ...]
    nested: Comparison
    held: Evaluation
    refused: dict[str, str]
    description: Description

    @property
    def current(self) -> SearchSettings:
        """The settings that the others were compared with."""
        return self.trials[0].settings

    @property
    def changed(self) -> bool:
        """Whether other settings than the current ones were chosen."""
        return self.chosen != self.current

    @property
    def winner(self) -> Trial:
        """The trial of the chosen settings."""
        return next(one for one in self.trials if one.settings == self.chosen)

    @property
    def gain(self) -> Comparison:
        """Chosen against current settings on the held-out queries."""
        return self.held.against[0].comparisons[self.how.goal.view, self.how.goal.measure]

    @property
    def shown(self) -> bool:
        """Whether the held-out queries show a gain: the interval lies above zero and the test agrees."""
        return self.gain.low > 0 and self.gain.p < SURE

    def verdict(self) -> str:
        """One sentence: what was found, and how sure it is."""
        goal, gain, count = self.how.goal, self.gain, len(self.split.held)
        what = f"{goal.measure} ({goal.view} view)"
        told = f"{gain.spread}, p = {gain.p:.4f}, on {count} held-out queries"
        if not self.changed:
            return f"No settings of this space beat the current ones by {what} on {len(self.split.tuning)} queries: they are kept."
        if self.shown:
            return f"Better, shown on queries that no trial saw: {what} {told}."
        if gain.high < 0:
            return f"Worse on queries that no trial saw, so keep the current settings: {what} {told}."
        return f"A gain is not proved: {what} {told}; the interval or the test leaves room for none."


def tune(
    searches: Searches,
    judged: tuple[Judgments, Sequence[Topic]],
    plan: tuple[Space, SearchSettings],
    *,
    how: TuneHow,
    on_trial: Callable[[str], None] = lambda _: None,
) -> Tuning:
    """Choose from the space, starting from the current settings; `judged` are judgments and topics as `joined` gives them.

    `on_trial` hears of every trial in which part it was. Raises EvaluationError where there is too little to choose by, or nothing
    to choose from, and what searching raises.
    """
    (judgments, topics), (space, current) = judged, plan
    how.goal.check()
    check_space(space, grid=how.method == "grid")
    answerable = judgments.answerable(least=how.goal.relevant)
    kept = [one for one in topics if one.id in answerable.grades]
    parts = split(kept, holdout=how.holdout, folds=how.folds, seed=how.seed)
    bench = Bench(searches, answerable, [one for one in kept if one.id in set(parts.tuning)], goal=how.goal)
    looked = Plan(space=space, current=current, method=how.method, trials=how.trials, seed=how.seed)
    trials, chosen = _chosen(bench, looked, parts, on_trial)
    folds = nested(looked, bench.figures, parts, on_trial=on_trial)
    held = _held_out(searches, answerable, [one for one in kept if one.id in set(parts.held)], (current, chosen), how)
    return Tuning(
        how=how,
        space=space,
        given=judgments,
        split=parts,
        left_out=tuple(one for one in topics if one.id not in answerable.grades),
        trials=trials,
        chosen=chosen,
        folds=folds,
        nested=compared(*(np.concatenate([getattr(one, side) for one in folds]) for side in ("current", "chosen")), seed=how.seed),
        held=held,
        refused=bench.refused,
        description=searches.describe(),
    )


def nested(plan: Plan, figures: Figures, parts: Split, *, on_trial: Callable[[str], None] = lambda _: None) -> tuple[Fold, ...]:
    """For each fold: search with the other folds alone, then score what was best there on this fold (Varma and Simon 2006)."""
    folds: list[Fold] = []
    for place, outer in enumerate(parts.folds):
        inner = parts.without(place)

        def score(settings: SearchSettings, inner: tuple[str, ...] = inner) -> float:
            return float(figures(settings, inner).mean())

        tried = plan.tried(score, study=place + 1, on_trial=lambda: on_trial("nested"))
        choice = plan.best(tried, score)
        folds.append(
            Fold(
                choice=choice,
                inner=score(choice),
                chosen=figures(choice, outer),
                current=figures(plan.current, outer),
                tried=len(tried),
            )
        )
    return tuple(folds)


def _chosen(bench: Bench, plan: Plan, parts: Split, on_trial: Callable[[str], None]) -> tuple[tuple[Trial, ...], SearchSettings]:
    def score(settings: SearchSettings) -> float:
        return float(bench.figures(settings, parts.tuning).mean())

    tried = plan.tried(score, on_trial=lambda: on_trial("trials"))
    if not bench.found:
        raise EvaluationError(
            f"No settings found anything for any of {len(parts.tuning)} queries.", cure="See that the index holds these products."
        )
    chosen = plan.best(tried, score)
    if score(chosen) <= 0:
        raise EvaluationError(
            "No settings score above zero: no judged product was found.", cure="See that judgments and index name products by the same ids."
        )
    return tuple(
        Trial(settings=one, figures=bench.figures(one, parts.tuning), requests=bench.requests.get(one, 0)) for one in tried
    ), chosen


def _held_out(
    searches: Searches, judgments: Judgments, topics: Sequence[Topic], both: tuple[SearchSettings, SearchSettings], how: TuneHow
) -> Evaluation:
    """The one look at the held-out queries."""
    ids = {one.id for one in topics}
    seen = Judgments({query: grades for query, grades in judgments.grades.items() if query in ids}, judgments.form)
    runs = [searched(searches, one, topics, depth=DEEP, name=name) for name, one in zip((CURRENT, TUNED), both, strict=True)]
    ordered = tuple(sorted(topics, key=lambda one: seen.queries.index(one.id)))
    return evaluated(seen, ordered, runs, name="held-out queries", how=How(relevant=how.goal.relevant, seed=how.seed))
