"""Parts of the queries: by kind and language, the worst ones, and those that win or lose most between two runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.evaluate.compare import EQUAL
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import Floats
from indexer.evaluate.queries import Topic

ALL = "all queries"
ANSWERABLE = "with a relevant product"
"""Told only where the measured judgments hold others too."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A query whose figure differs between two runs."""

    place: int
    before: float
    after: float

    @property
    def by(self) -> float:
        """After minus before."""
        return self.after - self.before


def groups(topics: Sequence[Topic], judgments: Judgments, *, relevant: int = 1) -> Mapping[str, tuple[int, ...]]:
    """The places of the queries of each group: all, those that can score at all (where not all can), each kind, each language.

    Kinds are told where a query has one, languages where there are two or more; empty groups are left out.
    """
    places: dict[str, list[int]] = {ALL: list(range(len(topics)))}
    answerable = [place for place, topic in enumerate(topics) if judgments.relevant(topic.id, least=relevant)]
    if len(answerable) < len(topics):
        places[ANSWERABLE] = answerable
    for name in sorted({one.kind for one in topics if one.kind}):
        places[f"kind {name}"] = [place for place, topic in enumerate(topics) if topic.kind == name]
    languages = sorted({one.language for one in topics})
    for name in languages if len(languages) > 1 else ():
        places[f"language {name or 'unknown'}"] = [place for place, topic in enumerate(topics) if topic.language == name]
    return {name: tuple(found) for name, found in places.items() if found}


def worst(values: Floats, *, among: Sequence[int], first: int) -> tuple[int, ...]:
    """The places of the lowest figures among some queries, lowest first, equal ones in the judgments' order."""
    return tuple(sorted(among, key=lambda place: (float(values[place]), place))[:first])


def moved(before: Floats, after: Floats, *, first: int) -> tuple[tuple[Moved, ...], tuple[Moved, ...]]:
    """The biggest losers and the biggest winners, the most moved first; ties are in neither."""
    everything = [Moved(place, float(old), float(new)) for place, (old, new) in enumerate(zip(before, after, strict=True))]
    losers = sorted((one for one in everything if one.by < -EQUAL), key=lambda one: (one.by, one.place))
    winners = sorted((one for one in everything if one.by > EQUAL), key=lambda one: (-one.by, one.place))
    return tuple(losers[:first]), tuple(winners[:first])
