"""The course of a query: by which strategy it is answered, and what each leg's figures weigh."""

from collections.abc import Mapping
from dataclasses import dataclass

from indexer.errors import QueryError
from indexer.records import Blend, Query, Strategy
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


def course(query: Query, defaults: SearchSettings) -> Course:
    """The course of a normalised query.

    Without a photo or words nothing can be scored: browse. A photo alone has only the vector leg, whatever was asked. With
    both, words and photo share the vector by their weights, and the lexical leg, which knows only the words, keeps its
    weight w as long as they weigh as much as the photo, less below: w · min(1, 2t / (t + p)).
    Raises QueryError for a photo with the lexical strategy.
    """
    strategy, blend = query.strategy or defaults.strategy, query.blend or defaults.blend
    if strategy == "lexical" and query.photo is not None:
        raise QueryError("The lexical strategy reads words only, so it can't be asked with a photo.", cure="Use blend, rerank or vector.")
    if query.photo is None and not query.text:
        return Course("lexical", blend, {"lexical": 1.0}, browse=True)
    if strategy == "lexical":
        return Course("lexical", blend, {"lexical": 1.0})
    if strategy == "vector" or not query.text:
        return Course("vector", blend, {"vector": 1.0})
    words = 1.0 if query.photo is None else min(1.0, 2 * query.text_weight / (query.text_weight + query.photo_weight))
    lexical = defaults.lexical_weight * words
    return Course(strategy, blend, {"lexical": lexical, "vector": 1.0 - lexical})


def without_row(way: Course) -> Course:
    """The course of a query in which the encoder saw nothing (a lone "!" has no direction): its words alone.

    Raises QueryError where there are none, or only the vector was asked.
    """
    if "lexical" not in way.weights:
        raise QueryError("The encoder sees nothing in this query, so nothing can be near to it.", cure="Use other words, or another photo.")
    return Course("lexical", way.blend, {"lexical": 1.0})
