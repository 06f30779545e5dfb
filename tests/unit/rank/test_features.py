"""What a learned ranking knows of a hit: each figure by hand, what is unknown told as such, Chinese by its characters."""

import math

import pytest

from indexer.rank.features import FEATURES, Candidate, feature_rows
from indexer.records import Money, Photo, Product, Term

TERMS = (Term("lexical", 0.6, 12.5, 0.8), Term("vector", 0.05, 0.7, 0.2))
CHAIR = Product(
    id="1",
    title="Oak chair",
    brand="Acme",
    category=("Home", "Chairs"),
    description="A red chair.",
    price=Money(9900, "EUR"),
    stock=0,
    popularity=9.0,
    photos=(Photo("/a.jpg"),),
    attributes={"colour": "red"},
)


def figures(query: str, product: Product = CHAIR, *, terms: tuple[Term, ...] = TERMS, place: int = 3) -> dict[str, float]:
    row = feature_rows(query, [Candidate(product=product, place=place, score=0.65, terms=terms)])[0]
    return dict(zip(FEATURES, map(float, row), strict=True))


def test_every_figure_by_hand() -> None:
    assert figures("acme red chair") == pytest.approx(
        {
            "score": 0.65,
            "place": 3.0,
            "bm25": 12.5,
            "lexical_share": 0.75,
            "cosine": 0.7,
            "vector_share": 0.25,
            "both_legs": 1.0,
            "title_covers_query": 1 / 3,
            "query_covers_title": 1 / 2,
            "title_begins": 0.0,
            "title_words": 2.0,
            "brand_in_query": 1.0,
            "category_covers_query": 0.0,
            "description_covers_query": 2 / 3,
            "query_words": 3.0,
            "log_price": math.log1p(9900),
            "in_stock": 0.0,
            "log_popularity": math.log1p(9.0),
            "photos": 1.0,
            "attributes": 1.0,
        }
    )


def test_what_is_unknown_is_no_number_and_never_zero() -> None:
    told = figures("chair", Product(id="1", title="Chair"), terms=())
    unknown = {name for name, figure in told.items() if math.isnan(figure)}
    assert unknown == {"bm25", "lexical_share", "cosine", "vector_share", "log_price", "in_stock", "log_popularity"}


def test_a_leg_without_weight_has_no_share() -> None:
    told = figures("chair", terms=(Term("lexical", 0.0, 4.0, 0.0),))
    assert math.isnan(told["lexical_share"])
    assert told["bm25"] == 4.0


def test_words_are_compared_without_case_and_chinese_by_characters() -> None:
    assert figures("OAK Chair")["title_covers_query"] == 1.0
    assert figures("OAK Chair")["title_begins"] == 1.0
    shirt = Product(id="2", title="黑色T恤")
    told = figures("黑色", shirt)
    assert (told["title_covers_query"], told["query_covers_title"], told["query_words"]) == (1.0, 0.5, 2.0)


def test_rows_are_in_order_and_none_is_a_table_without_rows() -> None:
    rows = feature_rows("chair", [Candidate(product=CHAIR, place=place, score=0.5, terms=()) for place in range(3)])
    assert rows[:, FEATURES.index("place")].tolist() == [0.0, 1.0, 2.0]
    assert feature_rows("chair", []).shape == (0, len(FEATURES))


def test_a_query_of_no_words_covers_nothing_known() -> None:
    assert math.isnan(figures("!!!")["title_covers_query"])
