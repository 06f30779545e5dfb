"""A searcher as a plain search: over a real read path in memory, whatever the size of a page."""

import pytest

from indexer.evaluate.asking import Asking
from indexer.evaluate.queries import Topic
from indexer.evaluate.runs import make_run
from indexer.read_path import Searcher
from indexer.settings import SearchSettings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    filled = MemoryStore()
    fill(filled, encoders(), products())
    return filled


def searcher(store: MemoryStore, settings: SearchSettings) -> Searcher:
    return Searcher(store, encoders(), settings=settings, photo_pixels=PIXELS)


@pytest.mark.parametrize("per_page", [1, 3, 7, 100])
def test_pages_join_to_the_same_list(store: MemoryStore, per_page: int) -> None:
    with searcher(store, SearchSettings(bound="all")) as ours:
        whole = [hit.id for hit in Asking(ours)("blue sofa", 20)]
        assert len(whole) == 20
        assert [hit.id for hit in Asking(ours, per_page=per_page)("blue sofa", 20)] == whole
        assert [hit.id for hit in Asking(ours, per_page=per_page)("blue sofa", 10)] == whole[:10]


def test_it_ends_where_the_answer_ends(store: MemoryStore) -> None:
    with searcher(store, SearchSettings(strategy="lexical")) as ours:
        asking = Asking(ours, per_page=2)
        hits = asking("sofa", 100)
        assert 0 < len(hits) < 30
        assert len({hit.id for hit in hits}) == len(hits)
        assert asking("qqqqzzzz", 100) == []
        assert asking.degraded == {}


def test_a_query_that_can_not_be_asked_is_kept_with_its_reason(store: MemoryStore) -> None:
    with searcher(store, SearchSettings(strategy="vector")) as ours:
        run = make_run(Asking(ours), [Topic(id="1", text="sofa"), Topic(id="2", text="sofa " * 200)], name="vector", depth=5)
    assert len(run.lists["1"]) == 5
    assert run.lists["2"] == ()
    assert "characters" in run.refused["2"]
    assert set(run.refused) == {"2"}
