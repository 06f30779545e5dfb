"""What the service needs of a search: the asynchronous searcher's two questions, so that tests and other engines can answer them too."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from indexer.records import Answer, FacetValue, Query
from indexer.service.asked import Asked
from indexer.store.base import Description

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
    """The page's answer, with the counts of each ticked facet taken as if it were not ticked: so that a second value can be added.

    Raises what `search` raises.
    """
    names = tuple(dict.fromkeys((*facets, *state.chosen)))
    ticked = [field for field, values in state.chosen.items() if values]
    query = state.query(photo, names)
    others = [replace(query, filters=state.filters(leave_out=field), facets=(field,), page=1, per_page=1) for field in ticked]
    answer, *rest = await asyncio.gather(searcher.search(query), *(searcher.search(other) for other in others))
    counts: Mapping[str, tuple[FacetValue, ...]] = {field: other.facets.get(field, ()) for field, other in zip(ticked, rest, strict=True)}
    return replace(answer, facets={**answer.facets, **counts})
