"""Distant supervision: the words of a title that a product's own fields name are labelled, with nobody's help.

A word that the catalogue elsewhere knows as a colour, in a title whose product has no colour field, may be one or not: it is neither
a right answer nor a wrong one, so it is left out of training and of measuring (`UNKNOWN`). So is a span that two labels claim alike.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from indexer.learn.tag_values import LABELS, Facts, Label, amounts_in, facts_of
from indexer.learn.tag_words import JOINTS, Word, key_of, plain, words_of
from indexer.records import Product

TAGS: tuple[str, ...] = ("O", *(f"{place}-{label}" for label in LABELS for place in "BI"))
"""What a word can be: outside, or the beginning or the inside of a label's span."""
UNKNOWN = -100
"""The tag of a word that is left out; torch's cross-entropy leaves it out as well."""

_OFTEN = 3
"""Products that must name a value before its word is doubted elsewhere."""
_LONGEST = 6


class Span(NamedTuple):
    """The words [start, end) of a title, and what they are."""

    label: Label
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A title with a tag (an index into TAGS, or UNKNOWN) for each word, and what the fields say (values in plain form).

    `photo` is the photo's row number in a table kept beside; None: no photo. `hints` is what a dictionary says of each word, as tags;
    empty: no dictionary was asked.
    """

    id: str
    title: str
    words: tuple[Word, ...]
    tags: tuple[int, ...]
    values: Mapping[Label, str]
    family: str = ""
    photo: int | None = None
    hints: tuple[int, ...] = ()

    def spans(self) -> tuple[Span, ...]:
        """The labelled spans in order."""
        return spans_of(self.tags)

    def text(self, span: Span) -> str:
        """The characters of the title that a span covers."""
        return self.title[self.words[span.start].start : self.words[span.end - 1].end]


@dataclass(frozen=True, slots=True)
class Covered:
    """Of one label: products whose fields tell it, those whose title says it too, its spans, and words left out as unknown."""

    told: int = 0
    aligned: int = 0
    spans: int = 0

    @property
    def share(self) -> float:
        """Of the products that tell the label, those whose title says it."""
        return self.aligned / self.told if self.told else 0.0


class Known:
    """The values that a catalogue's fields name often, by plain words: what a word may be where its own product does not tell."""

    def __init__(self, facts: Iterable[Facts], *, often: int = _OFTEN) -> None:
        """Count each value once a product."""
        counts: Counter[tuple[Label, tuple[str, ...]]] = Counter()
        for one in facts:
            counts.update({(label, key_of(words_of(text))) for label, texts in one.texts.items() for text in texts})
        self._labels: dict[tuple[str, ...], set[Label]] = {}
        for (label, key), count in counts.items():
            if count >= often and key:
                self._labels.setdefault(key, set()).add(label)

    def labels(self, key: tuple[str, ...]) -> frozenset[Label]:
        """The labels under which these plain words are known."""
        return frozenset(self._labels.get(key, ()))


def label_products(products: Iterable[Product]) -> tuple[list[Example], dict[Label, Covered]]:
    """An example for each product in order, and how much of each label the titles say. Reads all products into memory."""
    told = [(product, facts_of(product)) for product in products]
    known = Known(facts for _, facts in told)
    examples = [example_of(product, facts, known) for product, facts in told]
    covered = {}
    for label in LABELS:
        spans = [[span for span in one.spans() if span.label == label] for one in examples]
        telling = [bool(facts.tells(label)) for _, facts in told]
        covered[label] = Covered(sum(telling), sum(map(bool, spans)), sum(map(len, spans)))
    return examples, covered


def example_of(product: Product, facts: Facts, known: Known) -> Example:
    """A product's title with the tags that its facts give."""
    words = words_of(product.title)
    tags = tags_of(words, facts, known)
    values = {label: value for label in LABELS if (value := facts.first(label))}
    return Example(id=product.id, title=product.title, words=words, tags=tags, values=values)


def tags_of(words: Sequence[Word], facts: Facts, known: Known) -> tuple[int, ...]:
    """A tag for each word: the longest spans that the facts name, from the left; what only others' facts know is UNKNOWN."""
    tags = [0] * len(words)
    taken: set[int] = set()
    for spans in chosen(_claims(words, facts)):
        start, end = spans[0].start, spans[0].end
        taken.update(range(start, end))
        tags[start:end] = written(spans[0]) if len(spans) == 1 else [UNKNOWN] * (end - start)
    for start, end, labels in _doubts(words, known):
        doubted = any(not facts.tells(label) for label in labels)
        if doubted and taken.isdisjoint(range(start, end)):
            tags[start:end] = [UNKNOWN] * (end - start)
    return tuple(tags)


def chosen(claims: Iterable[Span]) -> Iterator[tuple[Span, ...]]:
    """The claims that hold: the longest first, then the leftmost; those of several labels over the very same words together."""
    by_place: dict[tuple[int, int], dict[Label, Span]] = {}
    for span in claims:
        by_place.setdefault((span.start, span.end), {})[span.label] = span
    taken: set[int] = set()
    for start, end in sorted(by_place, key=lambda place: (place[0] - place[1], place[0])):
        if taken.isdisjoint(range(start, end)):
            taken.update(range(start, end))
            yield tuple(by_place[start, end].values())


def spans_of(tags: Sequence[int]) -> tuple[Span, ...]:
    """The spans that tags spell; an inside without a beginning begins one, as in conlleval and seqeval."""
    spans: list[Span] = []
    for at, tag in enumerate(tags):
        if tag <= 0:
            continue
        label, inside = LABELS[(tag - 1) // 2], tag % 2 == 0
        if inside and spans and spans[-1].end == at and spans[-1].label == label:
            spans[-1] = spans[-1]._replace(end=at + 1)
        else:
            spans.append(Span(label, at, at + 1))
    return tuple(spans)


def runs(words: Sequence[Word], *, longest: int = _LONGEST) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Every run of words that could be a name: start, end and plain form; no signs at its ends, only joints inside."""
    for start, word in enumerate(words):
        key: tuple[str, ...] = ()
        for end in range(start, len(words)):
            if words[end].is_sign:
                if not key or words[end].text not in JOINTS:
                    break
                continue
            key = (*key, plain(words[end].text))
            if len(key) > longest or word.is_sign:
                break
            yield start, end + 1, key


def _claims(words: Sequence[Word], facts: Facts) -> Iterator[Span]:
    named: dict[tuple[str, ...], set[Label]] = {}
    for label, texts in facts.texts.items():
        for text in texts:
            named.setdefault(key_of(words_of(text)), set()).add(label)
    for start, end, key in runs(words):
        yield from (Span(label, start, end) for label in LABELS if label in named.get(key, ()))
    for at in amounts_in(words):
        if any(at.amount.meets(amount) for amount in facts.amounts):
            yield Span("size", at.start, at.end)


def _doubts(words: Sequence[Word], known: Known) -> Iterator[tuple[int, int, frozenset[Label]]]:
    for start, end, key in runs(words):
        if labels := known.labels(key):
            yield start, end, labels
    for at in amounts_in(words):
        yield at.start, at.end, frozenset({"size"})


def written(span: Span) -> list[int]:
    """The tags of a span's words."""
    begin = TAGS.index(f"B-{span.label}")
    return [begin, *[begin + 1] * (span.end - span.start - 1)]
