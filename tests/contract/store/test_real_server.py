"""What only a real server can show: names, races between clients, drift, refusals, and the asynchronous reader."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from pydantic import SecretStr

from indexer.errors import BadFilter, IndexMissing, SchemaDrift, StoreBlocked, StoreError, StoreUnavailable, UnsafeMapping
from indexer.records import Filter, Product
from indexer.settings import IndexSettings
from indexer.store.base import Document, ExactLeg, Leg, LegAnswer, LexicalLeg, VectorLeg
from indexer.store.bulk import FILTER_PATH, Line, _write_chunk
from indexer.store.documents import from_source
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.store.tokens import fold
from tests.contract.store.cases import CATALOGUE, browse, catalogue_documents, document, identity, ids, row, write
from tests.contract.store.conftest import Opener, filled

pytestmark = pytest.mark.live


@pytest.fixture
def real(open_store: Opener, alias: str) -> OpenSearchStore:
    return open_store(alias)


def test_an_embedded_server_is_recognised_and_has_knn(real: OpenSearchStore) -> None:
    server = real.capabilities()
    assert server.version.startswith("3.")
    assert (server.embedded, server.knn, server.hybrid) == (True, True, False)


def test_several_clients_may_ensure_at_once(open_store: Opener, alias: str) -> None:
    clients = [open_store(alias) for _ in range(5)]
    together = Barrier(len(clients))

    def ensure(store: OpenSearchStore) -> str:
        together.wait(timeout=30)
        return store.ensure(identity())

    with ThreadPoolExecutor(len(clients)) as pool:
        assert set(pool.map(ensure, clients)) == {f"{alias}-000001"}
    assert list(clients[0]._client.indices.get(index=f"{alias}*")) == [f"{alias}-000001"]


def test_an_index_left_behind_without_its_alias_is_passed_over(real: OpenSearchStore, alias: str) -> None:
    real._client.indices.create(index=f"{alias}-000001")
    assert real.ensure(identity()) == f"{alias}-000002"
    assert real.ensure(identity()) == f"{alias}-000002"


def test_a_foreign_index_or_alias_is_drift(real: OpenSearchStore, alias: str) -> None:
    client = real._client
    client.indices.create(index=alias)
    with pytest.raises(SchemaDrift, match="not an alias"):
        real.ensure(identity())
    client.indices.delete(index=alias)
    client.indices.create(index=f"{alias}-x", body={"aliases": {alias: {}}})
    for attempt in (lambda: real.ensure(identity()), real.describe):
        with pytest.raises(SchemaDrift, match="no identity"):
            attempt()
    client.indices.create(index=f"{alias}-y", body={"aliases": {alias: {}}})
    with pytest.raises(SchemaDrift, match="2 indices"):
        real.ensure(identity())


def test_a_field_that_was_added_is_drift_by_name(real: OpenSearchStore, alias: str) -> None:
    real.ensure(identity())
    real._client.indices.put_mapping(index=alias, body={"properties": {"surprise": {"type": "keyword"}}})
    with pytest.raises(SchemaDrift, match="surprise"):
        real.ensure(identity())


def test_faiss_never_reaches_an_embedded_server(opensearch_url: str, alias: str) -> None:
    store = OpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias, engine="faiss"))
    try:
        with pytest.raises(UnsafeMapping, match="faiss"):
            store.ensure(identity())
        assert store._client.indices.get(index=f"{alias}*") == {}
    finally:
        store.close()


def test_settings_reach_the_index(opensearch_url: str, open_store: Opener, alias: str) -> None:
    open_store(alias)  # its indices are deleted afterwards
    store = OpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias, m=8, ef_construction=64, shards=2, refresh_s=7))
    index = store.ensure(identity(32))
    body = store._client.indices.get(index=alias)[index]
    store.close()
    told = body["settings"]["index"]
    assert (told["number_of_shards"], told["number_of_replicas"], told["refresh_interval"], told["knn"]) == ("2", "0", "7s", "true")
    method = body["mappings"]["properties"]["vector"]["method"]
    assert method["parameters"] == {"m": 8, "ef_construction": 64}
    assert body["mappings"]["dynamic"] == "strict"


def test_two_shards_give_one_order(opensearch_url: str, open_store: Opener, alias: str) -> None:
    open_store(alias)
    store = OpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias, shards=2))
    store.ensure(identity())
    write(store, [document(Product(id=f"p{n:02}", title="same"), vector=row(1)) for n in range(40)])
    legs: list[Leg] = [LexicalLeg(text="", size=15), VectorLeg(row=row(1), size=15)]
    expected = [f"p{n:02}" for n in range(15)]
    assert ids(store.ask(legs)[0].found) == expected
    assert len(store.ask(legs)[1].found) == 15
    store.close()


def test_a_blocked_index_is_told_per_document_as_retryable(real: OpenSearchStore, alias: str) -> None:
    real.ensure(identity())
    real._client.indices.put_settings(index=alias, body={"index.blocks.read_only_allow_delete": True})
    try:
        results = real.write([document(Product(id="a", title="t")), document(Product(id="b", title="t"))])
    finally:
        real._client.indices.put_settings(index=alias, body={"index.blocks.read_only_allow_delete": None})
    assert [(one.outcome, one.error, one.retryable) for one in results] == [("failed", StoreBlocked.__name__, True)] * 2
    assert write(real, [document(Product(id="a", title="t"))]) == ["written"]


def test_a_bulk_split_by_bytes_is_answered_in_order(opensearch_url: str, open_store: Opener, alias: str) -> None:
    open_store(alias)
    store = OpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias), bulk_bytes=3000)
    store.ensure(identity())
    documents = [document(Product(id=f"p{n}", title="x" * (n % 5) * 400), version=2, vector=row(n)) for n in range(30)]
    assert set(write(store, documents[:10])) == {"written"}
    results = store.write(documents)
    store.close()
    assert [one.id for one in results] == [one.id for one in documents]
    assert [one.outcome for one in results] == ["newer"] * 10 + ["written"] * 20


def test_the_servers_own_refusal_of_one_document_leaves_the_others(real: OpenSearchStore, open_store: Opener, alias: str) -> None:
    real.ensure(identity())
    late = open_store(alias)  # knows no width, so the server has to tell
    results = late.write([document(Product(id="a", title="t"), vector=row(1, 3)), document(Product(id="b", title="t"), vector=row(1))])
    assert [(one.outcome, one.retryable) for one in results] == [("failed", False), ("written", False)]
    assert "dimension" in results[0].reason


def test_one_line_that_spoils_a_whole_request_is_found(real: OpenSearchStore, alias: str) -> None:
    real.ensure(identity())
    action = '{"index":{"_id":"%s","version":%d,"version_type":"external"}}\n{"id":"x","version":1,"deleted":true}\n'
    lines = [Line(n, f"p{n}", 1, (action % (f"p{n}", 1)).encode()) for n in range(7)]
    lines[4] = Line(4, "p4", 1, (action % ("p4", 1)).replace("external", "sideways").encode())
    results = real._run(_write_chunk(alias, lines, []))
    assert {place: one.outcome for place, one in results.items()} == {n: "failed" if n == 4 else "written" for n in range(7)}
    assert not results[4].retryable
    assert "sideways" in results[4].reason


def test_a_bulk_never_makes_an_index(real: OpenSearchStore, alias: str) -> None:
    with pytest.raises(IndexMissing, match=alias):
        real.write([Document(id="a", version=1, product=None)])
    assert real._client.indices.get(index=f"{alias}*") == {}


def test_items_are_whole_despite_the_filtered_answer(real: OpenSearchStore, alias: str) -> None:
    real.ensure(identity())
    body = '{"index":{"_id":"a"}}\n{"surprise":1}\n'
    answer: dict[str, Any] = real._client.bulk(index=alias, body=body, params={"filter_path": FILTER_PATH})
    (item,) = answer["items"]
    assert item["index"]["status"] == 400
    assert item["index"]["error"]["type"] == "strict_dynamic_mapping_exception"


def test_a_closed_index_is_an_error_and_no_empty_answer(real: OpenSearchStore, alias: str) -> None:
    filled(real)
    real._client.indices.close(index=f"{alias}-000001")
    with pytest.raises(StoreError, match=f"{alias}.*closed"):
        browse(real)


def test_nobody_there_is_unavailable_and_the_password_stays_secret(alias: str) -> None:
    store = OpenSearchStore(SecretStr("http://admin:hush%21@127.0.0.1:9"), IndexSettings(alias=alias), timeout_s=2)
    with pytest.raises(StoreUnavailable) as caught:
        store.describe()
    store.close()
    assert caught.value.retryable
    told = f"{caught.value} {caught.value.__cause__!r} {store!r} {vars(store)!r}"
    assert "hush" not in told


@pytest.fixture
async def reader(real: OpenSearchStore, opensearch_url: str, alias: str) -> AsyncIterator[AsyncOpenSearchStore]:
    filled(real)
    opened = AsyncOpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias))
    yield opened
    await opened.close()


async def test_the_asynchronous_reader_gives_the_same(reader: AsyncOpenSearchStore, real: OpenSearchStore) -> None:
    legs: list[Leg] = [
        LexicalLeg(text="sofa"),
        LexicalLeg(text="沙发", filters=(Filter("price", "lt", (5000,)),)),
        VectorLeg(row=row(3)),
        ExactLeg(row=row(3), ids=("shoes",)),
        LexicalLeg(text="xylophone"),
    ]
    theirs, ours = await reader.ask(legs), real.ask(legs)
    assert [told(one) for one in theirs] == [told(one) for one in ours]
    assert await reader.describe() == real.describe()
    assert await reader.describe(fresh=True) == real.describe(fresh=True)


async def test_many_may_ask_at_once_in_one_loop(reader: AsyncOpenSearchStore) -> None:
    answers = await asyncio.gather(*(reader.ask([LexicalLeg(text="", size=1 + n % 5)]) for n in range(40)))
    assert [len(answer[0].found) for answer in answers] == [1 + n % 5 for n in range(40)]


async def test_the_asynchronous_readers_errors_are_ours(reader: AsyncOpenSearchStore, opensearch_url: str) -> None:
    with pytest.raises(BadFilter):
        await reader.ask([LexicalLeg(text="", filters=(Filter("price", "lt", ("cheap",)),))])
    missing = AsyncOpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias="t-nowhere"))
    silent = AsyncOpenSearchStore(SecretStr("http://127.0.0.1:9"), IndexSettings(alias="t-nowhere"), timeout_s=2)
    try:
        with pytest.raises(IndexMissing):
            await missing.describe()
        with pytest.raises(IndexMissing):
            await missing.ask([LexicalLeg(text="")])
        with pytest.raises(StoreUnavailable):
            await silent.describe()
    finally:
        await missing.close()
        await silent.close()


def test_the_servers_normaliser_leaves_folded_texts_as_they_are(real: OpenSearchStore, alias: str) -> None:
    real.ensure(identity())
    # one character in a hundred of all planes, and all of Latin and its neighbours
    points = [*range(0x21, 0x590), *range(0x1E00, 0x2100), *range(0xFF00, 0xFFF0), *range(0x590, 0x2FFFF, 101)]
    texts = [fold(chr(point)) for point in points if not 0xD800 <= point <= 0xDFFF]
    answer = real._client.indices.analyze(index=alias, body={"normalizer": "lowered", "text": texts})
    lowered = [one["token"] for one in answer["tokens"]]
    assert len(lowered) == len(texts)
    merged: dict[str, set[str]] = {}
    for text, low in zip(texts, lowered, strict=True):
        merged.setdefault(low, set()).add(text)
    assert [group for group in merged.values() if len(group) > 1] == []


def test_documents_read_back_by_get_are_whole(real: OpenSearchStore, alias: str) -> None:
    filled(real)
    for wanted in catalogue_documents():
        got = from_source(real._client.get(index=alias, id=wanted.id)["_source"])
        assert (got.id, got.version, got.product) == (wanted.id, wanted.version, wanted.product)
        assert (got.row is None) == (wanted.row is None)
        if got.row is not None and wanted.row is not None:
            assert abs(got.row - wanted.row).max() < 1e-6
    assert {product.id for product in CATALOGUE} == set(browse(real))


def told(answer: LegAnswer) -> tuple[str, list[tuple[str, float, Product, str]]]:
    return answer.index, [(one.id, one.score, one.product, one.photo_status) for one in answer.found]
