"""What a search promises, over every store."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from indexer.errors import BadFilter, EncoderMismatch, QueryError, UnknownField, UnusablePhoto
from indexer.money import major_units
from indexer.rank.blend import NOISE
from indexer.rank.facets import values_of
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Blend, Filter, Product, Query, Strategy
from indexer.store.base import ExactLeg, ProductStore
from tests.contract.read_path.conftest import SETTINGS
from tests.contract.read_path.shop import PIXELS, encoders, photo_of

STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "lexical", "vector")
BLENDS: tuple[Blend, ...] = ("min_max", "z_score", "l2", "rrf")
WORDS = ("sofa", "沙发", "running shoes", "blue", "camera with a zoom", "相机")


def ids(answer: Answer) -> list[str]:
    return [hit.id for hit in answer.hits]


def timeless(answer: Answer) -> Answer:
    return replace(answer, took_ms=0.0)


@pytest.mark.parametrize(("text", "word"), [("sofa", "sofa"), ("沙发", "沙发"), ("SOFA!!!", "sofa"), ("ｓｏｆａ", "sofa")])
def test_words_in_english_and_chinese_find_what_bears_them(searcher: Searcher, text: str, word: str) -> None:
    answer = searcher.search(text)
    assert word in answer.hits[0].product.title.lower()
    assert [term.name for term in answer.hits[0].terms] == ["lexical", "vector"]


def test_a_hit_is_the_whole_product_and_its_photo_status(searcher: Searcher, catalogue: list[Product]) -> None:
    known = {product.id: product for product in catalogue}
    for hit in searcher.search("sofa").hits:
        assert hit.product == known[hit.id]
        assert hit.photo_status == ("used" if hit.product.photos else "none")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("text", WORDS)
def test_scores_lie_in_0_to_1_best_first_and_are_the_sum_of_their_terms(
    searcher: Searcher, text: str, strategy: Strategy, blend: Blend
) -> None:
    answer = searcher.search(Query(text=text, strategy=strategy, blend=blend, per_page=100))
    assert answer.strategy == strategy
    assert answer.blend == blend
    assert answer.total == len(answer.hits)
    assert [(-hit.score, hit.id) for hit in answer.hits] == sorted((-hit.score, hit.id) for hit in answer.hits)
    for hit in answer.hits:
        assert 0.0 <= hit.score <= 1.0
        assert hit.score == sum(term.value for term in hit.terms)
        assert {term.name for term in hit.terms} <= ({"lexical", "vector"} if strategy in ("msearch", "rescore", "exact") else {strategy})
        assert all(-1.0 <= term.raw <= 1.0 for term in hit.terms if term.name == "vector")


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("blend", BLENDS)
@pytest.mark.parametrize("per_page", [1, 3, 7, 100])
def test_pages_part_the_candidates_without_repeats_whatever_their_size(
    searcher: Searcher, strategy: Strategy, blend: Blend, per_page: int
) -> None:
    query = Query(text="blue sofa", strategy=strategy, blend=blend, facets=("brand",))
    whole = searcher.search(query, per_page=100)
    pages = [searcher.search(query, per_page=per_page, page=page) for page in range(1, whole.total // per_page + 3)]
    parted = [hit for page in pages for hit in page.hits]
    assert [(hit.id, hit.product) for hit in parted] == [(hit.id, hit.product) for hit in whole.hits]
    # Each page is a search of its own, and a server's float32 may differ by its last step from one search to the next.
    assert [hit.score for hit in parted] == pytest.approx([hit.score for hit in whole.hits], abs=NOISE)
    assert {page.total for page in pages} == {whole.total}
    assert all(page.facets == whole.facets for page in pages)
    assert pages[-1].hits == ()
    assert len(set(ids(whole))) == whole.total


def test_the_total_is_the_union_of_the_legs_candidates(searcher: Searcher) -> None:
    lexical = searcher.search(Query(text="sofa", strategy="lexical", per_page=100))
    vector = searcher.search(Query(text="sofa", strategy="vector", per_page=100))
    blend = searcher.search(Query(text="sofa", strategy="msearch", per_page=100))
    assert set(ids(blend)) == set(ids(lexical)) | set(ids(vector))
    assert blend.boundary.kind == "all"
    assert blend.boundary.candidates == blend.boundary.relevant == blend.total
    assert vector.total == SETTINGS.depth


def test_rerank_scores_the_lexical_candidates_by_their_exact_cosine(searcher: Searcher, store: ProductStore) -> None:
    lexical = searcher.search(Query(text="blue sofa", strategy="lexical", per_page=100))
    rerank = searcher.search(Query(text="blue sofa", strategy="rescore", per_page=100))
    assert set(ids(rerank)) == set(ids(lexical))
    row = encoders().text.encode(["blue sofa"], side="query")[0]
    (exact,) = store.ask([ExactLeg(row=row, ids=tuple(ids(lexical)))])
    told = {hit.id: term.raw for hit in rerank.hits for term in hit.terms if term.name == "vector"}
    assert told == pytest.approx({one.id: one.score for one in exact.found}, abs=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_nothing_asked_is_browsing_by_id_without_scores(searcher: Searcher, strategy: Strategy) -> None:
    answer = searcher.search(Query(strategy=strategy, filters=(Filter("language", "eq", ("zh",)),), per_page=100))
    assert answer.total > 1
    assert ids(answer) == sorted(ids(answer))
    assert all(hit.score == 0 and hit.terms == () and hit.product.language == "zh" for hit in answer.hits)


FILTERS: list[tuple[str, Callable[[Product], bool]]] = [
    ("brand=Nordhem", lambda product: product.brand == "Nordhem"),
    ("brand=nordhem|宜舍", lambda product: product.brand in ("Nordhem", "宜舍")),
    ("brand!=Nordhem", lambda product: product.brand != "Nordhem"),
    ("category=Home", lambda product: "Home" in product.category),
    ("category=Home > Living room", lambda product: product.category[:2] == ("Home", "Living room")),
    ("currency=EUR", lambda product: product.price is not None and product.price.currency == "EUR"),
    ("price<100", lambda product: product.price is not None and major_units(product.price) < 100),
    ("price=100..849", lambda product: product.price is not None and 100 <= major_units(product.price) <= 849),
    ("stock>4", lambda product: product.stock is not None and product.stock > 4),
    ("in_stock=false", lambda product: product.stock == 0),
    ("language=zh", lambda product: product.language == "zh"),
    ("group=sofa-fjord", lambda product: product.group == "sofa-fjord"),
    ("id=0003", lambda product: product.id == "0003"),
    ("colour=red|灰色", lambda product: product.attributes.get("colour") in ("red", "灰色")),
    ("colour!=red", lambda product: product.attributes.get("colour") != "red"),
    ("weight_kg>=58.5", lambda product: float(str(product.attributes["weight_kg"])) >= 58.5),
    ("weight_kg=62", lambda product: product.attributes["weight_kg"] == 62.0),
    ("in_season=true", lambda product: product.attributes["in_season"] is True),
]


@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[text for text, _ in FILTERS])
def test_a_filter_leaves_exactly_what_it_says(
    searcher: Searcher, catalogue: list[Product], text: str, holds: Callable[[Product], bool]
) -> None:
    expected = sorted(product.id for product in catalogue if holds(product))
    assert ids(searcher.search(filters=[text], per_page=100)) == expected[: SETTINGS.depth]
    for strategy in STRATEGIES:
        found = ids(searcher.search(Query(text="blue sofa", strategy=strategy), filters=[text], per_page=100))
        assert set(found) <= set(expected)


def test_all_filters_must_hold(searcher: Searcher) -> None:
    assert ids(searcher.search(filters=["brand=Nordhem", "colour=red", "price<900"])) == ["0002"]


def test_a_facets_value_used_as_a_filter_finds_as_many(searcher: Searcher) -> None:
    names = ("brand", "category", "currency", "in_stock", "language", "group", "colour", "weight_kg", "in_season")
    base = "id=" + "|".join(f"{number:04}" for number in range(1, 16))  # fewer than a leg's depth, so that none is left out
    answer = searcher.search(filters=[base], facets=names)
    for name in names:
        for one in answer.facets[name]:
            again = searcher.search(filters=[base, f'{name}="{one.value}"' if name != "in_stock" else f"{name}={one.value}"])
            assert (name, one.value, again.total) == (name, one.value, one.count)


def test_facets_count_the_candidates_and_not_the_page(searcher: Searcher) -> None:
    answer = searcher.search(Query(text="sofa", facets=("brand", "colour"), per_page=100))
    small = searcher.search(Query(text="sofa", facets=("brand", "colour"), per_page=1))
    assert small.facets == answer.facets
    for name, values in answer.facets.items():
        expected = Counter(value for hit in answer.hits for value in values_of(hit.product, name))
        assert {one.value: one.count for one in values} == expected


def test_a_photo_finds_its_product(searcher: Searcher, catalogue: list[Product]) -> None:
    with_photos = [product for product in catalogue if product.photos]
    found = [searcher.search(Query(photo=photo_of(product), per_page=3)) for product in with_photos]
    assert all(answer.strategy == "vector" for answer in found)
    near = sum(product.id in ids(answer) for product, answer in zip(with_photos, found, strict=True))
    assert near >= 0.6 * len(with_photos)  # hashed photos see colours only, and several products share theirs


def test_words_and_a_photo_are_blended_by_their_weights(searcher: Searcher, catalogue: list[Product]) -> None:
    photo = photo_of(catalogue[0])
    alone = searcher.search(Query(photo=photo, per_page=100))
    words = searcher.search(Query(text="running shoes", strategy="vector", per_page=100))
    only_photo = searcher.search(Query(text="running shoes", photo=photo, text_weight=0, per_page=100))
    only_words = searcher.search(Query(text="running shoes", photo=photo, photo_weight=0, strategy="vector", per_page=100))
    assert timeless(only_photo) == timeless(alone)
    assert timeless(only_words) == timeless(words)
    both = searcher.search(Query(text="running shoes", photo=photo))
    assert both.strategy == "msearch"
    assert {term.name for hit in both.hits for term in hit.terms} == {"lexical", "vector"}


@pytest.mark.parametrize("data", [b"", b"no photo", b"\x89PNG\r\n\x1a\n" + bytes(50)], ids=["empty", "text", "broken"])
def test_a_photo_that_is_no_photo_is_refused(searcher: Searcher, data: bytes) -> None:
    with pytest.raises(UnusablePhoto):
        searcher.search(Query(text="sofa", photo=data))


def test_a_photo_of_too_many_pixels_is_refused(store: ProductStore, catalogue: list[Product]) -> None:
    strict = Searcher(store, encoders(), settings=SETTINGS, photo_pixels=100)
    with pytest.raises(UnusablePhoto, match="more than 100 pixels"):
        strict.search(Query(photo=photo_of(catalogue[0])))


@pytest.mark.parametrize(
    ("query", "error", "told"),
    [
        (Query(filters=(Filter("color", "eq", ("red",)),)), UnknownField, "Did you mean 'colour'"),
        (Query(facets=("bran",)), UnknownField, "Did you mean 'brand'"),
        (Query(text="sofa", page=0), QueryError, "no page 0"),
        (Query(text="sofa", per_page=101), QueryError, "1 to 100"),
        (Query(text="sofa", text_weight=-1), QueryError, "text weight"),
        (Query(text="sofa", text_weight=0), QueryError, "No part"),
        (Query(filters=(Filter("brand", "lt", ("x",)),)), BadFilter, "= and != only"),
    ],
)
def test_what_can_not_be_answered_is_told_clearly(searcher: Searcher, query: Query, error: type[QueryError], told: str) -> None:
    with pytest.raises(error, match=told):
        searcher.search(query)


def test_an_index_of_other_encoders_is_refused(store: ProductStore) -> None:
    other = Searcher(store, encoders(width=32), settings=SETTINGS, photo_pixels=PIXELS)
    with pytest.raises(EncoderMismatch, match=r"text.*photo.*fusion.*width"):
        other.search("sofa")


ODD = ("!", "?*~\"'\\", "AND OR NOT", "a" * 512, "\ud83d", "<b>sofa", "{}[]", "id:0001", "title:*", "\u202esofa", "沙" * 200, "é" * 100)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("text", ODD, ids=[ascii(text)[:20] for text in ODD])
def test_odd_texts_are_answered_like_any_other(searcher: Searcher, text: str, strategy: Strategy) -> None:
    answer = searcher.search(Query(text=text, strategy=strategy))
    assert all(0 <= hit.score <= 1 and np.isfinite(hit.score) for hit in answer.hits)


QUERIES = (
    Query(text="sofa"),
    Query(text="blue sofa", strategy="rescore", blend="rrf", facets=("brand", "colour")),
    Query(text="沙发", filters=(Filter("language", "eq", ("zh",)),), page=2, per_page=2),
    Query(facets=("category",)),
    Query(text="nothing like it", strategy="lexical"),
)


@pytest.mark.parametrize("query", QUERIES, ids=str)
async def test_the_async_searcher_gives_the_same_answers(searcher: Searcher, async_searcher: AsyncSearcher, query: Query) -> None:
    assert timeless(await async_searcher.search(query)) == timeless(searcher.search(query))


async def test_the_async_searcher_takes_a_photo_too(searcher: Searcher, async_searcher: AsyncSearcher, catalogue: list[Product]) -> None:
    query = Query(text="sofa", photo=photo_of(catalogue[0]), photo_weight=2)
    assert timeless(await async_searcher.search(query)) == timeless(searcher.search(query))
    with pytest.raises(UnusablePhoto):
        await async_searcher.search(Query(photo=b"no photo"))


async def test_many_searches_at_once_do_not_mix(searcher: Searcher, async_searcher: AsyncSearcher) -> None:
    expected = [timeless(searcher.search(query)) for query in QUERIES * 4]
    assert [timeless(answer) for answer in await asyncio.gather(*map(async_searcher.search, QUERIES * 4))] == expected


def test_many_threads_get_the_answers_that_one_gets(searcher: Searcher) -> None:
    expected = [timeless(searcher.search(query)) for query in QUERIES]
    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(searcher.search, QUERIES * 10))
    assert [timeless(answer) for answer in answers] == expected * 10
