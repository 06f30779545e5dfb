"""Queries parted for an honest choice: some that no trial sees, the others in folds; by query, alike in each part, drawn by a seed."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.errors import EvaluationError
from indexer.evaluate.queries import Topic

LEAST_QUERIES = 10
"""With fewer answerable queries no choice can be told from luck."""
DEALT = 0.5
"""Where in its step the first query of the held-out part is drawn: in the middle, so that the part's size is rounded, not cut."""


@dataclass(frozen=True, slots=True)
class Split:
    """The ids of the queries: those held out, and the folds of the others; no query is in two of them."""

    held: tuple[str, ...]
    folds: tuple[tuple[str, ...], ...]

    @property
    def tuning(self) -> tuple[str, ...]:
        """All queries that settings are chosen by, fold by fold."""
        return tuple(id_ for fold in self.folds for id_ in fold)

    def without(self, fold: int) -> tuple[str, ...]:
        """The queries of the other folds."""
        return tuple(id_ for place, ids in enumerate(self.folds) if place != fold for id_ in ids)


def split(topics: Sequence[Topic], *, holdout: float, folds: int, seed: int) -> Split:
    """Part the queries: about the share `holdout` of each kind and language is held out, the others are dealt into the folds.

    Queries of one text stay together, whatever their ids: else what was seen in one part would be asked again in another. The same
    seed gives the same parts, in whichever order the queries come. Raises EvaluationError for fewer than ten queries, and for folds
    or a held-out part that would stay empty.
    """
    if len(topics) < LEAST_QUERIES:
        raise EvaluationError(
            f"There are {len(topics)} queries with a relevant product; below {LEAST_QUERIES}, a choice can't be told from luck.",
            cure="Judge more queries.",
        )
    units = _dealt(topics, seed)
    held = [unit for place, unit in enumerate(units) if math.floor((place + 1) * holdout + DEALT) > math.floor(place * holdout + DEALT)]
    taken = set(map(id, held))
    rest = [unit for unit in units if id(unit) not in taken]
    if not held or len(rest) < folds:
        raise EvaluationError(
            f"{len(units)} different queries give {len(held)} to hold out and {len(rest)} for {folds} folds.",
            cure="Judge more queries, or ask for fewer folds or another --holdout.",
        )
    return Split(_ids(held), tuple(_ids(rest[fold::folds]) for fold in range(folds)))


def _dealt(topics: Sequence[Topic], seed: int) -> list[tuple[Topic, ...]]:
    """The queries, one text a unit; units of one kind and language beside each other, inside that shuffled by a digest with the seed."""
    texts: dict[str, list[Topic]] = {}
    for one in sorted(topics, key=lambda topic: topic.id):
        texts.setdefault(" ".join(one.text.casefold().split()), []).append(one)
    shuffled = sorted(texts.items(), key=lambda unit: hashlib.sha256(f"{seed}\n{unit[0]}".encode()).digest())
    return [tuple(unit) for _, unit in sorted(shuffled, key=lambda unit: (unit[1][0].kind, unit[1][0].language))]


def _ids(units: Sequence[tuple[Topic, ...]]) -> tuple[str, ...]:
    return tuple(one.id for unit in units for one in unit)
