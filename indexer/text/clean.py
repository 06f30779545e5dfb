"""One text, cleaned by a named list of steps until nothing changes; so cleaning twice is cleaning once."""

import hashlib
import re
from collections.abc import Callable, Sequence

from indexer.text import steps

Step = Callable[[str], str]
"""Text in, text out; never raises, whatever the text."""

TITLE: tuple[Step, ...] = (
    steps.without_surrogates,
    steps.folded,
    steps.without_markup,
    steps.without_invisibles,
    steps.without_noise,
    steps.squeezed,
)
DESCRIPTION: tuple[Step, ...] = (
    steps.without_surrogates,
    steps.folded,
    steps.without_markup,
    steps.without_addresses,
    steps.without_invisibles,
    steps.without_noise,
    steps.squeezed,
)
# What a shopper types is no markup: "<b" in a query is noise at worst.
QUERY: tuple[Step, ...] = (
    steps.without_surrogates,
    steps.folded,
    steps.without_invisibles,
    steps.without_noise,
    steps.squeezed,
)

ROUNDS = 16
"""Real texts settle in two rounds; what is nested deeper was made to keep us busy, and loses its markup characters."""

_HAN = re.compile(r"[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_PLAIN = re.compile(r"[A-Za-z0-9]+(?:[ ,.'+()-][A-Za-z0-9]+)*")


def clean(text: str, steps: Sequence[Step] = TITLE) -> str:
    """The text after the steps, in order, repeated until they change nothing; never raises.

    >>> clean("<b>Ｓｏｆａ</b> &amp; chair!!! 🛋️")
    'Sofa & chair!'
    """
    # Most titles are plain words, on which no step has anything to do.
    if _PLAIN.fullmatch(text):
        return text
    for _ in range(ROUNDS):
        before = text
        for step in steps:
            text = step(text)
        if text == before:
            return text
    return clean(re.sub(r"[<>&]", " ", text), steps)


def digest(text: str) -> str:
    """32 hex digits that name a cleaned text: the first half of its sha-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def has_han(text: str) -> bool:
    """Whether any character is a Chinese one (Han, extensions and compatibility forms included)."""
    return _HAN.search(text) is not None
