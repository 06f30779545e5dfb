"""The course of a query: by which strategy it is answered, and what each leg's figures weigh."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from indexer.errors import QueryError
from indexer.query.photo_share import check_photo_share, near_weights
from indexer.records import NEARS, Blend, Query, Strategy
from indexer.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class Course:
    """How one query is answered: the strategy, how legs are blended, and each leg's weight (they sum to 1).

    `browse` is a lexical course without words: filters alone decide, and no score says who is better.
    """

    strategy: Strategy
    blend: Blend
    weights: Mapping[str, float]
    browse: bool = False

    @property
    def near(self) -> tuple[str, ...]:
        """Its legs of nearness."""
        return tuple(name for name in NEARS if name in self.weights)


def course(query: Query, defaults: SearchSettings) -> Course:
    """The course of a normalised query.

    Without a photo, words, parts or an extra query nothing can be scored: browse. A query without words has only the vector leg,
    whatever was asked. With words and a photo, both share the vector by their weights, and the lexical leg, which knows only the
    words, keeps its weight w as long as they weigh as much as the photo, less below: w · min(1, 2t / (t + p)). An extra query takes
    its share from the others in proportion. Nearness to the photos alone has `photo_share` of the vector's weight. Raises QueryError for
    a photo or parts with the lexical strategy, and for that share where it can't be given.
    """
    strategy, blend = query.strategy or defaults.strategy, query.blend or defaults.blend
    if strategy == "lexical" and (query.photo is not None or query.parts):
        raise QueryError(
            "The lexical strategy reads words only, so it can't be asked with a photo or with parts.",
            cure="Use msearch, rescore or vector.",
        )
    check_photo_share(query, strategy)
    near = query.photo is not None or bool(query.parts)
    if not near and not query.text:
        return _with_extra(Course("lexical", blend, {"lexical": 1.0}, browse=query.extra is None), query)
    if strategy == "lexical":
        return _with_extra(Course("lexical", blend, {"lexical": 1.0}), query)
    if strategy == "vector" or not query.text:
        return _with_extra(Course("exact" if strategy == "exact" else "vector", blend, near_weights(1.0, query.photo_share)), query)
    words = 1.0 if query.photo is None else min(1.0, 2 * query.text_weight / (query.text_weight + query.photo_weight))
    lexical = defaults.lexical_weight * words
    return _with_extra(Course(strategy, blend, {"lexical": lexical, **near_weights(1.0 - lexical, query.photo_share)}), query)


def without_row(way: Course) -> Course:
    """The course of a query that has no vector (a lone "!" has no direction, or the encoder is down): its words alone.

    Raises QueryError where there are none, or only the vector was asked.
    """
    if "lexical" not in way.weights:
        raise QueryError("The encoder sees nothing in this query, so nothing can be near to it.", cure="Use other words, or another photo.")
    left = {name: weight for name, weight in way.weights.items() if name not in NEARS}
    total = sum(left.values()) or 1.0
    return Course("lexical", way.blend, {name: weight / total if sum(left.values()) else 1.0 for name, weight in left.items()})


def _with_extra(way: Course, query: Query) -> Course:
    if query.extra is None:
        return way
    weights = {name: weight * (1 - query.extra_weight) for name, weight in way.weights.items()}
    return replace(way, weights=weights | {"extra": query.extra_weight})
