"""A trained tagger at work: spans and likely values of titles, entities of queries, fields that a product lacks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from indexer.errors import WidthMismatch
from indexer.learn.tag_checkpoint import Loaded, load_tagger
from indexer.learn.tag_labels import Example, spans_of
from indexer.learn.tag_lexicon import hinted
from indexer.learn.tag_predict import Read, Reader
from indexer.learn.tag_values import LABELS, Label, facts_of
from indexer.learn.tag_words import Word, words_of
from indexer.query.entities import Entity
from indexer.records import Product, Value
from indexer.vectors import Row

SURE = 0.9
"""How sure a value must be before a product gets it."""


@dataclass(frozen=True, slots=True)
class Likely:
    """A value from a label's closed list, and its probability: what the title and the photo together suggest, named or not."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """A title's spans in order (`confidence`: that of its least sure word), and the likeliest value of each listed label."""

    spans: tuple[Entity, ...]
    values: Mapping[Label, Likely]


@dataclass(frozen=True, slots=True)
class Filled:
    """A value that a product lacked: read from its title, or (`named` False) guessed from title and photo."""

    label: Label
    value: str
    confidence: float
    named: bool


class Tagger:
    """Titles, with or without a photo's row -> what they say. Not made for several threads at once."""

    def __init__(self, loaded: Loaded) -> None:
        """Hold a checkpoint's parts."""
        self.spec = loaded.spec
        self._parts = loaded

    @classmethod
    def load(cls, folder: Path) -> "Tagger":
        """The tagger in a checkpoint folder; raises what `load_tagger` raises."""
        return cls(load_tagger(folder))

    def tag(self, titles: Sequence[str], *, photos: Sequence[Row | None] | None = None) -> list[Tagged]:
        """What each title says; `photos` has a row of the spec's photo encoder, or None, for each.

        Raises WidthMismatch for rows of another width, and for another number of them.
        """
        if photos is not None and len(photos) != len(titles):
            raise WidthMismatch(f"{len(titles)} titles have {len(photos)} photos; give None where there is none.")
        rows = [row for row in photos or () if row is not None]
        if any(row.shape != (self.spec.photo_width,) for row in rows):
            raise WidthMismatch(f"This tagger takes photo rows of {self.spec.photo_width} numbers.")
        numbers = iter(range(len(rows)))
        places = [None if row is None else next(numbers) for row in photos or [None] * len(titles)]
        examples = hinted((_untold(title, photo) for title, photo in zip(titles, places, strict=True)), self._parts.lexicon)
        reader = Reader(self._parts.network, self._parts.tokenizer, photos=np.stack(rows) if rows else self._no_photos())
        return [self._tagged(one, read) for one, read in zip(examples, reader.read(examples), strict=True)]

    def entities(self, query: str) -> tuple[Entity, ...]:
        """A query's entities in order."""
        return self.tag([query])[0].spans if query.strip() else ()

    def fill(self, products: Sequence[Product], *, photos: Sequence[Row | None] | None = None, least: float = SURE) -> list[list[Filled]]:
        """For each product the values of the labels that no field of it tells and that are at least so sure.

        A word of the title goes before a guess; of several spans of a label the surest counts.
        """
        answers = self.tag([one.title for one in products], photos=photos)
        return [_lacking(product, answer, least) for product, answer in zip(products, answers, strict=True)]

    def _no_photos(self) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return np.zeros((0, self.spec.photo_width), dtype=np.float32)

    def _tagged(self, example: Example, read: Read) -> Tagged:
        spans = []
        for span in spans_of(read.tags):
            if all(word.is_sign for word in example.words[span.start : span.end]):
                continue  # signs alone name nothing
            start, end = example.words[span.start].start, example.words[span.end - 1].end
            sure = min(read.sure[span.start : span.end])
            spans.append(Entity(span.label, example.title[start:end], start, end, sure))
        values: dict[Label, Likely] = {}
        for label, known in self.spec.values.items():
            chances = read.values[label]
            values[label] = Likely(known[int(chances.argmax())], float(chances.max()))
        return Tagged(tuple(spans), values)


def with_filled(product: Product, filled: Sequence[Filled]) -> Product:
    """The product with those values: a brand as its brand, the others as attributes of the label's name."""
    brand = next((one.value for one in filled if one.label == "brand"), product.brand)
    attributes: dict[str, Value] = dict(product.attributes)
    attributes.update({one.label: one.value for one in filled if one.label != "brand"})
    return replace(product, brand=brand, attributes=attributes)


def _lacking(product: Product, answer: Tagged, least: float) -> list[Filled]:
    facts = facts_of(product)
    filled: list[Filled] = []
    for label in LABELS:
        if facts.tells(label) or (label != "brand" and label in product.attributes):
            continue
        named = [Filled(label, one.text, one.confidence, named=True) for one in answer.spans if one.label == label]
        likely = answer.values.get(label)
        guessed = [Filled(label, likely.value, likely.confidence, named=False)] if likely else []
        best = max(named, key=lambda one: one.confidence, default=None)
        filled += [one for one in ([best] if best else guessed) if one.confidence >= least]
    return filled


def _untold(title: str, photo: int | None) -> Example:
    words: tuple[Word, ...] = words_of(title)
    return Example(id="", title=title, words=words, tags=(0,) * len(words), values={}, photo=photo)
