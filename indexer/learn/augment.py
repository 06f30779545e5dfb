"""Texts and photos as they might also have come: typos, short forms, other spellings of units, mixed languages, parts left out; crops.

Every function is pure: the same input and seed give the same output. Nothing made is empty where the input was not, and what
carries digits (codes, sizes, amounts) keeps them: a shopper's typo in a part number asks for another part.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from indexer.encode.base import Pixels
from indexer.learn.lexicon import SHORT, TO_CHINESE, TO_ENGLISH
from indexer.text.chinese import HAN
from indexer.text.units import SPELLINGS, UNITS

T = TypeVar("T")
Change = Callable[[str, int], str]

KEYS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
LEAST = 4
"""Letters of a word that may get a typo; a short one would be another word."""

_WORD = re.compile(rf"[^\W\d_{HAN}]+(?:-[^\W\d_{HAN}]+)*")
_PIECE = re.compile(r"\S+")
_HAN_RUN = re.compile(f"[{HAN}]{{3,}}")
_NAMES = sorted(UNITS, key=len, reverse=True)
_AMOUNT = re.compile(rf"(?<![\w.,])(\d[\d.,]*)(\s?)({'|'.join(map(re.escape, _NAMES))})(?!\w)", re.IGNORECASE)
_MIXED = re.compile(
    rf"(?<!\w)({'|'.join(map(re.escape, sorted(TO_CHINESE, key=len, reverse=True)))})(?!\w)"
    rf"|({'|'.join(map(re.escape, sorted(TO_ENGLISH, key=len, reverse=True)))})",
    re.IGNORECASE,
)


def typo(text: str, seed: int) -> str:
    """The text with one slip of the fingers: two letters swapped, one dropped, doubled, or hit beside its key; of Chinese one dropped.

    Words with digits and words of under LEAST letters stay; where no other is there, so does the text.
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    words = [match.span() for match in _PIECE.finditer(text) if _may_slip(match[0])]
    words += [match.span() for match in _HAN_RUN.finditer(text)]
    if not words:
        return text
    start, end = dice.choice(words)
    word = text[start:end]
    slipped = _without(word, dice.randrange(len(word))) if _HAN_RUN.fullmatch(word) else _slip(word, dice)
    return text[:start] + slipped + text[end:]


def abbreviate(text: str, seed: int) -> str:
    """The text with each word that has a short form in the lexicon shortened, half of them by chance, at least one."""
    return _some_replaced(text, _WORD, lambda match: SHORT.get(match[0].lower()), seed)


def respell_units(text: str, seed: int) -> str:
    """The text with amounts in another spelling of their unit, with or without a space: "3.5 mm" as "3.5mm" or "3.5 millimetres"."""
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret

    def other(match: re.Match[str]) -> str | None:
        spellings = [*SPELLINGS[UNITS[match[3].lower()]], match[3]]
        return match[1] + dice.choice(("", " ")) + dice.choice(spellings)

    return _some_replaced(text, _AMOUNT, other, seed)


def mix_languages(text: str, seed: int) -> str:
    """The text with shop words in the other language, half of them by chance, at least one: "黑色 running shoes"."""

    def other(match: re.Match[str]) -> str:
        return TO_CHINESE[match[1].lower()] if match[1] else f" {TO_ENGLISH[match[2]]} "

    return " ".join(_some_replaced(text, _MIXED, other, seed).split())


def drop_words(text: str, seed: int, *, share: float = 0.3) -> str:
    """The text without each word by the chance `share`; what has digits stays, and at least one word does."""
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    pieces = text.split()
    kept = [piece for piece in pieces if _has_digit(piece) or dice.random() >= share]
    return " ".join(kept) if kept else dice.choice(pieces) if pieces else text


def drop_parts(parts: Sequence[T], seed: int, *, share: float = 0.3) -> list[T]:
    """The parts in order without each by the chance `share`, so that a fusion learns to do without; at least one stays."""
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    kept = [part for part in parts if dice.random() >= share]
    return kept or ([dice.choice(parts)] if parts else [])


CHANGES: tuple[Change, ...] = (typo, abbreviate, respell_units, mix_languages, drop_words)


def noisy(text: str, seed: int, *, changes: int = 2) -> str:
    """The text after so many different changes, chosen and ordered by the seed.

    >>> noisy("black running shoes size 42", 3) != "black running shoes size 42"
    True
    """
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    for number, change in enumerate(dice.sample(CHANGES, k=min(changes, len(CHANGES)))):
        text = change(text, seed * len(CHANGES) + number)
    return text


def augment_photo(photo: Pixels, seed: int, *, flip: bool = True) -> Pixels:
    """The photo cropped (0.6 to 1 of its area), flipped sideways by half a chance, in other light; of the same shape.

    `flip` False: never flipped, for photos with writing on them. torch's own random numbers stay as they were.
    """
    import torch
    from torchvision.transforms import v2

    steps = v2.Compose(
        [
            v2.RandomResizedCrop(photo.shape[:2], scale=(0.6, 1.0), ratio=(0.8, 1.25), antialias=True),
            v2.RandomHorizontalFlip(0.5 if flip else 0.0),
            v2.ColorJitter(brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02),
        ]
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        changed: torch.Tensor = steps(torch.from_numpy(photo.copy()).permute(2, 0, 1))
    made: Pixels = changed.permute(1, 2, 0).contiguous().numpy()
    return made


def _some_replaced(text: str, pattern: re.Pattern[str], other: Callable[[re.Match[str]], str | None], seed: int) -> str:
    """The text with about half of the matches replaced, at least one where `other` knows a replacement for any."""
    dice = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    known = [(match, new) for match in pattern.finditer(text) if (new := other(match)) is not None]
    if not known:
        return text
    sure = dice.randrange(len(known))
    for place in reversed(range(len(known))):
        match, new = known[place]
        if place == sure or dice.random() < 0.5:
            text = text[: match.start()] + new + text[match.end() :]
    return text


def _may_slip(piece: str) -> bool:
    return not _has_digit(piece) and len(piece) >= LEAST and _WORD.fullmatch(piece) is not None


def _slip(word: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(word) - 1)  # the first letter is rarely mistyped, and search leans on it
    beside = _beside(word[at])
    kind = dice.choice(("swap", "drop", "double", "beside") if beside else ("swap", "drop", "double"))
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == "drop":
        return _without(word, at)
    return word[:at] + (word[at] if kind == "double" else dice.choice(beside)) + word[at + (kind == "beside") :]


def _without(word: str, at: int) -> str:
    return word[:at] + word[at + 1 :]


def _beside(letter: str) -> str:
    """The letters beside a key on its row, in the letter's case; none for what is on no row."""
    for row in KEYS:
        at = row.find(letter.lower())
        if at >= 0:
            found = row[max(0, at - 1) : at] + row[at + 1 : at + 2]
            return found.upper() if letter.isupper() else found
    return ""


def _has_digit(piece: str) -> bool:
    return any(map(str.isdigit, piece))
