"""What only a real server can show of the legs: an expert's own query, shards that fail, points that end, its own hybrid query."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from indexer.errors import CursorGone, StoreBusy, StoreError
from indexer.records import Filter, Product
from indexer.settings import IndexSettings
from indexer.store.base import CodeLeg, ExactLeg, ExplainLeg, ExtraLeg, HybridLeg, Leg, LexicalLeg, NamedLeg, VectorLeg
from indexer.store.calls import Call
from indexer.store.opensearch import AsyncOpenSearchStore, OpenSearchStore
from indexer.store.requests import leg_body
from tests.contract.store.cases import CATALOGUE, document, identity, ids, row, write
from tests.contract.store.conftest import Opener, filled
from tests.contract.store.shelf import TITLES, WANTED, shelf

pytestmark = pytest.mark.live
EUROS = (Filter("currency", "eq", ("EUR",)),)


@pytest.fixture
def real(open_store: Opener, alias: str) -> OpenSearchStore:
    store = open_store(alias)
    filled(store)
    return store


@pytest.fixture
def halves(opensearch_url: str, open_store: Opener, alias: str) -> Iterator[OpenSearchStore]:
    """Forty products on two shards."""
    open_store(alias)  # its indices are deleted afterwards
    store = OpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias, shards=2))
    store.ensure(identity())
    write(store, [document(Product(id=f"p{n:02}", title="same"), vector=row(n)) for n in range(40)])
    yield store
    store.close()


def failing(names: list[str]) -> ExtraLeg:
    """A query whose script fails on these products."""
    source = "if (params.names.contains(doc['id'].value)) { throw new IllegalStateException('not this one') } return 1"
    script = {"script": {"source": source, "params": {"names": names}}}
    return ExtraLeg(query={"script_score": {"query": {"match_all": {}}} | script}, size=100)


def test_an_experts_query_stays_within_the_filters_and_the_living(real: OpenSearchStore) -> None:
    write(real, [document(Product(id="dead", title="sofa"), version=1)])
    real.remove({"dead": 2})
    real.refresh()
    everything = ExtraLeg(query={"match_all": {}})
    assert set(ids(real.ask([everything])[0].found)) == {product.id for product in CATALOGUE}
    assert set(ids(real.ask([ExtraLeg(query={"match_all": {}}, filters=EUROS)])[0].found)) == {"sofa-grey", "camera"}
    loose = {"bool": {"should": [{"match": {"title": "sofa"}}, {"term": {"deleted": True}}, {"match_all": {}}]}}
    assert "shoes" not in ids(real.ask([ExtraLeg(query=loose, filters=EUROS)])[0].found)
    words, extra = real.ask(
        [LexicalLeg(text="sofa"), ExtraLeg(query={"constant_score": {"filter": {"term": {"brand": "nike"}}, "boost": 7}})]
    )
    assert ids(words.found) == ["sofa-grey"]
    assert [(hit.id, hit.score) for hit in extra.found] == [("shoes", 7.0)]
    nearest = {"knn": {"vector": {"vector": row(1).tolist(), "k": 1}}}
    assert len(real.ask([ExtraLeg(query=nearest)])[0].found) == 1


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"foo": {}}, "foo"),
        ({}, "empty"),
        ({"match": {"title": "x"}, "term": {}}, "malformed"),
        ({"query_string": {"query": "title:(a OR"}}, "Failed to parse"),
        ({"range": {"price": {"gte": "cheap"}}}, "cheap"),
        ({"knn": {"vector": {"vector": [1.0, 2.0], "k": 3}}}, "dimension"),
        ({"hybrid": {"queries": [{"match_all": {}}]}}, "hybrid"),
    ],
)
def test_a_bad_query_of_theirs_is_told_as_theirs(real: OpenSearchStore, query: dict[str, Any], reason: str) -> None:
    beside: list[Leg] = [LexicalLeg(text="sofa"), ExtraLeg(query=query)]
    for legs in (beside[1:], beside):
        with pytest.raises(StoreError, match=f"extra query.*{reason}") as caught:
            real.ask(legs)
        assert caught.value.status == 400


def test_a_shard_that_fails_is_counted_and_the_others_answer(halves: OpenSearchStore) -> None:
    whole, half = halves.ask([LexicalLeg(text="same"), failing(["p00"])])
    assert (len(whole.found), whole.shards_failed) == (40, 0)
    assert half.shards_failed == 1
    assert 0 < len(half.found) < 40
    assert "p00" not in ids(half.found)
    with pytest.raises(StoreError, match=r"extra query.*runtime error"):
        halves.ask([LexicalLeg(text="same"), failing([f"p{n:02}" for n in range(40)])])


def test_scores_are_explained_on_several_shards(halves: OpenSearchStore) -> None:
    names = tuple(f"p{n:02}" for n in range(40))
    plain, explained = halves.ask([LexicalLeg(text="same"), ExplainLeg(text="same", ids=names)])
    assert ids(explained.found) == ids(plain.found)
    for hit in explained.found:
        assert sum(hit.fields.values()) == pytest.approx(hit.score, rel=1e-4)


def test_scores_are_explained_on_a_chinese_shelf(open_store: Opener, alias: str) -> None:
    store = open_store(alias)
    store.ensure(identity())
    write(store, [document(product) for product in shelf()])
    texts = [*WANTED, *(f"{text} {other}" for text, other in zip(TITLES.values(), WANTED, strict=False))]
    lexical = store.ask([LexicalLeg(text=text, step=2) for text in texts])
    explained = store.ask([ExplainLeg(text=text, ids=tuple(ids(one.found)), step=2) for text, one in zip(texts, lexical, strict=True)])
    hits = [hit for answer in explained for hit in answer.found]
    assert len(hits) == sum(len(answer.found) for answer in lexical) > 200
    for hit in hits:
        assert sum(hit.fields.values()) == pytest.approx(hit.score, rel=1e-4)
    assert set().union(*(hit.fields for hit in hits)) >= {"zh_title", "title.cjk", "title.exact"}


def test_a_point_holds_over_several_shards(halves: OpenSearchStore) -> None:
    legs: list[Leg] = [VectorLeg(row=row(3)), ExactLeg(row=row(3)), LexicalLeg(text="same", size=15)]
    point = halves.open_point(keep_s=60)
    before = [[(hit.id, hit.score) for hit in answer.found] for answer in halves.ask(legs, point=point)]
    write(halves, [document(Product(id=f"q{n:02}", title="same same"), vector=row(3)) for n in range(40)])
    assert [[(hit.id, hit.score) for hit in answer.found] for answer in halves.ask(legs, point=point)] == before
    assert dict(before[0]) == pytest.approx(dict(before[1]), abs=1e-6)


def test_a_point_that_was_deleted_or_whose_index_was_is_gone(real: OpenSearchStore, alias: str) -> None:
    points = [real.open_point(keep_s=60) for _ in range(2)]
    for point in points:
        assert ids(real.ask([LexicalLeg(text="sofa")], point=point)[0].found) == ["sofa-grey"]
    real._send(Call(method="DELETE", path="/_search/point_in_time", body={"pit_id": [points[0].partition(":")[2]]}))
    with pytest.raises(CursorGone):
        real.ask([LexicalLeg(text="sofa")], point=points[0])
    assert ids(real.ask([LexicalLeg(text="sofa")], point=points[1])[0].found) == ["sofa-grey"]
    real._client.indices.delete(index=f"{alias}-000001")
    with pytest.raises(CursorGone):
        real.ask([LexicalLeg(text="sofa"), VectorLeg(row=row(1))], point=points[1])


def test_a_point_stays_with_its_index_when_the_alias_moves(real: OpenSearchStore, open_store: Opener, alias: str) -> None:
    point = real.open_point(keep_s=60)
    real._client.indices.create(index=f"{alias}-000002", body={"mappings": {"properties": {"id": {"type": "keyword"}}}})
    moved = [{"remove": {"index": f"{alias}-000001", "alias": alias}}, {"add": {"index": f"{alias}-000002", "alias": alias}}]
    real._client.indices.update_aliases(body={"actions": moved})
    answers = real.ask([LexicalLeg(text="sofa"), LexicalLeg(text="xylophone")], point=point)
    assert [ids(answer.found) for answer in answers] == [["sofa-grey"], []]
    assert {answer.index for answer in answers} == {f"{alias}-000001"}


def test_too_many_points_are_busy(real: OpenSearchStore) -> None:
    real.open_point(keep_s=60)
    cluster = real._client.cluster
    cluster.put_settings(body={"transient": {"search.max_open_pit_context": 1}})
    try:
        with pytest.raises(StoreBusy, match="Point In Time"):
            real.open_point(keep_s=60)
    finally:
        cluster.put_settings(body={"transient": {"search.max_open_pit_context": None}})
    assert real.open_point(keep_s=60)


async def test_the_asynchronous_reader_gives_the_same_legs_and_points(real: OpenSearchStore, opensearch_url: str, alias: str) -> None:
    reader = AsyncOpenSearchStore(SecretStr(opensearch_url), IndexSettings(alias=alias))
    legs: list[Leg] = [
        CodeLeg(code="SHOES"),
        NamedLeg(ids=("camera", "bare"), rows=True),
        ExplainLeg(text="sofa", ids=("sofa-grey",)),
        ExactLeg(row=row(3)),
        ExtraLeg(query={"match_all": {}}),
    ]
    try:
        point = await reader.open_point(keep_s=60)
        for name in ("", point):
            ours, theirs = real.ask(legs, point=name), await reader.ask(legs, point=name)
            assert [[(hit.id, hit.score, hit.fields) for hit in one.found] for one in ours] == [
                [(hit.id, hit.score, hit.fields) for hit in one.found] for one in theirs
            ]
        with pytest.raises(CursorGone):
            await reader.ask(legs, point="no:point")
        with pytest.raises(StoreError, match="neural-search"):
            await reader.ask([HybridLeg(text="x", row=row(1), weights={"vector": 1})])
    finally:
        await reader.close()


def test_a_pipeline_may_stand_in_a_body_of_many_searches(real: OpenSearchStore) -> None:
    # the hybrid query's own processors are not here; that such a request takes a pipeline in its bodies can be seen with the core's
    plain = leg_body(LexicalLeg(text=""))
    only_nike = {"filter_query": {"query": {"term": {"brand": "nike"}}}}
    lines = [{}, plain | {"search_pipeline": {"request_processors": [only_nike]}}, {}, plain]
    body = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    answers = real._send(Call(method="POST", path=f"/{real._alias}/_msearch", body=body))["responses"]
    assert [[hit["_id"] for hit in one["hits"]["hits"]] for one in answers] == [["shoes"], sorted(product.id for product in CATALOGUE)]
