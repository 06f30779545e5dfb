"""What settings score, and which of them to try: a grid, or Bayesian search; neither sees more than the queries it is given."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from indexer.errors import EvaluationError
from indexer.evaluate.asking import Asking
from indexer.evaluate.bayes import quiet, sampler, suggested
from indexer.evaluate.compare import EQUAL
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import TELLING, Floats, Measure, Meter, View, need
from indexer.evaluate.queries import Topic
from indexer.evaluate.remember import Searches
from indexer.evaluate.runs import Run, make_run
from indexer.evaluate.space import Space, settings_with
from indexer.settings import SearchSettings

Method = Literal["grid", "bayes"]
Score = Callable[[SearchSettings], float]
Figures = Callable[[SearchSettings, Sequence[str]], Floats]
"""Settings and the ids of queries -> one number a query, in their order."""
DEEP = 100
"""Hits taken where the measure or the view looks behind the first ten, as `fusedex evaluate` does."""
FIRST = 10


@dataclass(frozen=True, slots=True)
class Goal:
    """What is made as high as can be: the mean of a measure in a view, products being relevant from a grade on."""

    measure: Measure = "nDCG@10"
    view: View = "full"
    relevant: int = 1

    def check(self) -> None:
        """Raise EvaluationError for a measure that does not tell how good settings are in this view."""
        if self.measure == "Judged@10" or self.measure not in TELLING[self.view]:
            known = ", ".join(one for one in TELLING[self.view] if one != "Judged@10")
            raise EvaluationError(f"{self.measure} does not tell in the view {self.view} how good settings are.", cure=f"Tune by {known}.")

    @property
    def depth(self) -> int:
        """How many hits of a query it looks at."""
        return FIRST if self.view == "full" and self.measure != "R@100" else DEEP


NDCG = Goal()


class Bench:
    """Scores settings on judged queries; each settings are asked for each query once, however often it is scored.

    `requests` counts by settings what their first scoring asked of the store; `refused` keeps why queries could not be asked, by id;
    `found` how many hits came, over all.
    """

    def __init__(self, searches: Searches, judgments: Judgments, topics: Sequence[Topic], *, goal: Goal) -> None:
        """Prepare for these queries, and no others: judgments of others are not looked at."""
        known = {one.id: one for one in topics}
        self._searches, self._goal, self._topics = searches, goal, known
        seen = Judgments({query: grades for query, grades in judgments.grades.items() if query in known}, judgments.form)
        self._meter = Meter(seen, relevant=goal.relevant, views=(goal.view,), measures=(goal.measure,))
        self._known: dict[tuple[SearchSettings, str], float] = {}
        self.requests: dict[SearchSettings, int] = {}
        self.refused: dict[str, str] = {}
        self.found = 0

    def figures(self, settings: SearchSettings, queries: Sequence[str]) -> Floats:
        """One number a query. Raises EvaluationError for answers that lack a part of the search, and what searching raises."""
        missing = [self._topics[id_] for id_ in queries if (settings, id_) not in self._known]
        if missing:
            before = self._searches.requests
            self._ask(settings, missing)
            self.requests[settings] = self.requests.get(settings, 0) + self._searches.requests - before
        return np.array([self._known[settings, id_] for id_ in queries])

    def _ask(self, settings: SearchSettings, topics: Sequence[Topic]) -> None:
        run = searched(self._searches, settings, topics, depth=self._goal.depth)
        self.refused |= run.refused
        self.found += sum(map(len, run.lists.values()))
        measured = self._meter.measure(run)
        places = {id_: place for place, id_ in enumerate(measured.queries)}
        values = measured.of(self._goal.view, self._goal.measure)
        self._known |= {(settings, one.id): float(values[places[one.id]]) for one in topics}


def searched(searches: Searches, settings: SearchSettings, topics: Sequence[Topic], *, depth: int, name: str = "trial") -> Run:
    """The run of these settings. Raises EvaluationError for an answer that lacks a part of the search, and what searching raises."""
    with searches.searcher(settings) as searcher:
        asking = Asking(searcher, per_page=depth)
        run = make_run(asking, topics, name=name, depth=depth)
    if asking.degraded:
        text, reason = next(iter(asking.degraded.items()))
        raise EvaluationError(
            f"{text!r} was answered without a part of the search ({reason}), so settings can't be compared.",
            cure="See that engine and encoder are well, and begin anew.",
        )
    return replace(run, settings=settings.model_dump(mode="json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How settings are looked for: the space, from where, by a grid or by `trials` Bayesian steps, by which seed."""

    space: Space
    current: SearchSettings
    method: Method = "grid"
    trials: int = 60
    seed: int = 0

    def tried(self, score: Score, *, study: int = 0, on_trial: Callable[[], None] = lambda: None) -> list[SearchSettings]:
        """The settings that were scored, in order, each once; the current ones first: they always take part.

        `study` parts the randomness of one search from that of another.
        """
        tried: dict[SearchSettings, None] = {}

        def scored(settings: SearchSettings) -> float:
            tried.setdefault(settings)
            figure = score(settings)
            on_trial()
            return figure

        scored(self.current)
        if self.method == "grid":
            for changes in self.space.combinations():
                scored(settings_with(self.current, changes))
        else:
            self._bayes(scored, study)
        return list(tried)

    def best(self, tried: Sequence[SearchSettings], score: Score) -> SearchSettings:
        """The settings with the highest score; of equal ones the nearest to the current ones, of these the first."""
        scores = {one: score(one) for one in tried}
        highest = max(scores.values())
        equals = [one for one in tried if scores[one] >= highest - EQUAL]
        return min(equals, key=lambda one: self.space.distance(one, self.current))

    def _bayes(self, score: Score, number: int) -> None:
        """By optuna, in memory."""
        need("optuna")
        import optuna

        with quiet():
            made = optuna.create_study(direction="maximize", sampler=sampler(seed=self.seed * 1009 + number))
            made.optimize(lambda trial: score(settings_with(self.current, suggested(trial, self.space.axes))), n_trials=self.trials)
