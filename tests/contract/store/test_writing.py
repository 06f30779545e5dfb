"""Versions, tombstones and documents that fail alone."""

from dataclasses import replace

import numpy as np
import pytest

from indexer.errors import IndexMissing
from indexer.records import Money, Product
from indexer.store.base import Document, LexicalLeg, ProductStore
from tests.contract.store.cases import CATALOGUE, browse, catalogue_documents, document, exact, identity, nearest, row, words, write

MUG = Product(id="mug", title="Blue mug")


@pytest.fixture
def made(store: ProductStore) -> ProductStore:
    store.ensure(identity())
    return store


def test_nothing_can_be_written_or_read_before_the_index_is_made(store: ProductStore) -> None:
    with pytest.raises(IndexMissing):
        store.write([document(MUG)])
    with pytest.raises(IndexMissing):
        browse(store)
    with pytest.raises(IndexMissing):
        store.describe()
    assert store.ask([]) == []


def test_writing_nothing_and_asking_nothing_is_no_error(made: ProductStore) -> None:
    assert made.write([]) == []
    assert made.ask([]) == []


def test_a_product_comes_back_as_it_came(catalogue: ProductStore) -> None:
    found = catalogue.ask([LexicalLeg(text="")])[0].found
    assert {one.id: one.product for one in found} == {product.id: product for product in CATALOGUE}


def test_older_and_equal_versions_are_refused_as_newer(made: ProductStore) -> None:
    assert write(made, [document(MUG, version=5)]) == ["written"]
    assert write(made, [document(replace(MUG, title="Red mug"), version=4)]) == ["newer"]
    assert write(made, [document(replace(MUG, title="Red mug"), version=5)]) == ["newer"]
    assert words(made, "blue") == {"mug"}
    assert write(made, [document(replace(MUG, title="Red mug"), version=6)]) == ["written"]
    assert words(made, "blue") == set()
    assert words(made, "red") == {"mug"}


def test_versions_may_be_microseconds_since_1970_and_zero(made: ProductStore) -> None:
    assert write(made, [document(MUG, version=0)]) == ["written"]
    assert write(made, [document(MUG, version=1_790_000_000_000_000)]) == ["written"]
    assert write(made, [document(MUG, version=2**63 - 1)]) == ["written"]
    assert write(made, [document(MUG, version=2**63)]) == ["failed"]
    assert write(made, [document(MUG, version=-1)]) == ["failed"]


def test_within_one_write_the_highest_version_wins_whatever_the_order(made: ProductStore) -> None:
    versions = [3, 9, 1]
    outcomes = write(made, [document(replace(MUG, title=f"mug number {version}"), version=version) for version in versions])
    assert outcomes == ["written", "written", "newer"]
    assert words(made, "9") == {"mug"}


def test_a_tombstone_hides_and_an_older_row_arriving_late_stays_hidden(made: ProductStore) -> None:
    write(made, [document(MUG, version=5, vector=row(1))])
    assert write(made, [Document(id="mug", version=8, product=None)]) == ["written"]
    assert browse(made) == []
    assert nearest(made, row(1)) == []
    assert exact(made, row(1), "mug") == {}
    assert made.describe(fresh=True).products == 0
    assert write(made, [document(MUG, version=7, vector=row(1))]) == ["newer"]
    assert browse(made) == []
    assert write(made, [document(MUG, version=9, vector=row(1))]) == ["written"]
    assert browse(made) == ["mug"]


def test_a_tombstone_for_a_product_never_seen_blocks_older_rows(made: ProductStore) -> None:
    assert write(made, [Document(id="mug", version=8, product=None)]) == ["written"]
    assert write(made, [document(MUG, version=7)]) == ["newer"]
    assert browse(made) == []


def test_bad_documents_fail_alone_and_for_good(made: ProductStore) -> None:
    not_a_number = row(1).copy()
    not_a_number[3] = np.nan
    bad = [
        document(replace(MUG, id="wide"), vector=row(1, 65)),
        document(replace(MUG, id="nan"), vector=not_a_number),
        document(replace(MUG, id="zero"), vector=np.zeros(64, dtype=np.float32)),
        document(replace(MUG, id="")),
        document(replace(MUG, id="x" * 513)),
        document(replace(MUG, id="half \ud800")),
        document(replace(MUG, id="infinite", attributes={"weight": float("inf")})),
    ]
    good = catalogue_documents()
    mixed = [one for pair in zip(bad, [*good, *good], strict=False) for one in pair]
    results = made.write(mixed)
    made.refresh()
    assert [result.id for result in results] == [one.id for one in mixed]
    assert [result.outcome for result in results[::2]] == ["failed"] * len(bad)
    assert all(result.error and result.reason and not result.retryable for result in results[::2])
    assert [result.outcome for result in results[1::2]] == ["written"] * 5 + ["newer"] * 2
    assert sorted(browse(made)) == sorted(product.id for product in CATALOGUE)


def test_a_whole_write_of_bad_documents_is_answered_not_raised(made: ProductStore) -> None:
    results = made.write([document(replace(MUG, id="a"), vector=row(1, 3)), document(replace(MUG, id="b"), vector=row(1, 3))])
    assert [result.outcome for result in results] == ["failed", "failed"]


@pytest.mark.parametrize(
    "product",
    [
        Product(id="long", title="x" * 40_000, description="word " * 50_000, brand="b" * 40_000, category=("c" * 40_000, "d")),
        Product(id="keys", title="t", attributes={"n" * 40_000: "v" * 40_000, "": "", "a.b..c": "1", " ": ("", "x")}),
        Product(id="many", title="t", attributes={f"name {number}": float(number) for number in range(2000)}),
        Product(id="huge", title="t", price=Money(10**30, "EUR"), stock=10**25, popularity=1e300, attributes={"n": 1e308}),
        Product(id="low", title="t", price=Money(-(10**30), "JPY"), stock=-5, popularity=-3.0, attributes={"n": -1e308, "z": -0.0}),
        Product(id="tiny", title="t", popularity=1e-300, attributes={"n": 5e-324}),
        Product(id="odd", title="\x00\x07\u202e 👩‍👩‍👧 \U0010ffff", brand="İstanbul ﬁ Ω", language="zh-Hant", group="G" * 2000),
        Product(id="slash/../?&#%2F", title='quote " and \\ and \n line', description="<script>alert(1)</script>"),
        Product(id="身份-ß", title=""),
        Product(id="_underscore", title="t"),
        Product(id="é" * 256, title="t"),
    ],
    ids=lambda product: product.id[:12],
)
def test_odd_and_long_values_never_fail_a_document(made: ProductStore, product: Product) -> None:
    results = made.write([document(product, vector=row(1))])
    made.refresh()
    assert [(result.outcome, result.reason) for result in results] == [("written", "")]
    (found,) = nearest(made, row(1))
    assert found.id == product.id
    assert found.product == product


def test_lone_surrogates_are_replaced_and_the_rest_survives(made: ProductStore) -> None:
    product = Product(id="half", title="a\ud800b", brand="\udfff", attributes={"k\ud800": "v\udc00"})
    assert write(made, [document(product)]) == ["written"]
    found = made.ask([LexicalLeg(text="")])[0].found[0].product
    assert (found.title, found.brand, dict(found.attributes)) == ("a\ufffdb", "\ufffd", {"k\ufffd": "v\ufffd"})


def test_the_photo_status_travels(made: ProductStore) -> None:
    write(made, [replace(document(MUG, vector=row(1)), photo_status="unusable")])
    assert [one.photo_status for one in nearest(made, row(1))] == ["unusable"]


def test_a_product_may_lose_its_vector(made: ProductStore) -> None:
    write(made, [document(MUG, version=1, vector=row(1))])
    write(made, [document(MUG, version=2)])
    assert nearest(made, row(1)) == []
    assert browse(made) == ["mug"]


def test_description_counts_live_products_and_names_attributes(catalogue: ProductStore) -> None:
    described = catalogue.describe(fresh=True)
    assert described.products == 5
    assert described.identity == identity()
    names = {name for product in CATALOGUE for name in product.attributes}
    assert set(described.attributes) == names
    assert list(described.attributes) == sorted(names)
    write(catalogue, [Document(id="bare", version=2, product=None), Document(id="camera", version=2, product=None)])
    after = catalogue.describe(fresh=True)
    assert after.products == 3
    assert "megapixels" not in after.attributes
    assert catalogue.describe() == after
