"""How much the photos alone count, over every store: shares that add up, legs of their own, one boundary; and refusals that say how."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from indexer.encoders import QueryParts
from indexer.errors import CursorGone, QueryError, UnknownField
from indexer.rank.blend import NOISE
from indexer.read_path import Searcher
from indexer.records import NEARS, Answer, Query, QueryPart, Strategy
from indexer.settings import SearchSettings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.generated import CATALOGUES, FLOOR, STORES, Room, Wing, holds, ids, opened, phrases
from tests.contract.read_path.shop import PIXELS, encoders, fill, photo_of, products

STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "vector")
QUERIES = st.builds(Query, text=phrases(2), strategy=st.sampled_from(STRATEGIES), bound=st.just("all"))
SHARES = st.floats(0.05, 0.95)
SHOP = products()


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    yield from opened(request)


def values(answer: Answer, name: str) -> dict[str, float]:
    return {hit.id: term.value for hit in answer.hits for term in hit.terms if term.name == name}


@holds(catalogue=CATALOGUES, query=QUERIES, share=SHARES)
def test_a_share_takes_from_the_fused_vector_what_it_gives_to_the_photos(room: Room, query: Query, share: float) -> None:
    fused, photos, both = (room.whole(replace(query, photo_share=one)) for one in (0.0, 1.0, share))
    assert set(ids(both)) == set(ids(fused)) | set(ids(photos))
    assert values(both, "lexical") == pytest.approx(values(fused, "lexical"), abs=NOISE)
    assert values(both, "vector") == pytest.approx({id_: (1 - share) * one for id_, one in values(fused, "vector").items()}, abs=NOISE)
    assert values(both, "photos") == pytest.approx({id_: share * one for id_, one in values(photos, "photos").items()}, abs=NOISE)
    assert not values(fused, "photos")
    assert not values(photos, "vector")
    for hit in both.hits:
        assert hit.score == sum(term.value for term in hit.terms) <= 1


@holds(catalogue=CATALOGUES, query=QUERIES)
def test_no_share_is_the_answer_of_before_and_the_whole_share_the_order_of_the_photos(room: Room, query: Query) -> None:
    plain = room.whole(query)
    assert ids(room.whole(replace(query, photo_share=0.0))) == ids(plain)
    row = room.wing.encoders.query_row(QueryParts(text=query.text))
    assert row is not None
    alone = room.whole(replace(query, strategy="vector", photo_share=1.0))
    cosines = room.cosines(row, photos=True)
    assert {hit.id: hit.terms[0].raw for hit in alone.hits} == pytest.approx(cosines, abs=1e-5)
    told = [cosines[id_] for id_ in ids(alone)]
    assert told == pytest.approx(sorted(told, reverse=True), abs=1e-5)


@holds(catalogue=CATALOGUES, text=phrases(3), share=SHARES)
def test_inside_is_what_the_words_match_or_what_is_near_by_either_vector(room: Room, text: str, share: float) -> None:
    row = room.wing.encoders.query_row(QueryParts(text=text))
    assert row is not None
    cosines = [room.cosines(row, photos=photos) for photos in (False, True)]
    assume(all(abs(cosine - FLOOR) > 1e-4 for mine in cosines for cosine in mine.values()))
    matched = set(ids(room.whole(Query(text=text, strategy="lexical", bound="all"))))
    fused, photos = ({id_ for id_, cosine in mine.items() if cosine >= FLOOR} for mine in cosines)
    for part, expected in ((0.0, fused), (share, fused | photos), (1.0, photos)):
        assert set(ids(room.whole(Query(text=text, strategy="vector", photo_share=part)))) == expected
        assert set(ids(room.whole(Query(text=text, photo_share=part)))) == matched | expected
        assert set(ids(room.whole(Query(text=text, strategy="rescore", photo_share=part)))) == matched


@holds(catalogue=CATALOGUES, query=QUERIES, share=SHARES)
def test_an_explanation_has_a_line_for_the_photos_and_adds_up(room: Room, query: Query, share: float) -> None:
    for hit in room.whole(replace(query, photo_share=share, explain=True)).hits:
        lines = [line for line in hit.explanation if line.depth == 1]
        assert sum(line.figure for line in lines) == hit.score
        told = [line.figure for line in lines if line.what.startswith("nearness of the photos alone: cosine")]
        assert told == [term.value for term in hit.terms if term.name == "photos"]


@holds(catalogue=CATALOGUES, query=QUERIES, share=SHARES)
def test_a_cursor_keeps_the_share(room: Room, query: Query, share: float) -> None:
    first = room.search(replace(query, photo_share=share), freeze=True)
    again = room.search(replace(query, photo_share=share), cursor=first.cursor)
    assert [(hit.id, hit.terms) for hit in again.hits] == [(hit.id, hit.terms) for hit in first.hits]
    with pytest.raises(CursorGone):
        room.search(replace(query, photo_share=share / 2), cursor=first.cursor)


def searcher(*, photo_vector: bool = True, settings: SearchSettings | None = None) -> Searcher:
    store, ours = MemoryStore(), encoders(photo_vector=photo_vector)
    fill(store, ours, SHOP)
    return Searcher(store, ours, settings=settings or SearchSettings(bound="all", enough=0), photo_pixels=PIXELS)


def test_a_photo_finds_its_product_by_the_photos_alone_however_much_is_written_about_it() -> None:
    shown = [product for product in SHOP if product.photos]
    with searcher() as ours:
        for product in shown[:5]:
            fused, photos = (ours.search(Query(photo=photo_of(product), photo_share=share, per_page=100)) for share in (0.0, 1.0))
            assert photos.hits[0].product.photos == product.photos
            assert photos.hits[0].terms[0].raw == pytest.approx(1.0, abs=1e-5)
            assert fused.hits[0].terms[0].raw < 0.99
            assert set(ids(photos)) == {one.id for one in shown}


def test_words_photo_and_parts_share_as_they_do_without() -> None:
    with searcher() as ours:
        query = Query(
            text="sofa", photo=photo_of(SHOP[0]), parts=(QueryPart(id=SHOP[1].id),), text_weight=1, photo_weight=3, photo_share=0.25
        )
        weights = {term.name: term.weight for hit in ours.search(query).hits for term in hit.terms}
        assert weights == pytest.approx({"lexical": 0.4, "vector": 0.45, "photos": 0.15})
        assert {one.name for one in ours.search(replace(query, strategy="vector")).hits[0].terms} <= set(NEARS)


def test_what_can_not_give_photos_a_share_says_so() -> None:
    with searcher() as ours:
        refusing: tuple[Strategy, ...] = ("lexical", "hybrid")
        for strategy in refusing:
            with pytest.raises(QueryError, match=strategy) as refused:
                ours.search(Query(text="sofa", strategy=strategy, photo_share=0.5))
            assert "photo_share" in refused.value.cure
        for share in (-0.1, 1.1, float("nan")):
            with pytest.raises(QueryError, match="photo_share"):
                ours.search(Query(text="sofa", photo_share=share))
        by_photo = ours.search(Query(photo=photo_of(SHOP[0]), strategy="hybrid", photo_share=0.5))  # without words nothing is blended there
        assert by_photo.strategy == "vector"


def test_an_index_without_them_says_how_to_get_them() -> None:
    with searcher(photo_vector=False) as ours, pytest.raises(UnknownField, match="no vectors of photos alone") as refused:
        ours.search(Query(text="sofa", photo_share=0.5))
    assert "photo_vector = true" in refused.value.cure
    assert "fusedex upgrade start --config" in refused.value.cure


def test_settings_of_either_kind_search_an_index_of_either_kind() -> None:
    for there in (False, True):
        store = MemoryStore()
        fill(store, encoders(photo_vector=there), SHOP)
        for ours in (False, True):
            settings = SearchSettings(bound="all", enough=0)
            with Searcher(store, encoders(photo_vector=ours), settings=settings, photo_pixels=PIXELS) as one:
                assert one.search("sofa").hits
