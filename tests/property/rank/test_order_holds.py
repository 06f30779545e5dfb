"""What boundary, sort, groups, the rule of what is sold out and diversity keep, whatever the ranking."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.money import price_at
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.boundary import GAP_AFTER, GAP_SHARE, bounded
from indexer.rank.diversity import diverse
from indexer.rank.groups import grouped
from indexer.rank.order import in_stock_first, sorted_by
from indexer.rank.rules import SOLD_OUT
from indexer.records import Blend, Bound, Money, Product, Sale, Sort
from indexer.vectors import Row, unit_rows

IDS = st.text("abcdef", min_size=1, max_size=2)
BOUNDS: st.SearchStrategy[Bound] = st.sampled_from(["all", "score", "gap", "top"])
BLENDS: st.SearchStrategy[Blend] = st.sampled_from(["min_max", "z_score", "l2", "rrf"])
NOW = 1000


@st.composite
def rankings(draw: st.DrawFn) -> list[Ranked]:
    if draw(st.integers(0, 9)) == 0:
        return [Ranked(id_, 0.0, ()) for id_ in sorted(draw(st.sets(IDS)))]  # browsing
    weight = draw(st.floats(0, 1))
    lexical = Ranking("lexical", weight, draw(st.dictionaries(IDS, st.floats(0, 50), max_size=12)))
    vector = Ranking("vector", 1 - weight, draw(st.dictionaries(IDS, st.floats(-1, 1), max_size=12)))
    return blended([lexical, vector], blend=draw(BLENDS))


def is_part(part: Sequence[Ranked], whole: Sequence[Ranked]) -> bool:
    left = iter(whole)
    return all(any(one is other for other in left) for one in part)


@given(rankings(), BOUNDS, st.floats(-1, 1), st.integers(1, 30))
def test_a_boundary_only_leaves_out(ranked: list[Ranked], kind: Bound, min_cosine: float, top: int) -> None:
    inside, limit = bounded(ranked, kind=kind, min_cosine=min_cosine, top=top)
    assert is_part(inside, ranked)
    if kind in ("score", "top"):
        assert bounded(inside, kind=kind, min_cosine=min_cosine, top=top) == (inside, limit)
    if kind in ("gap", "top"):
        assert inside == ranked[: len(inside)]
    assert bool(ranked) or not inside


@given(rankings(), st.floats(-1, 1), st.floats(-1, 1))
def test_a_lower_cosine_lets_in_no_less(ranked: list[Ranked], one: float, other: float) -> None:
    few, many = (bounded(ranked, kind="score", min_cosine=limit, top=1)[0] for limit in (max(one, other), min(one, other)))
    assert is_part(few, many)
    assert all(any(term.name == "lexical" for term in left.terms) is False for left in ranked if left not in many)


@given(rankings())
def test_a_gap_is_no_narrower_than_any_drop_behind_the_first(ranked: list[Ranked]) -> None:
    inside, gap = bounded(ranked, kind="gap", min_cosine=0, top=1)
    drops = [before.score - after.score for before, after in pairwise(ranked)][GAP_AFTER - 1 :]
    if gap is None:
        span = ranked[0].score - ranked[-1].score if ranked else 0.0
        assert len(inside) == len(ranked)
        assert all(drop < GAP_SHARE * span or drop == 0 for drop in drops)
    else:
        assert len(inside) >= GAP_AFTER
        assert gap == max(drops) == inside[-1].score - ranked[len(inside)].score


MONEY = st.builds(Money, st.integers(0, 30), st.sampled_from(["EUR", "JPY"]))
MOMENTS = st.none() | st.integers(NOW - 1, NOW + 1)
VALUES = st.one_of(st.floats(0, 3), st.booleans(), st.sampled_from(["a", "B", "10", "Ａ", ""]), st.just(("b", "a")))
PRODUCTS = st.lists(
    st.builds(
        Product,
        id=st.uuids().map(str),
        title=st.sampled_from(["Mug", "mug", "Cup"]),
        price=st.none() | MONEY,
        sale=st.none() | st.builds(Sale, MONEY, MOMENTS, MOMENTS),
        stock=st.none() | st.integers(0, 3),
        popularity=st.none() | st.floats(0, 2),
        since=st.none() | st.integers(0, 3),
        attributes=st.dictionaries(st.just("size"), VALUES),
    ),
    max_size=10,
    unique_by=lambda one: one.id,
)
SORTS = st.lists(
    st.builds(Sort, st.sampled_from(["price", "stock", "popularity", "since", "title", "size", "lacking"]), st.booleans()), max_size=3
)


def sorted_products(products: Sequence[Product], *sorts: Sort) -> list[Product]:
    by_id = {one.id: one for one in products}
    ranked = [Ranked(one.id, 0.5, ()) for one in products]
    return [by_id[one.id] for one in sorted_by(ranked, sorts, by_id.__getitem__, moment=NOW)]


@given(PRODUCTS, SORTS)
def test_a_sort_keeps_the_products_and_sorting_again_changes_nothing(products: list[Product], sorts: list[Sort]) -> None:
    once = sorted_products(products, *sorts)
    assert sorted(one.id for one in once) == sorted(one.id for one in products)
    assert sorted_products(once, *sorts) == once


@given(PRODUCTS, SORTS)
def test_later_sorts_only_break_ties_as_sorting_backwards_one_by_one_does(products: list[Product], sorts: list[Sort]) -> None:
    one_by_one = products
    for sort in reversed(sorts):
        one_by_one = sorted_products(one_by_one, sort)
    assert sorted_products(products, *sorts) == one_by_one


@given(PRODUCTS, st.booleans())
def test_prices_run_one_way_within_each_currency_and_the_priceless_come_last(products: list[Product], descending: bool) -> None:
    prices = [price_at(one.price, one.sale, moment=NOW) for one in sorted_products(products, Sort("price", descending))]
    known = [price for price in prices if price is not None]
    assert prices[: len(known)] == known
    assert [price.currency for price in known] == sorted(price.currency for price in known)
    for currency in ("EUR", "JPY"):
        minors = [price.minor for price in known if price.currency == currency]
        assert minors == sorted(minors, reverse=descending)


STOCKS = st.dictionaries(IDS, st.none() | st.integers(0, 2))


@given(rankings(), STOCKS, st.floats(0, 1))
def test_the_rule_of_what_is_sold_out_keeps_scores_true(ranked: list[Ranked], stocks: dict[str, int | None], reach: float) -> None:
    before = {one.id: one for one in ranked}
    after = in_stock_first(ranked, stocks.get, reach=reach)
    assert {one.id for one in after} == before.keys()
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    for one in after:
        assert 0.0 <= one.score <= 1.0
        assert one.score == sum(term.value for term in one.terms)
        sold_out = stocks.get(one.id) == 0
        assert (one == before[one.id]) != sold_out
        assert (one.terms[-1:] != () and one.terms[-1].name == SOLD_OUT) == sold_out


@given(rankings(), STOCKS, st.floats(0, 1))
def test_the_rule_is_bounded_and_turns_no_two_of_a_kind(ranked: list[Ranked], stocks: dict[str, int | None], reach: float) -> None:
    gone = {one.id for one in ranked if stocks.get(one.id) == 0}
    score = {one.id: one.score for one in ranked}
    after = [one.id for one in in_stock_first(ranked, stocks.get, reach=reach)]
    for kind in (gone, score.keys() - gone):
        assert [id_ for id_ in after if id_ in kind] == [one.id for one in ranked if one.id in kind]
    for here in score.keys() - gone:
        for out in gone:
            if abs(score[out] - score[here] - reach) > 1e-9:  # else rounding decides
                assert (after.index(out) < after.index(here)) == (score[out] - score[here] > reach)


@given(rankings(), st.dictionaries(IDS, st.sampled_from(["", " ", "x", "y"])))
def test_groups_hold_every_product_once_and_show_their_best(ranked: list[Ranked], names: dict[str, str]) -> None:
    place = {one.id: number for number, one in enumerate(ranked)}
    groups = grouped(ranked, lambda id_: names.get(id_, ""))
    members = [(group.best.id, *group.others) for group in groups]
    assert sorted(id_ for ids in members for id_ in ids) == sorted(place)
    assert [ids[0] for ids in members] == sorted((ids[0] for ids in members), key=place.__getitem__)
    for ids in members:
        assert list(ids) == sorted(ids, key=place.__getitem__)
        assert len({names.get(id_, "").strip() for id_ in ids}) == 1
        assert len(ids) == 1 or names[ids[0]].strip()


@st.composite
def rows_of(draw: st.DrawFn) -> tuple[list[Ranked], dict[str, Row]]:
    ranked = draw(rankings())
    known = [one.id for one in ranked if draw(st.integers(0, 4))]
    numbers = np.random.default_rng(draw(st.integers(0, 99)))
    rows = unit_rows(numbers.integers(-2, 3, (len(known), 3)) + 0.25, width=3)  # few directions, so that some are equal
    return ranked, dict(zip(known, rows, strict=True))


@given(rows_of(), st.floats(0.01, 1), st.integers(0, 30))
def test_diversity_takes_what_the_papers_formula_values_most_at_each_step(
    drawn: tuple[list[Ranked], dict[str, Row]], weight: float, first: int
) -> None:
    ranked, rows = drawn
    after = diverse(ranked, rows, weight=weight, first=first)
    assert after[first:] == ranked[first:]
    assert {one.id for one in after[:first]} == {one.id for one in ranked[:first]}
    assert after[:1] == ranked[:1]

    def worth(one: Ranked, taken: list[Ranked]) -> float:
        alike = [float(rows[one.id] @ rows[other.id]) for other in taken if one.id in rows and other.id in rows]
        return (1 - weight) * one.score - weight * max([0.0, *alike])

    for number, one in enumerate(after[:first]):
        taken = after[:number]
        assert worth(one, taken) >= max(worth(other, taken) for other in after[number:first]) - 1e-5  # cosines are float32


@given(rows_of(), st.integers(0, 30))
def test_a_diversity_of_nothing_changes_nothing(drawn: tuple[list[Ranked], dict[str, Row]], first: int) -> None:
    ranked, rows = drawn
    assert diverse(ranked, rows, weight=0, first=first) == ranked
