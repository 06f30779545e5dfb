"""What the service needs of a search: the asynchronous searcher's two questions, so that tests and other engines can answer them too."""

from collections.abc import Sequence
from typing import Protocol

from indexer.query.facets import facet_text
from indexer.records import Answer, Query
from indexer.service.asked import Asked
from indexer.store.identity import Description

PLAIN_FACETS = ("category", "brand")
ATTRIBUTES_CAP = 24
"""Attributes counted for the page; more would be a wall, not a filter."""


class Searching(Protocol):
    """An asynchronous searcher."""

    async def search(self, query: Query) -> Answer:
        """The answer. Raises QueryError, StoreError and ModelError classes."""

    async def describe(self) -> Description:
        """The index behind the alias. Raises IndexMissing, StoreUnavailable."""


def facet_names(description: Description) -> tuple[str, ...]:
    """The fields that the page counts: the plain ones, then the index's attributes by name."""
    return PLAIN_FACETS + tuple(sorted(description.attributes)[:ATTRIBUTES_CAP])


async def answered(searcher: Searching, state: Asked, *, photo: bytes | None, facets: Sequence[str]) -> Answer:
    """The page's answer, with a count for each facet and each ticked field. Raises what `search` raises."""
    return await searcher.search(state.query(photo, tuple(facet_text(name) for name in dict.fromkeys((*facets, *state.chosen)))))
