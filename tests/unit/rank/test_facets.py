"""What is counted for which product, and in what order it is shown."""

from indexer.rank.facets import counted, values_of
from indexer.records import FacetValue, Money, Product, Value


def product(id_: str, **attributes: Value) -> Product:
    return Product(id=id_, title=id_, attributes=attributes)


def test_counts_stand_by_count_then_value() -> None:
    products = [product("1", colour="red"), product("2", colour="blue"), product("3", colour="red"), product("4", colour="amber")]
    assert counted(products, ["colour"]) == {"colour": (FacetValue("red", 2), FacetValue("amber", 1), FacetValue("blue", 1))}


def test_a_product_counts_once_for_each_of_its_values() -> None:
    assert counted([product("1", tags=("new", "sale", "new"))], ["tags"])["tags"] == (FacetValue("new", 1), FacetValue("sale", 1))


def test_a_category_counts_for_each_beginning_of_its_path() -> None:
    products = [
        Product(id="1", title="a", category=("Home", "Sofas")),
        Product(id="2", title="b", category=("Home", "Chairs")),
        Product(id="3", title="c", category=("Garden", "Chairs")),
    ]
    assert counted(products, ["category"])["category"] == (
        FacetValue("Home", 2),
        FacetValue("Garden", 1),
        FacetValue("Garden > Chairs", 1),
        FacetValue("Home > Chairs", 1),
        FacetValue("Home > Sofas", 1),
    )


def test_spellings_that_filters_can_not_tell_apart_are_one_value() -> None:
    products = [Product(id=str(n), title="x", brand=brand) for n, brand in enumerate(["Nike", "NIKE", "Nike", "Ｎｉｋｅ", "Puma"])]
    assert counted(products, ["brand"])["brand"] == (FacetValue("Nike", 4), FacetValue("Puma", 1))


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
    assert counted([bare], names) == dict.fromkeys(names, ())
    assert counted([], ["brand"]) == {"brand": ()}


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
