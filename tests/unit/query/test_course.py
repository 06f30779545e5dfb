"""Which legs are asked, and what they weigh: by hand."""

import pytest

from indexer.errors import QueryError
from indexer.query.course import course, without_row
from indexer.records import Query, Strategy
from indexer.settings import SearchSettings

DEFAULTS = SearchSettings(lexical_weight=0.4)
PHOTO = b"photo"


@pytest.mark.parametrize(
    ("query", "strategy", "weights"),
    [
        (Query(text="sofa"), "msearch", {"lexical": 0.4, "vector": 0.6}),
        (Query(text="sofa", strategy="rescore"), "rescore", {"lexical": 0.4, "vector": 0.6}),
        (Query(text="sofa", strategy="lexical"), "lexical", {"lexical": 1.0}),
        (Query(text="sofa", strategy="vector"), "vector", {"vector": 1.0}),
        (Query(photo=PHOTO), "vector", {"vector": 1.0}),
        (Query(photo=PHOTO, strategy="rescore"), "vector", {"vector": 1.0}),
        (Query(text="sofa", photo=PHOTO), "msearch", {"lexical": 0.4, "vector": 0.6}),
        (Query(text="sofa", photo=PHOTO, text_weight=9), "msearch", {"lexical": 0.4, "vector": 0.6}),
        (Query(text="sofa", photo=PHOTO, text_weight=1, photo_weight=3), "msearch", {"lexical": 0.2, "vector": 0.8}),
        (Query(text="sofa", text_weight=0.01), "msearch", {"lexical": 0.4, "vector": 0.6}),
    ],
)
def test_course(query: Query, strategy: Strategy, weights: dict[str, float]) -> None:
    way = course(query, DEFAULTS)
    assert way.strategy == strategy
    assert way.weights == pytest.approx(weights)
    assert not way.browse


@pytest.mark.parametrize("strategy", [None, "msearch", "rescore", "lexical", "vector"])
def test_nothing_asked_is_browsing_by_any_strategy(strategy: Strategy | None) -> None:
    way = course(Query(strategy=strategy), DEFAULTS)
    assert way.browse
    assert way.strategy == "lexical"


def test_what_the_query_leaves_open_the_settings_decide() -> None:
    settings = SearchSettings(strategy="rescore", blend="rrf")
    assert (course(Query(text="x"), settings).strategy, course(Query(text="x"), settings).blend) == ("rescore", "rrf")
    assert course(Query(text="x", strategy="msearch", blend="min_max"), settings).blend == "min_max"


def test_the_lexical_strategy_can_not_be_asked_with_a_photo() -> None:
    with pytest.raises(QueryError, match="reads words only"):
        course(Query(text="sofa", photo=PHOTO, strategy="lexical"), DEFAULTS)


def test_without_a_row_the_words_alone_decide_if_they_were_asked() -> None:
    assert without_row(course(Query(text="!"), DEFAULTS)).weights == {"lexical": 1.0}
    with pytest.raises(QueryError, match="sees nothing"):
        without_row(course(Query(text="!", strategy="vector"), DEFAULTS))
