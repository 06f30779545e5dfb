"""How much of nearness is nearness to the products' photos alone."""

from indexer.errors import QueryError
from indexer.records import NEAR, PHOTOS, Query, Strategy


def near_weights(weight: float, photo_share: float) -> dict[str, float]:
    """The weight of nearness by its legs; the one that has no share of it is not asked.

    >>> near_weights(0.5, 0.0), near_weights(0.5, 0.25), near_weights(0.5, 1.0)
    ({'vector': 0.5}, {'vector': 0.375, 'photos': 0.125}, {'photos': 0.5})
    """
    if photo_share in (0.0, 1.0):
        return {PHOTOS if photo_share else NEAR: weight}
    photos = weight * photo_share
    return {NEAR: weight - photos, PHOTOS: photos}


def check_photo_share(query: Query, strategy: Strategy) -> None:
    """Raise QueryError where the strategy, one that the query asks for or the settings' own, can't give photos their share."""
    if not query.photo_share or strategy not in _REFUSED:
        return
    if strategy == "lexical" or query.text:  # without words the vectors answer, whatever blends them
        raise QueryError(_REFUSED[strategy], cure="Use msearch, exact, rescore or vector, or leave the photo_share out.")


_REFUSED: dict[str, str] = {
    "lexical": "The lexical strategy reads words only, so photos can have no share of it.",
    "hybrid": "In the hybrid strategy the server blends words with one vector, so the photos' own can have no share.",
}
