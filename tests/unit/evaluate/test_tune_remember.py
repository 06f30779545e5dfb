"""The store that is asked once: the same answers as the store's own, fewer requests, one index."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.remember import Remembering, Searches, key_of
from indexer.read_path import Searcher
from indexer.settings import SearchSettings
from indexer.store.base import ExactLeg, HybridLeg, Leg, LegAnswer, LexicalLeg, NamedLeg, VectorLeg
from indexer.store.identity import Description
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products

ROW = np.eye(1, 64, dtype=np.float32)[0]


class Counting:
    """A store that counts, that can move, and whose shards can fail."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        fill(self.store, encoders(), products())
        self.asked: list[int] = []
        self.moved, self.closed, self.failing = "", False, 0

    def describe(self, *, fresh: bool = False) -> Description:
        found = self.store.describe(fresh=fresh)
        return replace(found, index=self.moved or found.index)

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        self.asked.append(len(legs))
        return [replace(one, index=self.moved or one.index, shards_failed=self.failing) for one in self.store.ask(legs, point=point)]

    def open_point(self, *, keep_s: float) -> str:
        return self.store.open_point(keep_s=keep_s)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def store() -> Counting:
    return Counting()


def test_known_legs_are_not_asked_again(store: Counting) -> None:
    ours = Remembering(store)
    first, second = LexicalLeg(text="sofa"), LexicalLeg(text="sofa", size=1)
    whole = ours.ask([first, second])
    again = ours.ask([second, VectorLeg(row=ROW), first, VectorLeg(row=ROW.copy())])
    assert store.asked == [2, 1], "the vector leg was asked once, the others were known"
    assert (again[0], again[2]) == (whole[1], whole[0])
    assert again[1] is again[3]
    assert len(again[0].found) == 1
    assert ours.requests == 2
    assert ours.ask([first], point=ours.open_point(keep_s=9))[0] is not whole[0]
    ours.close()
    assert not store.closed


def test_answers_are_the_store_s_own(store: Counting) -> None:
    ours = Remembering(store)
    legs: list[Leg] = [LexicalLeg(text="blue sofa"), VectorLeg(row=ROW), NamedLeg(ids=("0001",), rows=True)]
    for mine, theirs in zip(ours.ask(legs), store.store.ask(legs), strict=True):
        assert [(one.id, one.score, one.product) for one in mine.found] == [(one.id, one.score, one.product) for one in theirs.found]
        assert mine.found[0].product is mine.found[0].product, "read once"


def test_keys_tell_legs_apart_that_ask_something_else() -> None:
    legs = [
        LexicalLeg(text="a"),
        LexicalLeg(text="b"),
        LexicalLeg(text="a", step=2),
        VectorLeg(row=ROW),
        VectorLeg(row=-ROW),
        ExactLeg(row=ROW),
        ExactLeg(row=ROW, ids=("1",)),
        ExactLeg(row=ROW, ids=("2",)),
        HybridLeg(text="a", row=ROW, weights={"lexical": 0.5, "vector": 0.5}),
        HybridLeg(text="a", row=ROW, weights={"lexical": 0.4, "vector": 0.6}),
    ]
    assert len({key_of(leg) for leg in legs}) == len(legs)
    assert key_of(HybridLeg(text="a", row=ROW, weights={"vector": 0.5, "lexical": 0.5})) == key_of(legs[8])


def test_what_lacks_a_part_is_not_kept(store: Counting) -> None:
    ours = Remembering(store)
    store.failing = 1
    assert ours.ask([LexicalLeg(text="sofa")])[0].shards_failed == 1
    store.failing = 0
    assert ours.ask([LexicalLeg(text="sofa")])[0].shards_failed == 0
    assert store.asked == [1, 1]


def test_another_index_behind_the_alias_ends_it(store: Counting) -> None:
    ours = Searches(store, encoders(), photo_pixels=PIXELS)
    with ours.searcher(SearchSettings()) as searcher:
        assert searcher.search("sofa").total
    store.moved = "products-000002"
    with ours.searcher(SearchSettings()) as searcher:
        assert searcher.search("sofa").total, "all of it was known"
        with pytest.raises(EvaluationError, match="products-000002 came behind the alias"):
            searcher.search("a lamp")


def test_searchers_share_what_was_asked_and_answer_as_others_do(store: Counting) -> None:
    ours = Searches(store, encoders(), photo_pixels=PIXELS)
    for place, weight in enumerate((0.2, 0.5, 0.9)):
        settings = SearchSettings(lexical_weight=weight, bound="all")
        with ours.searcher(settings) as mine, Searcher(store.store, encoders(), settings=settings, photo_pixels=PIXELS) as theirs:
            assert [(hit.id, hit.score) for hit in mine.search("blue sofa").hits] == [
                (hit.id, hit.score) for hit in theirs.search("blue sofa").hits
            ]
        if not place:
            first = ours.requests
    assert ours.requests == first
    assert ours.describe().products == 30
