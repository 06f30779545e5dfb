"""What nothing but nearness found, and how near it is: by the fused vectors, or by those of the photos alone."""

from collections.abc import Mapping, Sequence

from indexer.records import NEARS, Term

Scores = Mapping[str, Mapping[str, float]]
"""Each leg's figures by its name, then by the product's id."""


def nearest(scores: Scores) -> dict[str, float]:
    """The greatest cosine of each product that no leg but those of nearness holds.

    >>> nearest({"vector": {"mug": 0.5, "cup": 0.25}, "photos": {"cup": 0.75, "jug": 0.5}, "lexical": {"mug": 3.0}})
    {'cup': 0.75, 'jug': 0.5}
    """
    first, *others = (scores.get(name, {}) for name in NEARS)
    near = dict(first)
    for more in others:
        for id_, cosine in more.items():
            near[id_] = max(cosine, near.get(id_, cosine))
    for name, mine in scores.items():
        if near and name not in NEARS:
            near = {id_: cosine for id_, cosine in near.items() if id_ not in mine}
    return near


def nearness(legs: Sequence[Term]) -> float | None:
    """The greatest cosine among the legs' terms of one product, None where another leg found it too, or none did."""
    return max((term.raw for term in legs), default=None) if all(term.name in NEARS for term in legs) else None


def far(scores: Scores, sure: float) -> bool:
    """Whether nothing but nearness found anything, and even the nearest is less near than `sure`."""
    cosines = [cosine for name in NEARS for cosine in scores.get(name, {}).values()]
    return bool(cosines) and not any(found for name, found in scores.items() if name not in NEARS) and max(cosines) < sure
