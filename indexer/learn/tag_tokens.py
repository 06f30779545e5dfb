"""Titles as BERT's tokens: a word's tag stands at its first token; blocks of equal length for the network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelUnavailable
from indexer.learn.packages import need
from indexer.learn.tag_labels import UNKNOWN

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER = "tokenizer.json"
MASK = "[MASK]"


class Tokens(NamedTuple):
    """A title's token numbers, and for each of its words the place of its first token (-1: cut off)."""

    ids: tuple[int, ...]
    firsts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Titles side by side: token numbers and mask (n, longest)."""

    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.int64]


class TagTokenizer:
    """A fast tokeniser, from a file or from its own text. Safe across threads."""

    def __init__(self, tokenizer: "Tokenizer", *, most: int) -> None:
        """Cut titles after `most` tokens, the two that frame them included."""
        tokenizer.no_padding()
        tokenizer.enable_truncation(most)
        self._tokenizer = tokenizer
        self._padding = tokenizer.token_to_id("[PAD]") or 0

    @classmethod
    def read(cls, folder: Path, *, most: int) -> "TagTokenizer":
        """The tokeniser in a model's folder; raises ModelUnavailable."""
        try:
            text = (folder / TOKENIZER).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{folder / TOKENIZER} can't be read: {error}") from error
        return cls.of(text, most=most)

    @classmethod
    def of(cls, text: str, *, most: int) -> "TagTokenizer":
        """The tokeniser that a text describes, as `text` gives it; raises ModelUnavailable."""
        need("tokenizers", extra="learn")
        from tokenizers import Tokenizer

        # Asked here, since the package itself raises nothing narrower than Exception.
        try:
            told = json.loads(text)
        except ValueError as error:
            raise ModelUnavailable(f"{TOKENIZER} is no JSON: {error}") from error
        if not isinstance(told, dict) or not isinstance(told.get("model"), dict) or not told["model"].get("vocab"):
            raise ModelUnavailable(f"{TOKENIZER} describes no tokeniser: it has no model with a vocabulary.")
        return cls(Tokenizer.from_str(text), most=most)

    def text(self) -> str:
        """All of it, for a file."""
        return self._tokenizer.to_str()

    def has_mask(self) -> bool:
        """Whether a word can be withheld from it."""
        return self._tokenizer.token_to_id(MASK) is not None

    def tokens(self, words: Sequence[str]) -> Tokens:
        """A title's tokens, by its words."""
        encoded = self._tokenizer.encode(list(words), is_pretokenized=True)
        firsts = [-1] * len(words)
        for place, word in enumerate(encoded.word_ids):
            if word is not None and firsts[word] < 0:
                firsts[word] = place
        return Tokens(tuple(encoded.ids), tuple(firsts))

    def block(self, titles: Sequence[Tokens]) -> Block:
        """Titles padded to the longest."""
        longest = max(len(one.ids) for one in titles)
        ids = np.full((len(titles), longest), self._padding, dtype=np.int64)
        mask = np.zeros((len(titles), longest), dtype=np.int64)
        for row, one in enumerate(titles):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
        return Block(ids, mask)


def placed(tags: Sequence[int], tokens: Tokens, *, length: int, elsewhere: int = UNKNOWN) -> npt.NDArray[np.int64]:
    """The words' tags at their first tokens, `elsewhere` at every other place: (length,)."""
    row = np.full(length, elsewhere, dtype=np.int64)
    for tag, place in zip(tags, tokens.firsts, strict=True):
        if place >= 0:
            row[place] = tag
    return row
