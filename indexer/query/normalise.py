"""What was asked, made fit to answer: text cleaned, parts without weight left out, every figure within its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from indexer.errors import QueryError
from indexer.query.check import check_values
from indexer.query.filters import parse_filters
from indexer.query.parts import WEIGHT_CAP, check_parts
from indexer.records import Blend, Bound, Filter, Query, QueryPart, Rerank, Strategy
from indexer.text.cleaning import DEFAULT, Cleaning

LENGTH_CAP = 512
"""Characters of a query's text: long enough for any shopper, short enough to keep BM25 from thousands of clauses."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "strategy": get_args(Strategy),
    "blend": get_args(Blend),
    "bound": get_args(Bound),
    "rerank": get_args(Rerank),
}
"""What a query may choose among."""


def as_query(
    query: Query | str,
    *,
    filters: Sequence[Filter | str] = (),
    facets: Sequence[str] = (),
    page: int | None = None,
    per_page: int | None = None,
) -> Query:
    """One Query of what a searcher was given: filters and facets are added to the query's own, page and per_page replace them.

    A lone text stands for a sequence of one. Raises BadFilter for a filter's text that does not follow the grammar.
    """
    query = Query(text=query) if isinstance(query, str) else query
    if not filters and not facets and page is None and per_page is None:
        return query
    return replace(
        query,
        filters=(*query.filters, *parse_filters([filters] if isinstance(filters, str) else filters)),
        facets=(*query.facets, *([facets] if isinstance(facets, str) else facets)),
        page=query.page if page is None else page,
        per_page=query.per_page if per_page is None else per_page,
    )


def similar_to(product_id: str) -> Query:
    """The query for what is like a product."""
    return Query(parts=(QueryPart(id=product_id),))


def normalise(query: Query, *, per_page_cap: int, cleaning: Cleaning = DEFAULT) -> Query:
    """The query with its text cleaned, its weightless parts left out and repeated facets named once, in order.

    Nothing left of the words after cleaning means no words. Raises QueryError (BadFilter for a filter) for what can't be
    answered, before anything is asked of anyone.
    """
    _check_figures(query, per_page_cap=per_page_cap)
    check_values(query.filters)
    text = query.text.strip() if query.text_weight > 0 else ""
    photo = query.photo if query.photo_weight > 0 else None
    parts = tuple(replace(part, text=cleaning.query(part.text)) if part.text else part for part in check_parts(query.parts))
    if not text and photo is None and not parts and (query.text.strip() or query.photo is not None):
        raise QueryError("No part of the query has weight.", cure="Give the text or the photo a weight above 0.")
    if parts and not text and photo is None and all(part.weight < 0 for part in parts):
        raise QueryError("The query says only what it is not like.", cure="Add words, a photo or a product that it is like.")
    text = cleaning.query(text)
    _check_length(text)  # once more: a few characters are written out by cleaning, one as up to eighteen
    filters = query.filters
    if ids := tuple(dict.fromkeys(part.id for part in parts if part.id)):
        filters = (*filters, Filter("id", "ne", ids))  # what a query is like is no answer to it
    facets = tuple(dict.fromkeys(query.facets))
    if (text, photo, parts, filters, facets) == (query.text, query.photo, query.parts, query.filters, query.facets):
        return query  # as most are
    return replace(query, text=text, photo=photo, parts=parts, filters=filters, facets=facets)


def _check_figures(query: Query, *, per_page_cap: int) -> None:
    _check_length(query.text)
    if query.page < 1:
        raise QueryError(f"Pages count from 1, so there is no page {query.page}.")
    if not 1 <= query.per_page <= per_page_cap:
        raise QueryError(f"A page holds 1 to {per_page_cap} hits, not {query.per_page}.", cure="Ask for more pages instead.")
    for name, weight in (("text", query.text_weight), ("photo", query.photo_weight)):
        if not 0 <= weight <= WEIGHT_CAP:  # refuses NaN too
            raise QueryError(f"The {name} weight is a number from 0 to {WEIGHT_CAP:g}, not {weight!r}.")
    for name, share in (("diversity", query.diversity), ("extra_weight", query.extra_weight), ("photo_share", query.photo_share)):
        if share is not None and not 0 <= share <= 1:
            raise QueryError(f"The {name} is a number from 0 to 1, not {share!r}.")
    if query.timeout_s is not None and not query.timeout_s > 0:
        raise QueryError(f"A search can't take {query.timeout_s!r} seconds.", cure="Give timeout_s a number above 0.")
    for name, choice in (("strategy", query.strategy), ("blend", query.blend), ("bound", query.bound), ("rerank", query.rerank)):
        if choice is not None and choice not in (known := CHOICES[name]):
            raise QueryError(f"There is no {name} {choice!r}.", cure=f"Known: {', '.join(known)}.")


def _check_length(text: str) -> None:
    if len(text) > LENGTH_CAP:
        raise QueryError(f"A query's text may have {LENGTH_CAP} characters; this one has {len(text)}.", cure="Shorten it.")
