"""Queries with one right answer, made from products: which words, which codes, and always the same ones."""

import pytest

from indexer.errors import EvaluationError
from indexer.evaluate.known_items import WORDS, known_items
from indexer.records import Product


def products(count: int = 300) -> list[Product]:
    kinds = ("oak chair with arms", "steel lamp for desks", "wool blanket very warm", "running shoes light blue")
    return [
        Product(id=f"p{n}", title=f"Model{n} brand{n % 7} {kinds[n % 4]} edition{n}", gtin=f"{4006381000000 + n}") for n in range(count)
    ]


def test_each_query_has_the_one_product_that_it_was_made_from() -> None:
    found = known_items(products(), count=60)
    by_id = {product.id: product for product in products()}
    assert len(found.topics) == len(found.judgments.queries) == 60
    for topic in found.topics:
        ((id_, grade),) = found.judgments.grades[topic.id].items()
        assert grade == 1
        product = by_id[id_]
        if topic.kind == "code":
            assert topic.text in (product.gtin, *product.title.split())
        else:
            assert topic.text in product.title
            assert WORDS[0] <= len(topic.text.split()) <= WORDS[1]


def test_both_kinds_are_there_and_codes_are_about_a_third() -> None:
    kinds = [topic.kind for topic in known_items(products(), count=200).topics]
    assert 30 < kinds.count("code") < 110


def test_the_order_of_the_products_does_not_matter_and_the_seed_does() -> None:
    first, again = known_items(products(), count=50), known_items(products()[::-1], count=50)
    assert first.topics == again.topics
    assert first.topics != known_items(products(), count=50, seed=1).topics


def test_what_two_products_would_be_asked_by_is_left_out() -> None:
    twins = [Product(id=f"t{n}", title="oak chair") for n in range(5)]
    with pytest.raises(EvaluationError, match="query of its own"):
        known_items(twins, count=10)
    found = known_items([*twins, Product(id="alone", title="steel lamp")], count=10)
    assert found.judgments.grades == {"steel lamp": {"alone": 1}}


def test_chinese_titles_are_cut_at_words() -> None:
    found = known_items([Product(id=f"z{n}", title="新款黑色纯棉T恤 男士短袖") for n in range(1)], count=1)
    (topic,) = found.topics
    assert topic.language == "zh"
    assert topic.text.casefold() in "新款黑色纯棉t恤男士短袖"  # the segmenter writes its own words in its own case


def test_a_title_of_one_word_gives_nothing() -> None:
    with pytest.raises(EvaluationError):
        known_items([Product(id="1", title="Chair")], count=1)
