"""Points in time: what is written after one was opened is not in it, whatever the leg."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import CursorGone, IndexMissing
from indexer.records import Product
from indexer.store.base import CodeLeg, Document, ExactLeg, ExplainLeg, Leg, LegAnswer, LexicalLeg, NamedLeg, ProductStore, VectorLeg
from tests.contract.store.cases import CATALOGUE, ROWS, catalogue_documents, document, ids, row, write

IDS = tuple(product.id for product in CATALOGUE)
LEGS: list[Leg] = [
    LexicalLeg(text=""),
    LexicalLeg(text="sofa 沙发 shoes"),
    LexicalLeg(text="xylophone"),
    VectorLeg(row=row(5)),
    ExactLeg(row=row(5)),
    ExactLeg(row=row(5), ids=("shoes", "camera")),
    CodeLeg(code="shoes"),
    NamedLeg(ids=("new", "shoes", "bare"), rows=True),
    ExplainLeg(text="shoes", ids=IDS),
]


def told(answers: list[LegAnswer]) -> list[object]:
    return [
        (
            answer.index,
            [(hit.id, hit.score, hit.product, dict(hit.fields), None if hit.row is None else hit.row.tolist()) for hit in answer.found],
        )
        for answer in answers
    ]


def test_a_point_shows_the_index_as_it_stood(catalogue: ProductStore) -> None:
    point = catalogue.open_point(keep_s=120)
    before = told(catalogue.ask(LEGS, point=point))
    assert told(catalogue.ask(LEGS)) == before
    write(
        catalogue,
        [
            Document(id="shoes", version=5, product=None),
            document(Product(id="new", title="sofa shoes 沙发"), version=5, vector=row(5)),
            document(Product(id="bare", title="Shoes, no teapot"), version=5, vector=row(6)),
        ],
    )
    assert told(catalogue.ask(LEGS, point=point)) == before
    assert told(catalogue.ask(LEGS)) != before
    assert ids(catalogue.ask([NamedLeg(ids=("new", "shoes", "bare"))])[0].found) == ["new", "bare"]


def test_points_are_apart_from_each_other(catalogue: ProductStore) -> None:
    first = catalogue.open_point(keep_s=120)
    write(catalogue, [Document(id="shoes", version=5, product=None)])
    second = catalogue.open_point(keep_s=120)
    assert first != second
    write(catalogue, [Document(id="bare", version=5, product=None)])
    seen = [set(ids(catalogue.ask([LexicalLeg(text="")], point=point)[0].found)) for point in (first, second, "")]
    assert seen == [set(IDS), set(IDS) - {"shoes"}, set(IDS) - {"shoes", "bare"}]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from([*IDS, "x", "y"]), st.booleans()), min_size=1, max_size=6))
def test_pages_of_a_frozen_answer_fit_together_whatever_is_written(catalogue: ProductStore, changes: list[tuple[str, bool]]) -> None:
    legs: list[Leg] = [LexicalLeg(text="", size=3), LexicalLeg(text="sofa nike 沙发"), ExactLeg(row=row(2))]
    point = catalogue.open_point(keep_s=60)
    before = told(catalogue.ask(legs, point=point))
    version = max(stored.version for stored in catalogue.walk()) + 1
    for name, deleted in changes:
        product = None if deleted else Product(id=name, title=f"sofa {version}")
        write(catalogue, [Document(id=name, version=version, product=product, row=None if deleted else row(version))])
        version += 1
        assert told(catalogue.ask(legs, point=point)) == before


@pytest.mark.parametrize("point", ["nonsense", "a:b", "products-000001:!!", "ü:ü", ":", "t-x-000001:AAAA"])
def test_what_is_no_point_is_gone(catalogue: ProductStore, point: str) -> None:
    with pytest.raises(CursorGone) as caught:
        catalogue.ask([LexicalLeg(text="")], point=point)
    assert caught.value.cure


def test_a_missing_index_cannot_be_frozen(store: ProductStore) -> None:
    with pytest.raises(IndexMissing):
        store.open_point(keep_s=60)


def test_a_frozen_vector_is_its_own_nearest(catalogue: ProductStore) -> None:
    point = catalogue.open_point(keep_s=60)
    write(catalogue, [Document(id=document.id, version=9, product=None) for document in catalogue_documents()])
    for name, vector in ROWS.items():
        (found,) = catalogue.ask([VectorLeg(row=vector, size=1)], point=point)[0].found
        assert found.id == name
        assert found.score == pytest.approx(1.0, abs=1e-5)
    assert catalogue.ask([LexicalLeg(text="")])[0].found == ()
