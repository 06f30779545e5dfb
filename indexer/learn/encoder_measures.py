"""How well texts find products: recall and reciprocal rank over asks with one or several right answers, before and after, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from indexer.evaluate.compare import compared
from indexer.vectors import Rows

Floats = npt.NDArray[np.float64]
MEASURES = ("recall@1", "recall@10", "mrr")


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Texts of one kind and what answers them.

    `right` and `out`, both (texts, answers): true where an answer is right, and where it neither counts nor stands in the way.
    """

    right: npt.NDArray[np.bool_]
    out: npt.NDArray[np.bool_]

    def figures(self, asking: Rows, answers: Rows) -> Mapping[str, Floats]:
        """By measure one number a text, by cosine of unit rows; of equal scores a wrong answer stands first.

        recall@k = right ones among the first k / min(k, all right ones)
        mrr      = 1 / rank of the first right one
        """
        scores = np.where(self.out, -np.inf, (asking @ answers.T).astype(np.float64))
        # A stable sort over wrong answers first: luck gives nothing away.
        order = np.lexsort((self.right, -scores), axis=1)
        hits = np.take_along_axis(self.right, order, axis=1)
        counts = self.right.sum(axis=1)
        found = {f"recall@{k}": hits[:, :k].sum(axis=1) / np.minimum(k, counts) for k in (1, 10)}
        return {**found, "mrr": 1.0 / (hits.argmax(axis=1) + 1)}


def means(figures: Mapping[str, Mapping[str, Floats]]) -> dict[str, float]:
    """Every kind's measures as one row of names, and `score`: the mean of their reciprocal ranks, by which an epoch is chosen."""
    named = {f"{kind} {measure}": float(values.mean()) for kind, one in figures.items() for measure, values in one.items()}
    return {**named, "score": float(np.mean([one["mrr"].mean() for one in figures.values()]))}


def changes(
    before: Mapping[str, Mapping[str, Floats]], after: Mapping[str, Mapping[str, Floats]], *, seed: int = 0
) -> dict[str, dict[str, dict[str, float | int]]]:
    """By kind and measure: both means, how many texts, and the paired difference with interval and p (see `compared`)."""
    found: dict[str, dict[str, dict[str, float | int]]] = {}
    for kind, one in before.items():
        found[kind] = {
            name: {
                "before": float(values.mean()),
                "after": float(after[kind][name].mean()),
                "texts": len(values),
                **asdict(compared(values, after[kind][name], seed=seed)),
            }
            for name, values in one.items()
        }
    return found


def verdict(change: Mapping[str, Mapping[str, Mapping[str, float | int]]], kinds: Sequence[str]) -> str:
    """One sentence: which kinds of asks gained, which lost, by mrr; the rest may be luck."""
    gained = [kind for kind in kinds if change[kind]["mrr"]["low"] > 0 and change[kind]["mrr"]["p"] < SURE]
    lost = [kind for kind in kinds if change[kind]["mrr"]["high"] < 0 and change[kind]["mrr"]["p"] < SURE]
    told = [f"{word}: {', '.join(names)}" for word, names in (("better", gained), ("worse", lost)) if names]
    rest = [kind for kind in kinds if kind not in (*gained, *lost)]
    return "; ".join([*told, *([f"no difference shown: {', '.join(rest)}"] if rest else [])]) + "."


SURE = 0.05
"""Below this p, and with an interval on one side of zero, a difference is called shown."""
