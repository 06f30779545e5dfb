"""Variants of one thing as one: the best-ranked of them is shown, the others are named beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from indexer.rank.blend import Ranked


@dataclass(frozen=True, slots=True)
class Group:
    """The best-ranked product of a group, and the ids of the others, best first."""

    best: Ranked
    others: tuple[str, ...] = ()


def grouped(ranked: Sequence[Ranked], group_of: Callable[[str], str]) -> list[Group]:
    """The groups in the order of their best products; `group_of` gives a product's group by its id.

    A product whose group is blank is a group by itself.
    """
    members: dict[tuple[str, str], list[Ranked]] = {}
    for one in ranked:
        name = group_of(one.id).strip()
        members.setdefault((name, "" if name else one.id), []).append(one)
    return [Group(best, tuple(one.id for one in others)) for best, *others in members.values()]
