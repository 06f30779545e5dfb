"""The read path's deciding, without I/O: `plan` says what is needed next, gets it sent, and ends with an Answer.

    query ─► Describe ─► (code? ─► Ask) ─► Encode ─► Ask … ─► blended, bounded, ordered, grouped, counted, cut into a page

Searcher and AsyncSearcher (read_path.py) fetch what it needs. The pieces are in read/.
"""

from collections.abc import Generator, Sequence
from dataclasses import replace

from indexer.errors import (
    CursorGone,
    EmptyIndex,
    EncoderMismatch,
    ModelError,
    QueryError,
    StoreError,
    StoreUnavailable,
    UnknownField,
)
from indexer.query.check import check_fields
from indexer.query.course import Course, course, without_row
from indexer.query.cursor import read
from indexer.query.facets import parse_facet
from indexer.query.normalise import as_query, normalise
from indexer.rank.facets import loosened
from indexer.read.again import looked_again
from indexer.read.answer import Relevant, coded, relevant, rule_of
from indexer.read.assemble import Asked, Kit, Told, assembled
from indexer.read.find import Candidates, Search, found
from indexer.read.needs import Encode, Got, Need, Steps, asked, described, encoded, opened
from indexer.read.photos import check_photos
from indexer.records import Degraded, FacetAsk, Filter, Query
from indexer.store.base import CodeLeg, NamedLeg
from indexer.store.identity import Description, Identity
from indexer.text.codes import looks_like_code
from indexer.vectors import Row

Facets = tuple[FacetAsk, ...]

SUGGEST_FROM = 50
"""Products that suggestions are read from."""

MOVES = 3
"""How often the alias may move during one search before it is given up."""


def plan(query: Query, kit: Kit) -> Steps:
    """Answer a query: yields what it needs, gets it sent, returns the Answer (without `took_ms`).

    All of it over `depth` candidates a leg, whichever page is asked, so that scores, total and facets stay the same. A query that is
    a code is answered by the products that have it, if there are any. An encoder that fails or is late costs the vector leg, and the
    answer says so, as long as there are words. Errors that asking or encoding raises are to be thrown in.
    Raises QueryError, EmptyIndex, EncoderMismatch, what was thrown in and can't be done without, and StoreUnavailable where the
    alias will not stand still.
    """
    query = normalise(query, per_page_cap=kit.defaults.per_page_cap, cleaning=kit.cleaning)
    facets = tuple(map(parse_facet, query.facets))
    way = course(query, kit.defaults)
    description = yield from _described(query, facets, kit)
    ask = _asked(query, facets, kit, description)
    point = ""
    if query.cursor:
        point, moment = read(query.cursor, query)
        kit = replace(kit, moment=moment)
    if query.freeze and not point:
        point = yield from opened(keep_s=kit.defaults.keep_s)
    if _may_be_code(query, way) and (exact := (yield from _by_code(query, point))):
        return (yield from assembled(ask, Told(way, point=point), {"": (coded(exact.found), exact)}, kit=kit))
    told = yield from _encoded(query, way, kit, point=point, identity=description.identity)
    filters = _filters(ask)
    for _ in range(MOVES):
        refused: StoreError | None = None
        search = _search(query, told, kit, index=description.index)
        try:
            sets = yield from found(search, list(filters.values()))
        except StoreError as error:
            if error.retryable:
                raise
            sets, refused = None, error  # another index may have come behind the alias, with vectors of another width
        if sets is not None:
            drawn = {field: _drawn(one, told, ask) for field, one in zip(filters, sets, strict=True)}
            told, again = yield from looked_again(ask, told.after(sets[0]), *drawn[""], kit=kit)
            return (yield from assembled(ask, told, drawn | {"": (again, sets[0])}, kit=kit))
        if query.cursor:
            raise CursorGone("The index of this cursor is no longer the one that answers.", cure="Ask again without a cursor.")
        before, description = description, (yield from _described(query, facets, kit, fresh=True))
        if refused is not None and description.index == before.index:
            raise refused
        if query.freeze:
            told = replace(told, point=(yield from opened(keep_s=kit.defaults.keep_s)))
        if description.identity != before.identity:  # another space: this query's row means nothing there
            ask = _asked(query, facets, kit, description)
            told = yield from _encoded(query, way, kit, point=told.point, identity=description.identity)
    raise StoreUnavailable(f"Another index answered than the one described, {MOVES} times in one search.", cure="Search again.")


def suggest_query(text: str, filters: Sequence[Filter | str]) -> Query:
    """The search whose answer `rank.suggest` reads: words alone, a hundred products."""
    return as_query(Query(text=text, strategy="lexical", bound="all", group=False, per_page=SUGGEST_FROM), filters=filters)


def _asked(query: Query, facets: Facets, kit: Kit, description: Description) -> Asked:
    return Asked(query=query, facets=facets, rule=rule_of(query, kit.defaults, kit.floors(query, description.identity)))


def _described(query: Query, facets: Facets, kit: Kit, *, fresh: bool = False) -> Generator[Need, Got, Description]:
    description = yield from described(fresh=fresh)
    try:
        _fits(query, facets, description, kit)
    except (EmptyIndex, EncoderMismatch, UnknownField):
        # A description is kept for some seconds: what it lacks may have come since.
        description = yield from described(fresh=True)
        _fits(query, facets, description, kit)
    return description


def _fits(query: Query, facets: Facets, description: Description, kit: Kit) -> None:
    if description.products < 1:
        raise EmptyIndex(f"The index {description.index} holds no product yet.", cure="Feed it first: fusedex feed FILE")
    kit.check(description)
    check_photos(query, description)
    check_fields(query.filters, facets, query.sort, attributes=description.attributes)


def _filters(ask: Asked) -> dict[str, tuple[Filter, ...]]:
    """The filters under the name "", and for each facet that has one of its own: the others."""
    filters = ask.query.filters
    own = {facet.field for facet in ask.facets} & {one.field for one in filters}
    return {"": filters} | {field: loosened(filters, field) for field in sorted(own)}


def _search(query: Query, told: Told, kit: Kit, *, index: str) -> Search:
    defaults = kit.defaults
    return Search(
        query=query,
        way=told.way,
        row=None if told.rows is None else told.rows.row,
        depth=defaults.depth,
        enough=defaults.enough,
        rrf_constant=defaults.rrf_constant,
        index=index,
        point=told.point,
    )


def _may_be_code(query: Query, way: Course) -> bool:
    if query.photo is not None or query.parts or query.extra is not None or way.strategy == "vector":
        return False
    return looks_like_code(query.text)


def _by_code(query: Query, point: str) -> Generator[Need, Got, Candidates | None]:
    """The products that have the code which the query may be; None where none has."""
    (answer,) = yield from asked([CodeLeg(code=query.text, filters=query.filters)], point=point)
    if not answer.found:
        return None
    products = {one.id: one for one in answer.found}
    return Candidates(found=products, scores={}, step=0, capped=False)


def _encoded(query: Query, way: Course, kit: Kit, *, point: str, identity: Identity) -> Generator[Need, Got, Told]:
    """The query's rows, or its course without them."""
    if not way.near:
        return Told(way, point=point)
    like = yield from _likes(query, point)
    need = Encode(
        identity=identity,
        text=query.text,
        photo=query.photo,
        text_weight=query.text_weight,
        photo_weight=query.photo_weight,
        parts=tuple(part for part in query.parts if not part.id),
        like=like,
        within_s=kit.defaults.encode_s if "lexical" in way.weights else None,
    )
    try:
        rows = yield from encoded(need)
    except ModelError as error:
        if "lexical" not in way.weights:
            raise
        return Told(without_row(way), degraded=(Degraded("vector", error.message),), point=point)
    return Told(without_row(way) if rows is None else way, rows, point=point)


def _likes(query: Query, point: str) -> Generator[Need, Got, tuple[tuple[str, Row, float], ...]]:
    """The rows of the products that the query names. Raises QueryError for one that is not there, or has none."""
    wanted = [part for part in query.parts if part.id]
    if not wanted:
        return ()
    (answer,) = yield from asked([NamedLeg(ids=tuple(dict.fromkeys(part.id for part in wanted)), rows=True)], point=point)
    rows = {one.id: one.row for one in answer.found}
    likes = []
    for part in wanted:
        if part.id not in rows:
            raise QueryError(f"No product has the id {part.id!r}.", cure="Name one that the index holds.")
        if (row := rows[part.id]) is None:
            raise QueryError(f"The product {part.id!r} has no vector, so nothing can be like it.", cure="Name another one, or use words.")
        likes.append((f"like {part.id}", row, part.weight))
    return tuple(likes)


def _drawn(candidates: Candidates, told: Told, ask: Asked) -> tuple[Relevant, Candidates]:
    return relevant(candidates, told.way, ask.rule), candidates
