"""Whatever the legs find: pages, totals and facets speak of one set."""

from functools import partial

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.encoders import QueryRows
from indexer.read.assemble import Kit
from indexer.read.needs import Ask, Describe, Got, Need
from indexer.read_plan import plan
from indexer.records import Answer, Blend, Product, Query, Strategy
from indexer.settings import SearchSettings
from indexer.store.base import ExactLeg, Found, Leg, LegAnswer, LexicalLeg
from indexer.store.identity import Description, Identity

IDENTITY = Identity(ledger="l", text="t", photo="p", fusion="f", width=2)
DESCRIPTION = Description(index="i", identity=IDENTITY, products=9, attributes=())
IDS = st.text("abcdefgh", min_size=1, max_size=1)
BM25 = st.dictionaries(IDS, st.floats(0, 50, width=32))
COSINES = st.dictionaries(IDS, st.floats(-1, 1, width=32))


class Legs:
    """A store whose legs always find the same."""

    def __init__(self, lexical: dict[str, float], vector: dict[str, float]) -> None:
        self.lexical, self.vector = lexical, vector

    def met(self, need: Need) -> Got:
        if isinstance(need, Describe):
            return DESCRIPTION
        return [self.answer(leg) for leg in need.legs] if isinstance(need, Ask) else QueryRows(np.ones(2, dtype=np.float32), {})

    def answer(self, leg: Leg) -> LegAnswer:
        scores = self.lexical if isinstance(leg, LexicalLeg) else self.vector
        wanted = set(leg.ids or ()) if isinstance(leg, ExactLeg) else set(scores)
        order = sorted(wanted & set(scores), key=lambda id_: (-scores[id_], id_))
        return LegAnswer(found=tuple(Found(id=id_, score=scores[id_], read=partial(product, id_)) for id_ in order), index="i")


def product(id_: str) -> Product:
    return Product(id=id_, title=id_, brand="even" if ord(id_) % 2 else "odd")


def answered(query: Query, legs: Legs) -> Answer:
    settings = SearchSettings(bound="all", enough=0)
    steps = plan(query, Kit(defaults=settings, check=lambda _: None, floors=lambda *_: (0.0, 0.0), moment=0))
    need = next(steps)
    while True:
        try:
            need = steps.send(legs.met(need))
        except StopIteration as end:
            answer: Answer = end.value
            return answer


@given(
    BM25,
    COSINES,
    st.sampled_from(["msearch", "rescore", "lexical", "vector"]),
    st.sampled_from(["min_max", "z_score", "l2", "rrf"]),
    st.integers(1, 9),
)
def test_pages_part_one_order_of_the_candidates(
    lexical: dict[str, float], vector: dict[str, float], strategy: Strategy, blend: Blend, per_page: int
) -> None:
    legs = Legs(lexical, vector)
    query = Query(text="x", strategy=strategy, blend=blend, facets=("brand",), per_page=100)
    whole = answered(query, legs)
    candidates = {"msearch": {*lexical, *vector}, "rescore": set(lexical), "lexical": set(lexical), "vector": set(vector)}[strategy]
    assert {hit.id for hit in whole.hits} == candidates
    assert whole.total == len(candidates) == sum(value.count for value in whole.facets["brand"])
    pages = [
        answered(Query(text="x", strategy=strategy, blend=blend, facets=("brand",), per_page=per_page, page=page), legs)
        for page in range(1, len(candidates) // per_page + 2)
    ]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert all((page.total, page.facets) == (whole.total, whole.facets) for page in pages)
