"""Whether an index can answer what a query asks of its products' photos."""

from indexer.errors import UnknownField
from indexer.records import Query
from indexer.store.identity import Description


def check_photos(query: Query, description: Description) -> None:
    """Raise UnknownField for a share of the photos in an index that has no vectors of photos alone."""
    if query.photo_share and not description.identity.photo_vector:
        raise UnknownField(
            f"The index {description.index} has no vectors of photos alone, so they can have no photo_share.",
            cure="Leave it out; or build an index that has them beside this one: photo_vector = true under [encode] in a file, "
            "then fusedex upgrade start --config FILE.",
        )
