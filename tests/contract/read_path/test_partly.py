"""Queries that no product, or hardly one, matches whole: what has all the words leads, and what has some of them follows the vectors."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from indexer.fuse.base import PartRow
from indexer.rank.blend import NOISE
from indexer.rank.explain import PARTLY
from indexer.read_path import Searcher
from indexer.records import Answer, Product, Query, Strategy
from indexer.settings import SearchSettings
from indexer.store.base import Document
from tests.contract.read_path.generated import STORES, Wing, ids, opened
from tests.contract.read_path.shop import PIXELS, ending

KINDS = {
    "laptop": ("Notebook PC 15.6 inch, 4 GB", "Laptop 13 inch, aluminium", "Business laptop 14 inch"),
    "toaster": ("Toaster for two slices", "Long slot toaster, steel", "Toaster with a bun rack"),
    "game": ("Gaming gaming gaming 3D maze game", "Gaming puzzle, gaming fun", "Gaming cards for gaming nights"),
    "toy": ("Wooden wooden toy", "Wooden blocks with a train", "Wooden puzzle, wooden box"),
}
SETTINGS = SearchSettings(enough=10, bound="all")
MIXED: tuple[Strategy, ...] = ("msearch", "exact", "rescore")


def products() -> list[Product]:
    return [Product(id=f"{kind}-{number}", title=title) for kind, titles in KINDS.items() for number, title in enumerate(titles)]


def put(wing: Wing, given: Sequence[Product]) -> None:
    rows = wing.encoders.text.encode([one.title for one in given], side="product")
    fused = [wing.encoders.fuse([PartRow("title", row)]) for row in rows]
    wing.shop.write([Document(id=one.id, version=1, product=one, row=row) for one, row in zip(given, fused, strict=True)])
    wing.shop.refresh()


@pytest.fixture(scope="module", params=STORES)
def wing(request: pytest.FixtureRequest) -> Iterator[Wing]:
    for made in opened(request):
        put(made, products())
        yield made


@pytest.fixture(scope="module")
def searcher(wing: Wing) -> Iterator[Searcher]:
    with ending(Searcher(wing.shop, wing.encoders, settings=SETTINGS, photo_pixels=PIXELS)) as made:
        yield made


def with_settings(wing: Wing, searcher: Searcher, text: str, **changes: object) -> Answer:
    settings = SETTINGS.model_copy(update=changes)
    with ending(Searcher(wing.shop, wing.encoders, settings=settings, photo_pixels=PIXELS)) as other:
        return other.search(Query(text=text, per_page=50))


@pytest.mark.parametrize("strategy", [*MIXED, "lexical"])
def test_the_one_product_with_all_words_comes_before_what_says_half_of_them_louder(searcher: Searcher, strategy: Strategy) -> None:
    answer = searcher.search(Query(text="wooden train", strategy=strategy))
    assert answer.hits[0].id == "toy-1"
    assert not answer.hits[0].partly
    assert {hit.id for hit in answer.hits if hit.partly} == {"toy-0", "toy-2"}


def test_a_half_match_has_at_most_its_part_of_the_words_weight(searcher: Searcher) -> None:
    whole, part = 0.0, SETTINGS.lexical_weight * SETTINGS.partial_weight
    for hit in searcher.search(Query(text="wooden train", per_page=50)).hits:
        assert 0 <= hit.score <= 1
        assert hit.score == sum(term.value for term in hit.terms)
        weights = {term.name: term.weight for term in hit.terms}
        if "lexical" in weights:
            assert weights["lexical"] == pytest.approx(part if hit.partly else SETTINGS.lexical_weight)
            whole += not hit.partly
    assert whole == 1


def test_explanations_say_so_and_still_add_up(searcher: Searcher) -> None:
    for hit in searcher.search(Query(text="wooden train", explain=True, per_page=50)).hits:
        first, *others = hit.explanation
        assert sum(line.figure for line in others if line.depth == 1) == pytest.approx(first.figure)
        assert any(line.what.endswith(PARTLY) for line in others) == hit.partly


def test_pages_and_page_sizes_agree(searcher: Searcher) -> None:
    whole = searcher.search(Query(text="gaming laptop", per_page=50))
    assert whole.total > 10
    for per_page in (1, 4, 9):
        pages = [
            searcher.search(Query(text="gaming laptop", per_page=per_page, page=page)) for page in range(1, -(-whole.total // per_page) + 1)
        ]
        hits = [hit for page in pages for hit in page.hits]
        assert [hit.id for hit in hits] == ids(whole)
        assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in whole.hits], abs=NOISE)


def test_a_frozen_answer_goes_on_as_it_began(wing: Wing, searcher: Searcher) -> None:
    query = Query(text="gaming laptop", per_page=5, freeze=True)
    first = searcher.search(query)
    put(wing, [Product(id="gaming-laptop", title="Gaming laptop")])
    second = searcher.search(replace(query, page=2, cursor=first.cursor))
    wing.shop.remove({"gaming-laptop": 2})
    wing.shop.refresh()
    again = searcher.search(replace(query, per_page=10))
    assert [*ids(first), *ids(second)] == ids(again)
    assert "gaming-laptop" not in ids(again)


def test_where_enough_products_have_the_words_nothing_is_eased(wing: Wing, searcher: Searcher) -> None:
    eased = searcher.search(Query(text="wooden train", per_page=50))
    plain = with_settings(wing, searcher, "wooden train", enough=1)
    assert any(hit.partly for hit in eased.hits)
    assert not any(hit.partly for hit in plain.hits)
    assert plain.hits[0].id == "toy-1"


def test_half_matches_push_no_whole_one_out(wing: Wing, searcher: Searcher) -> None:
    # "Gaming gaming gaming" is better by BM25 alone: in a leg of one it would stand in the way of what has both words.
    for strategy in ("lexical", "rescore"):
        answer = with_settings(wing, searcher, "gaming fun", depth=2, strategy=strategy)
        assert answer.hits[0].id == "game-1"
        assert [hit.partly for hit in answer.hits] == [False, True]
