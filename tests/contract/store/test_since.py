"""When a product came: kept, and filtered by days and times, alike by both stores."""

from dataclasses import replace

import pytest

from indexer.dates import microseconds
from indexer.errors import BadFilter
from indexer.query.filters import parse_filters
from indexer.records import Filter, Product
from indexer.store.base import Document, LexicalLeg, NamedLeg, ProductStore
from tests.contract.store.cases import identity, ids, write

DATES = {
    "morning": "2025-01-31T00:00:00Z",
    "evening": "2025-01-31T23:59:59.999999Z",
    "next": "2025-02-01T00:00:00Z",
    "zone": "2025-02-01T00:30:00+01:00",
    "old": "1969-07-20T20:17:40Z",
    "first": "0001-01-01T00:00:00Z",
    "last": "9999-12-31T23:59:59.999Z",
}
JANUARY_31 = {"morning", "evening", "zone"}
LATER = {"next", "last"}
EARLIER = {"old", "first"}


@pytest.fixture
def shelf(store: ProductStore) -> ProductStore:
    store.ensure(identity())
    return store


@pytest.fixture
def dated(shelf: ProductStore) -> ProductStore:
    products = [Product(id=f"d-{name}", title="dated thing", since=microseconds(text)) for name, text in DATES.items()]
    products.append(Product(id="d-none", title="dated thing"))
    assert write(shelf, [Document(id=one.id, version=1, product=one) for one in products]) == ["written"] * len(products)
    return shelf


def found(store: ProductStore, *filters: str) -> set[str]:
    (answer,) = store.ask([LexicalLeg(text="dated thing", filters=parse_filters(filters))])
    return {id_.removeprefix("d-") for id_ in ids(answer.found)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("since=2025-01-31", JANUARY_31),
        ("since!=2025-01-31", LATER | EARLIER | {"none"}),
        ("since>2025-01-31", LATER),
        ("since>=2025-01-31", JANUARY_31 | LATER),
        ("since<2025-01-31", EARLIER),
        ("since<=2025-01-31", JANUARY_31 | EARLIER),
        ("since>2025-01-31T00:00:00Z", {"evening", "zone"} | LATER),
        ("since<=2025-01-31T00:00:00Z", {"morning"} | EARLIER),
        ("since=2025-01-31T23:59:59.999Z", {"evening"}),
        ("since=2025-02-01T00:30:00+01:00", {"zone"}),
        ("since=2025-01-31..2025-02-01", JANUARY_31 | {"next"}),
        ("since=..1970-01-01", EARLIER),
        ("since=2025-02-01..", LATER),
        ("since=2025-01-31|1969-07-20", JANUARY_31 | {"old"}),
        ("since>=0001-01-01", set(DATES)),
        ("since<0001-01-02", {"first"}),
        ("since>9999-12-30", {"last"}),
    ],
)
def test_days_and_times(dated: ProductStore, text: str, expected: set[str]) -> None:
    assert found(dated, text) == expected


def test_the_date_comes_back_as_it_was(dated: ProductStore) -> None:
    (answer,) = dated.ask([NamedLeg(ids=tuple(f"d-{name}" for name in (*DATES, "none")))])
    told = {one.id.removeprefix("d-"): one.product.since for one in answer.found}
    assert told == {name: microseconds(text) for name, text in DATES.items()} | {"none": None}


@pytest.mark.parametrize("moment", [2**62, -(2**62)])
def test_a_date_beyond_the_calendar_is_kept_and_found_at_its_end(shelf: ProductStore, moment: int) -> None:
    product = Product(id="d-far", title="dated thing", since=moment)
    assert write(shelf, [Document(id="d-far", version=1, product=product)]) == ["written"]
    assert found(shelf, "since>9999-12-30" if moment > 0 else "since<0001-01-02") == {"far"}
    (answer,) = shelf.ask([NamedLeg(ids=("d-far",))])
    assert answer.found[0].product == product


def test_a_new_date_replaces_the_old_one(dated: ProductStore) -> None:
    moved = Product(id="d-old", title="dated thing", since=microseconds("2025-01-31"))
    write(dated, [Document(id="d-old", version=2, product=moved)])
    assert found(dated, "since=2025-01-31") == JANUARY_31 | {"old"}
    write(dated, [Document(id="d-old", version=3, product=replace(moved, since=None))])
    assert found(dated, "since=2025-01-31") == JANUARY_31


@pytest.mark.parametrize("value", ["soon", "", True, 17.5])
def test_a_value_that_is_no_time_is_refused(shelf: ProductStore, value: str | float | bool) -> None:
    with pytest.raises(BadFilter, match="since gte"):
        shelf.ask([LexicalLeg(text="dated thing", filters=(Filter("since", "gte", (value,)),))])
