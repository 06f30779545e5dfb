"""Each kind of leg: the same products, orders and figures from both stores."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import BadFilter, StoreError
from indexer.records import Filter, Product
from indexer.store.base import CodeLeg, Document, ExactLeg, ExplainLeg, Found, HybridLeg, Leg, LexicalLeg, NamedLeg, ProductStore
from indexer.store.base import VectorLeg as Near
from indexer.vectors import cosine
from tests.contract.store.cases import CATALOGUE, ROWS, document, identity, ids, row, write

IDS = [product.id for product in CATALOGUE]
IN_STOCK = Filter("in_stock", "eq", (True,))
EUROS = Filter("currency", "eq", ("EUR",))


def one(store: ProductStore, leg: Leg) -> tuple[Found, ...]:
    (answer,) = store.ask([leg])
    assert (answer.error, answer.shards_failed) == ("", 0)
    return answer.found


@pytest.fixture
def coded(store: ProductStore) -> ProductStore:
    """A store of products that have codes."""
    store.ensure(identity())
    products = (
        Product(id="A-1/77", title="HP notebook", attributes={"SKU": "hp 3c7z5ea"}, stock=1),
        Product(id="b", title="HP notebook 3C7Z5EA sleeve", gtin="4006381333931", stock=0),
        Product(id="c", title="Notebook", attributes={"model": "3C7-Z5EA"}, stock=0),
        Product(id="gone", title="Notebook", attributes={"model": "3C7-Z5EA"}),
    )
    assert set(write(store, [document(product, version=1) for product in products])) == {"written"}
    write(store, [Document(id="gone", version=2, product=None)])
    return store


@pytest.mark.parametrize(
    ("code", "filters", "expected"),
    [
        ("HP-3C7Z5EA", (), ["A-1/77"]),
        ("hp3c7z5ea", (), ["A-1/77"]),
        ("3c7 z5ea", (), ["c"]),
        ("a177", (), ["A-1/77"]),
        ("A-1/77", (IN_STOCK,), ["A-1/77"]),
        ("3c7z5ea", (IN_STOCK,), []),
        ("4006381333931", (), ["b"]),
        ("0 4006381 333931", (), ["b"]),
        ("4006381333932", (), []),
        ("notebook", (), []),
        ("", (), []),
        ("??", (), []),
    ],
)
def test_a_code_finds_its_product_however_it_is_spelt(
    coded: ProductStore, code: str, filters: tuple[Filter, ...], expected: list[str]
) -> None:
    found = one(coded, CodeLeg(code=code, filters=filters))
    assert ids(found) == expected
    assert {hit.score for hit in found} <= {1.0}


def test_a_codes_products_come_in_order_of_ids_up_to_the_size(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id=name, title="t", attributes={"mpn": "XY-100"})) for name in ("q", "d", "k")])
    assert ids(one(store, CodeLeg(code="xy100"))) == ["d", "k", "q"]
    assert ids(one(store, CodeLeg(code="xy100", size=2))) == ["d", "k"]


STEPS = [
    ("grey nike teapot", [set(), {"sofa-grey", "shoes", "bare"}, {"sofa-grey", "shoes", "bare"}]),
    ("nike running lamp", [{"shoes"}, {"shoes"}, {"shoes"}]),
    ("grey sofa", [{"sofa-grey"}, {"sofa-grey"}, {"sofa-grey"}]),
    ("nike sofa", [set(), {"sofa-grey", "shoes"}, {"sofa-grey", "shoes"}]),
    ("nike lamp desk chair", [set(), set(), {"shoes"}]),
    ("灰色 衣柜", [set(), {"sofa-zh"}, {"sofa-zh"}]),
    ("灰色 沙发", [{"sofa-zh"}, {"sofa-zh"}, {"sofa-zh"}]),
    ("宜家 衣柜 书桌 台灯", [set(), set(), {"sofa-zh"}]),
]


@pytest.mark.parametrize(("text", "expected"), STEPS)
def test_fewer_words_must_match_at_each_step(twin: ProductStore, text: str, expected: list[set[str]]) -> None:
    answers = twin.ask([LexicalLeg(text=text, step=step) for step in (0, 1, 2)])
    assert [set(ids(answer.found)) for answer in answers] == expected
    assert answers[1].found[:0] == ()
    assert ids(one(twin, LexicalLeg(text=text))) == ids(answers[1].found)


@pytest.mark.parametrize("filters", [(), (EUROS,), (EUROS, IN_STOCK), (Filter("brand", "eq", ("nobody",)),)], ids=repr)
def test_exact_cosines_of_all_that_the_filters_leave(twin: ProductStore, filters: tuple[Filter, ...]) -> None:
    asked = row(41)
    left = [name for name in ids(one(twin, LexicalLeg(text="", filters=filters))) if name in ROWS]
    expected = {name: cosine(ROWS[name], asked) for name in left}
    found = one(twin, ExactLeg(row=asked, filters=filters))
    assert {hit.id: hit.score for hit in found} == pytest.approx(expected, abs=1e-5)
    assert ids(found) == sorted(expected, key=lambda name: (-expected[name], name))
    assert ids(one(twin, ExactLeg(row=asked, filters=filters, size=1))) == ids(found)[:1]
    named = one(twin, ExactLeg(row=asked, ids=("shoes", "camera", "bare"), filters=filters))
    assert ids(named) == [name for name in ids(found) if name in ("shoes", "camera")]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100), names=st.lists(st.sampled_from([*IDS, "nobody"]), max_size=6))
def test_exact_cosines_are_the_same_everywhere(twin: ProductStore, seed: int, scale: float, names: list[str]) -> None:
    asked = row(seed) * np.float32(scale)
    everything, some, near = twin.ask([ExactLeg(row=asked), ExactLeg(row=asked, ids=tuple(names)), Near(row=asked)])
    expected = {name: cosine(vector, asked) for name, vector in ROWS.items()}
    assert {hit.id: hit.score for hit in everything.found} == pytest.approx(expected, abs=1e-5)
    assert {hit.id: hit.score for hit in some.found} == pytest.approx({n: expected[n] for n in names if n in expected}, abs=1e-5)
    assert {hit.id: hit.score for hit in near.found} == pytest.approx(expected, abs=1e-5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from([*IDS, "nobody", "SHOES", ""]), max_size=8))
def test_named_products_come_in_the_order_asked(twin: ProductStore, names: list[str]) -> None:
    found = one(twin, NamedLeg(ids=tuple(names)))
    assert ids(found) == [name for name in dict.fromkeys(names) if name in IDS]
    assert all((hit.score, hit.row) == (0.0, None) for hit in found)
    assert [hit.product for hit in found] == [next(product for product in CATALOGUE if product.id == hit.id) for hit in found]


def test_named_products_bring_their_rows_where_they_have_one(twin: ProductStore) -> None:
    found = {hit.id: hit.row for hit in one(twin, NamedLeg(ids=("camera", "bare", "shoes"), rows=True))}
    assert list(found) == ["camera", "bare", "shoes"]
    assert found["bare"] is None
    for name in ("camera", "shoes"):
        vector = found[name]
        assert vector is not None
        assert vector.dtype == np.float32
        assert vector == pytest.approx(ROWS[name], abs=1e-6)


def test_deleted_products_are_not_named(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id=name, title="t"), vector=row(1)) for name in "ab"])
    write(store, [Document(id="a", version=2, product=None)])
    assert ids(one(store, NamedLeg(ids=("a", "b"), rows=True))) == ["b"]
    assert one(store, NamedLeg(ids=())) == ()


QUERIES = [
    *("nike running shoes", "Grey fabric sofa", "the sofa and the shoes", "tea", "teapot", "polaroid", "electronics", "linen grey"),
    *("灰色 沙发", "数码相机", "polaroid 数码 相机", "北欧布艺沙发 三人位", "沙", "宜家", "nike 沙发 running", "即拍即得", "T恤 沙发"),
    *("Nike Pegasus running shoes", "SHOES", "Müller sofa with wooden legs", "42", "shoes-42", "on the road", "4006381333931"),
]


@pytest.mark.parametrize("step", [0, 1, 2])
@pytest.mark.parametrize("text", QUERIES)
def test_what_the_fields_add_is_the_score(twin: ProductStore, text: str, step: int) -> None:
    lexical, explained = twin.ask([LexicalLeg(text=text, step=step), ExplainLeg(text=text, ids=tuple(IDS), step=step)])
    assert ids(explained.found) == ids(lexical.found)
    for hit, plain in zip(explained.found, lexical.found, strict=True):
        assert hit.score == pytest.approx(plain.score, rel=1e-6)
        assert sum(hit.fields.values()) == pytest.approx(hit.score, rel=1e-4)
        assert min(hit.fields.values()) > 0
        assert "other" not in hit.fields
        assert list(hit.fields.values()) == sorted(hit.fields.values(), reverse=True)
    assert all(not plain.fields for plain in lexical.found)


def test_only_the_named_are_explained_and_by_the_field_that_matched(twin: ProductStore) -> None:
    assert ids(one(twin, ExplainLeg(text="sofa nike", ids=("shoes", "nobody")))) == ["shoes"]
    (hit,) = one(twin, ExplainLeg(text="linen", ids=tuple(IDS)))
    assert max(hit.fields, key=lambda name: hit.fields[name]) == "attribute_text"
    assert one(twin, ExplainLeg(text="xylophone", ids=tuple(IDS))) == ()
    assert [dict(hit.fields) for hit in one(twin, ExplainLeg(text=" ", ids=("shoes",)))] == [{}]
    assert one(twin, ExplainLeg(text="sofa", ids=())) == ()


def test_a_leg_that_fails_alone_leaves_the_others_their_answers(twin: ProductStore) -> None:
    words, vector, named = twin.ask([LexicalLeg(text="sofa"), Near(row=row(1, 63)), NamedLeg(ids=("bare",))])
    assert ids(words.found) == ["sofa-grey"]
    assert ids(named.found) == ["bare"]
    assert vector.found == ()
    assert {answer.index for answer in (words, vector, named)} == {twin.describe().index}
    assert vector.error
    assert (words.error, named.error) == ("", "")
    with pytest.raises(StoreError):
        twin.ask([Near(row=row(1, 63)), ExactLeg(row=row(1, 63))])


def test_a_filter_that_cannot_be_is_the_callers_mistake_on_every_leg(twin: ProductStore) -> None:
    wrong = (Filter("price", "lt", ("cheap",)),)
    legs: list[Leg] = [CodeLeg(code="abc", filters=wrong), ExactLeg(row=row(1), filters=wrong), LexicalLeg(text="x", filters=wrong)]
    for leg in legs:
        with pytest.raises(BadFilter):
            twin.ask([LexicalLeg(text="sofa"), leg])


def test_no_store_here_has_a_hybrid_query(twin: ProductStore) -> None:
    leg = HybridLeg(text="sofa", row=row(1), weights={"lexical": 0.5, "vector": 0.5})
    beside: list[Leg] = [LexicalLeg(text="sofa"), leg]
    for legs in (beside[1:], beside):
        with pytest.raises(StoreError, match="hybrid") as caught:
            twin.ask(legs)
        assert caught.value.cure
