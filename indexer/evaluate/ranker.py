"""Learning to rank: gradient-boosted trees learn from judgments to put a search's best hits in order, and are checked on queries apart."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.errors import EvaluationError, QueryError
from indexer.evaluate.compare import Comparison
from indexer.evaluate.evaluation import Evaluation, How, evaluated
from indexer.evaluate.folds import Split, split
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.evaluate.runs import Listed, Run
from indexer.rank.blend import Ranked
from indexer.rank.features import FEATURES, Candidate, feature_rows
from indexer.rank.learned import FORMAT, need_lightgbm
from indexer.rank.rerank import reranked
from indexer.records import Hit
from indexer.text.cleaning import DEFAULT, Cleaning

MOST_TREES, PATIENCE = 300, 25
LEAST_TREES = 5
PARAMETERS: Mapping[str, object] = {
    "objective": "lambdarank",
    "metric": "ndcg",
    "eval_at": [10],
    # Small and slow on purpose: judgments are a few thousand pairs, of a few dozen queries.
    "num_leaves": 7,
    "learning_rate": 0.05,
    "min_data_in_leaf": 20,
    "lambda_l2": 5.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "label_gain": [2**grade - 1 for grade in range(31)],
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
"""LightGBM's; the gain is that of LambdaMART (Burges 2010)."""
NAMES = ("current", "learned")


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerHow:
    """How to learn: folds, share held out, the least grade that is relevant, how many hits are put in order, the new score's weight."""

    folds: int = 5
    holdout: float = 0.3
    relevant: int = 1
    depth: int = 50
    weight: float = 0.5
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranker:
    """What was learned: the model as LightGBM's text, its trees, how often each figure was used, and the held-out comparison."""

    model: str
    trees: int
    pairs: int
    gains: Mapping[str, float]
    held: Evaluation
    split: Split
    how: RankerHow
    judgments: Judgments
    refused: Mapping[str, str]

    @property
    def comparison(self) -> Comparison:
        """nDCG@10 in the full view on the held-out queries, learned against current."""
        return self.held.against[0].comparisons["full", "nDCG@10"]

    @property
    def shown(self) -> bool:
        """Whether a gain is shown: the interval lies above zero and p is below 0.05."""
        return self.comparison.low > 0 and self.comparison.p < 0.05

    def verdict(self) -> str:
        """One sentence for a person."""
        found = self.comparison
        gain = f"nDCG@10 {found.spread}, p = {found.p:.4f}"
        told = f"{gain}, on {len(self.split.held)} held-out queries"
        return f"A gain is shown: {told}." if self.shown else f"A gain is not proved: {told}."

    def spec(self) -> dict[str, object]:
        """What spec.json holds beside the model."""
        return {
            "format": FORMAT,
            "features": list(FEATURES),
            "trees": self.trees,
            "sha256": hashlib.sha256(self.model.encode()).hexdigest(),
            "judgments": {"sha256": self.judgments.digest, "queries": len(self.judgments.queries), "pairs": self.pairs},
            "seed": self.how.seed,
            "depth": self.how.depth,
            "weight": self.how.weight,
            "gains": dict(self.gains),
            "verdict": self.verdict(),
            "held_out": self.held.as_object(),
        }

    def spec_json(self) -> str:
        """The same as the text of its file."""
        return json.dumps(self.spec(), ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True, eq=False)
class _Examples:
    """One query's hits as they came, their figures, and their grades (-1: nobody judged it)."""

    hits: Sequence[Hit]
    rows: npt.NDArray[np.float64]
    grades: npt.NDArray[np.int64]

    @property
    def judged(self) -> npt.NDArray[np.bool_]:
        """Which of the hits anybody judged."""
        return self.grades >= 0

    @property
    def teaches(self) -> bool:
        """Whether there are two hits that are to be told apart."""
        return len(set(self.grades[self.judged].tolist())) > 1


def learn_ranking(
    ask: Callable[[str, int], Sequence[Hit]],
    judged: tuple[Judgments, Sequence[Topic]],
    *,
    how: RankerHow,
    cleaning: Cleaning = DEFAULT,
    on_query: Callable[[int], None] | None = None,
) -> Ranker:
    """Learn from the judged hits of some queries, and compare with the current order on others that were held out.

    `ask` gives the current search's hits for a text, best first. What nobody judged teaches nothing: it is neither good nor bad.
    The number of trees is the median of what stops early on each fold. Raises EvaluationError for too few queries or where no hit
    is judged, ModelUnavailable without lightgbm, and what `ask` raises but QueryError.
    """
    need_lightgbm()
    judgments, topics = judged
    counted = judgments.answerable(least=how.relevant)
    kept = [topic for topic in topics if topic.id in counted.grades]
    parts = split(kept, holdout=how.holdout, folds=how.folds, seed=how.seed)
    examples, refused = _asked(ask, (counted, kept), how=how, cleaning=cleaning, on_query=on_query)
    folds = [[examples[id_] for id_ in fold if id_ in examples and examples[id_].teaches] for fold in parts.folds]
    teaching = [one for fold in folds for one in fold]
    if sum(map(bool, folds)) < 2:
        raise EvaluationError("Too few queries have hits of different grades, so there is nothing to learn.", cure="Judge more products.")
    trees = _trees(folds, seed=how.seed)
    booster = _trained(teaching, trees=trees, seed=how.seed)
    held = [topic for topic in kept if topic.id in parts.held]
    return Ranker(
        model=booster.model_to_string(),
        trees=trees,
        pairs=sum(int(one.judged.sum()) for one in teaching),
        gains=dict(zip(FEATURES, map(float, booster.feature_importance("gain")), strict=True)),
        held=_compared(booster, held, examples, counted, how=how),
        split=parts,
        how=how,
        judgments=judgments,
        refused=refused,
    )


def candidates_of(hits: Sequence[Hit]) -> list[Candidate]:
    """Hits of an answer that was not reranked, as what reranks sees them."""
    return [Candidate(product=hit.product, place=place, score=hit.score, terms=hit.terms) for place, hit in enumerate(hits)]


def _asked(
    ask: Callable[[str, int], Sequence[Hit]],
    judged: tuple[Judgments, Sequence[Topic]],
    *,
    how: RankerHow,
    cleaning: Cleaning,
    on_query: Callable[[int], None] | None,
) -> tuple[dict[str, _Examples], dict[str, str]]:
    judgments, topics = judged
    found: dict[str, _Examples] = {}
    refused: dict[str, str] = {}
    for done, topic in enumerate(topics, 1):
        try:
            hits = list(ask(topic.text, max(100, how.depth)))
        except QueryError as error:
            hits, refused[topic.id] = [], error.message
        first, grades = hits[: how.depth], judgments.grades[topic.id]
        rows = feature_rows(topic.text, candidates_of(first), cleaning=cleaning)
        found[topic.id] = _Examples(hits, rows, np.array([max(-1, grades.get(hit.id, -1)) for hit in first], dtype=np.int64))
        if on_query is not None:
            on_query(done)
    return found, refused


def _trees(folds: Sequence[Sequence[_Examples]], *, seed: int) -> int:
    """The median, over the folds, of the number of trees that is best on the fold when learned from the others."""
    best: list[int] = []
    for place, fold in enumerate(folds):
        others = [one for other, examples in enumerate(folds) if other != place for one in examples]
        if fold and others:
            best.append(int(_trained(others, trees=MOST_TREES, seed=seed, check=fold).best_iteration))
    return max(LEAST_TREES, round(median(best)))


def _trained(examples: Sequence[_Examples], *, trees: int, seed: int, check: Sequence[_Examples] = ()) -> Any:
    lightgbm = need_lightgbm()
    data = _dataset(lightgbm, examples)
    checks = [_dataset(lightgbm, check, like=data)] if check else []
    stop = [lightgbm.early_stopping(PATIENCE, verbose=False)] if check else []
    return lightgbm.train({**PARAMETERS, "seed": seed}, data, num_boost_round=trees, valid_sets=checks, callbacks=stop)


def _dataset(lightgbm: Any, examples: Sequence[_Examples], *, like: Any = None) -> Any:
    rows = np.concatenate([one.rows[one.judged] for one in examples])
    grades = np.concatenate([one.grades[one.judged] for one in examples])
    groups = [int(one.judged.sum()) for one in examples]
    return lightgbm.Dataset(rows, label=grades, group=groups, reference=like, feature_name=list(FEATURES), free_raw_data=False)


def _compared(
    booster: Any, topics: Sequence[Topic], examples: Mapping[str, _Examples], judgments: Judgments, *, how: RankerHow
) -> Evaluation:
    """The current order and the learned one on the held-out queries, as search would give them."""
    current = {topic.id: tuple(Listed(hit.id, hit.score) for hit in examples[topic.id].hits) for topic in topics}
    learned = {topic.id: _learned(booster, examples[topic.id], weight=how.weight) for topic in topics}
    grades = Judgments({topic.id: judgments.grades[topic.id] for topic in topics}, judgments.form)
    runs = [Run(name=name, lists=lists) for name, lists in zip(NAMES, (current, learned), strict=True)]
    return evaluated(grades, topics, runs, name="held out", how=How(relevant=how.relevant, seed=how.seed))


def _learned(booster: Any, one: _Examples, *, weight: float) -> tuple[Listed, ...]:
    if not len(one.rows):
        return ()
    ranked = [Ranked(hit.id, hit.score, hit.terms) for hit in one.hits]
    again = reranked(ranked, booster.predict(one.rows, num_threads=1).tolist(), by="learned", weight=weight)
    return tuple(Listed(found.id, found.score) for found in again)
