"""All documents by id with their versions, deletions for good, and an index that adopts another fusion: the same from both stores."""

from dataclasses import replace

import pytest

from indexer.errors import EncoderMismatch, ForeignLedger, IndexMissing, SchemaDrift
from indexer.records import Product
from indexer.store.base import Document, ProductStore, Stored
from indexer.store.identity import Identity
from indexer.store.opensearch import OpenSearchStore
from indexer.store.walking import remove_plan
from tests.contract.store.cases import browse, document, identity, row, write
from tests.contract.store.conftest import Opener

# In code points; the last two would change places in UTF-16, and the middle ones under a language's rules.
ODD = ["", " ", "-", "0", "00", "1", "10", "2", "A", "Z", "a", "a b", "a/b", "ab", "z", "é", "沙发", "\uff01", "\U0001f6cb", "\U0010fffd"]


def walked(store: ProductStore, *, limit: int) -> list[Stored]:
    """Every document, page by page."""
    found: list[Stored] = []
    while page := store.walk(after=found[-1].id if found else "", limit=limit):
        assert len(page) <= limit
        found += page
    return found


def tombstone(id_: str, version: int) -> Document:
    return Document(id=id_, version=version, product=None)


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_a_walk_meets_every_document_once_in_the_order_of_code_points(store: ProductStore, limit: int) -> None:
    store.ensure(identity())
    ids = [id_ for id_ in ODD if id_]
    write(store, [document(Product(id=id_, title="t"), version=number + 1, vector=row(1)) for number, id_ in enumerate(reversed(ids))])
    assert [one.id for one in walked(store, limit=limit)] == sorted(ids)
    assert {one.id: one.version for one in walked(store, limit=limit)} == {id_: n + 1 for n, id_ in enumerate(reversed(ids))}


def test_a_walk_tells_versions_and_tombstones(store: ProductStore) -> None:
    store.ensure(identity())
    big = 2**62 + 1
    write(store, [document(Product(id="a", title="t"), version=big), tombstone("b", 8), document(Product(id="c", title="t"), version=3)])
    write(store, [tombstone("c", 4)])
    assert walked(store, limit=10) == [Stored("a", big, deleted=False), Stored("b", 8, deleted=True), Stored("c", 4, deleted=True)]
    assert [one.id for one in store.walk(after="a", limit=1)] == ["b"]
    assert [one.id for one in store.walk(after="aa", limit=10)] == ["b", "c"]
    assert store.walk(after="c") == []


def test_a_walk_may_ask_for_old_tombstones_alone(store: ProductStore) -> None:
    store.ensure(identity())
    old, young = 1_700_000_000_000_000, 1_700_000_000_000_009
    gone = [tombstone("a", old), tombstone("c", young), tombstone("e", old + 1)]
    write(store, [*gone, document(Product(id="b", title="t"), version=old), document(Product(id="d", title="t"), version=1)])
    assert store.walk(deleted_before=young) == [Stored("a", old, deleted=True), Stored("e", old + 1, deleted=True)]
    assert store.walk(deleted_before=old + 1) == [Stored("a", old, deleted=True)]
    assert store.walk(after="a", limit=1, deleted_before=young + 1) == [Stored("c", young, deleted=True)]
    assert store.walk(deleted_before=old) == []


def test_a_walk_over_an_empty_index_ends_at_once(store: ProductStore) -> None:
    store.ensure(identity())
    assert store.walk() == []


def test_removed_documents_are_gone_and_others_stay(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id=id_, title="t"), version=5) for id_ in ("a", "b", "c")])
    results = store.remove({"c": 6, "nobody": 1, "a": 5, "b": 4})
    assert [(one.id, one.version, one.outcome) for one in results] == [
        ("c", 6, "written"),
        ("nobody", 1, "written"),
        ("a", 5, "newer"),
        ("b", 4, "newer"),
    ]
    store.refresh()
    assert browse(store) == ["a", "b"]
    assert [one.id for one in store.walk()] == ["a", "b"]
    assert store.remove({}) == []


def test_a_write_that_is_older_than_a_removal_comes_too_late(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id="a", title="t"), version=5)])
    assert store.remove({"a": 9})[0].outcome == "written"
    assert store.remove({"a": 9})[0].outcome == "newer"
    assert write(store, [document(Product(id="a", title="t"), version=7)]) == ["newer"]
    assert write(store, [document(Product(id="a", title="t"), version=10)]) == ["written"]
    assert walked(store, limit=10) == [Stored("a", 10, deleted=False)]


def test_many_are_removed_at_once(store: ProductStore) -> None:
    store.ensure(identity())
    ids = [f"p{number:04}" for number in range(1500)]
    write(store, [document(Product(id=id_, title="t")) for id_ in ids])
    assert {one.outcome for one in store.remove(dict.fromkeys(ids[:1200], 2))} == {"written"}
    store.refresh()
    assert [one.id for one in walked(store, limit=200)] == ids[1200:]


def test_an_index_adopts_another_fusion_and_nothing_else(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id="a", title="t"), vector=row(1))])
    store.adopt(identity(fusion="fusion-2"))
    assert store.describe().identity == identity(fusion="fusion-2")
    store.ensure(identity(fusion="fusion-2"))
    with pytest.raises(EncoderMismatch, match="fusion-2"):
        store.ensure(identity())
    assert browse(store) == ["a"]
    store.adopt(identity(fusion="fusion-2"))
    assert store.describe(fresh=True).products == 1


@pytest.mark.parametrize(
    ("other", "error", "told"),
    [
        (identity(text="text-2", fusion="fusion-2"), EncoderMismatch, "text-2"),
        (replace(identity(fusion="fusion-2"), photo="photo-2"), EncoderMismatch, "photo-2"),
        (identity(65, fusion="fusion-2"), EncoderMismatch, "65"),
        (identity(ledger="ledger-2"), ForeignLedger, "ledger-2"),
        (replace(identity(), schema="products.v999"), SchemaDrift, "v999"),
    ],
    ids=["text", "photo", "width", "ledger", "schema"],
)
def test_whatever_else_differs_is_refused_by_name(store: ProductStore, other: Identity, error: type[Exception], told: str) -> None:
    store.ensure(identity())
    with pytest.raises(error, match=told) as caught:
        store.adopt(other)
    assert "fusion-2" not in str(caught.value)
    assert store.describe(fresh=True).identity == identity()


def test_without_an_index_nothing_can_be_walked_removed_or_adopted(store: ProductStore) -> None:
    for attempt in (store.walk, lambda: store.remove({"a": 1}), lambda: store.adopt(identity())):
        with pytest.raises(IndexMissing):
            attempt()


@pytest.mark.live
def test_adoption_leaves_the_mapping_and_removal_makes_no_index(open_store: Opener, alias: str) -> None:
    store: OpenSearchStore = open_store(alias)
    store.ensure(identity())
    before = store._client.indices.get_mapping(index=alias)[f"{alias}-000001"]["mappings"]
    store.adopt(identity(fusion="fusion-2"))
    after = store._client.indices.get_mapping(index=alias)[f"{alias}-000001"]["mappings"]
    assert {name: value for name, value in after.items() if name != "_meta"} == {n: v for n, v in before.items() if n != "_meta"}
    assert list(after["_meta"]) == ["fusedex"]

    gone = alias + "-gone"
    with pytest.raises(IndexMissing):
        open_store(gone).remove({"a": 1})
    assert store._client.indices.get(index=f"{gone}*") == {}


@pytest.mark.live
def test_a_deletion_that_the_server_refuses_is_told(open_store: Opener, alias: str) -> None:
    store: OpenSearchStore = open_store(alias)
    store.ensure(identity())
    store._client.indices.put_settings(index=alias, body={"index.blocks.write": True})
    try:
        (result,) = store.remove({"a": 1})
    finally:
        store._client.indices.put_settings(index=alias, body={"index.blocks.write": None})
    assert (result.outcome, result.error, result.retryable) == ("failed", "StoreBlocked", True)


def test_an_answer_for_other_documents_is_no_answer() -> None:
    plan = remove_plan("shop", {"a": 1, "b": 2})
    next(plan)
    plan.send({"shop-000001": {"mappings": {}}})
    with pytest.raises(Exception, match="2 deletions was answered for 1 others"):
        plan.send({"items": [{"delete": {"_id": "a", "status": 200}}]})
