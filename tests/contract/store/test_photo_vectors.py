"""The photos' own vector beside the fused one, over the twin and a real server: searched by itself, and only where the index has it."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from indexer.errors import EncoderMismatch
from indexer.records import Filter, Money, Product
from indexer.store.base import Document, ExactLeg, Leg, NamedLeg, ProductStore, VectorLeg
from indexer.store.identity import Identity
from indexer.vectors import Row
from tests.contract.store.cases import document, identity, ids, row, write

WITH = replace(identity(), photo_vector=True)
PRODUCTS = tuple(Product(id=f"p{number:02}", title=f"chair {number}", price=Money(100 * number, "EUR")) for number in range(30))
ROWS = {product.id: row(number) for number, product in enumerate(PRODUCTS) if number % 5}
PHOTO_ROWS = {product.id: row(1000 + number) for number, product in enumerate(PRODUCTS) if number % 3}
"""Some products have both, some one of them, one has neither."""
ASKED = row(7)
CHEAP = Filter("price", "lt", (15.0,))


def documents(version: int = 1) -> list[Document]:
    return [
        Document(id=one.id, version=version, product=one, row=ROWS.get(one.id), photo_row=PHOTO_ROWS.get(one.id), price_now=one.price)
        for one in PRODUCTS
    ]


@pytest.fixture
def shelf(store: ProductStore) -> ProductStore:
    store.ensure(WITH)
    assert set(write(store, documents())) == {"written"}
    return store


def cosines(rows: Mapping[str, Row]) -> dict[str, float]:
    return {id_: float(mine.astype(np.float64) @ ASKED) for id_, mine in rows.items()}


def best(rows: Mapping[str, Row], size: int = 100) -> list[str]:
    told = cosines(rows)
    return sorted(told, key=lambda id_: -told[id_])[:size]


def test_each_leg_knows_its_own_rows(shelf: ProductStore) -> None:
    legs: list[Leg] = [VectorLeg(row=ASKED), VectorLeg(row=ASKED, photos=True), ExactLeg(row=ASKED), ExactLeg(row=ASKED, photos=True)]
    fused, photos, exact, exact_photos = (answer.found for answer in shelf.ask(legs))
    assert ids(fused) == ids(exact) == best(ROWS)
    assert ids(photos) == ids(exact_photos) == best(PHOTO_ROWS)
    for found, rows in ((fused, ROWS), (exact, ROWS), (photos, PHOTO_ROWS), (exact_photos, PHOTO_ROWS)):
        assert {one.id: one.score for one in found} == pytest.approx(cosines(rows), abs=1e-5)


def test_filters_sizes_and_names_bound_it(shelf: ProductStore) -> None:
    cheap = {product.id for product in PRODUCTS if product.price is not None and product.price.minor < 1500}
    within = {id_: mine for id_, mine in PHOTO_ROWS.items() if id_ in cheap}
    named = ("p00", "p01", "p02", "p29")
    legs: list[Leg] = [
        VectorLeg(row=ASKED, photos=True, filters=(CHEAP,), size=4),
        ExactLeg(row=ASKED, photos=True, filters=(CHEAP,), size=4),
        ExactLeg(row=ASKED, photos=True, ids=named),
    ]
    near, exact, some = (ids(answer.found) for answer in shelf.ask(legs))
    assert near == exact == best(within, 4)
    assert some == best({id_: PHOTO_ROWS[id_] for id_ in named if id_ in PHOTO_ROWS})


def test_what_is_found_comes_without_its_vectors_and_named_with_the_fused_one(shelf: ProductStore) -> None:
    (near,), (named,) = (answer.found[:1] for answer in shelf.ask([VectorLeg(row=ASKED, photos=True), NamedLeg(ids=("p01",), rows=True)]))
    assert not {"vector", "photo_vector"} & {*near.source, *named.source}
    assert near.product in PRODUCTS
    assert named.row == pytest.approx(ROWS["p01"], abs=1e-6)


def test_a_later_version_may_have_lost_its_photos_and_a_tombstone_has_none(shelf: ProductStore) -> None:
    first, second, third = best(PHOTO_ROWS, 3)
    lost = next(product for product in PRODUCTS if product.id == first)
    write(shelf, [document(lost, version=2, vector=ROWS.get(first)), Document(id=second, version=2, product=None, photo_row=ASKED)])
    found = ids(shelf.ask([VectorLeg(row=ASKED, photos=True)])[0].found)
    assert found[0] == third
    assert not {first, second} & set(found)


def test_a_row_of_the_wrong_width_or_none_fails_alone(shelf: ProductStore) -> None:
    wrong = [row(1, 32), np.zeros(64, dtype=np.float32), np.full(64, np.nan, dtype=np.float32)]
    made = [Document(id=f"w{n}", version=1, product=Product(id=f"w{n}", title="t"), photo_row=one) for n, one in enumerate(wrong)]
    assert write(shelf, [*made, document(Product(id="right", title="t"))]) == ["failed"] * 3 + ["written"]


def test_an_index_without_the_place_refuses_such_rows_and_takes_all_else(store: ProductStore) -> None:
    store.ensure(identity())
    outcomes = write(store, documents())
    assert outcomes == ["failed" if product.id in PHOTO_ROWS else "written" for product in PRODUCTS]


@pytest.mark.parametrize(("first", "second"), [(identity(), WITH), (WITH, identity())], ids=["without", "with"])
def test_an_index_has_it_or_not_from_the_beginning(store: ProductStore, first: Identity, second: Identity) -> None:
    store.ensure(first)
    assert store.describe(fresh=True).identity == first
    for refused in (store.ensure, store.adopt, lambda wanted: store.hold(store.describe().index, wanted)):
        with pytest.raises(EncoderMismatch, match="photo_vector"):
            refused(second)
    store.adopt(replace(first, fusion="another"))
    assert store.describe(fresh=True).identity == replace(first, fusion="another")
