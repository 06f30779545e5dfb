"""Filters of every kind: the same products from both stores, and the filter inside the nearest-neighbour search."""

import random

import pytest

from indexer.errors import BadFilter
from indexer.records import Filter, Money, Op, Product, Value
from indexer.store.base import LexicalLeg, ProductStore
from indexer.store.memory import MemoryStore
from tests.contract.store.cases import CATALOGUE, browse, document, identity, ids, nearest, row, write
from tests.contract.store.conftest import Opener

ALL = {product.id for product in CATALOGUE}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Filter("id", "eq", ("shoes", "bare", "nobody")), {"shoes", "bare"}),
        (Filter("id", "eq", ("SHOES",)), set()),
        (Filter("id", "ne", ("shoes",)), ALL - {"shoes"}),
        (Filter("brand", "eq", ("nike",)), {"shoes"}),
        (Filter("brand", "eq", ("MULLER",)), {"sofa-grey"}),
        (Filter("brand", "eq", ("Mu\u0308ller ", "宜家")), {"sofa-grey", "sofa-zh"}),
        (Filter("brand", "ne", ("Nike", "Polaroid")), {"sofa-grey", "sofa-zh", "bare"}),
        (Filter("brand", "eq", ()), set()),
        (Filter("brand", "ne", ()), ALL),
        (Filter("category", "eq", ("home",)), {"sofa-grey"}),
        (Filter("category", "eq", ("Home > Sofas",)), {"sofa-grey"}),
        (Filter("category", "eq", ("home>sofas",)), {"sofa-grey"}),
        (Filter("category", "eq", ("Sofas", "沙发")), {"sofa-grey", "sofa-zh"}),
        (Filter("category", "ne", ("Sport",)), ALL - {"shoes"}),
        (Filter("currency", "eq", ("eur",)), {"sofa-grey", "camera"}),
        (Filter("language", "eq", ("EN",)), {"sofa-grey", "shoes"}),
        (Filter("group", "eq", ("sofa",)), {"sofa-grey", "sofa-zh"}),
        (Filter("group", "eq", ("Sofa",)), set()),
        (Filter("price", "eq", (499,)), {"sofa-grey"}),
        (Filter("price", "eq", (499.0, 129.99)), {"sofa-grey", "shoes"}),
        (Filter("price", "eq", (0.0700001,)), set()),
        (Filter("price", "ne", (499.0,)), ALL - {"sofa-grey"}),
        (Filter("price", "gte", (0.07,)), {"sofa-grey", "sofa-zh", "shoes", "camera"}),
        (Filter("price", "gt", (0.07,)), {"sofa-grey", "sofa-zh", "shoes"}),
        (Filter("price", "lte", (129.99,)), {"shoes", "camera"}),
        (Filter("price", "lt", (129.99,)), {"camera"}),
        (Filter("price", "lt", (129.9900001,)), {"shoes", "camera"}),
        (Filter("stock", "gt", (0,)), {"sofa-grey", "shoes"}),
        (Filter("stock", "lte", (3.5,)), {"sofa-grey", "sofa-zh"}),
        (Filter("stock", "eq", (0, 120)), {"sofa-zh", "shoes"}),
        (Filter("stock", "eq", (2.5,)), set()),
        (Filter("in_stock", "eq", (True,)), {"sofa-grey", "shoes"}),
        (Filter("in_stock", "eq", (False,)), {"sofa-zh"}),
        (Filter("in_stock", "ne", ("true",)), {"sofa-zh", "camera", "bare"}),
        (Filter("Colour", "eq", ("grey",)), {"sofa-grey"}),
        (Filter("colour", "eq", ("RED", "Grey")), {"sofa-grey", "shoes"}),
        (Filter("Colour", "eq", ("Black",)), {"shoes"}),
        (Filter("Colour", "ne", ("red",)), ALL - {"shoes"}),
        (Filter("颜色", "eq", ("灰色",)), {"sofa-zh"}),
        (Filter("washable", "eq", (True,)), {"sofa-grey"}),
        (Filter("washable", "eq", ("False",)), {"sofa-zh"}),
        (Filter("washable", "ne", (True,)), ALL - {"sofa-grey"}),
        (Filter("seats", "eq", (3,)), {"sofa-grey", "sofa-zh"}),
        (Filter("seats", "eq", ("3",)), {"sofa-grey", "sofa-zh"}),
        (Filter("size", "eq", (42.0,)), {"shoes"}),
        (Filter("size", "gt", (1,)), set()),
        (Filter("weight", "gt", (-1.5,)), {"shoes"}),
        (Filter("weight", "gte", (-1.5,)), {"shoes", "camera"}),
        (Filter("weight", "lt", (0.28,)), {"camera"}),
        (Filter("weight", "lte", (0.28,)), {"shoes", "camera"}),
        (Filter("weight", "gt", (-1e308,)), {"shoes", "camera"}),
        (Filter("nowhere", "eq", ("x",)), set()),
        (Filter("nowhere", "ne", ("x",)), ALL),
    ],
    ids=lambda value: f"{value.field}-{value.op}-{value.values}" if isinstance(value, Filter) else "",
)
def test_a_filter_leaves_what_it_says(twin: ProductStore, one: Filter, expected: set[str]) -> None:
    assert set(browse(twin, one)) == expected
    assert {found.id for found in nearest(twin, row(0), one)} == expected - {"bare"}


def test_several_filters_must_all_hold(twin: ProductStore) -> None:
    assert browse(twin, Filter("category", "eq", ("Sofas", "Shoes")), Filter("price", "lt", (300,))) == ["shoes"]
    assert browse(twin, Filter("price", "gte", (1,)), Filter("price", "lt", (1,))) == []


@pytest.mark.parametrize(
    "one",
    [
        Filter("price", "lt", ("cheap",)),
        Filter("price", "eq", (float("nan"),)),
        Filter("price", "eq", (True,)),
        Filter("stock", "gt", (float("inf"),)),
        Filter("stock", "gt", ()),
        Filter("stock", "gt", (1, 2)),
        Filter("brand", "lt", (3,)),
        Filter("in_stock", "eq", ("perhaps",)),
        Filter("weight", "lt", ("heavy",)),
        Filter("weight", "eq", (float("inf"),)),
        Filter("brand", "eq", (True,)),
    ],
    ids=lambda one: f"{one.field}-{one.op}-{one.values}",
)
def test_a_value_that_the_field_cannot_have_is_refused(twin: ProductStore, one: Filter) -> None:
    with pytest.raises(BadFilter, match=one.field):
        browse(twin, one)


def test_filters_apply_before_the_top_k(store: ProductStore) -> None:
    store.ensure(identity())
    near = [document(Product(id=f"near-{n}", title="t", brand="common"), vector=row(0)) for n in range(60)]
    far = [document(Product(id=f"far-{n}", title="t", brand="rare"), vector=-row(0)) for n in range(5)]
    assert set(write(store, near + far)) == {"written"}
    found = nearest(store, row(0), Filter("brand", "eq", ("rare",)), size=5)
    assert ids(found) == [f"far-{n}" for n in range(5)]
    assert [one.score for one in found] == pytest.approx([-1.0] * 5, abs=1e-4)


WORDS = (
    "Red",
    "red ",
    "RÉD",
    "Größe",
    "grosse",
    "灰色",
    "42",
    "42.0",
    "true",
    "a=b",
    "b",
    "100%",
    "#1",
    "İ",
    "x" * 300,
    "x" * 301,
    "Levi’s",
    "levi's",
)
NUMBERS = (0.0, -0.0, 1.0, 42.0, -1.5, 0.1, 0.30000000000000004, 1e-300, 1e300, -1e300, 123456789.0, 0.07, 12.99)
NAMES = ("Colour", "colour", "a", "a=b", "a#", "a%3d", "尺寸", "w" * 250)
TEXT_FIELDS = ("brand", "category", "currency", "language", "group", "id")
OPS: tuple[Op, ...] = ("eq", "ne", "lt", "lte", "gt", "gte")


def random_value(chance: random.Random) -> Value:
    kinds: list[Value] = [chance.choice(WORDS), chance.choice(NUMBERS), chance.random() < 0.5, tuple(chance.choices(WORDS, k=2))]
    return chance.choice(kinds)


def random_product(number: int, chance: random.Random) -> Product:
    attributes = {name: random_value(chance) for name in chance.sample(NAMES, k=4)}
    return Product(
        id=f"p{number}",
        title="thing",
        brand=chance.choice(WORDS),
        category=tuple(chance.choices(WORDS, k=chance.randrange(3))),
        price=chance.choice([None, Money(chance.randrange(-5, 3000), chance.choice(["EUR", "JPY", "KWD"]))]),
        stock=chance.choice([None, 0, 1, 42, -3]),
        attributes=attributes,
        group=chance.choice(WORDS),
        language=chance.choice(["en", "EN", "zh-Hant", ""]),
    )


def random_filter(chance: random.Random) -> Filter:
    op = chance.choice(OPS)
    if op in ("eq", "ne"):
        field = chance.choice([*TEXT_FIELDS, *NAMES])
        if chance.random() < 0.25:
            return Filter(
                chance.choice(["price", "stock"]), op, (chance.choice([0.07, 1.0, 12.99, 42.0, 2.5]), chance.randrange(3000) / 100)
            )
        return Filter(field, op, tuple(chance.choices(WORDS, k=chance.randrange(1, 3))))
    return Filter(chance.choice(["price", "stock", *NAMES]), op, (chance.choice([*NUMBERS, chance.randrange(3000) / 100]),))


@pytest.mark.live
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_random_filters_on_random_products_leave_the_same_in_both(open_store: Opener, alias: str, seed: int) -> None:
    chance = random.Random(seed)
    real, memory = open_store(alias), MemoryStore(alias)
    products = [document(random_product(number, chance), vector=row(number)) for number in range(60)]
    for store in (real, memory):
        store.ensure(identity())
        assert set(write(store, products)) == {"written"}
    asked = [tuple(random_filter(chance) for _ in range(chance.randrange(1, 3))) for _ in range(250)]
    legs = [LexicalLeg(text="", filters=filters, size=100) for filters in asked]
    answers = zip(asked, real.ask(legs), memory.ask(legs), strict=True)
    differing = [(filters, ids(one.found), ids(other.found)) for filters, one, other in answers if ids(one.found) != ids(other.found)]
    assert differing == []
    assert sum(0 < len(answer.found) < 60 for answer in memory.ask(legs)) > 80
