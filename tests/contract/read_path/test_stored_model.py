"""rerank=plugin where no model is stored, which is so for every store here: said at the start, and a search goes on without."""

import asyncio
from collections.abc import Iterator

import pytest

from indexer.errors import StoreError
from indexer.read_path import AsyncSearcher, Searcher
from indexer.settings import SearchSettings
from indexer.store.base import Leg, LexicalLeg, LtrLeg, ProductStore
from indexer.store.memory import MemoryStore
from tests.contract.read_path.conftest import SETTINGS
from tests.contract.read_path.shop import PIXELS, AsyncTwin, encoders, ending

PLUGIN = SearchSettings.model_validate(SETTINGS.model_dump() | {"rerank": "plugin", "ltr_model": "shop-2026"})


@pytest.fixture
def asking(store: ProductStore) -> Iterator[Searcher]:
    with ending(Searcher(store, encoders(), settings=PLUGIN, photo_pixels=PIXELS)) as made:
        yield made


def test_warming_says_so(asking: Searcher, store: ProductStore) -> None:
    with pytest.raises(StoreError, match="model"):
        asking.warm()

    async def warmed() -> None:
        with ending(AsyncSearcher(AsyncTwin(store), encoders(), settings=PLUGIN, photo_pixels=PIXELS)) as theirs:
            await theirs.warm()

    with pytest.raises(StoreError, match="model"):
        asyncio.run(warmed())


def test_a_search_goes_on_without_it_and_says_so(asking: Searcher, searcher: Searcher) -> None:
    answer, plain = asking.search("cotton t-shirt", per_page=50), searcher.search("cotton t-shirt", per_page=50)
    assert [lack.part for lack in answer.degraded] == ["rerank"]
    assert "model" in answer.degraded[0].reason
    assert [hit.id for hit in answer.hits] == [hit.id for hit in plain.hits]
    assert [hit.score for hit in answer.hits] == pytest.approx([hit.score for hit in plain.hits], abs=1e-6)
    assert answer.total == plain.total > 0


def test_several_searches_at_once_each_say_so(asking: Searcher) -> None:
    answers = asking.multi(["cotton t-shirt", "blue sofa", ""])
    assert [[lack.part for lack in answer.degraded] for answer in answers] == [["rerank"], ["rerank"], []]


def test_without_the_setting_warming_asks_the_store_nothing_amiss(searcher: Searcher) -> None:
    searcher.warm()


def test_what_is_asked_beside_it_is_answered(store: ProductStore) -> None:
    legs: list[Leg] = [LexicalLeg(text="cotton t-shirt"), LtrLeg(text="cotton", ids=("0014",), model="shop-2026")]
    if isinstance(store, MemoryStore):  # what only a server can answer the twin refuses as a whole
        with pytest.raises(StoreError, match="keeps no models"):
            store.ask(legs)
        return
    whole, failed = store.ask(legs)
    assert whole.found
    assert not whole.error
    assert failed.error.startswith("The model 'shop-2026' of the server can't score")
