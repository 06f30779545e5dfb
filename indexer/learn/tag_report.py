"""How well spans and values are found: precision, recall, F1 and support for each label, a span being right only as a whole.

As seqeval and conlleval count: a span is right where both its ends and its label are. What touches words that nobody can judge
(`UNKNOWN`) counts neither way. Spans whose words stood under their label in training, and spans whose words did not, are counted once
more, apart: a dictionary of the training can only know the first. A figure was seen where its unit was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from indexer.learn.packages import need
from indexer.learn.tag_labels import UNKNOWN, Example, Span, spans_of
from indexer.learn.tag_lexicon import known_as
from indexer.learn.tag_values import LABELS

_OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 (0 where nothing was found or asked), and how many were asked for."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Part:
    """A score for each label, and over all spans (micro)."""

    labels: Mapping[str, Score]
    micro: Score


@dataclass(frozen=True, slots=True)
class Report(Part):
    """All spans, and as `macro` the mean of the labels that occur; then those whose words training had under their label, and the rest.

    A span that is wrong where none is right belongs to the part of its own words.
    """

    macro: Score
    titles: int
    seen: Part
    unseen: Part

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


class Pair(NamedTuple):
    """A place where a span is right or predicted: its right and its predicted label ("O": none there), and what its words are known as."""

    right: str
    found: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """An example beside the tags that were predicted for its words."""

    example: Example
    tags: Sequence[int]

    def pairs(self) -> list[Pair]:
        """One for each span of either side."""
        right = {(span.start, span.end): span.label for span in self.example.spans()}
        found = {(span.start, span.end): span.label for span in spans_of(self.tags) if self._can_be_judged(span)}
        places = sorted(right.keys() | found.keys())
        return [Pair(right.get(at, _OUTSIDE), found.get(at, _OUTSIDE), known_as(self.example.words[slice(*at)])) for at in places]

    def _can_be_judged(self, span: Span) -> bool:
        return all(tag != UNKNOWN for tag in self.example.tags[span.start : span.end])


class SeenWords:
    """The words of the spans that training had."""

    def __init__(self, train: Iterable[Example]) -> None:
        """Collect them by label."""
        self._seen = {(span.label, known_as(one.words[span.start : span.end])) for one in train for span in one.spans()}

    def has(self, pair: Pair) -> bool:
        """Whether these words stood under the pair's right label, or under its predicted one where none is right."""
        return (pair.found if pair.right == _OUTSIDE else pair.right, pair.key) in self._seen


def measured(judged: Sequence[Judged], *, seen: SeenWords | None = None) -> Report:
    """The report on examples and their predicted tags; without `seen` no words were. Raises ModelUnavailable without scikit-learn."""
    pairs = [pair for one in judged for pair in one.pairs()]
    whole = _part(pairs)
    there = [score for score in whole.labels.values() if score.support]
    precision, recall, f1 = (_mean([getattr(score, name) for score in there]) for name in ("precision", "recall", "f1"))
    macro = Score(precision, recall, f1, whole.micro.support)
    known: list[Pair] = []
    new: list[Pair] = []
    for pair in pairs:
        (known if seen is not None and seen.has(pair) else new).append(pair)
    return Report(whole.labels, whole.micro, macro, len(judged), _part(known), _part(new))


def _part(pairs: Sequence[Pair]) -> Part:
    right, found = [pair.right for pair in pairs], [pair.found for pair in pairs]
    return Part({label: _score(right, found, [label]) for label in LABELS}, _score(right, found, list(LABELS)))


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


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
