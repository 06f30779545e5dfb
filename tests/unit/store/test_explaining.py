"""Explanations of scores: trees as the server writes them (its format, shortened), and the sums of the twin in memory."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.store.base import Document
from indexer.store.documents import to_source
from indexer.store.explaining import field_shares, twin_shares
from indexer.store.words import asked, findable, score
from tests.contract.store.cases import CATALOGUE
from tests.contract.store.shelf import TITLES, WANTED, shelf


def node(value: float, description: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"value": value, "description": description, "details": list(details)}


def weight(value: float, term: str) -> dict[str, Any]:
    inner = node(value, "score(freq=1.0), computed as boost * idf * tf from:", node(2.2, "boost"), node(0.3, "idf"))
    return node(value, f"weight({term} in 12) [PerFieldSimilarity], result of:", inner)


SERVERS = node(
    6.2,
    "sum of:",
    node(
        6.0,
        "max plus 0.2 times others of:",
        node(
            4.0,
            "sum of:",
            node(1.5, "max of:", weight(0.3, "description:sofa"), weight(1.5, "title:sofa")),
            node(2.5, "max of:", weight(2.5, "brand.words:a: b")),
        ),
        node(5.0, "sum of:", node(4.0, "ConstantScore(title.exact:grey: sofa)^4.0"), weight(1.0, "title.prefix._2gram:grey sofa")),
        node(1.0, "sum of:", node(0.5, "ConstantScore(title.prefix._index_prefix:sofa)^0.5"), weight(0.5, "title.prefix:grey")),
    ),
    node(
        0.2,
        "Saturation function on the _feature field for the popularity feature, computed as w * S / (S + k) from:",
        node(0.5, "w, weight of this function"),
    ),
    node(0.0, "match on required clause, product of:", node(0.0, "# clause"), node(1.0, "deleted:F")),
)


def test_a_tree_is_followed_down_to_its_fields() -> None:
    assert field_shares(SERVERS) == pytest.approx(
        {
            "title.exact": 4.0,
            "title.prefix": 1.0 + 0.2 * (0.5 + 0.5),
            "brand.words": 0.2 * 2.5,
            "title": 0.2 * 1.5,
            "popularity": 0.2,
        }
    )
    assert sum(field_shares(SERVERS).values()) == pytest.approx(6.0 + 0.2)


def test_the_largest_share_goes_first() -> None:
    assert list(field_shares(SERVERS))[:2] == ["title.exact", "title.prefix"]


@pytest.mark.parametrize(
    ("tree", "shares"),
    [
        (node(0.0, "ConstantScore(deleted:F)^0.0"), {}),
        (weight(1.5, 'title:"a b"'), {"title": 1.5}),
        (weight(1.5, "Synonym(title.cjk:a title.cjk:b)"), {"title.cjk": 1.5}),
        (node(0.5, "title.prefix._3gram:pegasus running shoes*^0.5"), {"title.prefix": 0.5}),
        (node(3.0, "something new, made of:", node(9.0, "whatever")), {"other": 3.0}),
        (node(3.0, "sum of:"), {"other": 3.0}),
        ({"value": 2.0, "description": "ConstantScore(codes:ABC)"}, {"codes": 2.0}),
    ],
)
def test_other_trees_lose_nothing(tree: dict[str, Any], shares: dict[str, float]) -> None:
    assert field_shares(tree) == shares


SOURCES = [to_source(Document(id=product.id, version=1, product=product)) for product in (*CATALOGUE, *shelf())]
WORDS = st.sampled_from(
    [word for title in (*TITLES.values(), *WANTED) for word in title.split()] + ["nike", "sofa", "grey", "teapot", "the"]
)


@given(text=st.lists(WORDS, min_size=1, max_size=5).map(" ".join), source=st.sampled_from(SOURCES), step=st.sampled_from([0, 1, 2]))
def test_the_twins_shares_are_its_score(text: str, source: dict[str, Any], step: int) -> None:
    query = asked(text)
    shares = twin_shares(query, source, step=step)
    assert sum(shares.values()) == pytest.approx(score(query, findable(source), step))
    assert "other" not in shares
    assert all(share > 0 for share in shares.values())
