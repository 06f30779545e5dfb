"""How well spans and values are found: precision, recall, F1 and support for each label, a span being right only as a whole.

As seqeval and conlleval count: a span is right where both its ends and its label are. What touches words that nobody can judge
(`UNKNOWN`) counts neither way. Spans whose words never stood under that label in training are counted once more, apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from indexer.learn.packages import need
from indexer.learn.tag_labels import UNKNOWN, Example, Span, spans_of
from indexer.learn.tag_values import LABELS
from indexer.learn.tag_words import key_of

_OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 (0 where nothing was found or asked), and how many were asked for."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Report:
    """A score for each label, over all spans (micro) and as the mean of the labels that occur (macro); recall on unseen words.

    `unseen` has, by label, the share of found spans among those whose words no training span of the label had, and their number.
    """

    labels: Mapping[str, Score]
    micro: Score
    macro: Score
    titles: int
    unseen: Mapping[str, tuple[float, int]] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Judged:
    """An example beside the tags that were predicted for its words."""

    example: Example
    tags: Sequence[int]

    def pairs(self) -> list[tuple[str, str]]:
        """For each span of either side its right and its predicted label, "O" where that side has no span there."""
        right = {(span.start, span.end): span.label for span in self.example.spans()}
        found = {(span.start, span.end): span.label for span in spans_of(self.tags) if self._can_be_judged(span)}
        return [(right.get(place, _OUTSIDE), found.get(place, _OUTSIDE)) for place in sorted(right.keys() | found.keys())]

    def _can_be_judged(self, span: Span) -> bool:
        return all(tag != UNKNOWN for tag in self.example.tags[span.start : span.end])


def measured(judged: Sequence[Judged], *, seen: "SeenWords | None" = None) -> Report:
    """The report on examples and their predicted tags. Raises ModelUnavailable without scikit-learn."""
    pairs = [pair for one in judged for pair in one.pairs()]
    right, found = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    labels: dict[str, Score] = {label: _score(right, found, [label]) for label in LABELS}
    micro = _score(right, found, list(LABELS))
    there = [score for score in labels.values() if score.support]
    precision, recall, f1 = (_mean([getattr(score, name) for score in there]) for name in ("precision", "recall", "f1"))
    macro = Score(precision, recall, f1, micro.support)
    return Report(labels, micro, macro, len(judged), seen.recall(judged) if seen is not None else {})


class SeenWords:
    """The words of the spans that training had."""

    def __init__(self, train: Iterable[Example]) -> None:
        """Collect them by label."""
        self._seen = {(span.label, _span_key(one, span)) for one in train for span in one.spans()}

    def recall(self, judged: Iterable[Judged]) -> dict[str, tuple[float, int]]:
        """By label: of the spans whose words are not among these, the share that was found, and their number."""
        hits: dict[str, list[bool]] = {label: [] for label in LABELS}
        for one in judged:
            found = set(spans_of(one.tags))
            for span in one.example.spans():
                if (span.label, _span_key(one.example, span)) not in self._seen:
                    hits[span.label].append(span in found)
        return {label: (_mean([float(hit) for hit in told]), len(told)) for label, told in hits.items() if told}


def value_score(right: Sequence[str], found: Sequence[str]) -> Score:
    """Macro precision, recall and F1 over the values that occur among the right ones. Raises ModelUnavailable without scikit-learn."""
    return _score(right, found, sorted(set(right)), average="macro")


def _score(right: Sequence[str], found: Sequence[str], labels: Sequence[str], *, average: str = "micro") -> Score:
    support = sum(one in set(labels) for one in right)
    if not right or not labels:
        return Score(0.0, 0.0, 0.0, support)
    need("sklearn")
    from sklearn.metrics import precision_recall_fscore_support

    told = precision_recall_fscore_support(list(right), list(found), labels=list(labels), average=average, zero_division=0.0)
    precision, recall, f1 = (float(one) for one in told[:3])
    return Score(precision, recall, f1, support)


def _span_key(example: Example, span: Span) -> tuple[str, ...]:
    return key_of(example.words[span.start : span.end])


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
