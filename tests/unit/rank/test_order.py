"""Sorting by fields and the rule of what is sold out, by hand."""

import pytest

from indexer.rank.blend import Ranked
from indexer.rank.order import in_stock_first, sorted_by
from indexer.rank.rules import SOLD_OUT
from indexer.records import Money, Product, Sale, Sort, Term, Value


def order(products: list[Product], *sorts: Sort, moment: int = 0) -> str:
    by_id = {one.id: one for one in products}
    ranked = [Ranked(one.id, 0.5, ()) for one in products]
    return "".join(one.id for one in sorted_by(ranked, sorts, by_id.__getitem__, moment=moment))


def priced(id_: str, minor: int | None, currency: str = "EUR", sale: Sale | None = None) -> Product:
    return Product(id=id_, title=id_, price=None if minor is None else Money(minor, currency), sale=sale)


def test_by_price_missing_last_both_ways_and_equals_as_they_were() -> None:
    products = [priced("a", None), priced("b", 500), priced("c", 100), priced("d", 500), priced("e", None)]
    assert order(products, Sort("price")) == "cbdae"
    assert order(products, Sort("price", descending=True)) == "bdcae"


def test_by_the_price_of_the_moment() -> None:
    products = [priced("a", 900, sale=Sale(Money(100, "EUR"), begins=10, ends=20)), priced("b", 500)]
    assert [order(products, Sort("price"), moment=moment) for moment in (9, 10, 20)] == ["ba", "ab", "ba"]


def test_currencies_stand_apart_by_their_codes_in_both_directions() -> None:
    products = [priced("a", 9000, "JPY"), priced("b", 100, "EUR"), priced("c", 8000, "JPY"), priced("d", 300, "EUR")]
    assert order(products, Sort("price")) == "bdca"
    assert order(products, Sort("price", descending=True)) == "dbac"


def test_by_stock_popularity_and_title() -> None:
    products = [
        Product(id="a", title="ｚebra", stock=5, popularity=0.5),
        Product(id="b", title="Apple", popularity=2.0),
        Product(id="c", title="apple  2", stock=0),
    ]
    assert order(products, Sort("stock")) == "cab"
    assert order(products, Sort("popularity", descending=True)) == "bac"
    assert order(products, Sort("title")) == "bca"


def test_by_an_attribute_numbers_then_truth_values_then_texts() -> None:
    values: dict[str, Value] = {"a": "10", "b": 10.0, "c": 9.0, "d": True, "e": ("Blue", "red"), "f": "9", "g": False, "h": " ", "i": ()}
    products = [Product(id=id_, title=id_, attributes={"size": value}) for id_, value in values.items()]
    assert order(products, Sort("size")) == "cbgdafehi"
    assert order(products, Sort("size", descending=True)) == "bcdgefahi"


def test_ties_go_to_the_next_sort_and_then_to_the_given_order() -> None:
    products = [
        Product(id=id_, title=title, stock=stock) for id_, title, stock in (("a", "x", 1), ("b", "y", 2), ("c", "X", 2), ("d", "y", 2))
    ]
    assert order(products, Sort("title"), Sort("stock", descending=True)) == "cabd"


def test_an_attribute_that_bears_a_plain_name_does_not_hide_it() -> None:
    products = [
        Product(id="a", title="a", stock=2, attributes={"stock": 1.0}),
        Product(id="b", title="b", stock=1, attributes={"stock": 2.0}),
    ]
    assert order(products, Sort("stock")) == "ba"


def test_without_a_sort_no_product_is_read() -> None:
    ranked = [Ranked("a", 0.1, ()), Ranked("b", 0.2, ())]
    nothing: dict[str, Product] = {}
    assert sorted_by(ranked, (), nothing.__getitem__, moment=0) == ranked


def scored(**scores: float) -> list[Ranked]:
    return [Ranked(id_, score, (Term("lexical", score, 7.0, 1.0),)) for id_, score in scores.items()]


STOCK: dict[str, int | None] = {"gone": 0, "here": 3, "unknown": None}


def test_what_is_sold_out_stays_first_only_if_it_leads_by_more_than_the_reach() -> None:
    for lead, first in ((0.05, "here"), (0.125, "here"), (0.25, "gone")):
        ranked = in_stock_first(scored(gone=0.5 + lead, here=0.5), STOCK.get, reach=0.125)
        assert ranked[0].id == first


def test_the_rule_is_a_term_of_the_score() -> None:
    (gone,) = in_stock_first(scored(gone=0.5), STOCK.get, reach=0.125)
    assert gone == Ranked("gone", 0.375, (Term("lexical", 0.5, 7.0, 1.0), Term(SOLD_OUT, -0.125, 0.0, 0.125)))


def test_no_score_falls_below_zero_and_equals_stand_in_stock_first() -> None:
    ranked = in_stock_first(scored(gone=0.05, unknown=0.0, here=0.0), STOCK.get, reach=0.1)
    assert [(one.id, one.score) for one in ranked] == [("unknown", 0.0), ("here", 0.0), ("gone", 0.0)]
    assert ranked[-1].terms[-1].value == -0.05


def test_stock_that_is_not_known_is_not_sold_out() -> None:
    ranked = scored(unknown=0.3, here=0.3)
    assert in_stock_first(ranked, STOCK.get, reach=0.1) == ranked


@pytest.mark.parametrize("reach", [-0.1, 1.1, float("nan")])
def test_a_reach_outside_0_to_1_is_refused(reach: float) -> None:
    with pytest.raises(ValueError, match=r"not in 0\.\.1"):
        in_stock_first([], STOCK.get, reach=reach)
