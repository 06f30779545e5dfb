"""Words in two languages, nearest neighbours, exact cosines: the same answers from both stores."""

import numpy as np
import pytest

from indexer.errors import StoreError
from indexer.records import Filter, Product
from indexer.store.base import ExactLeg, LexicalLeg, ProductStore, VectorLeg
from indexer.vectors import cosine
from tests.contract.store.cases import CATALOGUE, ROWS, browse, document, exact, identity, ids, nearest, row, words, write


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("running shoes", {"shoes"}),
        ("shoe", {"shoes"}),
        ("NIKE", {"shoes"}),
        ("nike sofa", {"shoes", "sofa-grey"}),
        ("pegasus nike shoes running", {"shoes"}),
        ("shoes made for quiet astronauts in orbit", set()),
        ("sofas", {"sofa-grey"}),
        ("muller", {"sofa-grey"}),
        ("Müller", {"sofa-grey"}),
        ("wooden legs", {"sofa-grey"}),
        ("linen", {"sofa-grey"}),
        ("black", {"shoes"}),
        ("electronics", {"camera"}),
        ("tea", {"bare"}),
        ("teapot", {"bare"}),
        ("Nike Pegasus run", {"shoes"}),
        ("沙发", {"sofa-zh"}),
        ("布艺沙发", {"sofa-zh"}),
        ("灰色 沙发", {"sofa-zh"}),
        ("沙", {"sofa-zh"}),
        ("相机", {"camera"}),
        ("数码", {"camera"}),
        ("数码相机", {"camera"}),
        ("polaroid 相机", {"camera"}),
        ("宜家", {"sofa-zh"}),
        ("客厅", {"sofa-zh"}),
        ("发沙", set()),
        ("跑步机", set()),
        ("ｎｉｋｅ", {"shoes"}),
        ("the of and", set()),
        ("???", set()),
        ("xylophone", set()),
        ("b", set()),
        ("road", {"shoes"}),
        ('shoes" OR title:* AND NOT (', {"shoes"}),
        ("\ud800 shoes", {"shoes"}),
        ("🛋️", set()),
    ],
)
def test_words_find_products(twin: ProductStore, text: str, expected: set[str]) -> None:
    assert words(twin, text) == expected


def test_words_and_filters_together(twin: ProductStore) -> None:
    assert words(twin, "sofa", Filter("in_stock", "eq", (True,))) == {"sofa-grey"}
    assert words(twin, "sofa", Filter("in_stock", "eq", (False,))) == set()


@pytest.mark.parametrize("text", ["", "   ", "\u3000"])
def test_no_words_match_all_with_score_nought_in_order_of_ids(twin: ProductStore, text: str) -> None:
    found = twin.ask([LexicalLeg(text=text)])[0].found
    assert ids(found) == sorted(product.id for product in CATALOGUE)
    assert {one.score for one in found} == {0.0}


def test_lexical_scores_are_positive_and_fall(twin: ProductStore) -> None:
    found = twin.ask([LexicalLeg(text="sofa nike 沙发")])[0].found
    scores = [one.score for one in found]
    assert scores
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_a_match_in_the_title_goes_before_one_in_the_description(store: ProductStore) -> None:
    store.ensure(identity())
    write(
        store,
        [
            document(Product(id="a", title="rug", description="goes with a sofa")),
            document(Product(id="b", title="sofa", description="no rug")),
        ],
    )
    assert ids(store.ask([LexicalLeg(text="sofa")])[0].found) == ["b", "a"]


def test_size_bounds_every_leg(twin: ProductStore) -> None:
    answers = twin.ask([LexicalLeg(text="", size=2), VectorLeg(row=row(0), size=2)])
    assert [len(answer.found) for answer in answers] == [2, 2]


def test_nearest_neighbours_come_with_their_cosine(twin: ProductStore) -> None:
    asked = row(99)
    found = nearest(twin, asked)
    expected = {name: cosine(vector, asked) for name, vector in ROWS.items()}
    assert {one.id: one.score for one in found} == pytest.approx(expected, abs=1e-4)
    assert ids(found) == sorted(expected, key=lambda name: -expected[name])


def test_a_product_is_its_own_nearest_neighbour(twin: ProductStore) -> None:
    for name, vector in ROWS.items():
        best = nearest(twin, vector, size=1)
        assert ids(best) == [name]
        assert best[0].score == pytest.approx(1.0, abs=1e-4)


def test_exact_cosines_of_named_products_only_and_without_vectorless_ones(twin: ProductStore) -> None:
    asked = row(7)
    assert exact(twin, asked, "shoes", "camera", "bare", "nobody") == pytest.approx(
        {name: cosine(ROWS[name], asked) for name in ("shoes", "camera")}, abs=1e-4
    )
    assert exact(twin, asked) == {}


def test_equal_scores_stand_in_order_of_ids(store: ProductStore) -> None:
    store.ensure(identity())
    names = ["b", "a", "d", "c"]
    write(store, [document(Product(id=name, title="same"), vector=row(1)) for name in names])
    answers = store.ask([LexicalLeg(text="same"), VectorLeg(row=row(1)), ExactLeg(row=row(1), ids=tuple(names))])
    assert [ids(answer.found) for answer in answers] == [["a", "b", "c", "d"]] * 3


def test_all_legs_are_answered_in_order_by_the_real_index(twin: ProductStore) -> None:
    answers = twin.ask(
        [ExactLeg(row=row(1), ids=("shoes",)), LexicalLeg(text="沙发"), VectorLeg(row=ROWS["camera"], size=1), LexicalLeg(text="xylophone")]
    )
    assert [ids(answer.found) for answer in answers] == [["shoes"], ["sofa-zh"], ["camera"], []]
    assert {answer.index for answer in answers} == {twin.describe().index}
    assert twin.describe().index.endswith("-000001")


def test_an_empty_index_answers_with_nothing(store: ProductStore) -> None:
    store.ensure(identity())
    described = store.describe()
    assert (described.products, described.attributes) == (0, ())
    answers = store.ask([LexicalLeg(text=""), LexicalLeg(text="sofa"), VectorLeg(row=row(1)), ExactLeg(row=row(1), ids=("a",))])
    assert [answer.found for answer in answers] == [()] * 4
    assert {answer.index for answer in answers} == {described.index}


@pytest.mark.parametrize("vector", [row(1, 63), np.zeros(64, dtype=np.float32)], ids=["width", "zero"])
def test_a_row_that_has_no_cosine_here_is_an_error(twin: ProductStore, vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    with pytest.raises(StoreError):
        twin.ask([VectorLeg(row=vector)])


@pytest.mark.parametrize("width", [64, 384, 512])
def test_widths_come_from_the_identity(store: ProductStore, width: int) -> None:
    store.ensure(identity(width))
    vectors = {f"p{number}": row(number, width) for number in range(20)}
    assert set(write(store, [document(Product(id=name, title="t"), vector=vector) for name, vector in vectors.items()])) == {"written"}
    asked = row(1000, width)
    expected = {name: cosine(vector, asked) for name, vector in vectors.items()}
    assert {one.id: one.score for one in nearest(store, asked)} == pytest.approx(expected, abs=1e-4)
    assert exact(store, asked, *vectors) == pytest.approx(expected, abs=1e-4)


def test_rows_of_any_length_are_stored_as_unit_rows(store: ProductStore) -> None:
    store.ensure(identity())
    write(
        store,
        [
            document(Product(id="long", title="t"), vector=np.float32(1000) * row(1)),
            document(Product(id="short", title="t"), vector=row(1) / np.float32(1000)),
        ],
    )
    assert exact(store, np.float32(5) * row(1), "long", "short") == pytest.approx({"long": 1.0, "short": 1.0}, abs=1e-4)


def test_more_products_than_the_depth_come_page_by_page_in_one_order(store: ProductStore) -> None:
    store.ensure(identity())
    write(store, [document(Product(id=f"p{number:03}", title="thing"), vector=row(number)) for number in range(250)])
    assert browse(store, size=1000) == [f"p{number:03}" for number in range(250)]
    assert browse(store, size=10) == [f"p{number:03}" for number in range(10)]
    assert len(nearest(store, row(3), size=100)) == 100
