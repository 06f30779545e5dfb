"""Which words of a text made a cosine: by leaving each out in turn, whatever the encoder is."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from indexer.text.chinese import HAN, Segmenter, has_han, has_kana

Method = Literal["integrated gradients", "leave one word out"]
Cosines = Callable[[Sequence[str]], Sequence[float]]
"""A cosine for each text, 0 where a text has no direction."""

WORD_CAP = 200
"""Words that are left out one by one: each costs a run of the encoder, and encoders read about as many."""

_PIECE = re.compile(r"\S+")
_EDGES = re.compile(r"^\W+|\W+$")
_SCRIPTS = re.compile("[\u3041-\u309f]+|[\u30a0-\u30ff\uff66-\uff9f]+|" + f"[{HAN}]+|[^\u3041-\u30ff\uff66-\uff9f{HAN}]+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a cleaned text and where it stands there; the marks around it belong to its place, not to its text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """How much of a cosine each word of a text makes, in the text's order.

    `cosine` is that of the whole text, `base` what the words start from: with integrated gradients the text with every word made
    blank, so that base + the values are the cosine but for `gap`; left out one by one, words do not add up (two may say the same),
    and the base is 0. `unread` counts the words behind the last one that was looked at.
    """

    text: str
    words: tuple[Word, ...]
    values: tuple[float, ...]
    cosine: float
    base: float
    method: Method
    unread: int = 0

    @property
    def gap(self) -> float:
        """What the values leave unexplained of the cosine."""
        return self.cosine - self.base - sum(self.values)

    def strongest(self, first: int) -> list[tuple[Word, float]]:
        """The words that moved the cosine most, either way, most first; equal ones in the text's order."""
        pairs = list(zip(self.words, self.values, strict=True))
        return sorted(pairs, key=lambda pair: -abs(pair[1]))[:first]

    def as_object(self) -> dict[str, object]:
        """As a JSON object, the words in order."""
        words = [{"word": word.text, "value": value} for word, value in zip(self.words, self.values, strict=True)]
        told = {"method": self.method, "cosine": self.cosine, "base": self.base, "gap": self.gap, "unread_words": self.unread}
        return {"text": self.text, **told, "words": words}


def words_of(text: str, segmenter: Segmenter) -> tuple[Word, ...]:
    """The words of a cleaned text in order: pieces between spaces, Chinese ones by the segmenter, Japanese ones by script.

    Their places cover all but the spaces; a piece of marks alone is a word of its own.

    >>> from indexer.text import segmenter
    >>> [word.text for word in words_of("Nike 黑色运动鞋, size 42!", segmenter())]
    ['Nike', '黑色', '运动鞋', 'size', '42']
    """
    found: list[Word] = []
    for piece in _PIECE.finditer(text):
        at = piece.start()
        for part in _merged(_parts(piece[0], segmenter)):
            found.append(Word(_EDGES.sub("", part) or part, at, at + len(part)))
            at += len(part)
    return tuple(found)


def leave_one_out(text: str, words: Sequence[Word], cosines: Cosines, *, cap: int = WORD_CAP) -> Attribution:
    """Each word's value is what the cosine loses when the word alone goes (negative: it gains); the first `cap` words are looked at.

    Zeiler and Fergus 2014 did so with regions of pictures, Li, Monroe and Jurafsky 2016 (arXiv:1612.08220) with words.
    """
    looked = tuple(words[:cap])
    whole, *without = cosines([text, *(_without(text, word) for word in looked)])
    values = tuple(whole - one for one in without)
    return Attribution(text, looked, values, whole, 0.0, "leave one word out", unread=len(words) - len(looked))


def _without(text: str, word: Word) -> str:
    return " ".join((text[: word.start] + text[word.end :]).split())


def _parts(piece: str, segmenter: Segmenter) -> list[str]:
    if has_kana(piece):
        return _SCRIPTS.findall(piece)
    return segmenter.words(piece) if has_han(piece) else [piece]


def _merged(parts: Sequence[str]) -> list[str]:
    """Marks go to the word before them, or to the first one behind where none is before."""
    merged: list[str] = []
    for part in parts:
        if merged and (not _EDGES.sub("", part) or not _EDGES.sub("", merged[-1])):
            merged[-1] += part
        else:
            merged.append(part)
    return merged
