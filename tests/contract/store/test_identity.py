"""Who may write to an index: made once, by whoever comes first, and refused to everybody else's encoders and ledgers."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from indexer.errors import EncoderMismatch, ForeignLedger, SchemaDrift
from indexer.records import Product
from indexer.store.base import ProductStore
from indexer.store.identity import Identity
from tests.contract.store.cases import document, identity, row


def test_ensure_makes_the_index_once_and_finds_it_again(store: ProductStore, alias: str) -> None:
    assert store.ensure(identity()) == f"{alias}-000001"
    assert store.ensure(identity()) == f"{alias}-000001"
    assert store.describe().identity == identity()


@pytest.mark.parametrize(
    ("other", "error", "told"),
    [
        (identity(ledger="ledger-2"), ForeignLedger, "ledger-2"),
        (identity(text="text-2"), EncoderMismatch, "text-2"),
        (identity(fusion="fusion-2"), EncoderMismatch, "fusion-2"),
        (identity(65), EncoderMismatch, "65"),
        (identity(65, ledger="ledger-2"), ForeignLedger, "ledger-2"),
    ],
    ids=["ledger", "text", "fusion", "width", "both"],
)
def test_another_identity_is_refused_by_name(store: ProductStore, other: Identity, error: type[Exception], told: str) -> None:
    store.ensure(identity())
    with pytest.raises(error, match=told):
        store.ensure(other)
    assert store.describe(fresh=True).identity == identity()


def test_a_schema_of_another_release_is_drift(store: ProductStore) -> None:
    store.ensure(identity())
    with pytest.raises(SchemaDrift, match="products"):
        store.ensure(Identity(ledger="ledger-1", text="text-1", photo="photo-1", fusion="fusion-1", width=64, schema="products.v999"))


def test_many_threads_may_ensure_and_write_at_once(store: ProductStore, alias: str) -> None:
    together = Barrier(6)

    def work(number: int) -> tuple[str, str]:
        together.wait(timeout=30)
        index = store.ensure(identity())
        return index, store.write([document(Product(id=f"p{number}", title="t"), vector=row(number))])[0].outcome

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(work, range(6))) == {(f"{alias}-000001", "written")}
    store.refresh()
    assert store.describe(fresh=True).products == 6
