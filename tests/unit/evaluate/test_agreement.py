"""Two rankings compared: figures by hand, what must hold for any lists, and searches side by side."""

import doctest
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import StoreError
from indexer.evaluate import agreement
from indexer.evaluate.agreement import DEPTH, overlap, rank_biased_overlap, side_by_side
from indexer.read_path import Searcher
from indexer.records import Answer, Degraded, Query
from indexer.settings import SearchSettings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products

lists = st.lists(st.sampled_from("abcdefghijkl"), unique=True, max_size=12)
patience = st.floats(0.05, 0.99)


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(agreement).failed == 0


def test_overlap_by_hand() -> None:
    assert overlap("abcd", "dcba") == 1.0
    assert overlap("abcd", "abxy") == 0.5
    assert overlap("abcd", "ab") == 0.5  # half of what one has, the other lacks
    assert overlap("", "") == 1.0
    assert overlap("a", "") == 0.0
    assert overlap("abcx", "abcy", depth=3) == 1.0


def test_rank_biased_overlap_by_hand() -> None:
    # Depths 1 and 2 of ab and ba: 0 and 1. So 1 · 0.25 + 0.5 / 0.5 · (0 · 0.5 + 1 · 0.25).
    assert rank_biased_overlap("ab", "ba", p=0.5) == pytest.approx(0.5)
    assert rank_biased_overlap("ab", "ac", p=0.5) == pytest.approx(0.5 * 0.25 + 1 * 0.5 + 0.5 * 0.25)


@given(one=lists, other=lists, p=patience)
def test_rank_biased_overlap_is_symmetric_and_within_bounds(one: list[str], other: list[str], p: float) -> None:
    found = rank_biased_overlap(one, other, p=p)
    assert 0 <= found <= 1
    assert found == rank_biased_overlap(other, one, p=p)
    assert rank_biased_overlap(one, one, p=p) == pytest.approx(1)
    assert (found == 0) == (bool(one or other) and not set(one) & set(other))


@given(one=lists.filter(lambda told: len(told) > 3), p=patience)
def test_a_difference_at_the_top_weighs_more_than_one_below(one: list[str], p: float) -> None:
    top, below = [one[1], one[0], *one[2:]], [*one[:-2], one[-1], one[-2]]
    assert rank_biased_overlap(one, top, p=p) <= rank_biased_overlap(one, below, p=p) + 1e-12


@pytest.mark.parametrize("p", [0.0, 1.0, -1.0, float("nan")])
def test_a_patience_that_is_none_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        rank_biased_overlap("a", "b", p=p)


@pytest.fixture(scope="module")
def searcher() -> Searcher:
    store = MemoryStore()
    fill(store, encoders(), products())
    return Searcher(store, encoders(), settings=SearchSettings(bound="all"), photo_pixels=PIXELS)


def test_searches_side_by_side(searcher: Searcher) -> None:
    found = side_by_side(searcher.search, ["blue sofa", "cotton shirt", "shoes"], strategies=("lexical", "vector"))
    assert found.strategies == ("lexical", "vector")
    assert {one.query for one in found.differences} == {"blue sofa", "cotton shirt", "shoes"}
    assert [one.rbo for one in found.differences] == sorted(one.rbo for one in found.differences)
    for one in found.differences:
        for ids, strategy in zip(one.ids, found.strategies, strict=True):
            assert ids == tuple(hit.id for hit in searcher.search(Query(text=one.query, strategy=strategy, per_page=DEPTH)).hits)
        assert one.overlap == overlap(*one.ids)
    assert 0 < found.rbo < 1
    assert found.same == 0
    assert not found.failed
    assert min(found.took_ms) > 0


def test_the_same_strategy_agrees_with_itself(searcher: Searcher) -> None:
    found = side_by_side(searcher.search, ["blue sofa", "shoes"], strategies=("lexical", "lexical"))
    assert (found.overlap, found.same) == (1.0, 2)
    assert found.rbo == pytest.approx(1.0)


def test_what_is_refused_is_told_and_what_is_degraded_is_counted(searcher: Searcher) -> None:
    def search(query: Query) -> Answer:
        if query.strategy == "hybrid" and query.text == "shoes":
            raise StoreError("No hybrid here.")
        answer = searcher.search(replace(query, strategy="msearch"))
        return answer if query.strategy == "msearch" else replace(answer, degraded=(Degraded("vector", "late"),))

    found = side_by_side(search, ["shoes", "sofa"], strategies=("msearch", "hybrid"))
    assert found.failed == (("hybrid", "shoes", "No hybrid here."),)
    assert [one.query for one in found.differences] == ["sofa"]
    assert found.degraded == (0, 1)


def test_nothing_compared_is_no_agreement(searcher: Searcher) -> None:
    found = side_by_side(searcher.search, [], strategies=("msearch", "hybrid"))
    assert (found.overlap, found.rbo, found.same, found.took_ms) == (0.0, 0.0, 0, (0.0, 0.0))
