"""An answer out of candidates, without I/O: blended, bounded, ordered, grouped, counted, cut into a page."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from indexer.query.course import Course
from indexer.rank.blend import Ranked, blended
from indexer.rank.boundary import bounded
from indexer.rank.explain import explained
from indexer.rank.facets import counted
from indexer.rank.groups import Group, grouped
from indexer.rank.near import far
from indexer.rank.order import in_stock_first, sorted_by
from indexer.rank.recency import newer_up
from indexer.read.find import SERVER, Candidates
from indexer.records import Addend, Bound, Boundary, FacetAsk, FacetValue, Hit, Product, Query, Term
from indexer.records.making import maker
from indexer.settings import SearchSettings
from indexer.store.base import Found
from indexer.text.cleaning import Cleaning
from indexer.text.highlight import highlights
from indexer.vectors import Row, cosine

REACH = 0.1
"""How much better a sold-out product must score than one in stock to stay ahead of it."""

DIVERSE_FIRST = 50
"""Hits among which diversity orders; what follows keeps its order."""

CODE = "code"

_hit = maker(Hit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How an answer is bounded and ordered: the settings, with what the query says instead; floors are the encoders'.

    `partial` is left of the words' weight for a product that has only some of them.
    """

    bound: Bound
    floor: float
    sure: float
    top: int
    group: bool
    diversity: float
    in_stock_first: bool
    rrf_constant: int
    partial: float
    recency: float
    half_life: float


def rule_of(query: Query, defaults: SearchSettings, floors: tuple[float, float]) -> Rule:
    """The rule for a query."""
    floor = floors[0] if defaults.min_cosine is None else defaults.min_cosine
    return Rule(
        bound=query.bound or defaults.bound,
        floor=floor,
        sure=max(floor, floors[1] if defaults.min_cosine is None else floor),
        top=defaults.top,
        group=defaults.group if query.group is None else query.group,
        diversity=defaults.diversity if query.diversity is None else query.diversity,
        in_stock_first=defaults.in_stock_first if query.in_stock_first is None else query.in_stock_first,
        rrf_constant=defaults.rrf_constant,
        partial=defaults.partial_weight,
        recency=defaults.recency,
        half_life=defaults.recency_days,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relevant:
    """The products inside the boundary, in order."""

    ranked: list[Ranked]
    boundary: Boundary


def relevant(candidates: Candidates, way: Course, rule: Rule) -> Relevant:
    """Blend the legs and draw the line."""
    if way.browse:
        ranked = [Ranked(id_, 0.0, ()) for id_ in sorted(candidates.found)]
        return _relevant(ranked, "all", None, candidates)
    ranked = blended(candidates.rankings(way.weights, partial=rule.partial), blend=way.blend, rrf_constant=rule.rrf_constant)
    if rule.bound == "score" and far(candidates.scores, rule.sure):
        return _relevant([], "score", rule.sure, candidates)
    inside, limit = bounded(ranked, kind=rule.bound, min_cosine=rule.floor, top=rule.top)
    if candidates.order is not None:
        inside = _by_server(inside, candidates.order)
    return _relevant(inside, rule.bound, limit, candidates)


def coded(candidates: Mapping[str, Found]) -> Relevant:
    """The products that have the very code that was asked for: all of them, equally."""
    ranked = [Ranked(id_, 1.0, (Term(CODE, 1.0, 1.0, 1.0),)) for id_ in sorted(candidates)]
    return Relevant(ranked=ranked, boundary=Boundary(kind="all", limit=None, candidates=len(ranked), relevant=len(ranked), capped=False))


def arranged(query: Query, rule: Rule, ranked: Sequence[Ranked], product_of: Callable[[str], Product], *, moment: int) -> list[Ranked]:
    """The products in the order that was asked for: newer ones up, what is sold out behind, or sorted by fields."""
    if rule.recency:
        ranked = newer_up(ranked, lambda id_: product_of(id_).since, moment=moment, most=rule.recency, half_life=rule.half_life)
    if rule.in_stock_first:
        ranked = in_stock_first(ranked, lambda id_: product_of(id_).stock, reach=REACH)
    if query.sort:
        return sorted_by(ranked, query.sort, product_of, moment=moment)
    return list(ranked)


def page_of(query: Query, rule: Rule, ranked: Sequence[Ranked], product_of: Callable[[str], Product]) -> tuple[list[Group], int]:
    """The page's hits, each with the variants behind it, and how many hits there are on all pages."""
    begin = (query.page - 1) * query.per_page
    end = begin + query.per_page
    if not rule.group:
        return [Group(one) for one in ranked[begin:end]], len(ranked)
    groups = grouped(ranked, lambda id_: product_of(id_).group)
    return groups[begin:end], len(groups)


def facets_of(
    asks: Sequence[FacetAsk], sets: Mapping[str, tuple[Relevant, Callable[[str], Product]]], *, moment: int
) -> dict[str, tuple[FacetValue, ...]]:
    """Each facet's counts over the products that its own filter does not narrow; `sets` by field, "" for those without."""
    counts: dict[str, tuple[FacetValue, ...]] = {}
    for field, (inside, product_of) in sets.items():
        mine = [ask for ask in asks if (ask.field if ask.field in sets else "") == field]
        counts |= counted((product_of(one.id) for one in inside.ranked), mine, moment=moment)
    return {ask.field: counts[ask.field] for ask in asks}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Details:
    """What explains the hits of one page: BM25 by field for each id, the products' rows, and the query's parts' rows."""

    fields: Mapping[str, Mapping[str, float]]
    rows: Mapping[str, Row]
    parts: Mapping[str, Row]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """How the hits of one page are shown: with highlights and explanations where they were asked for.

    `partly` are the products that have only some of the query's words.
    """

    query: Query
    way: Course
    cleaning: Cleaning
    details: Details | None
    partly: Collection[str] = ()

    def hit(self, group: Group, found: Found) -> Hit:
        """One hit of the page."""
        one, product = group.best, found.product
        marked = self.query.highlight and self.query.text
        return _hit(
            id=one.id,
            score=one.score,
            terms=one.terms,
            product=product,
            photo_status=found.photo_status,
            variants=group.others,
            highlights=highlights(product, self.query.text, self.cleaning) if marked else {},
            explanation=() if self.details is None else self._explained(one, self.details),
            partly=one.id in self.partly,
        )

    def _explained(self, one: Ranked, details: Details) -> tuple[Addend, ...]:
        row = details.rows.get(one.id)
        near = {} if row is None else {name: cosine(part, row) for name, part in details.parts.items()}
        fields = details.fields.get(one.id, {})
        return explained(one, blend=self.way.blend, fields=fields, parts=near, partly=one.id in self.partly)


def _relevant(ranked: list[Ranked], kind: Bound, limit: float | None, candidates: Candidates) -> Relevant:
    boundary = Boundary(kind=kind, limit=limit, candidates=len(candidates.found), relevant=len(ranked), capped=candidates.capped)
    return Relevant(ranked=ranked, boundary=boundary)


def _by_server(inside: Sequence[Ranked], order: Mapping[str, float]) -> list[Ranked]:
    """The same products as the server blended them."""
    scored = [Ranked(one.id, order[one.id], (Term(SERVER, order[one.id], order[one.id], 1.0),)) for one in inside if one.id in order]
    return sorted(scored, key=lambda one: (-one.score, one.id))
