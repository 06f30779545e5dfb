"""What is counted for which product, and in what order it is shown."""

from collections.abc import Sequence

from indexer.rank.facets import counted, loosened, values_of
from indexer.records import FacetAsk, FacetValue, Filter, Money, Product, Range, Sale, Value


def product(id_: str, **attributes: Value) -> Product:
    return Product(id=id_, title=id_, attributes=attributes)


def plain(products: Sequence[Product], names: Sequence[str]) -> dict[str, tuple[FacetValue, ...]]:
    return counted(products, [FacetAsk(name) for name in names], moment=0)


def test_counts_stand_by_count_then_value() -> None:
    products = [product("1", colour="red"), product("2", colour="blue"), product("3", colour="red"), product("4", colour="amber")]
    assert plain(products, ["colour"]) == {"colour": (FacetValue("red", 2), FacetValue("amber", 1), FacetValue("blue", 1))}


def test_a_product_counts_once_for_each_of_its_values() -> None:
    assert plain([product("1", tags=("new", "sale", "new"))], ["tags"])["tags"] == (FacetValue("new", 1), FacetValue("sale", 1))


def test_a_category_counts_for_each_beginning_of_its_path() -> None:
    products = [
        Product(id="1", title="a", category=("Home", "Sofas")),
        Product(id="2", title="b", category=("Home", "Chairs")),
        Product(id="3", title="c", category=("Garden", "Chairs")),
    ]
    assert plain(products, ["category"])["category"] == (
        FacetValue("Home", 2),
        FacetValue("Garden", 1),
        FacetValue("Garden > Chairs", 1),
        FacetValue("Home > Chairs", 1),
        FacetValue("Home > Sofas", 1),
    )


def test_spellings_that_filters_can_not_tell_apart_are_one_value() -> None:
    products = [Product(id=str(n), title="x", brand=brand) for n, brand in enumerate(["Nike", "NIKE", "Nike", "Ｎｉｋｅ", "Puma"])]
    assert plain(products, ["brand"])["brand"] == (FacetValue("Nike", 4), FacetValue("Puma", 1))


def test_plain_fields() -> None:
    one = Product(id="1", title="x", brand="Acme", price=Money(100, "EUR"), stock=0, group="g1", language="en")
    assert {name: values_of(one, name) for name in ("brand", "currency", "in_stock", "group", "language")} == {
        "brand": ("Acme",),
        "currency": ("EUR",),
        "in_stock": ("false",),
        "group": ("g1",),
        "language": ("en",),
    }


def test_what_a_product_lacks_is_not_counted() -> None:
    bare = Product(id="1", title="x")
    names = ["brand", "category", "currency", "in_stock", "group", "language", "colour"]
    assert plain([bare], names) == dict.fromkeys(names, ())
    assert plain([], ["brand"]) == {"brand": ()}


def test_figures_and_truth_values_are_shown_as_a_filter_would_write_them() -> None:
    one = product("1", size=42.0, weight=0.25, waterproof=True, vast=1e22)
    assert [values_of(one, name) for name in ("size", "weight", "waterproof", "vast")] == [
        ("42",),
        ("0.25",),
        ("true",),
        ("10000000000000000000000",),
    ]


def test_an_attribute_that_bears_a_plain_name_does_not_hide_it() -> None:
    assert values_of(Product(id="1", title="x", brand="Acme", attributes={"brand": "other"}), "brand") == ("Acme",)


UNDER, FROM, OVER = Range("..50", None, 50.0), Range("50..100", 50.0, 100.0), Range("100..", 100.0, None)


def priced(minor: int, currency: str = "EUR", sale: Sale | None = None) -> Product:
    return Product(id="x", title="x", price=Money(minor, currency), sale=sale)


def test_ranges_take_their_lower_end_and_not_their_upper_one() -> None:
    products = [priced(4999), priced(5000), priced(9999), priced(10000), Product(id="free", title="no price")]
    asked = FacetAsk("price", (OVER, UNDER, FROM, Range("200..", 200.0, None)))
    assert counted(products, [asked], moment=0)["price"] == (
        FacetValue("100..", 1),
        FacetValue("..50", 1),
        FacetValue("50..100", 2),
        FacetValue("200..", 0),
    )


def test_a_price_counts_in_major_units_exactly_and_as_it_is_now() -> None:
    asked = [FacetAsk("price", (Range("12.99..13", 12.99, 13.0), Range("..5", None, 5.0)))]
    dear = priced(1299, sale=Sale(Money(499, "EUR"), begins=100, ends=200))
    assert [[one.count for one in counted([dear], asked, moment=moment)["price"]] for moment in (99, 100, 200)] == [[1, 0], [0, 1], [1, 0]]
    assert [one.count for one in counted([priced(13, "JPY"), priced(12995, "KWD")], asked, moment=0)["price"]] == [1, 0]


def test_stock_and_number_attributes_have_ranges_texts_and_truth_values_do_not() -> None:
    few = Range("..5", None, 5.0)
    products = [Product(id="1", title="x", stock=0), Product(id="2", title="x", stock=5), Product(id="3", title="x")]
    assert counted(products, [FacetAsk("stock", (few,))], moment=0)["stock"] == (FacetValue("..5", 1),)
    products = [product("1", size=4.0), product("2", size="4"), product("3", size=True), product("4", size=("4",)), product("5")]
    assert counted(products, [FacetAsk("size", (few,))], moment=0)["size"] == (FacetValue("..5", 1),)


def test_a_field_asked_for_twice_has_what_either_ask_counts() -> None:
    asks = [FacetAsk("size"), FacetAsk("size", (UNDER, FROM)), FacetAsk("size", (FROM,)), FacetAsk("size")]
    products = [product("1", size=4.0), product("2", size=4.0), product("3", size=60.0)]
    assert counted(products, asks, moment=0) == {
        "size": (FacetValue("4", 2), FacetValue("60", 1), FacetValue("..50", 2), FacetValue("50..100", 1))
    }


def test_overlapping_ranges_count_a_product_in_each() -> None:
    asked = FacetAsk("price", (Range("..100", None, 100.0), Range("20..60", 20.0, 60.0)))
    assert [one.count for one in counted([priced(5000)], [asked], moment=0)["price"]] == [1, 1]


def test_without_a_facet_no_product_is_read() -> None:
    read = iter([priced(100)])
    assert counted(read, [], moment=0) == {}
    assert len(list(read)) == 1


def test_loosened_leaves_the_other_fields_filters_in_order() -> None:
    brand, low, colour, high = (
        Filter("brand", "eq", ("A",)),
        Filter("price", "gte", (5,)),
        Filter("c", "eq", ("r",)),
        Filter("price", "lt", (9,)),
    )
    assert loosened([brand, low, colour, high], "price") == (brand, colour)
    assert loosened([brand], "stock") == (brand,)
