"""One evaluation: judgments and runs in, every figure out; the report, the table and the JSON object all read it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from indexer.errors import EvaluationError
from indexer.evaluate.compare import Comparison, compared, holm, interval
from indexer.evaluate.exposure import ProductSlice, product_slices
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import MEASURES, VIEWS, Measure, Measured, Meter, View, graded
from indexer.evaluate.queries import Topic, by_name
from indexer.evaluate.runs import Run
from indexer.evaluate.slices import groups
from indexer.records import Product

MAIN: Measure = "nDCG@10"
"""The measure by which queries are sliced and runs are first compared."""
SEED = 0
FIRST_HITS = 10
"""Hits of each query, with their grades, in the JSON object."""


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """How to measure: from which grade on a product is relevant, whether queries without such a product count (as zeros), the seed."""

    relevant: int = 1
    all_queries: bool = False
    seed: int = SEED


DEFAULT = How()


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Against:
    """The run at `place` against the first one, for each view and measure; `corrected` are the p values by Holm over all such runs."""

    place: int
    comparisons: Mapping[tuple[View, Measure], Comparison]
    corrected: Mapping[tuple[View, Measure], float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """Runs measured against one set of judgments; the first run is the one that the others are compared with.

    `given` are all judgments, `judgments` and `topics` those that were measured, `left_out` the queries without a relevant product,
    `slices` what is told of a catalogue's products (see `among`).
    """

    name: str
    given: Judgments
    judgments: Judgments
    topics: tuple[Topic, ...]
    left_out: tuple[Topic, ...]
    runs: tuple[Run, ...]
    measured: tuple[Measured, ...]
    figures: tuple[Mapping[tuple[View, Measure], Figure], ...]
    against: tuple[Against, ...]
    groups: Mapping[str, tuple[int, ...]]
    chance: Mapping[Measure, float]
    relevant: int
    seed: int
    slices: tuple[ProductSlice, ...] = ()

    def among(self, products: Iterable[Product]) -> "Evaluation":
        """The same with whom of these products (a catalogue) each run serves."""
        return replace(self, slices=product_slices(products, self.judgments, self.runs, relevant=self.relevant))

    def silent(self, run: Run) -> int:
        """Judged queries for which the run found nothing."""
        return sum(not run.lists.get(query) for query in self.judgments.queries)

    def text(self, query: str) -> str:
        """The text behind a judged query's id."""
        return next(one.text for one in (*self.topics, *self.left_out) if one.id == query)

    def as_object(self) -> dict[str, object]:
        """Everything as JSON objects: means, comparisons and groups, each query's figures and first hits, and what it all came from."""
        return {
            "judgments": {
                "name": self.name,
                "sha256": self.given.digest,
                "queries": len(self.given.queries),
                "pairs": self.given.pairs,
                "relevant_from": self.relevant,
                "measured_queries": len(self.topics),
                "left_out": [one.id for one in self.left_out],
            },
            "seed": self.seed,
            "chance": dict(self.chance),
            "runs": [self._run_object(place) for place in range(len(self.runs))],
            "comparisons": [self._against_object(one) for one in self.against],
            "groups": {name: self._group_object(places) for name, places in self.groups.items()},
            "product_slices": [asdict(one) for one in self.slices],
            "queries": [self._query_object(place, topic) for place, topic in enumerate(self.topics)],
        }

    def _run_object(self, place: int) -> dict[str, object]:
        run = self.runs[place]
        return {
            "name": run.name,
            "sha256": run.digest,
            "settings": dict(run.settings),
            "silent": self.silent(run),
            "refused": dict(run.refused),
            "degraded": dict(run.degraded),
            "views": {view: {name: asdict(self.figures[place][view, name]) for name in MEASURES} for view in VIEWS},
        }

    def _against_object(self, one: Against) -> dict[str, object]:
        return {
            "first": self.runs[0].name,
            "second": self.runs[one.place].name,
            "views": {
                view: {name: asdict(one.comparisons[view, name]) | {"p_holm": one.corrected[view, name]} for name in MEASURES}
                for view in VIEWS
            },
        }

    def _group_object(self, places: Sequence[int]) -> dict[str, object]:
        means = [{view: {name: one.mean(view, name, among=places) for name in MEASURES} for view in VIEWS} for one in self.measured]
        return {"queries": len(places), "runs": means}

    def _query_object(self, place: int, topic: Topic) -> dict[str, object]:
        grades = self.judgments.grades[topic.id]
        runs = [
            {
                "found": len(run.lists.get(topic.id, ())),
                "views": {view: {name: float(one.of(view, name)[place]) for name in MEASURES} for view in VIEWS},
                "hits": [
                    {"id": hit.id, "score": hit.score, "grade": grade} for hit, grade in graded(run, topic.id, grades, first=FIRST_HITS)
                ],
            }
            for run, one in zip(self.runs, self.measured, strict=True)
        ]
        return asdict(topic) | {"judged": len(grades), "relevant": self.judgments.relevant(topic.id, least=self.relevant), "runs": runs}


def evaluated(
    judgments: Judgments, topics: Sequence[Topic], runs: Sequence[Run], *, name: str = "judgments", how: How = DEFAULT
) -> Evaluation:
    """Measure the runs, and compare each with the first; `topics` are those of `joined`, `name` is what the judgments are called.

    Runs may name queries by id or by text. Raises EvaluationError without a run, for two runs of one name, for one that
    holds none of the judged queries (it belongs to others), and where no query has a relevant product.
    """
    runs = [_under_ids(run, topics) for run in runs]
    if not runs:
        raise EvaluationError("There is no run to measure.", cure="Name a run file, or search.")
    if len({run.name for run in runs}) < len(runs):
        raise EvaluationError(f"Two runs have one name: {', '.join(run.name for run in runs)}.", cure="Rename a file, or leave one out.")
    counted = judgments if how.all_queries else judgments.answerable(least=how.relevant)
    if not counted.grades:
        raise EvaluationError(f"No query has a product of grade {how.relevant} or more.", cure="Judge more, or name a lower grade.")
    kept = tuple(one for one in topics if one.id in counted.grades)
    meter = Meter(counted, relevant=how.relevant)
    measured = tuple(meter.measure(run) for run in runs)
    return Evaluation(
        name=name,
        given=judgments,
        judgments=counted,
        topics=kept,
        left_out=tuple(one for one in topics if one.id not in counted.grades),
        runs=tuple(runs),
        measured=measured,
        figures=tuple({key: _figure(one, key, how.seed) for key in one.values} for one in measured),
        against=_against(measured, how.seed),
        groups=groups(kept, counted, relevant=how.relevant),
        chance=meter.chance(seed=how.seed),
        relevant=how.relevant,
        seed=how.seed,
    )


def _under_ids(run: Run, topics: Sequence[Topic]) -> Run:
    names, ids = by_name(topics), {one.id for one in topics}
    clashing = [query for query in run.lists if names.get(query, query) != query and names[query] in run.lists]
    if clashing:
        raise EvaluationError(f"The run {run.name} lists {clashing[0]!r} by its text and by its id.", cure="Keep one of the two.")
    renamed = run.renamed(names)
    if not ids & set(renamed.lists):
        raise EvaluationError(
            f"The run {run.name} holds none of the {len(ids)} judged queries.",
            cure="Name the run of these queries, or join ids by --queries.",
        )
    return replace(renamed, lists={one.id: renamed.lists[one.id] for one in topics if one.id in renamed.lists})


def _figure(measured: Measured, key: tuple[View, Measure], seed: int) -> Figure:
    return Figure(measured.mean(*key), *interval(measured.of(*key), seed=seed))


def _against(measured: Sequence[Measured], seed: int) -> tuple[Against, ...]:
    first, others = measured[0], measured[1:]
    comparisons = [{key: compared(first.of(*key), one.of(*key), seed=seed) for key in first.values} for one in others]
    corrected = {key: holm([one[key].p for one in comparisons]) for key in first.values}
    return tuple(
        Against(place=place + 1, comparisons=one, corrected={key: corrected[key][place] for key in one})
        for place, one in enumerate(comparisons)
    )
