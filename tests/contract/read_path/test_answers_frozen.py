"""What an answer keeps and tells, over every store: cursors, codes, explanations, lacks, suggestions, and the same from every searcher."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy.typing as npt
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.errors import CursorGone, ModelError, ModelUnavailable
from indexer.observe import RunObserver
from indexer.query.filters import parse_filters
from indexer.rank.blend import NOISE
from indexer.records import Answer, Query, QueryPart, Sort, Strategy
from indexer.settings import SearchSettings
from indexer.text.codes import codes_of
from tests.contract.read_path.generated import CATALOGUES, PLAIN, STORES, Drawn, Room, Wing, holds, ids, opened, phrases, timeless
from tests.contract.read_path.shop import WIDTH, photo_of, products

STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "lexical", "vector")
QUERIES = st.builds(
    Query,
    text=phrases(2) | st.just(""),
    strategy=st.sampled_from(STRATEGIES),
    bound=st.sampled_from(["all", "score"]),
    group=st.booleans(),
    diversity=st.sampled_from([0.0, 0.5]),
    in_stock_first=st.booleans(),
    sort=st.sampled_from([(), (Sort("price"),), (Sort("title", descending=True),)]),
    facets=st.just(("brand", "price=..20|20..")),
)
PHOTO = photo_of(products()[0])


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    yield from opened(request)


def told(answer: Answer) -> object:
    return [(hit.id, hit.product, hit.variants, hit.terms) for hit in answer.hits], answer.total, answer.facets, answer.boundary


@holds(catalogue=CATALOGUES, query=QUERIES, per_page=st.integers(1, 4), later=CATALOGUES)
def test_a_frozen_answer_goes_on_as_it_began_whatever_is_written(room: Room, query: Query, per_page: int, later: list[Drawn]) -> None:
    first = room.search(query, freeze=True, per_page=per_page)
    assert first.cursor
    whole = room.whole(query, cursor=first.cursor)
    pages = range(1, whole.total // per_page + 2)
    before = [told(room.search(query, cursor=first.cursor, per_page=per_page, page=page)) for page in pages]
    assert before[0] == told(first)
    old = list(room.products)
    room.delete(old[::2])
    room.put([replace(one, product=replace(one.product, id=id_)) for one, id_ in zip(later, old[1::2], strict=False)])
    room.put([replace(one, product=replace(one.product, id=f"{room.name}-n{place}")) for place, one in enumerate(later)])
    after = [room.search(query, cursor=first.cursor, per_page=per_page, page=page) for page in pages]
    assert [told(page) for page in after] == before
    assert [id_ for page in after for id_ in ids(page)] == ids(whole)
    assert {page.cursor for page in after} == {first.cursor}
    assert not set(ids(room.whole(query))) & set(old[::2])  # asked anew, what was deleted is gone


@holds(catalogue=CATALOGUES, query=QUERIES, other=phrases(3))
def test_a_cursor_of_another_query_is_refused(room: Room, query: Query, other: str) -> None:
    assume(other != query.text)
    cursor = room.search(query, freeze=True).cursor
    changed = [replace(query, text=other), replace(query, facets=("brand",)), replace(query, group=not query.group)]
    changed += [replace(query, filters=parse_filters(["brand=Nordhem"])), replace(query, sort=(Sort("stock"),))]
    for one in changed:
        with pytest.raises(CursorGone):
            room.search(one, cursor=cursor)
    assert room.search(query, cursor=cursor, per_page=1, page=2, highlight=True).cursor == cursor


def test_a_cursor_whose_time_is_over_is_gone(wing: Wing) -> None:
    room = Room(wing, [Drawn(product, vector=True) for product in products()[:3]])
    cursor = room.search("sofa", freeze=True).cursor
    assert ids(room.search("sofa", cursor=cursor))
    wing.end_points(room)
    with pytest.raises(CursorGone) as caught:
        room.search("sofa", cursor=cursor)
    assert caught.value.cure


SPELLINGS = (str.lower, str.upper, lambda code: f" {code[:2]}-{code[2:]} ", lambda code: f"{code[:2]}.{code[2:6]}/{code[6:]}".lower())


@holds(catalogue=CATALOGUES, place=st.integers(0, 11), spelling=st.sampled_from(SPELLINGS), strategy=st.sampled_from(STRATEGIES[:4]))
def test_a_code_gives_exactly_its_product_and_no_vector_has_a_say(room: Room, place: int, spelling: object, strategy: Strategy) -> None:
    assert callable(spelling)
    product = list(room.products.values())[place % len(room.products)]
    codes = {code: code for name in ("sku",) if isinstance(code := product.attributes.get(name), str)}
    dumb = room.searcher(ours=broken(room.wing.encoders))
    for code in (*codes, product.id.replace("-", "").upper()):
        having = sorted(id_ for id_, one in room.products.items() if code in codes_of(one))
        answer = dumb.search(room.asked(Query(text=spelling(code), strategy=strategy)))
        assert (ids(answer), answer.total, answer.degraded) == (having, len(having), ())
        assert product.id in having
        assert all([term.name for term in hit.terms] == ["code"] and hit.score == 1 for hit in answer.hits)


@pytest.mark.parametrize("asked", ["0012345678905", "12345678905", "012345678905", "0 012345 678905"])
def test_a_trade_item_number_is_found_however_many_zeros_it_has(wing: Wing, asked: str) -> None:
    drawn = [
        Drawn(replace(product, gtin="012345678905" if place == 1 else ""), vector=True) for place, product in enumerate(products()[:3])
    ]
    room = Room(wing, drawn)
    assert ids(room.search(asked)) == [f"{room.name}-p1"]


@holds(catalogue=CATALOGUES, query=QUERIES, part=st.none() | phrases(1))
def test_an_explanation_adds_up_to_the_score(room: Room, query: Query, part: str | None) -> None:
    parts = (QueryPart(text=part, weight=0.5),) if part and query.strategy != "lexical" else ()
    answer = room.whole(query, explain=True, parts=parts)
    assert told(answer) == told(room.whole(query, parts=parts))
    for hit in answer.hits:
        first, *lines = hit.explanation
        assert (first.depth, first.figure) == (0, hit.score)
        assert sum(line.figure for line in lines if line.depth == 1) == hit.score
        assert [line.figure for line in lines if line.depth == 1] == [term.value for term in hit.terms]
        beneath: list[list[float]] = []
        for line in lines:
            if line.depth == 1:
                beneath.append([])
            else:
                beneath[-1].append(line.figure)
        for term, figures in zip(hit.terms, beneath, strict=True):
            if term.name == "lexical" and query.text:
                assert sum(figures) == pytest.approx(term.raw, rel=1e-4, abs=1e-4)
            elif term.name == "vector" and not parts:
                assert figures == pytest.approx([term.raw], abs=1e-5)
            elif term.name == "vector":
                assert len(figures) == len(parts) + bool(query.text)


class Broken(HashedText):
    """Refuses every query."""

    def run(self, inputs: object) -> npt.ArrayLike:
        raise ModelUnavailable("The model's server is away.")


class BrokenPhotos(HashedPhoto):
    """Refuses every photo."""

    def run(self, inputs: object) -> npt.ArrayLike:
        raise ModelUnavailable("The model's server is away.")


class Waiting(HashedText):
    """Gives no row before it is let go."""

    def __init__(self) -> None:
        super().__init__(width=WIDTH)
        self.go = threading.Event()

    def run(self, inputs: object) -> npt.ArrayLike:
        assert self.go.wait(60)
        return super().run(inputs)


class Heard(RunObserver):
    """Keeps what searches lacked."""

    def __init__(self) -> None:
        self._lacks: list[list[str]] = []

    def searched(self, *, strategy: str, took_ms: float, degraded: Sequence[str]) -> None:
        self._lacks.append(list(degraded))


def broken(ours: Encoders) -> Encoders:
    return Encoders(Broken(width=WIDTH), BrokenPhotos(width=WIDTH), ours.fusion)


@holds(catalogue=CATALOGUES, text=phrases(2), strategy=st.sampled_from(["msearch", "rescore", "exact"]), group=st.booleans())
def test_without_an_encoder_the_words_answer_and_it_is_said(room: Room, text: str, strategy: Strategy, group: bool) -> None:
    searcher, heard = room.searcher(ours=broken(room.wing.encoders)), Heard()
    searcher.listen(heard)
    answer = searcher.search(room.asked(Query(text=text, strategy=strategy, group=group), per_page=100))
    lexical = room.whole(Query(text=text, strategy="lexical", group=group))
    assert ids(answer) == ids(lexical)
    assert [hit.score for hit in answer.hits] == pytest.approx([hit.score for hit in lexical.hits], abs=NOISE)
    assert (answer.total, answer.strategy) == (lexical.total, "lexical")
    assert [(lack.part, lack.reason) for lack in answer.degraded] == [("vector", "The model's server is away.")]
    assert heard._lacks == [["vector"]]


@pytest.mark.parametrize(
    "query", [Query(photo=PHOTO), Query(text="sofa", strategy="vector"), Query(parts=(QueryPart(text="sofa"),))], ids=str
)
def test_what_only_an_encoder_can_answer_fails_without_one(wing: Wing, query: Query) -> None:
    room = Room(wing, [Drawn(product, vector=True) for product in products()[:3]])
    with pytest.raises(ModelError, match="away"):
        room.searcher(ours=broken(wing.encoders)).search(room.asked(query))


def test_a_slow_encoder_costs_the_vectors_and_not_the_answer(wing: Wing) -> None:
    room = Room(wing, [Drawn(product, vector=True) for product in products()[:5]])
    waiting = Waiting()
    ours = Encoders(waiting, wing.encoders.photo, wing.encoders.fusion, query_cache=8)
    searcher, heard = room.searcher(SearchSettings(encode_s=0.05), ours), Heard()
    searcher.listen(heard)
    try:
        answer = searcher.search(room.asked("sofa"))
        assert [lack.part for lack in answer.degraded] == heard._lacks[0] == ["vector"]
        assert "0.05 s" in answer.degraded[0].reason
        assert ids(answer) == ids(room.search(Query(text="sofa", strategy="lexical"), SearchSettings()))
        assert answer.hits
    finally:
        waiting.go.set()


@holds(catalogue=CATALOGUES, queries=st.lists(QUERIES, min_size=1, max_size=4))
def test_several_searches_at_once_are_the_single_ones_and_the_async_ones(room: Room, queries: list[Query]) -> None:
    asked = [room.asked(query) for query in queries]
    single = [told(room.searcher().search(query)) for query in asked]
    assert [told(answer) for answer in room.searcher().multi(asked)] == single

    async def all_of_it() -> tuple[list[object], list[object], object, object]:
        async with room.wing.async_searcher(room) as searcher:
            alone = [told(await searcher.search(query)) for query in asked]
            several = [told(answer) for answer in await searcher.multi(asked)]
            first = await searcher.search(asked[0], per_page=1)
            frozen = await searcher.search(replace(asked[0], freeze=True), per_page=1)
            again = await searcher.search(replace(asked[0], cursor=frozen.cursor), per_page=1)
            assert told(first) == told(frozen) == told(again)
            hints = await searcher.suggest(asked[0].text, filters=asked[0].filters)
            return alone, several, hints, timeless(replace(again, cursor=""))

    alone, several, hints, first = asyncio.run(all_of_it())
    assert alone == several == single
    assert hints == room.searcher().suggest(asked[0].text, filters=asked[0].filters)
    assert first == timeless(room.search(queries[0], per_page=1))


@holds(catalogue=CATALOGUES, text=phrases(2) | st.sampled_from(["so", "ch", "no", "acme", "home", "沙"]))
def test_only_what_there_is_is_suggested(room: Room, text: str) -> None:
    inside = [f"language={room.name}"]
    for one in room.searcher(SearchSettings()).suggest(text, filters=inside):
        if one.kind == "product":
            assert room.products[one.id].title == one.text
        else:
            found = room.searcher(PLAIN).search(filters=[*inside, one.filter], per_page=100)
            path = tuple(one.text.split(" > "))
            having = [
                product.brand == one.text if one.kind == "brand" else product.category[: len(path)] == path
                for product in room.products.values()
            ]
            assert found.total == sum(having) > 0
