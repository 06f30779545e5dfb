"""The read path's deciding, without I/O: `plan` says what is needed next, gets it sent, and ends with an Answer.

    query ─► Describe ─► Encode ─► Ask ─► (Ask) ─► blended, counted, cut into a page

Searcher and AsyncSearcher (read_path.py) fetch what it needs.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

from indexer.errors import EmptyIndex, EncoderMismatch, StoreError, StoreUnavailable, UnknownField
from indexer.query.check import check_fields
from indexer.query.course import Course, course, without_row
from indexer.query.normalise import normalise
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.facets import counted
from indexer.records import Answer, Hit, Query
from indexer.settings import SearchSettings
from indexer.store.base import Description, ExactLeg, Found, Identity, Leg, LegAnswer, LexicalLeg, VectorLeg
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.vectors import Row

MOVES = 3
"""How often the alias may move during one search before it is given up."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Needed: the index's Description, read anew where `fresh`."""

    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encode:
    """Needed: the query's one row. The photo is still bytes, so that decoding happens where encoding does."""

    text: str
    photo: bytes | None
    text_weight: float
    photo_weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Ask:
    """Needed: one answer per leg, out of one request."""

    legs: tuple[Leg, ...]


Need = Describe | Encode | Ask
Got = Description | Row | list[LegAnswer] | None
Steps = Generator[Need, Got, Answer]


def plan(query: Query, defaults: SearchSettings, check: Callable[[Identity], None], *, cleaning: Cleaning = DEFAULT) -> Steps:
    """Answer a query: yields what it needs, gets it sent, returns the Answer (without `took_ms`).

    Strategies, all over `defaults.depth` candidates a leg, whichever page is asked, so that scores and total stay the same:
    blend: BM25 and nearest vectors in one request. rerank: BM25 first, then the exact cosine of its candidates. Both blend by the same
    weights. lexical, vector: one leg alone. `check` refuses an index with other encoders.
    A StoreError that asking raises is to be thrown in. Raises QueryError, EmptyIndex, EncoderMismatch, what was thrown in where
    the index is still the same, and StoreUnavailable where the alias will not stand still.
    """
    query = normalise(query, per_page_cap=defaults.per_page_cap, cleaning=cleaning)
    way = course(query, defaults)
    description = yield from _described(query, check)
    row = None
    if "vector" in way.weights:
        row = yield from _encoded(query)
        if row is None:
            way = without_row(way)
    for _ in range(MOVES):
        refused: StoreError | None = None
        try:
            found = yield from _found(query, way, row=row, depth=defaults.depth, index=description.index)
        except StoreError as error:
            if error.retryable:
                raise
            found, refused = None, error  # another index may have come behind the alias, with vectors of another width
        if found is not None:
            return _answer(query, way, found, rrf_constant=defaults.rrf_constant)
        asked, description = description.index, (yield from _described(query, check, fresh=True))
        if refused is not None and description.index == asked:
            raise refused
    raise StoreUnavailable(f"Another index answered than the one described, {MOVES} times in one search.", cure="Search again.")


def _described(query: Query, check: Callable[[Identity], None], *, fresh: bool = False) -> Generator[Need, Got, Description]:
    description = yield from _description(fresh=fresh)
    try:
        _fits(query, description, check)
    except (EmptyIndex, EncoderMismatch, UnknownField):
        # A description is kept for some seconds: what it lacks may have come since.
        description = yield from _description(fresh=True)
        _fits(query, description, check)
    return description


def _description(*, fresh: bool) -> Generator[Need, Got, Description]:
    got = yield Describe(fresh)
    if not isinstance(got, Description):
        raise TypeError(f"Describe is answered by a Description, not by {type(got).__name__}.")
    return got


def _fits(query: Query, description: Description, check: Callable[[Identity], None]) -> None:
    if description.products < 1:
        raise EmptyIndex(f"The index {description.index} holds no product yet.", cure="Feed it first: fusedex feed FILE")
    check(description.identity)
    check_fields(query.filters, query.facets, attributes=description.attributes)


def _encoded(query: Query) -> Generator[Need, Got, Row | None]:
    got = yield Encode(text=query.text, photo=query.photo, text_weight=query.text_weight, photo_weight=query.photo_weight)
    if isinstance(got, Description | list):
        raise TypeError(f"Encode is answered by a row or None, not by {type(got).__name__}.")
    return got


def _found(
    query: Query, way: Course, *, row: Row | None, depth: int, index: str
) -> Generator[Need, Got, dict[str, tuple[Found, ...]] | None]:
    """What each leg found, by the leg's name; None where another index than `index` answered."""
    legs: dict[str, Leg] = {}
    if "lexical" in way.weights:
        legs["lexical"] = LexicalLeg(text=query.text, filters=query.filters, size=depth)
    if way.strategy in ("blend", "vector") and row is not None:
        legs["vector"] = VectorLeg(row=row, filters=query.filters, size=depth)
    found = yield from _asked(legs, index)
    if way.strategy != "rerank" or not found or not found["lexical"] or row is None:
        return found
    exact = yield from _asked({"vector": ExactLeg(row=row, ids=tuple(one.id for one in found["lexical"]))}, index)
    return None if exact is None else found | exact


def _asked(legs: dict[str, Leg], index: str) -> Generator[Need, Got, dict[str, tuple[Found, ...]] | None]:
    got = yield Ask(tuple(legs.values()))
    if not isinstance(got, list):
        raise TypeError(f"Ask is answered by a list of LegAnswers, not by {type(got).__name__}.")
    if any(answer.index != index for answer in got):
        return None
    return {name: answer.found for name, answer in zip(legs, got, strict=True)}


def _answer(query: Query, way: Course, found: dict[str, tuple[Found, ...]], *, rrf_constant: int) -> Answer:
    candidates = {one.id: one for leg in ("vector", "lexical") for one in found.get(leg, ())}
    rankings = [Ranking(name, weight, {one.id: one.score for one in found.get(name, ())}) for name, weight in way.weights.items()]
    ranked = (
        [Ranked(id_, 0.0, ()) for id_ in sorted(candidates)]
        if way.browse
        else blended(rankings, blend=way.blend, rrf_constant=rrf_constant)
    )
    first = (query.page - 1) * query.per_page
    return Answer(
        hits=tuple(_hit(one, candidates[one.id]) for one in ranked[first : first + query.per_page]),
        total=len(ranked),
        facets=counted((candidates[one.id].product for one in ranked), query.facets),
        page=query.page,
        per_page=query.per_page,
        strategy=way.strategy,
        blend=way.blend,
        took_ms=0.0,
    )


def _hit(one: Ranked, found: Found) -> Hit:
    return Hit(id=one.id, score=one.score, terms=one.terms, product=found.product, photo_status=found.photo_status)
