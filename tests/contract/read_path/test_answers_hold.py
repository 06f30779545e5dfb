"""One set an answer: hits, total, facets, sorts, groups and pages of generated catalogues, over every store."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from indexer.encoders import QueryParts
from indexer.errors import QueryError
from indexer.money import major_units, price_at
from indexer.query.filters import parse_filters
from indexer.rank.blend import NOISE
from indexer.rank.facets import values_of
from indexer.read.answer import REACH
from indexer.records import NEARS, Answer, Blend, Bound, Filter, Product, Query, QueryPart, Sort, Strategy
from indexer.settings import SearchSettings
from tests.contract.read_path.generated import CATALOGUES, FLOOR, STORES, Drawn, Room, Wing, holds, ids, opened, phrases

STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "lexical", "vector")
BLENDS: tuple[Blend, ...] = ("min_max", "z_score", "l2", "rrf")
BOUNDS: tuple[Bound, ...] = ("all", "score", "gap", "top")
FACETS = ("brand", "category", "colour", "in_stock", "price=..20|20..60|60..", "weight=..1|1..")
SHARES = st.sampled_from([0.0, 0.0, 0.4, 1.0])
WAYS = st.builds(
    Query,
    text=phrases(2),
    strategy=st.sampled_from(STRATEGIES),
    blend=st.sampled_from(BLENDS),
    bound=st.sampled_from(BOUNDS),
    photo_share=SHARES,
    facets=st.just(FACETS),
).map(lambda query: replace(query, photo_share=0.0) if query.strategy == "lexical" else query)
SORTS = st.sampled_from([Sort("price"), Sort("price", True), Sort("stock", True), Sort("weight"), Sort("title"), Sort("popularity", True)])
SHOWN = st.builds(
    lambda query, group, in_stock_first, diversity, sort: replace(
        query, group=group, in_stock_first=in_stock_first, diversity=diversity, sort=(sort,) if sort else ()
    ),
    WAYS,
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.4]),
    st.none() | SORTS,
)


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    yield from opened(request)


def number(product: Product, field: str) -> float | None:
    if field == "price":
        price = price_at(product.price, product.sale, moment=0)
        return None if price is None else float(major_units(price))
    value = product.attributes.get(field)
    return value if isinstance(value, float) else None


def check_facets(answer: Answer, inside: list[Product]) -> None:
    for name in ("brand", "category", "colour", "in_stock"):
        expected = Counter(value for product in inside for value in values_of(product, name))
        assert {one.value: one.count for one in answer.facets[name]} == expected
    for name in ("price", "weight"):
        assert sum(one.count for one in answer.facets[name]) == sum(number(product, name) is not None for product in inside)


@holds(catalogue=CATALOGUES, query=WAYS, enough=st.sampled_from([0, 10]), top=st.integers(1, 5))
def test_hits_total_and_facets_come_from_the_set_inside_the_boundary(room: Room, query: Query, enough: int, top: int) -> None:
    defaults = SearchSettings(min_cosine=FLOOR, enough=enough, top=top)
    answer = room.whole(query, defaults)
    everything = room.whole(query, defaults, bound="all")
    assert answer.boundary.kind == query.bound
    assert answer.total == len(answer.hits) == answer.boundary.relevant <= answer.boundary.candidates == everything.total
    assert len(set(ids(answer))) == len(answer.hits)
    assert set(ids(answer)) <= set(ids(everything)) <= room.products.keys()
    assert all(hit.product == room.products[hit.id] for hit in answer.hits)
    check_facets(answer, [hit.product for hit in answer.hits])
    if query.bound == "top":
        assert ids(answer) == ids(everything)[: min(top, everything.total)]
    elif query.bound == "gap":
        assert ids(answer) == ids(everything)[: answer.total]
        assert bool(answer.hits) == bool(everything.hits)
    elif query.bound == "score":
        for hit in answer.hits:
            assert any(term.name not in NEARS or term.raw >= FLOOR for term in hit.terms)


@holds(catalogue=CATALOGUES, text=phrases(3))
def test_relevant_is_what_the_words_match_or_what_is_near(room: Room, text: str) -> None:
    row = room.wing.encoders.query_row(QueryParts(text=text))
    assert row is not None
    cosines = room.cosines(row)
    assume(all(abs(cosine - FLOOR) > 1e-4 for cosine in cosines.values()))
    matched = set(ids(room.whole(Query(text=text, strategy="lexical", bound="all"))))
    near = {id_ for id_, cosine in cosines.items() if cosine >= FLOOR}
    assert set(ids(room.whole(Query(text=text, strategy="msearch")))) == matched | near
    assert set(ids(room.whole(Query(text=text, strategy="vector")))) == near
    assert set(ids(room.whole(Query(text=text, strategy="rescore")))) == matched
    for hit in room.whole(Query(text=text, strategy="vector", bound="all")).hits:
        assert hit.terms[0].raw == pytest.approx(cosines[hit.id], abs=1e-5)


@holds(catalogue=CATALOGUES, text=st.text("qxzjvk", min_size=5, max_size=12), strategy=st.sampled_from(STRATEGIES))
def test_nonsense_finds_nothing(room: Room, text: str, strategy: Strategy) -> None:
    row = room.wing.encoders.query_row(QueryParts(text=text))
    assert row is not None
    assume(max(room.cosines(row).values(), default=0.0) < 0.6)
    answer = room.whole(Query(text=text, strategy=strategy, facets=FACETS), SearchSettings(min_cosine=0.6))
    assert (answer.hits, answer.total, answer.boundary.relevant, answer.boundary.kind) == ((), 0, 0, "score")
    check_facets(answer, [])


@holds(catalogue=CATALOGUES, query=SHOWN, per_page=st.integers(1, 5))
def test_the_size_of_a_page_changes_nothing(room: Room, query: Query, per_page: int) -> None:
    whole = room.whole(query)
    pages = [room.search(query, per_page=per_page, page=page) for page in range(1, whole.total // per_page + 3)]
    parted = [hit for page in pages for hit in page.hits]
    assert [(hit.id, hit.variants) for hit in parted] == [(hit.id, hit.variants) for hit in whole.hits]
    assert [hit.score for hit in parted] == pytest.approx([hit.score for hit in whole.hits], abs=NOISE)
    assert all((page.total, page.facets, page.boundary.relevant) == (whole.total, whole.facets, whole.boundary.relevant) for page in pages)
    assert pages[-1].hits == ()


@holds(
    catalogue=CATALOGUES, text=phrases(2) | st.just(""), strategy=st.sampled_from(STRATEGIES), field=st.sampled_from(["brand", "colour"])
)
def test_a_ticked_facet_counts_what_each_value_would_give(room: Room, text: str, strategy: Strategy, field: str) -> None:
    query = Query(text=text, strategy=strategy, facets=(field, "in_stock"))
    open_ = room.whole(query)
    assume(open_.facets[field])
    ticked = Filter(field, "eq", (open_.facets[field][0].value,))
    answer = room.whole(replace(query, filters=(ticked,)))
    assert answer.total == open_.facets[field][0].count
    assert answer.facets[field] == open_.facets[field]
    assert sum(one.count for one in answer.facets["in_stock"]) == sum(hit.product.stock is not None for hit in answer.hits)
    for one in answer.facets[field]:
        assert room.whole(replace(query, filters=(Filter(field, "eq", (one.value,)),))).total == one.count


@holds(catalogue=CATALOGUES, text=phrases(2) | st.just(""), limits=st.lists(st.integers(1, 150), min_size=1, max_size=4, unique=True))
def test_ranges_side_by_side_count_every_figure_once_and_are_found_by_filters(room: Room, text: str, limits: list[int]) -> None:
    ends = ["", *map(str, sorted(limits)), ""]
    ranges = [f"{low}..{high}" for low, high in pairwise(ends)]
    answer = room.whole(Query(text=text, facets=(f"price={'|'.join(ranges)}",)))
    counts = {one.value: one.count for one in answer.facets["price"]}
    assert list(counts) == ranges
    assert sum(counts.values()) == sum(number(hit.product, "price") is not None for hit in answer.hits)
    for one, (low, high) in zip(ranges, pairwise(ends), strict=True):
        filters = [text for text in (low and f"price>={low}", high and f"price<{high}") if text]
        assert room.whole(Query(text=text, filters=parse_filters(filters))).total == counts[one]


@holds(catalogue=CATALOGUES, query=WAYS)
def test_no_group_comes_twice_and_its_best_variant_is_shown(room: Room, query: Query) -> None:
    alone, grouped = room.whole(query, group=False), room.whole(query, group=True)
    members: dict[str, list[str]] = {}
    for hit in alone.hits:
        members.setdefault(hit.product.group or hit.id, []).append(hit.id)
    assert [[hit.id, *hit.variants] for hit in grouped.hits] == list(members.values())
    assert grouped.total == len(members)
    assert grouped.facets == alone.facets


FILTERS: tuple[tuple[str, Callable[[Product], bool]], ...] = (
    ("brand=nordhem", lambda product: product.brand == "Nordhem"),
    ("brand!=Nordhem", lambda product: product.brand != "Nordhem"),
    ("category=Home", lambda product: product.category[:1] == ("Home",)),
    ("category=Home > Sofas|Garden", lambda product: product.category in (("Home", "Sofas"), ("Garden",))),
    ("in_stock=true", lambda product: (product.stock or 0) > 0),
    ("stock>=1", lambda product: (product.stock or 0) >= 1),
    ("price<60", lambda product: (figure := number(product, "price")) is not None and figure < 60),
    ("price=20..60", lambda product: (figure := number(product, "price")) is not None and 20 <= figure <= 60),
    ("weight>0.5", lambda product: (figure := number(product, "weight")) is not None and figure > 0.5),
    ("colour=red", lambda product: "red" in values_of(product, "colour")),
    ("group=g1", lambda product: product.group == "g1"),
)


@holds(
    catalogue=CATALOGUES,
    text=phrases(2) | st.just(""),
    strategy=st.sampled_from(STRATEGIES),
    chosen=st.lists(st.sampled_from(FILTERS), min_size=1, max_size=2, unique=True),
)
def test_filters_leave_exactly_what_they_say(
    room: Room, text: str, strategy: Strategy, chosen: list[tuple[str, Callable[[Product], bool]]]
) -> None:
    query = Query(text=text, strategy=strategy)
    expected = {hit.id for hit in room.whole(query).hits if all(true_of(hit.product) for _, true_of in chosen)}
    assert set(ids(room.whole(replace(query, filters=parse_filters([told for told, _ in chosen]))))) == expected
    if not text:
        assert expected == {id_ for id_, product in room.products.items() if all(true_of(product) for _, true_of in chosen)}


@holds(catalogue=CATALOGUES, query=WAYS, sort=SORTS)
def test_a_sort_orders_the_same_products_those_without_it_last(room: Room, query: Query, sort: Sort) -> None:
    plain, ordered = room.whole(query), room.whole(query, sort=(sort,))
    assert sorted(ids(ordered)) == sorted(ids(plain))
    assert (ordered.total, ordered.facets) == (plain.total, plain.facets)
    keys = [_key(hit.product, sort.field) for hit in ordered.hits]
    there = [key for key in keys if key is not None]
    assert keys == [*there, *[None] * (len(keys) - len(there))]
    for currency in dict.fromkeys(key[0] for key in there):
        mine = [key[1] for key in there if key[0] == currency]
        assert mine == sorted(mine, reverse=sort.descending)  # type: ignore[type-var]
    assert [key[0] for key in there] == sorted(key[0] for key in there)


def _key(product: Product, field: str) -> tuple[str, object] | None:
    if field == "price":
        price = price_at(product.price, product.sale, moment=0)
        return None if price is None else (price.currency, price.minor)
    value = product.attributes.get(field) if field == "weight" else getattr(product, field)
    return None if value is None else ("", value)


@holds(catalogue=CATALOGUES, query=WAYS)
def test_what_is_in_stock_comes_first_within_reach(room: Room, query: Query) -> None:
    plain, ruled = room.whole(query), room.whole(query, in_stock_first=True)
    before = {hit.id: hit.score for hit in plain.hits}
    assert sorted(ids(ruled)) == sorted(before)
    for place, ahead in enumerate(ruled.hits):
        assert ahead.score >= before[ahead.id] - REACH - NOISE
        assert ahead.product.stock == 0 or ahead.score == pytest.approx(before[ahead.id], abs=NOISE)
        for behind in ruled.hits[place + 1 :]:
            if ahead.product.stock == 0 != behind.product.stock:
                assert before[ahead.id] > before[behind.id] + REACH - NOISE
            elif (ahead.product.stock == 0) == (behind.product.stock == 0):
                assert before[ahead.id] >= before[behind.id] - NOISE
            else:
                assert before[ahead.id] + REACH + NOISE >= before[behind.id]


@holds(catalogue=CATALOGUES, query=WAYS, weight=st.floats(0, 1))
def test_diversity_only_reorders_what_follows_the_first_hit(room: Room, query: Query, weight: float) -> None:
    plain, diverse = room.whole(query), room.whole(query, diversity=weight)
    assert ids(diverse)[:1] == ids(plain)[:1]
    assert {hit.id: hit.score for hit in diverse.hits} == pytest.approx({hit.id: hit.score for hit in plain.hits}, abs=NOISE)
    assert (diverse.total, diverse.facets) == (plain.total, plain.facets)


@holds(catalogue=CATALOGUES, place=st.integers(0, 11))
def test_similar_is_near_and_leaves_the_product_itself_out(room: Room, place: int) -> None:
    named = list(room.products)[place % len(room.products)]
    query = Query(parts=(QueryPart(id=named),), bound="all")
    if named not in room.rows:
        with pytest.raises(QueryError):
            room.whole(query)
        return
    answer = room.whole(query)
    cosines = room.cosines(room.rows[named])
    assert set(ids(answer)) == room.rows.keys() - {named}
    assert {hit.id: hit.terms[0].raw for hit in answer.hits} == pytest.approx({id_: cosines[id_] for id_ in ids(answer)}, abs=1e-5)
    short = room.searcher(SearchSettings(bound="all")).similar(named, filters=[f"language={room.name}"], per_page=100)
    assert ids(short) == ids(answer)


@holds(catalogue=CATALOGUES, text=phrases(2), place=st.integers(0, 11), weight=st.floats(0.2, 2))
def test_parts_lean_towards_a_thing_or_away_from_it(room: Room, text: str, place: int, weight: float) -> None:
    named = list(room.products)[place % len(room.products)]
    row = room.wing.encoders.query_row(QueryParts(text=text))
    assume(row is not None and named in room.rows and abs(float(np.dot(row, room.rows[named]))) < 0.95)
    query = Query(text=text, strategy="vector", bound="all")
    twin = replace(room.products[named], id=f"{room.name}-twin")
    room.put([Drawn(twin, vector=True)])
    nearness = {}
    for sign in (-1, 0, 1):
        parts = (QueryPart(id=named, weight=sign * weight),) if sign else ()
        answer = room.whole(replace(query, parts=parts))
        assert (named in ids(answer)) == (sign == 0)
        nearness[sign] = next(hit.terms[0].raw for hit in answer.hits if hit.id == twin.id)
    assert nearness[-1] < nearness[0] < nearness[1]
