"""One text, cleaned by a list of steps until nothing changes; so cleaning twice is cleaning once."""

import hashlib
import re
from collections.abc import Sequence
from functools import lru_cache

from indexer.text.catalog import DEFAULTS, NamedStep, Step, step

TITLE, DESCRIPTION, QUERY, INDEXED = (tuple(map(step, DEFAULTS[name])) for name in ("title", "description", "query", "indexed"))
"""The default lists, for those who clean without settings."""

ROUNDS = 16
"""Real texts settle in two rounds; what is nested deeper was made to keep us busy, and loses its markup characters."""

# What no plain step changes: ASCII words and figures with single spaces and marks between them. Most texts are such.
_PLAIN = re.compile(r"[A-Za-z0-9 ,.'()+-]*")
_DOUBLED = ("  ", "..", ",,", "--")


class StepList:
    """A list of steps, ready to run."""

    def __init__(self, steps: Sequence[Step]) -> None:
        """Take the steps in order."""
        late = len(steps)
        while late and _is(steps[late - 1], "late"):
            late -= 1
        self._first, self._last = tuple(map(_run, steps[:late])), tuple(map(_run, steps[late:]))
        self._not_plain = tuple(_run(one) for one in steps[:late] if not _is(one, "plain"))

    def __call__(self, text: str) -> str:
        """The text after the steps, in order, repeated until they change nothing; never raises."""
        if _is_plain(text) and all(run(text) == text for run in self._not_plain):
            return _settled(text, self._last, own=1)[0]
        text, settled = self._all_settled(text)
        # Steps of a plug-in that undo each other never settle: then the text stays as the last round left it.
        return text if settled else self._all_settled(re.sub(r"[<>&]", " ", text))[0]

    def _all_settled(self, text: str) -> tuple[str, bool]:
        for _ in range(ROUNDS):
            text, settled = _settled(text, self._first)
            if not settled:
                return text, False
            after, settled = _settled(text, self._last, own=1)
            if settled and (after == text or after.isascii()):
                return after, True
            text = after
        return text, False


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and not any(map(text.__contains__, _DOUBLED)) and text == text.strip(" ")


def _settled(text: str, runs: tuple[Step, ...], *, own: int = 0) -> tuple[str, bool]:
    """The text, and whether every step has left it as it is since the last that did not.

    `own` 1: a step that has just run has nothing more to do itself.
    """
    quiet, wanted = 0, len(runs)
    for _ in range(ROUNDS):
        for run in runs:
            after = run(text)
            if after == text:
                quiet += 1
                if quiet == wanted:
                    return text, True
            else:
                quiet, text = own, after
                if quiet == wanted:
                    return text, True
    return text, not runs


def _run(one: Step) -> Step:
    return one.run if isinstance(one, NamedStep) else one


def _is(one: Step, what: str) -> bool:
    return isinstance(one, NamedStep) and bool(getattr(one, what))


@lru_cache(maxsize=64)
def _ready(steps: tuple[Step, ...]) -> StepList:
    return StepList(steps)


def clean(text: str, steps: Sequence[Step] = TITLE) -> str:
    """The text after the steps, in order, repeated until they change nothing; never raises.

    >>> clean("<b>Ｓｏｆａ</b> &amp; chair!!! 🛋️")
    'Sofa & chair!'
    """
    return _ready(tuple(steps))(text)


def digest(text: str) -> str:
    """32 hex digits that name a cleaned text: the first half of its sha-256."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
