"""The two loops around the plan: same face, same answers, an end in time, and no waiting in the event loop."""

import asyncio
import inspect
import threading
import time
from collections.abc import Sequence

import numpy.typing as npt
import pytest

from indexer.encode.hashed import HashedText
from indexer.encoders import Encoders
from indexer.errors import EmptyIndex, EncoderMismatch, IndexMissing, StoreUnavailable
from indexer.fuse.weighted import WeightedFusion
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer
from indexer.settings import SearchSettings
from indexer.store.base import Leg, LegAnswer, ProductReader
from indexer.store.identity import Description
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, WIDTH, AsyncTwin, encoders, fill, products

SETTINGS = SearchSettings(bound="all", enough=0)


def shop(alias: str = "products", *, first: int = 0, last: int = 30) -> MemoryStore:
    store = MemoryStore(alias)
    fill(store, encoders(), products()[first:last])
    return store


def searcher(store: ProductReader, *, settings: SearchSettings = SETTINGS, ours: Encoders | None = None) -> Searcher:
    return Searcher(store, ours or encoders(), settings=settings, photo_pixels=PIXELS)


def async_searcher(store: ProductReader, *, settings: SearchSettings = SETTINGS, ours: Encoders | None = None) -> AsyncSearcher:
    return AsyncSearcher(AsyncTwin(store), ours or encoders(), settings=settings, photo_pixels=PIXELS)


class Turning:
    """An alias that stands for another store from its n-th request on; its descriptions are as old as the last fresh one."""

    def __init__(self, old: ProductReader, new: ProductReader, *, turn: int) -> None:
        self.stores, self.turn, self.asked = (old, new), turn, 0
        self.kept = old.describe()
        self.closed = 0

    def describe(self, *, fresh: bool = False) -> Description:
        if fresh:
            self.kept = self.now().describe()
        return self.kept

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        self.asked += 1
        return self.now().ask(legs, point=point)

    def open_point(self, *, keep_s: float) -> str:
        return self.now().open_point(keep_s=keep_s)

    def now(self) -> ProductReader:
        return self.stores[self.asked >= self.turn]

    def close(self) -> None:
        self.closed += 1


class Slow(Turning):
    """Takes its time to answer."""

    takes_s = 0.05

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        time.sleep(self.takes_s)
        return super().ask(legs, point=point)


class AsyncSlow(AsyncTwin):
    """Never answers."""

    async def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        await asyncio.sleep(3600)
        return await super().ask(legs, point=point)


@pytest.mark.parametrize("name", ["search", "similar", "suggest", "multi", "describe", "warm", "close"])
def test_both_searchers_take_the_same_arguments(name: str) -> None:
    one, other = (inspect.signature(getattr(kind, name)) for kind in (Searcher, AsyncSearcher))
    assert one == other
    assert list(inspect.signature(Searcher).parameters) == list(inspect.signature(AsyncSearcher).parameters)
    assert inspect.iscoroutinefunction(getattr(AsyncSearcher, name))


def test_keyword_arguments_add_to_the_query() -> None:
    answer = searcher(shop()).search("sofa", filters=["price<900", "currency=EUR"], facets=["brand"], page=2, per_page=1)
    assert (answer.page, answer.per_page) == (2, 1)
    assert list(answer.facets) == ["brand"]
    assert answer.hits[0].product.price is not None
    assert answer.hits[0].product.price.currency == "EUR"


@pytest.mark.parametrize("turn", [1, 2])
async def test_an_alias_that_moves_during_a_search_gives_answers_of_one_index_only(turn: int) -> None:
    old, new = shop("old", last=15), shop("new", first=15)
    expected = {hit.id for hit in searcher(new if turn == 1 else old).search("sofa", per_page=100).hits}
    answers = [
        searcher(Turning(old, new, turn=turn)).search("sofa", per_page=100),
        await async_searcher(Turning(old, new, turn=turn)).search("sofa", per_page=100),
    ]
    assert [{hit.id for hit in answer.hits} for answer in answers] == [expected, expected]


async def test_an_alias_that_moves_to_an_index_of_other_encoders_is_refused() -> None:
    new = MemoryStore("new")
    fill(new, encoders(width=32), products())
    with pytest.raises(EncoderMismatch):
        searcher(Turning(shop("old"), new, turn=1)).search("sofa")
    with pytest.raises(EncoderMismatch):
        await async_searcher(Turning(shop("old"), new, turn=1)).search("sofa")


async def test_no_index_and_an_empty_one_are_told_apart() -> None:
    store = MemoryStore()
    for error in (IndexMissing, EmptyIndex):
        with pytest.raises(error) as caught:
            searcher(store).search("sofa")
        assert caught.value.cure
        with pytest.raises(error):
            await async_searcher(store).search("sofa")
        store.ensure(encoders().identity("test ledger"))


def test_a_search_that_takes_too_long_ends_before_its_next_step() -> None:
    store = Slow(shop("old"), shop("new"), turn=1)
    store.takes_s = 1.0
    with pytest.raises(StoreUnavailable, match=r"longer than 0\.9 s") as caught:
        searcher(store, settings=SearchSettings(timeout_s=0.9)).search("sofa")
    assert caught.value.retryable
    assert store.asked == 1


async def test_an_async_search_ends_in_time_whatever_it_waits_for() -> None:
    slow = AsyncSearcher(AsyncSlow(shop()), encoders(), settings=SearchSettings(timeout_s=0.05), photo_pixels=PIXELS)
    with pytest.raises(StoreUnavailable, match=r"longer than 0\.05 s"):
        await slow.search("sofa")


class Waiting(HashedText):
    """Encodes only once it is told to."""

    def __init__(self) -> None:
        super().__init__(width=WIDTH)
        self.begun, self.told = threading.Event(), threading.Event()

    def run(self, inputs: object) -> npt.ArrayLike:
        self.begun.set()
        if not self.told.wait(20):
            raise TimeoutError("The event loop stood still while a text was encoded.")
        return super().run(inputs)


async def test_encoding_does_not_hold_up_the_event_loop() -> None:
    text = Waiting()
    photo = encoders().photo
    ours = Encoders(text, photo, WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH))
    search = asyncio.create_task(async_searcher(shop(), ours=ours).search("sofa"))
    assert await asyncio.to_thread(text.begun.wait, 20)
    text.told.set()
    answer: Answer = await search
    assert answer.total == 30


async def test_closing_closes_the_store_once() -> None:
    store = Turning(shop("old"), shop("new"), turn=9)
    with searcher(store) as ours:
        assert ours.search("sofa").hits
    assert store.closed == 1
    async with async_searcher(store) as theirs:
        assert (await theirs.search("sofa")).hits
        assert (await theirs.describe()).products == 30
    assert store.closed == 2


def test_an_answer_tells_how_long_the_whole_search_took() -> None:
    answer = searcher(Slow(shop("old"), shop("new"), turn=9)).search("sofa")
    assert answer.took_ms >= 50
