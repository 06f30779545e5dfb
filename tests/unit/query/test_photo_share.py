"""The share of the photos among a course's weights, and who refuses it."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query import photo_share
from indexer.query.course import course, without_row
from indexer.query.photo_share import near_weights
from indexer.records import Query, Strategy
from indexer.settings import SearchSettings

DEFAULTS = SearchSettings(lexical_weight=0.5)
PHOTO = b"photo"
STRATEGIES: tuple[Strategy, ...] = ("msearch", "rescore", "exact", "vector")


def test_the_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(photo_share)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("query", "weights"),
    [
        (Query(text="sofa"), {"lexical": 0.5, "vector": 0.5}),
        (Query(text="sofa", photo_share=0.4), {"lexical": 0.5, "vector": 0.3, "photos": 0.2}),
        (Query(text="sofa", photo_share=1.0), {"lexical": 0.5, "photos": 0.5}),
        (Query(text="sofa", strategy="vector", photo_share=0.4), {"vector": 0.6, "photos": 0.4}),
        (Query(photo=PHOTO, photo_share=1.0), {"photos": 1.0}),
        (Query(text="sofa", photo=PHOTO, text_weight=1, photo_weight=3, photo_share=0.4), {"lexical": 0.25, "vector": 0.45, "photos": 0.3}),
        (
            Query(text="sofa", photo_share=0.4, extra={"match_all": {}}, extra_weight=0.5),
            {"lexical": 0.25, "vector": 0.15, "photos": 0.1, "extra": 0.5},
        ),
        (Query(photo_share=0.4), {"lexical": 1.0}),
    ],
)
def test_weights(query: Query, weights: dict[str, float]) -> None:
    way = course(query, DEFAULTS)
    assert way.weights == pytest.approx(weights)
    assert way.near == tuple(name for name in ("vector", "photos") if name in weights)


@given(weight=st.floats(0, 1), share=st.floats(0, 1))
def test_shares_are_never_negative_and_add_up_to_the_weight(weight: float, share: float) -> None:
    told = near_weights(weight, share)
    assert all(one >= 0 for one in told.values())
    assert math.fsum(told.values()) == pytest.approx(weight, abs=1e-12)
    assert ("photos" in told) == (share > 0)
    assert ("vector" in told) == (share < 1)


@given(share=st.floats(0, 1), strategy=st.sampled_from(STRATEGIES), lexical=st.floats(0, 1), photo_weight=st.floats(0.1, 9))
def test_a_course_with_a_share_is_the_same_course_beside_it(share: float, strategy: Strategy, lexical: float, photo_weight: float) -> None:
    defaults = SearchSettings(lexical_weight=lexical)
    plain = course(Query(text="x", photo=PHOTO, photo_weight=photo_weight, strategy=strategy), defaults)
    shared = course(Query(text="x", photo=PHOTO, photo_weight=photo_weight, strategy=strategy, photo_share=share), defaults)
    assert (shared.strategy, shared.blend, shared.browse) == (plain.strategy, plain.blend, plain.browse)
    assert math.fsum(shared.weights.values()) == pytest.approx(1.0)
    assert shared.weights.get("lexical") == plain.weights.get("lexical")


def test_without_a_row_neither_leg_is_left() -> None:
    assert without_row(course(Query(text="!", photo_share=0.5), DEFAULTS)).weights == {"lexical": 1.0}
    assert without_row(course(Query(text="!", photo_share=1.0), DEFAULTS)).weights == {"lexical": 1.0}
    with pytest.raises(QueryError, match="sees nothing"):
        without_row(course(Query(text="!", strategy="vector", photo_share=1.0), DEFAULTS))


@pytest.mark.parametrize("strategy", ["lexical", "hybrid"])
def test_who_can_not_give_a_share_refuses_it_whoever_named_the_strategy(strategy: Strategy) -> None:
    for query, defaults in (
        (Query(text="sofa", strategy=strategy, photo_share=0.5), DEFAULTS),
        (Query(text="sofa", photo_share=0.5), SearchSettings(strategy=strategy)),
    ):
        with pytest.raises(QueryError, match=strategy):
            course(query, defaults)
    assert course(Query(text="sofa", strategy=strategy), DEFAULTS).near == (() if strategy == "lexical" else ("vector",))
