"""What only nearness found, by hand: two kinds of vectors, the greater cosine, and where even the nearest is far."""

import doctest

import pytest

from indexer.rank import near
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.boundary import bounded
from indexer.rank.near import far, nearest, nearness
from indexer.rank.rules import SOLD_OUT
from indexer.records import Term

BOTH = [
    Ranking("lexical", 0.5, {"mug": 7.0, "cup": 3.0}),
    Ranking("photos", 0.25, {"mug": 0.9, "jug": 0.6, "pot": 0.2, "pan": 0.1}),
    Ranking("vector", 0.25, {"cup": 0.8, "jug": 0.3, "pot": 0.5, "tin": 0.4}),
]


def test_the_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(near)
    assert result.attempted > 0
    assert result.failed == 0


def test_the_greater_cosine_says_how_near_a_product_is() -> None:
    assert nearest({leg.name: leg.scores for leg in BOTH}) == {"jug": 0.6, "pot": 0.5, "tin": 0.4, "pan": 0.1}
    assert nearest({"photos": {"jug": -0.2}, "vector": {"jug": -0.6}}) == {"jug": -0.2}
    assert nearest({"lexical": {"mug": 1.0}}) == {}


def test_a_line_is_drawn_through_both_legs_alike() -> None:
    ranked = blended(BOTH, blend="min_max")
    assert {one.id: one.nearness for one in ranked} == {"mug": None, "cup": None, "jug": 0.6, "pot": 0.5, "tin": 0.4, "pan": 0.1}
    inside, limit = bounded(ranked, kind="score", min_cosine=0.45, top=0)
    assert ({one.id for one in inside}, limit) == ({"mug", "cup", "jug", "pot"}, 0.45)


def test_terms_that_are_there_already_tell_the_same() -> None:
    for one in blended(BOTH, blend="min_max"):
        ruled = Ranked(one.id, one.score - 0.1, (*one.terms, Term(SOLD_OUT, -0.1, 0.0, 0.1)))
        assert ruled.nearness == one.nearness
    assert nearness([]) is None


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ({"vector": {"a": 0.4}}, True),
        ({"vector": {"a": 0.4}, "photos": {"b": 0.45}}, True),
        ({"vector": {"a": 0.4}, "photos": {"b": 0.5}}, False),
        ({"photos": {"b": 0.2}}, True),
        ({"photos": {"b": 0.2}, "lexical": {}}, True),
        ({"photos": {"b": 0.2}, "lexical": {"c": 1.0}}, False),
        ({"photos": {}, "vector": {}}, False),
        ({}, False),
    ],
)
def test_far_is_where_nothing_but_nearness_found_and_neither_is_near(scores: dict[str, dict[str, float]], expected: bool) -> None:
    assert far(scores, 0.5) is expected
