"""Learning to tag as a task of the training loop: batches of like length, words withheld, photos left out, a dev set measured."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np

from indexer.errors import LearningError
from indexer.learn.logs import Best
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_labels import UNKNOWN, Example, spans_of
from indexer.learn.tag_model import TagInputs, TagOutputs, TagShape, head_parameters
from indexer.learn.tag_predict import Reader, judged
from indexer.learn.tag_report import measured
from indexer.learn.tag_tokens import MASK, TagTokenizer, placed
from indexer.learn.tag_values import Label
from indexer.learn.tag_words import Word, key_of
from indexer.vectors import Rows

if TYPE_CHECKING:
    import torch

LISTED: tuple[Label, ...] = ("colour", "material", "type")
"""Labels whose values come again and again, so that a list of them can be learned; brands and sizes are read from the title."""

_LEAST = 8
"""Products that a value must have to be on the list."""
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSettings:
    """What is particular to learning tags; LoopSettings has the rest.

    tokens          of a title that are read, the two that frame it included
    heads           times the learning rate for all that is new: 2e-5 moves a pretrained network, a new layer needs more
    withhold        share of titles in which the words of one listed label are masked, so that context and photo are learned from
    without_photo   share of photos that are left out, so that titles alone are tagged well
    silent          share of a dictionary's spans that are kept from the network, so that it finds what no dictionary knows
    value_weight    weight of the values' loss beside that of the tags
    """

    tokens: int = 128
    heads: float = 25.0
    withhold: float = 0.3
    without_photo: float = 0.3
    silent: float = 0.2
    value_weight: float = 0.5


class TagBatch(NamedTuple):
    """A batch on the processor: the network's inputs, a tag for each token, a value's number for each listed label (or UNKNOWN)."""

    inputs: TagInputs
    tags: "torch.Tensor"
    values: "dict[str, torch.Tensor]"


@dataclass(frozen=True, slots=True, eq=False)
class TagData:
    """Examples to learn from and to measure by, with the table of photo rows that their `photo` numbers point into."""

    train: Sequence[Example]
    dev: Sequence[Example]
    photos: Rows | None = None


def values_of(train: Iterable[Example], *, least: int = _LEAST) -> dict[Label, tuple[str, ...]]:
    """The closed list of each listed label: the values that `least` products have, the most frequent first."""
    counts: dict[Label, Counter[str]] = {label: Counter() for label in LISTED}
    for one in train:
        for label in LISTED:
            if one.values.get(label):
                counts[label][one.values[label]] += 1
    lists = {label: tuple(value for value, n in count.most_common(_MOST_VALUES) if n >= least) for label, count in counts.items()}
    return {label: known for label, known in lists.items() if len(known) > 1}


def withheld(example: Example, label: Label, *, mask: str = MASK) -> Example:
    """The example without the label's words in its title: each becomes `mask`; tags and values stay.

    Words that name the value elsewhere in the title are withheld with it, and what a dictionary said of any of them.
    """
    gone = {at for span in example.spans() if span.label == label for at in range(span.start, span.end)}
    value = set(example.values.get(label, "").split())
    gone |= {at for at, word in enumerate(example.words) if value.intersection(key_of([word]))}
    words = tuple(Word(mask, word.start, word.end) if at in gone else word for at, word in enumerate(example.words))
    hints = tuple(0 if at in gone else hint for at, hint in enumerate(example.hints))
    return replace(example, words=words, hints=hints)


def silenced(hints: Sequence[int], *, share: float, generator: np.random.Generator) -> tuple[int, ...]:
    """What a dictionary says of each word, that share of its spans left out."""
    left = list(hints)
    for span in spans_of(hints):
        if generator.random() < share:
            left[span.start : span.end] = [0] * (span.end - span.start)
    return tuple(left)


class TagTask:
    """Task of the loop over TagData. The dev measures: `f1` (micro over spans) and `macro_f1`, and each listed label's accuracy."""

    best = Best("f1")

    def __init__(
        self,
        network: "torch.nn.Module",
        tokenizer: TagTokenizer,
        data: TagData,
        *,
        shape: TagShape,
        settings: tuple[TagSettings, LoopSettings],
    ) -> None:
        """Train this network. Raises LearningError where there is nothing to learn from, or nothing to measure by."""
        if not any(one.spans() for one in data.train) or not data.dev:
            raise LearningError(
                f"{len(data.train)} titles to learn from and {len(data.dev)} to measure by hold too few labels.",
                cure="Give a catalogue whose fields (brand, colour, ...) occur in its titles, with several families of products.",
            )
        self._network, self._tokenizer, self._data, self._shape = network, tokenizer, data, shape
        self._own, self._loop = settings
        self._reader = Reader(network, tokenizer, photos=data.photos)
        self.steps = -(-len(data.train) // self._loop.batch)

    def module(self) -> "torch.nn.Module":
        """The network."""
        return self._network

    def groups(self, settings: LoopSettings) -> Sequence[Mapping[str, Any]]:
        """The BERT at the learning rate, what is new at a higher one."""
        bert, heads = head_parameters(self._network)
        return [{"params": bert, "lr": settings.learning_rate}, {"params": heads, "lr": settings.learning_rate * self._own.heads}]

    def batches(self, epoch: int, generator: np.random.Generator) -> Iterator[TagBatch]:
        """Each title once; those of about one length together, in a random order."""
        del epoch
        size = self._loop.batch
        rough = np.array([len(one.words) for one in self._data.train]) + generator.uniform(0, 3, len(self._data.train))
        order = np.argsort(rough, kind="stable")
        starts = np.arange(0, len(order), size)
        generator.shuffle(starts)
        for start in starts:
            yield self._batch([self._data.train[at] for at in order[start : start + size]], generator)

    def loss(self, model: "torch.nn.Module", batch: TagBatch) -> "torch.Tensor":
        """Cross-entropy of tags, and of values by their weight."""
        from torch.nn import functional

        said = cast("TagOutputs", model(*batch.inputs))
        told = int((batch.tags != UNKNOWN).sum())
        total = functional.cross_entropy(said.tags.flatten(0, 1), batch.tags.flatten(), ignore_index=UNKNOWN, reduction="sum") / max(
            1, told
        )
        for label, wanted in batch.values.items():
            known = int((wanted != UNKNOWN).sum())
            each = functional.cross_entropy(said.values[label], wanted, ignore_index=UNKNOWN, reduction="sum") / max(1, known)
            total = total + self._own.value_weight * each
        return total

    def measure(self) -> Mapping[str, float]:
        """The dev titles with their photos."""
        read = self._reader.read(self._data.dev)
        report = measured(judged(self._data.dev, read))
        figures = {"f1": report.micro.f1, "macro_f1": report.macro.f1}
        for label, known in self._shape.values.items():
            hits = [
                known[int(one.values[label].argmax())] == example.values[label]
                for example, one in zip(self._data.dev, read, strict=True)
                if example.values.get(label) in known
            ]
            figures[f"{label}_accuracy"] = sum(hits) / len(hits) if hits else 0.0
        return figures

    def _batch(self, examples: Sequence[Example], generator: np.random.Generator) -> TagBatch:
        import torch

        asked = [self._drawn(one, generator) for one in examples]
        tokens = [self._tokenizer.tokens([word.text for word in one.words]) for one in asked]
        length = max(len(each.ids) for each in tokens)
        there = generator.random(len(asked)) >= self._own.without_photo
        tags = np.stack([placed(one.tags, each, length=length) for one, each in zip(asked, tokens, strict=True)])
        values: dict[str, torch.Tensor] = {
            label: torch.tensor([known.index(v) if (v := one.values.get(label, "")) in known else UNKNOWN for one in asked])
            for label, known in self._shape.values.items()
        }
        return TagBatch(self._reader.inputs(asked, tokens, there=there), torch.from_numpy(tags), values)

    def _drawn(self, example: Example, generator: np.random.Generator) -> Example:
        """The example without some of the dictionary's spans, and perhaps with the words of one listed label withheld."""
        chance, which = generator.random(2)
        example = replace(example, hints=silenced(example.hints, share=self._own.silent, generator=generator))
        labels = [label for label in self._shape.values if example.values.get(label)]
        if chance >= self._own.withhold or not labels or not self._tokenizer.has_mask():
            return example
        return withheld(example, labels[int(which * len(labels))])
