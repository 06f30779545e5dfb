"""Search bodies: where the words, the filters and the row stand in them, and where they do not."""

import json
from typing import Any

import numpy as np
import pytest

from indexer.records import Filter
from indexer.settings import TextSettings
from indexer.store.base import ExactLeg, Leg, LexicalLeg, VectorLeg
from indexer.store.requests import ROW, describe_body, leg_body, lexical_query, search_call
from indexer.text import Cleaning

VECTOR = np.array([0.6, -0.8], dtype=np.float32)
FILTERS = (Filter("brand", "eq", ("Nike",)), Filter("price", "lt", (15,)))
LIVE = {"term": {"deleted": False}}


def bodies(*legs: Leg) -> list[dict[str, Any]]:
    call = search_call("products", legs)
    assert isinstance(call.body, bytes)
    lines = call.body.decode().removesuffix("\n").split("\n")
    assert len(lines) == 2 * len(legs)
    return [json.loads(line) for line in lines]


def test_filters_stand_inside_the_nearest_neighbour_search() -> None:
    _, body = bodies(VectorLeg(row=VECTOR, filters=FILTERS, size=7))
    knn = body["query"]["knn"]["vector"]
    assert (knn["k"], body["size"]) == (7, 7)
    assert knn["filter"]["bool"]["filter"] == [
        LIVE,
        {"terms": {"brand": ["nike"]}},
        {"range": {"price": {"lte": 14.9999}}},
    ]
    assert knn["vector"] == pytest.approx([0.6, -0.8], abs=1e-7)
    assert knn["method_parameters"]["ef_search"] >= 2 * 7


def test_exact_scores_ask_for_the_named_products_that_have_a_vector() -> None:
    _, body = bodies(ExactLeg(row=VECTOR, ids=("a", "b")))
    query = body["query"]["script_score"]
    assert query["query"]["bool"]["filter"] == [{"terms": {"id": ["a", "b"]}}, {"exists": {"field": "vector"}}, LIVE]
    assert query["script"]["params"] == {
        "field": "vector",
        "query_value": pytest.approx([0.6, -0.8], abs=1e-7),
        "space_type": "cosinesimil",
    }
    assert body["size"] == 2


@pytest.mark.parametrize("text", ["sofa", "沙发", 'a" OR b', "(x) AND *:*", "price:[1 TO 2]", "{{x}}"])
def test_words_stand_in_match_queries_only(text: str) -> None:
    found: list[str] = []

    def walk(node: object, path: str) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(value, f"{path}/{key}")
        elif isinstance(node, list):
            for value in node:
                walk(value, path)
        elif node == text:
            found.append(path)

    walk(lexical_query(text, ()), "")
    assert found
    assert all(path.split("/")[-2] in ("multi_match", "title.exact") and path.endswith("/query") for path in found)


def test_only_words_with_cjk_characters_ask_the_cjk_fields() -> None:
    assert "title.cjk" not in json.dumps(lexical_query("running shoes", ()))
    for text in ("沙发", "nike 鞋", "ソファ", "소파", "ｿﾌｧ"):
        assert "title.cjk" in json.dumps(lexical_query(text, ()))


def across(text: str) -> dict[str, dict[str, Any]]:
    """The cross-field clauses of a query, by their first field."""
    clauses = lexical_query(text, ())["bool"]["must"][0]["dis_max"]["queries"]
    found = [clause["multi_match"] for clause in clauses if clause.get("multi_match", {}).get("type") == "cross_fields"]
    return {clause["fields"][0].split("^")[0]: clause for clause in found}


def test_chinese_is_asked_in_words_and_in_pairs_that_hold_together() -> None:
    clauses = across("連衣裙 紅色")
    assert clauses["zh_title"]["query"] == "连衣裙 红色"
    assert clauses["zh_title"]["boost"] > 1
    assert clauses["title.cjk"]["query"] == "连衣裙 红色"
    assert clauses["title.cjk"]["minimum_should_match"] == "3<75%"


def test_without_chinese_words_the_pairs_are_asked_loosely() -> None:
    for text in ("ソファ", "소파", "的"):
        assert across(text).keys() == {"title", "title.cjk"}
        assert across(text)["title.cjk"]["minimum_should_match"] == "34%"


def test_a_query_is_cleaned_as_the_index_is_and_stop_words_do_not_count() -> None:
    clauses = across('Schuhe für Kinder 10" XXL')
    assert clauses["title"]["query"] == "Schuhe Kinder 10 inch 2XL"
    exact = lexical_query('Tisch 10"', ())["bool"]["must"][0]["dis_max"]["queries"][1]
    assert exact["match"]["title.exact"]["query"] == "Tisch 10 inch"
    own = Cleaning.load(TextSettings(indexed=("spaces",)))
    assert '10\\"' in json.dumps(lexical_query('Tisch 10"', (), own))


def test_letters_of_chinese_words_are_not_asked_by_themselves() -> None:
    query = json.dumps(lexical_query("Nike T恤", ()), ensure_ascii=False)
    assert across("Nike T恤")["title"]["query"] == "Nike 恤"
    assert '"query": "Nike t恤"' not in query
    assert across("Nike T恤")["zh_title"]["query"] == "nike t恤"


def test_nothing_left_of_the_words_finds_nothing_and_not_everything() -> None:
    assert lexical_query("🛋️", FILTERS) == {"match_none": {}}


@pytest.mark.parametrize(
    ("text", "asked"), [("4006381333931", "04006381333931"), ("12345670", "00000012345670"), ("1234567", ""), ("x12345670", "")]
)
def test_a_trade_item_number_is_asked_for_as_such(text: str, asked: str) -> None:
    terms = [
        clause["term"]["gtin"]["value"] for clause in lexical_query(text, ())["bool"]["must"][0]["dis_max"]["queries"] if "term" in clause
    ]
    assert terms == ([asked] if asked else [])


def test_no_words_mean_a_filter_without_scores() -> None:
    assert lexical_query(" \u3000", FILTERS[:1]) == {"bool": {"filter": [LIVE, {"terms": {"brand": ["nike"]}}]}}


def test_no_search_brings_the_vector_back() -> None:
    legs: list[Leg] = [LexicalLeg(text="x"), VectorLeg(row=VECTOR), ExactLeg(row=VECTOR, ids=("a",))]
    for body in bodies(*legs)[1::2]:
        assert "vector" in body["_source"]["excludes"]
        assert "vector" not in body["_source"]["includes"]
        assert body["sort"] == [{"_score": "desc"}, {"id": "asc"}]


def test_no_value_can_take_the_rows_place() -> None:
    sly = (ROW, f'"vector":"{ROW}"', f'","vector":"{ROW}')
    legs: list[Leg] = [
        LexicalLeg(text=sly[1]),
        VectorLeg(row=VECTOR, filters=(Filter("vector", "eq", sly), Filter("id", "eq", sly))),
        ExactLeg(row=VECTOR, ids=(*sly, f'"query_value":"{ROW}"')),
    ]
    lexical, vector, exact = bodies(*legs)[1::2]
    assert lexical["query"]["bool"]["must"][0]["dis_max"]["queries"][0]["multi_match"]["query"] == sly[1]
    assert vector["query"]["knn"]["vector"]["filter"]["bool"]["filter"][2] == {"terms": {"id": list(sly)}}
    assert exact["query"]["script_score"]["query"]["bool"]["filter"][0]["terms"]["id"][:3] == list(sly)
    assert vector["query"]["knn"]["vector"]["vector"] == pytest.approx([0.6, -0.8], abs=1e-7)


def test_equal_questions_go_to_the_same_copy_and_refuse_half_answers() -> None:
    one, _ = bodies(LexicalLeg(text="a"))
    again, _ = bodies(LexicalLeg(text="a"))
    other, _ = bodies(LexicalLeg(text="b"))
    assert one == again
    assert one["preference"] != other["preference"]
    assert not one["preference"].startswith("_")
    assert one["allow_partial_search_results"] is False


def test_an_excluded_value_is_a_must_not() -> None:
    body = leg_body(LexicalLeg(text="", filters=(Filter("Colour", "ne", ("Red", "Blue")),)))
    assert body["query"]["bool"]["filter"][1] == {"bool": {"must_not": [{"terms": {"attributes": ["colour=red", "colour=blue"]}}]}}


def test_a_description_counts_the_living_only() -> None:
    assert describe_body()["query"] == {"bool": {"filter": [LIVE]}}
