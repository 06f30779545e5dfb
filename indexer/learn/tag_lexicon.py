"""A dictionary of what the training's spans said, with figures of amounts held open: the honest baseline, and a hint for the network."""

import json
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from pydantic import TypeAdapter, ValidationError

from indexer.errors import ModelError
from indexer.learn.tag_labels import UNKNOWN, Example, Span, chosen, runs, written
from indexer.learn.tag_values import Label
from indexer.learn.tag_words import Word, key_of, unit_of

_LEAST_SHARE = 0.5


class Lexicon:
    """Tags the longest runs of words that stood under a label in training at least every second time they occurred.

    Figures count as any figure before a unit, so "512 GB" is known from "256 GB".
    """

    def __init__(self, labels: Mapping[tuple[str, ...], Label]) -> None:
        """Hold the runs that stand for a label."""
        self._labels = dict(labels)

    @classmethod
    def learned(cls, train: Iterable[Example]) -> "Lexicon":
        """Count every run of words of the titles, and how often it was a span."""
        spans: Counter[tuple[tuple[str, ...], Label]] = Counter()
        all_runs: Counter[tuple[str, ...]] = Counter()
        for one in train:
            right = {(span.start, span.end): span.label for span in one.spans()}
            for start, end, key in _runs(one.words):
                if UNKNOWN not in one.tags[start:end]:
                    all_runs[key] += 1
                    if (start, end) in right:
                        spans[key, right[start, end]] += 1
        return cls({key: label for (key, label), count in spans.items() if count >= _LEAST_SHARE * all_runs[key]})

    @classmethod
    def read(cls, text: str) -> "Lexicon":
        """The dictionary that `text` wrote; raises ModelError."""
        try:
            return cls({tuple(key): label for key, label in TypeAdapter(list[tuple[list[str], Label]]).validate_json(text)})
        except ValidationError as error:
            raise ModelError(f"The tagger's dictionary is wrong: {error.errors()[0]['msg']}.") from error

    def text(self) -> str:
        """All of it as JSON, the same for the same dictionary."""
        return json.dumps(sorted([list(key), label] for key, label in self._labels.items()), ensure_ascii=False)

    def tags(self, words: Sequence[Word]) -> tuple[int, ...]:
        """A tag for each word of a title."""
        found = [Span(self._labels[key], start, end) for start, end, key in _runs(words) if key in self._labels]
        tags = [0] * len(words)
        for span, *_ in chosen(found):
            tags[span.start : span.end] = written(span)
        return tuple(tags)

    def __len__(self) -> int:
        """Runs of words that it knows."""
        return len(self._labels)


def known_as(words: Sequence[Word]) -> tuple[str, ...]:
    """What a dictionary knows a span's words as: in plain form, an amount by its unit alone.

    >>> from indexer.learn.tag_words import words_of
    >>> known_as(words_of("Old-Oaks")), known_as(words_of("512 GB")) == known_as(words_of("256GB"))
    (('old', 'oak'), True)
    """
    unit = unit_of(words[-1].text) if len(words) > 1 and words[0].text[:1].isdecimal() else ""
    return ("0", unit) if unit else key_of(words)


def hinted(examples: Iterable[Example], lexicon: Lexicon) -> list[Example]:
    """The examples with what the dictionary says of their words."""
    return [replace(one, hints=lexicon.tags(one.words)) for one in examples]


def cross_hinted(train: Sequence[Example]) -> list[Example]:
    """Training examples with hints from families of the other half, so that the network learns how far a dictionary is to be trusted."""
    halves: tuple[list[Example], list[Example]] = ([], [])
    for one in train:
        halves[zlib.crc32(one.family.encode()) % 2].append(one)
    others = (Lexicon.learned(halves[1]), Lexicon.learned(halves[0]))
    return [replace(one, hints=others[zlib.crc32(one.family.encode()) % 2].tags(one.words)) for one in train]


def _runs(words: Sequence[Word]) -> Iterable[tuple[int, int, tuple[str, ...]]]:
    """The runs of names, and every number with its unit, the inch's sign included."""
    for start, end, key in runs(words):
        yield start, end, ("0", unit_of(key[1])) if len(key) == 2 and key[0][:1].isdecimal() and unit_of(key[1]) else key
    for at, (word, behind) in enumerate(pairwise(words)):
        if word.text[:1].isdecimal() and behind.is_sign and unit_of(behind.text):
            yield at, at + 2, ("0", unit_of(behind.text))
