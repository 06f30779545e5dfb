"""How good a run is: five measures for each query, in three views, by ir-measures (and so by trec_eval's own code)."""

import hashlib
import importlib.util
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from indexer.errors import EvaluationError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.runs import Listed, Run

Floats = NDArray[np.float64]
View = Literal["full", "condensed", "rerank"]
Measure = Literal["nDCG@10", "RR@10", "R@100", "P@10", "Judged@10"]

VIEWS: tuple[View, ...] = ("full", "condensed", "rerank")
MEASURES: tuple[Measure, ...] = ("nDCG@10", "RR@10", "R@100", "P@10", "Judged@10")
TELLING: Mapping[View, tuple[Measure, ...]] = {
    "full": MEASURES,
    "condensed": ("nDCG@10", "RR@10", "R@100", "P@10"),
    "rerank": ("nDCG@10", "RR@10", "P@10"),
}
"""The measures that say something of a run in each view: where only judged products are left, Judged@10 is 1 by itself."""
CURE = "pip install 'fusedex[evaluate]'"
SHUFFLES = 20
"""Orders by chance that are averaged into what chance scores."""


def need(*packages: str) -> None:
    """Raise EvaluationError, with the extra to install, for the first package that is missing; nothing is imported."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise EvaluationError(f"Measuring needs the package {package!r}, which is not installed.", cure=CURE)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A run's figures: for each view and measure one number (0..1) a query, in the order of `queries`."""

    queries: tuple[str, ...]
    values: Mapping[tuple[View, Measure], Floats]

    def of(self, view: View, measure: Measure) -> Floats:
        """One number a query."""
        return self.values[view, measure]

    def mean(self, view: View, measure: Measure, *, among: Sequence[int] | None = None) -> float:
        """The mean over all queries, or over those at the places `among` (at least one)."""
        values = self.values[view, measure]
        return float(np.mean(values if among is None else values[list(among)]))


class Meter:
    """Measures runs against one set of judgments; made once, it measures as many runs as there are.

    Every judged query counts in every mean. One without an answer scores zero everywhere, in the rerank view too: silence is no
    ranking. One without a relevant product scores zero in every run (`Judgments.answerable` leaves them out). Grades are nDCG's
    gains (log2 discount); a product is relevant to the other measures from `relevant` on. Tools break ties each in its own way, so
    the run's order is handed on as falling whole numbers, never as its scores.
    """

    def __init__(
        self, judgments: Judgments, *, relevant: int = 1, views: Sequence[View] = VIEWS, measures: Sequence[Measure] = MEASURES
    ) -> None:
        """Prepare the measures. Raises EvaluationError where ir-measures is not installed, and for a least grade below 1."""
        if relevant < 1:
            raise EvaluationError(
                f"Products can't be relevant from grade {relevant} on: 0 is what fits not at all.", cure="Name 1 or more."
            )
        need("ir_measures")
        self.judgments, self.relevant, self.views = judgments, relevant, tuple(views)
        self._measures = {_made(name, relevant): name for name in measures}
        self._evaluator = _evaluator(list(self._measures), judgments)

    def measure(self, run: Run) -> Measured:
        """The run's figures; queries of the run that were not judged do not count."""
        values: dict[tuple[View, Measure], Floats] = {}
        for view in self.views:
            seen = {query: seen_in(view, run.ids(query), query=query, grades=grades) for query, grades in self.judgments.grades.items()}
            for measure, numbers in self._calculated(seen).items():
                values[view, measure] = numbers
        return Measured(self.judgments.queries, values)

    def chance(self, *, seed: int = 0) -> Mapping[Measure, float]:
        """The means that an order by chance of the judged products gets (the rerank view's floor), over 20 shuffles."""
        random = np.random.default_rng(seed)
        sums = dict.fromkeys(self._measures.values(), 0.0)
        for _ in range(SHUFFLES):
            seen = {query: tuple(random.permutation(list(grades)).tolist()) for query, grades in self.judgments.grades.items()}
            for name, numbers in self._calculated(seen).items():
                sums[name] += float(numbers.mean()) / SHUFFLES
        return sums

    def _calculated(self, seen: Mapping[str, Sequence[str]]) -> Mapping[Measure, Floats]:
        places = {query: place for place, query in enumerate(self.judgments.queries)}
        numbers = {name: np.zeros(len(places)) for name in self._measures.values()}
        run = {query: {id_: float(len(ids) - rank) for rank, id_ in enumerate(ids)} for query, ids in seen.items() if ids}
        for found in cast("Iterator[Any]", self._evaluator.iter_calc(run)) if run else ():
            numbers[self._measures[found.measure]][places[found.query_id]] = found.value
        return numbers


def seen_in(view: View, ids: Sequence[str], *, query: str, grades: Mapping[str, int]) -> tuple[str, ...]:
    """The products that a view measures, best first.

    full: as the run has them. condensed: without those that nobody judged (Sakai 2007). rerank: the judged ones alone, in the
    run's order, and behind them those that the run lacks, ordered by a digest of query and product, which knows nothing of
    grades; a run that found nothing stays empty.
    """
    if view == "full" or not ids:
        return tuple(ids)
    known = tuple(id_ for id_ in ids if id_ in grades)
    if view == "condensed":
        return known
    listed = set(known)
    return known + tuple(sorted((id_ for id_ in grades if id_ not in listed), key=lambda id_: _shuffled(query, id_)))


def graded(run: Run, query: str, grades: Mapping[str, int], *, first: int) -> list[tuple[Listed, int | None]]:
    """A query's first hits, each with its grade, None for those that nobody judged."""
    return [(one, grades.get(one.id)) for one in run.lists.get(query, ())[:first]]


def _shuffled(query: str, id_: str) -> bytes:
    return hashlib.sha256(f"{query}\n{id_}".encode()).digest()


def _made(name: Measure, relevant: int) -> Any:
    """The measure of ir-measures; RR takes its cut from MS MARCO's code, the others (but Judged) theirs from trec_eval's."""
    import ir_measures

    makers: dict[Measure, Any] = {
        "nDCG@10": ir_measures.nDCG @ 10,
        "RR@10": ir_measures.RR(rel=relevant) @ 10,
        "R@100": ir_measures.R(rel=relevant) @ 100,
        "P@10": ir_measures.P(rel=relevant) @ 10,
        "Judged@10": ir_measures.Judged @ 10,
    }
    return makers[name]


def _evaluator(measures: Iterable[Any], judgments: Judgments) -> Any:
    import ir_measures

    return ir_measures.evaluator(list(measures), {query: dict(grades) for query, grades in judgments.grades.items()})
