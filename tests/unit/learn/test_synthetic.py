"""Queries from attributes: in both languages, seeded, each once, none too general."""

from dataclasses import replace
from pathlib import Path

import pytest

from indexer.feed.read import read_feed
from indexer.learn.synthetic import LEXICON, TEMPLATES, by_language, pairs_of, slots_of, synthetic_pairs
from indexer.records import Product, Value
from indexer.settings import FeedSettings

SHOE = Product(
    id="S",
    title="Pegasus",
    brand="Nike",
    category=("Clothing", "Running shoes"),
    attributes={"colour": "Black", "material": "Leather", "gender": "Men"},
)


def queries(product: Product, language: str) -> set[str]:
    return {pair.query for pair in pairs_of(product) if pair.language == language}


def test_english_and_chinese_queries_of_one_product() -> None:
    assert {"black nike running shoes", "nike running shoes", "leather running shoes", "running shoes for men"} <= queries(SHOE, "en")
    assert {"黑色 耐克 跑鞋", "耐克 跑鞋", "黑色跑鞋", "皮革跑鞋", "男士 黑色 跑鞋"} <= queries(SHOE, "zh")


def test_chinese_attributes_make_queries_of_both_languages_too() -> None:
    shirt = Product(id="T", title="", brand="优衣库", category=("T恤",), attributes={"颜色": "黑", "材质": "純棉"})
    assert "黑 优衣库 t恤" in queries(shirt, "zh")
    assert {"black uniqlo t-shirt", "cotton t-shirt"} <= queries(replace(shirt, category=("t-shirt",)), "en")


def test_what_neither_product_nor_lexicon_knows_is_left_out() -> None:
    odd = Product(id="a", title="", brand="Zzyx", category=("Running shoes",), attributes={"colour": "Taupe"})
    assert "taupe zzyx running shoes" in queries(odd, "en")
    assert queries(odd, "zh") == set()  # neither brand nor colour has a Chinese name
    assert not list(pairs_of(Product(id="a", title="only a title")))
    assert not list(pairs_of(Product(id="a", title="", brand="Nike")))  # a brand alone names no thing


@pytest.mark.parametrize("value", ["black, white", "black/white", ("black", "white"), "x" * 60, 5.0, True, ""])
def test_values_that_are_lists_numbers_or_sentences_fill_no_slot(value: Value) -> None:
    assert "colour" not in slots_of(replace(SHOE, attributes={"colour": value}), "en")


@pytest.mark.parametrize("value", ["Original", "1", "compatible"])
def test_what_names_no_thing_is_no_kind(value: str) -> None:
    assert not list(pairs_of(Product(id="a", title="", brand="Xerox", attributes={"type": value, "colour": "black"})))


def test_one_value_in_a_list_is_a_value() -> None:
    assert slots_of(replace(SHOE, attributes={"colour": ("Red",)}), "zh")["colour"] == "红色"


def test_no_query_twice_for_one_product() -> None:
    every = [pair.query for pair in pairs_of(SHOE)]
    assert len(every) == len(set(every)) == len(TEMPLATES["en"]) + len(TEMPLATES["zh"])


def shop(number: int) -> list[Product]:
    colours, brands = ("Black", "White", "Red"), ("Nike", "Puma", "Adidas", "Zzyx")
    return [
        Product(
            id=str(place),
            title="",
            brand=brands[place % 4],
            category=("Shoes",),
            attributes={"colour": colours[place % 3], "material": "Silk"},
        )
        for place in range(number)
    ]


def test_the_seed_chooses_and_the_order_is_the_products() -> None:
    products = shop(40)
    pairs = synthetic_pairs(products, 3, each=2)
    assert pairs == synthetic_pairs(products, 3, each=2)
    assert pairs != synthetic_pairs(products, 4, each=2)
    assert [int(pair.product_id) for pair in pairs] == sorted(int(pair.product_id) for pair in pairs)
    assert max(sum(pair.product_id == one.id for pair in pairs) for one in products) == 2


def test_queries_that_fit_too_many_are_left_out() -> None:
    pairs = synthetic_pairs(shop(120), each=100, most_products=30)
    assert pairs
    assert all(pair.shared <= 30 for pair in pairs)
    assert not [pair for pair in pairs if pair.template == "{material} {kind}"]  # silk shoes are all 120
    assert {pair.template for pair in pairs} >= {"{colour} {brand} {kind}", "{brand} {kind}"}


def test_shared_counts_the_products_of_a_query() -> None:
    pairs = synthetic_pairs(shop(24), each=100)
    assert {pair.shared for pair in pairs if pair.query == "black nike shoes"} == {2}
    assert {pair.shared for pair in pairs if pair.query == "silk shoes"} == {24}


def test_languages_are_counted() -> None:
    counts = by_language(synthetic_pairs(shop(24), each=100))
    assert set(counts) == {"en", "zh"}
    assert counts["en"] > counts["zh"] > 0  # one brand of four has no Chinese name


def test_templates_name_slots_that_exist_and_always_the_kind() -> None:
    for templates in TEMPLATES.values():
        for template in templates:
            assert "{kind}" in template
            assert template.format_map(dict.fromkeys(LEXICON, "x")).replace("for", "").split() != []


def test_no_products_no_pairs() -> None:
    assert synthetic_pairs([]) == []


def test_real_electronics_give_queries_in_both_languages(test_data: Path) -> None:
    feed = test_data / "icecat" / "products.jsonl.gz"
    products = [event for event in read_feed(feed, FeedSettings()) if isinstance(event, Product)]
    pairs = synthetic_pairs(products, 1)
    counts = by_language(pairs)
    assert counts["en"] > 2000
    assert counts["zh"] > 300
    assert len({(pair.query, pair.product_id) for pair in pairs}) == len(pairs)
