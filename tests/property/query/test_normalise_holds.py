"""Normalising over every query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.query.normalise import LENGTH_CAP, normalise
from indexer.query.parts import WEIGHT_CAP
from indexer.records import Query

FIGURES = st.one_of(st.floats(), st.sampled_from([0.0, 1.0, -1.0]))
QUERIES = st.builds(
    Query,
    text=st.text(max_size=40),
    photo=st.sampled_from([None, b"photo"]),
    text_weight=FIGURES,
    photo_weight=FIGURES,
    page=st.integers(-2, 5),
    per_page=st.integers(-2, 120),
    facets=st.lists(st.sampled_from(["brand", "colour"]), max_size=4).map(tuple),
)


def refused(query: Query) -> bool:
    weights = (query.text_weight, query.photo_weight)
    parts = (bool(query.text.strip()), query.photo is not None)
    return (
        query.page < 1
        or not 1 <= query.per_page <= 100
        or not all(0 <= weight <= WEIGHT_CAP for weight in weights)
        or (any(parts) and not any(part and weight > 0 for part, weight in zip(parts, weights, strict=True)))
    )


@given(QUERIES)
def test_a_query_is_refused_or_fit_for_good(query: Query) -> None:
    if refused(query):
        with pytest.raises(QueryError):
            normalise(query, per_page_cap=100)
        return
    fit = normalise(query, per_page_cap=100)
    assert normalise(fit, per_page_cap=100) == fit
    assert len(fit.text) <= LENGTH_CAP
    assert fit.text.encode().decode() == fit.text
    assert not fit.text or fit.text_weight > 0
    assert fit.photo is None or fit.photo_weight > 0
    assert len(set(fit.facets)) == len(fit.facets)
