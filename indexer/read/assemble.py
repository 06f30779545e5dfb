"""The last stretch of a plan: order, groups, page, and what is asked for one page only (vectors of the first hits, explanations)."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.encoders import QueryRows
from indexer.query.course import Course
from indexer.query.cursor import written
from indexer.rank.blend import Ranked
from indexer.rank.diversity import diverse
from indexer.rank.groups import Group
from indexer.read.answer import DIVERSE_FIRST, Details, Relevant, Rule, Shown, arranged, facets_of, page_of
from indexer.read.find import Candidates
from indexer.read.needs import Got, Need, asked
from indexer.records import Answer, Degraded, FacetAsk, Product, Query
from indexer.settings import SearchSettings
from indexer.store.base import ExplainLeg, Leg, NamedLeg
from indexer.store.identity import Description, Identity
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.vectors import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """What a plan decides by: the settings, the index's encoders, how texts are cleaned, and for which moment prices and ages hold.

    `check` refuses an index of other encoders; `floors` says which cosines of an index mean something for a query
    (see `Encoders.floors`);
    `moment` is in microseconds since 1970.
    """

    defaults: SearchSettings
    check: Callable[[Description], None]
    floors: Callable[[Query, Identity], tuple[float, float]]
    moment: int
    cleaning: Cleaning = DEFAULT


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A normalised query with its facets read and the rule by which its answer is bounded and ordered."""

    query: Query
    facets: tuple[FacetAsk, ...]
    rule: Rule


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is known of the query on its way: its course, its rows, what it had to do without, its point in time, the lexical step."""

    way: Course
    rows: QueryRows | None = None
    degraded: tuple[Degraded, ...] = ()
    point: str = ""
    step: int = 1

    def after(self, candidates: Candidates) -> "Told":
        """The same, with what finding these has told."""
        return replace(self, degraded=(*self.degraded, *candidates.degraded), step=candidates.step)


def assembled(ask: Asked, told: Told, drawn: Mapping[str, tuple[Relevant, Candidates]], *, kit: Kit) -> Generator[Need, Got, Answer]:
    """The answer to the products inside the boundary: `drawn` under "", and under each facet's field without its own filter."""
    query, rule = ask.query, ask.rule
    inside, candidates = drawn[""]
    product_of = _reader(candidates)
    ranked = arranged(query, rule, inside.ranked, product_of, moment=kit.moment)
    if rule.diversity and not query.sort:
        ranked = yield from _diverse(ranked, rule.diversity, point=told.point)
    page, total = page_of(query, rule, ranked, product_of)
    details = (yield from _details(page, ask, told)) if query.explain and page else None
    shown = Shown(query=query, way=told.way, cleaning=kit.cleaning, details=details, partly=candidates.partly)
    return Answer(
        hits=tuple(shown.hit(one, candidates.found[one.best.id]) for one in page),
        total=total,
        facets=facets_of(ask.facets, {field: (mine, _reader(theirs)) for field, (mine, theirs) in drawn.items()}, moment=kit.moment),
        page=query.page,
        per_page=query.per_page,
        strategy=told.way.strategy,
        blend=told.way.blend,
        boundary=inside.boundary,
        took_ms=0.0,
        degraded=told.degraded,
        cursor=written(told.point, query, moment=kit.moment) if told.point else "",
    )


def _reader(candidates: Candidates) -> Callable[[str], Product]:
    return lambda id_: candidates.found[id_].product


def _diverse(ranked: Sequence[Ranked], weight: float, *, point: str) -> Generator[Need, Got, list[Ranked]]:
    rows = yield from _rows([one.id for one in ranked[:DIVERSE_FIRST]], point)
    return diverse(ranked, rows, weight=weight, first=DIVERSE_FIRST)


def _rows(ids: Sequence[str], point: str) -> Generator[Need, Got, dict[str, Row]]:
    if not ids:
        return {}
    (answer,) = yield from asked([NamedLeg(ids=tuple(ids), rows=True)], point=point)
    return {one.id: one.row for one in answer.found if one.row is not None}


def _details(page: Sequence[Group], ask: Asked, told: Told) -> Generator[Need, Got, Details]:
    ids = tuple(group.best.id for group in page)
    words = any(term.name == "lexical" for group in page for term in group.best.terms) and bool(ask.query.text)
    legs: list[Leg] = [NamedLeg(ids=ids, rows=True)]
    if words:
        legs.append(ExplainLeg(text=ask.query.text, ids=ids, step=told.step))
    named, *lexical = yield from asked(legs, point=told.point)
    return Details(
        fields={one.id: one.fields for answer in lexical for one in answer.found},
        rows={one.id: one.row for one in named.found if one.row is not None},
        parts={} if told.rows is None else told.rows.parts,
    )
