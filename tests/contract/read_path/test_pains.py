"""What users of other search products suffer from, one test a pain: on a shop of 400 products, over every store. See docs/relevance.md."""

import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PIL import Image

from indexer.encoders import Encoders
from indexer.errors import ModelUnavailable
from indexer.fuse.base import PartRow
from indexer.money import major_units
from indexer.photos.decode import decode
from indexer.rank.blend import NOISE
from indexer.read.answer import REACH
from indexer.read_path import Searcher
from indexer.records import Bound, Money, Product, Query, QueryPart, Sort, Strategy
from indexer.settings import SearchSettings
from indexer.store.base import Document
from tests.contract.read_path.generated import STORES, Wing, ids, opened
from tests.contract.read_path.shop import PIXELS, ending
from tests.contract.read_path.test_answers_frozen import Heard, broken

MANY = 400
SETTINGS = SearchSettings(min_cosine=0.5, enough=0, per_page_cap=MANY)
MIXED: tuple[Strategy, ...] = ("msearch", "rescore", "exact")
COLOURS = ("red", "blue", "green", "grey", "white")
KINDS = ("sofa", "lamp", "bicycle", "kettle", "novel", "drill", "jacket", "carpet", "teapot", "camera")
WITHOUT_VECTOR = 9


def photo(colour: int) -> bytes:
    """A photo of one colour."""
    stored = io.BytesIO()
    Image.new("RGB", (16, 16), [(200, 30, 30), (30, 30, 200), (30, 160, 30), (128, 128, 128), (250, 250, 250)][colour]).save(stored, "PNG")
    return stored.getvalue()


def product(number: int) -> Product:
    kind, colour = KINDS[number % 10], COLOURS[number // 10 % 5]
    return Product(
        id=f"p{number:03}",
        title=f"{colour} {kind}",
        description=f"model {number // 50}",
        brand=("Nordhem", "Acme", "Kestrel")[number % 3],
        price=None if number % 11 == 0 else Money(1000 + number * 7919 % 50_000, "EUR"),
        stock=0 if number % 4 == 0 else number % 7,
        group=f"{kind}-{number // 100}",
        attributes={"sku": f"KX{number:04}Q", "shelf": f"s{number // 40}"},
    )


PRODUCTS = {one.id: one for one in map(product, range(MANY))}


def document(one: Product, ours: Encoders) -> Document:
    number = int(one.id[1:])
    if number % WITHOUT_VECTOR == 0:
        return Document(id=one.id, version=1, product=one)
    parts = [PartRow("title", ours.text.encode([one.title], side="product")[0])]
    if ours.photo is not None and number % 2:
        parts.append(PartRow("photo", ours.photo.encode([decode(photo(number // 10 % 5), pixels=PIXELS)])[0]))
    return Document(id=one.id, version=1, product=one, row=ours.fuse(parts))


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    yield from opened(request)


@pytest.fixture(scope="module")
def searcher(wing: Wing) -> Iterator[Searcher]:
    store = wing.shop
    written = store.write([document(one, wing.encoders) for one in PRODUCTS.values()] + [Document(id="other", version=2, product=None)])
    assert Counter(one.outcome for one in written) == {"written": MANY + 1}
    store.refresh()
    with ending(Searcher(store, wing.encoders, settings=SETTINGS, photo_pixels=PIXELS)) as made:
        yield made


def has_vector(id_: str) -> bool:
    return int(id_[1:]) % WITHOUT_VECTOR != 0


@pytest.mark.parametrize("strategy", MIXED)
@pytest.mark.parametrize("bound", ["score", "top"])
def test_pain_3_facets_and_totals_do_not_become_the_whole_catalogue(searcher: Searcher, strategy: Strategy, bound: Bound) -> None:
    query = Query(text="red lamp", strategy=strategy, bound=bound, facets=("brand", "price=..200|200.."), per_page=MANY)
    answer = searcher.search(query)
    assert {hit.id for hit in answer.hits} >= {one.id for one in PRODUCTS.values() if one.title == "red lamp"}
    assert 8 <= answer.total <= 100 < MANY
    assert answer.total == len(answer.hits)
    assert {one.value: one.count for one in answer.facets["brand"]} == Counter(hit.product.brand for hit in answer.hits)
    assert sum(one.count for one in answer.facets["price"]) == sum(hit.product.price is not None for hit in answer.hits)
    if bound == "score":
        assert answer.total < searcher.search(replace(query, bound="all")).total or strategy == "rescore"


@pytest.mark.parametrize("strategy", [*MIXED, "vector", "lexical"])
@pytest.mark.parametrize("text", ["qzxjv", "zzkqx vvjq", "鑫龘"])
def test_pain_4_nonsense_finds_nothing_relevant(searcher: Searcher, strategy: Strategy, text: str) -> None:
    answer = searcher.search(Query(text=text, strategy=strategy, facets=("brand",)))
    assert (answer.hits, answer.total, answer.facets, answer.boundary.relevant) == ((), 0, {"brand": ()}, 0)
    assert answer.boundary.kind == "score"
    if strategy in ("msearch", "exact", "vector"):
        assert searcher.search(Query(text=text, strategy=strategy, bound="all")).total == 100  # what it would have been


@pytest.mark.parametrize("strategy", [*MIXED, "vector"])
@pytest.mark.parametrize("group", [False, True])
def test_pain_5_scores_and_order_do_not_change_with_the_page_size(searcher: Searcher, strategy: Strategy, group: bool) -> None:
    query = Query(text="blue", strategy=strategy, group=group, bound="all")
    whole = searcher.search(query, per_page=MANY)
    assert whole.total >= 40
    for per_page in (1, 7, 24):
        for page in (1, 2, 3):
            one = searcher.search(query, per_page=per_page, page=page)
            expected = whole.hits[(page - 1) * per_page : page * per_page]
            assert ids(one) == [hit.id for hit in expected]
            assert [hit.score for hit in one.hits] == pytest.approx([hit.score for hit in expected], abs=NOISE)
            assert one.total == whole.total


@pytest.mark.parametrize("strategy", [*MIXED, "vector", "lexical"])
@pytest.mark.parametrize("descending", [False, True])
def test_pain_6_sorting_returns_no_wrong_or_double_products(searcher: Searcher, strategy: Strategy, descending: bool) -> None:
    query = Query(text="green carpet", strategy=strategy)
    relevant = searcher.search(query, per_page=MANY)
    pages = [searcher.search(replace(query, sort=(Sort("price", descending),)), per_page=7, page=page) for page in range(1, 30)]
    ordered = [hit for page in pages for hit in page.hits]
    assert len(ordered) == len({hit.id for hit in ordered}) == relevant.total > 0
    assert {hit.id for hit in ordered} == set(ids(relevant))
    prices = [None if hit.product.price is None else hit.product.price.minor for hit in ordered]
    known = [price for price in prices if price is not None]
    assert prices == [*sorted(known, reverse=descending), *[None] * (len(prices) - len(known))]
    assert all("green" in hit.product.title or "carpet" in hit.product.title for hit in ordered)


@pytest.mark.parametrize("strategy", [*MIXED, "vector"])
def test_pain_7_variants_give_as_many_groups_as_asked_for_each_shown_by_its_best(searcher: Searcher, strategy: Strategy) -> None:
    query = Query(text="white", strategy=strategy, bound="all", per_page=MANY)
    alone = searcher.search(query)
    grouped = searcher.search(replace(query, group=True), per_page=8)
    assert len(grouped.hits) == 8 < grouped.total < alone.total
    best: dict[str, list[str]] = {}
    for hit in alone.hits:
        best.setdefault(hit.product.group, []).append(hit.id)
    assert grouped.total == len(best)
    assert [[hit.id, *hit.variants] for hit in grouped.hits] == list(best.values())[:8]


@pytest.mark.parametrize("number", [8, 58, 208, 399])
def test_pain_7_every_variants_own_code_finds_that_variant(searcher: Searcher, number: int) -> None:
    for text in (f"KX{number:04}Q", f"kx-{number:04}q"):
        answer = searcher.search(Query(text=text, group=True))
        assert (ids(answer), answer.total) == ([f"p{number:03}"], 1)


KINDS_OF_QUERY = {
    "text": Query(text="blue camera"),
    "photo": Query(photo=photo(1)),
    "text and photo": Query(text="camera", photo=photo(1)),
    "vectors only": Query(text="blue camera", strategy="vector"),
    "like a product": Query(parts=(QueryPart(id="p019"),)),
    "empty": Query(),
}


@pytest.mark.parametrize("query", KINDS_OF_QUERY.values(), ids=KINDS_OF_QUERY.keys())
def test_pain_8_what_the_shop_ordains_holds_for_every_kind_of_query(searcher: Searcher, query: Query) -> None:
    narrowed = searcher.search(replace(query, bound="all"), filters=["brand=Acme", "price<300"], per_page=MANY)
    assert narrowed.total > 10
    assert all(hit.product.brand == "Acme" and cheap(hit.product) for hit in narrowed.hits)
    plain = searcher.search(replace(query, bound="all"), per_page=MANY)
    ruled = searcher.search(replace(query, bound="all", in_stock_first=True), per_page=MANY)
    assert sorted(ids(ruled)) == sorted(ids(plain))
    before = {hit.id: hit.score for hit in plain.hits}
    assert any(hit.product.stock == 0 for hit in plain.hits)
    assert ids(ruled) != ids(plain)
    for place, ahead in enumerate(ruled.hits):
        for behind in ruled.hits[place + 1 :]:
            if ahead.product.stock == 0 != behind.product.stock:  # a sold-out product leads only by what it is better
                assert before[ahead.id] > before[behind.id] + REACH - NOISE


def cheap(one: Product) -> bool:
    return one.price is not None and major_units(one.price) < 300


@pytest.mark.parametrize("strategy", MIXED)
def test_pain_13_encoder_down_is_told(searcher: Searcher, wing: Wing, strategy: Strategy) -> None:
    down, heard = Searcher(wing.shop, broken(wing.encoders), settings=SETTINGS, photo_pixels=PIXELS), Heard()
    down.listen(heard)
    answer = down.search(Query(text="grey drill", strategy=strategy))
    assert answer.total > 0
    assert [lack.part for lack in answer.degraded] == ["vector"]
    assert "away" in answer.degraded[0].reason
    assert heard._lacks == [["vector"]]
    assert ids(answer) == ids(searcher.search(Query(text="grey drill", strategy="lexical")))
    assert searcher.search(Query(text="grey drill", strategy=strategy)).degraded == ()
    with pytest.raises(ModelUnavailable):
        down.search(Query(photo=photo(0)))


@pytest.mark.parametrize("strategy", ["vector", "msearch", "exact"])
@pytest.mark.parametrize(
    "query", [Query(text="red sofa"), Query(photo=photo(2)), Query(text="sofa", photo=photo(2))], ids=["text", "photo", "both"]
)
def test_pain_14_filtered_nearest_neighbours_give_all_that_exist(searcher: Searcher, strategy: Strategy, query: Query) -> None:
    for shelf in ("s1", "s7"):
        there = [one.id for one in PRODUCTS.values() if one.attributes["shelf"] == shelf]
        assert len(there) == 40
        answer = searcher.search(replace(query, strategy=strategy, bound="all"), filters=[f"shelf={shelf}"], per_page=MANY)
        near = {hit.id for hit in answer.hits if any(term.name == "vector" for term in hit.terms)}
        assert near == set(filter(has_vector, there))


@pytest.mark.parametrize("strategy", [*MIXED, "vector", "lexical"])
def test_pain_14_products_without_a_vector_break_nothing(searcher: Searcher, strategy: Strategy) -> None:
    answer = searcher.search(Query(text="red sofa", strategy=strategy, bound="all", explain=True, diversity=0.3), per_page=MANY)
    assert answer.hits
    assert not answer.degraded
    without = [hit for hit in answer.hits if not has_vector(hit.id)]
    assert bool(without) == (strategy != "vector")
    assert all([term.name for term in hit.terms] == ["lexical"] for hit in without)
