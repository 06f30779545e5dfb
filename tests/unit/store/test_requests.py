"""Search bodies: where the words, the filters and the row stand in them, and where they do not."""

import base64
import json
import re
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from indexer.errors import StoreError
from indexer.records import Filter, Money, Product
from indexer.settings import TextSettings
from indexer.store.base import CodeLeg, Document, ExactLeg, ExplainLeg, ExtraLeg, Leg, LexicalLeg, NamedLeg, VectorLeg
from indexer.store.documents import to_source
from indexer.store.lexical import lexical_query
from indexer.store.requests import ROW, describe_body, leg_body, search_call
from indexer.store.shown import photo_status_of, product_of
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


def test_a_code_is_asked_for_in_its_one_spelling_and_nothing_else_is() -> None:
    _, body = bodies(CodeLeg(code="hp-3c7 z5ea", filters=FILTERS[:1], size=3))
    query = body["query"]["constant_score"]
    assert query["filter"]["bool"]["filter"] == [{"term": {"codes": "HP3C7Z5EA"}}, LIVE, {"terms": {"brand": ["nike"]}}]
    assert (query["boost"], body["size"]) == (1.0, 3)
    assert bodies(CodeLeg(code="a/1"))[1]["query"] == {"match_none": {}}


def test_no_words_mean_a_filter_without_scores() -> None:
    assert lexical_query(" \u3000", FILTERS[:1]) == {"bool": {"filter": [LIVE, {"terms": {"brand": ["nike"]}}]}}


def test_a_search_brings_what_gives_a_product_back_and_no_more() -> None:
    product = Product(id="a", title="無線  滑鼠", description="two", brand="B", price=Money(1999, "EUR"), stock=2, attributes={"size": 4.5})
    source = to_source(Document(id="a", version=7, product=product, photo_status="used"))
    wanted = bodies(LexicalLeg(text="x"))[1]["_source"]["includes"]
    brought = {name: value for name, value in source.items() if name in wanted}
    assert (product_of(brought), photo_status_of(brought)) == (product, "used")
    assert source.keys() - brought.keys() >= {"version", "deleted", "attributes"}


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


def test_equal_questions_go_to_the_same_copy_and_take_what_there_is() -> None:
    one, _ = bodies(LexicalLeg(text="a"))
    again, _ = bodies(LexicalLeg(text="a"))
    other, _ = bodies(LexicalLeg(text="b"))
    assert one == again
    assert one["preference"] != other["preference"]
    assert not one["preference"].startswith("_")
    assert one["allow_partial_search_results"] is True


def test_an_excluded_value_is_a_must_not() -> None:
    body = leg_body(LexicalLeg(text="", filters=(Filter("Colour", "ne", ("Red", "Blue")),)))
    assert body["query"]["bool"]["filter"][1] == {"bool": {"must_not": [{"terms": {"attributes": ["colour=red", "colour=blue"]}}]}}


def test_a_description_counts_the_living_only() -> None:
    assert describe_body()["query"] == {"bool": {"filter": [LIVE]}}


def test_a_step_changes_the_shares_and_nothing_else() -> None:
    texts = {step: json.dumps(leg_body(LexicalLeg(text="nike 跑步鞋 running", step=step))) for step in (0, 1, 2)}
    assert leg_body(LexicalLeg(text="nike 跑步鞋 running")) == json.loads(texts[1])
    shares = {step: re.findall(r'"minimum_should_match": "([^"]*)"', text) for step, text in texts.items()}
    assert shares == {0: ["2<75%", "2<75%", "3<75%"], 1: ["50%", "50%", "3<75%"], 2: ["1", "1", "34%"]}
    assert len({re.sub(r'"minimum_should_match": "[^"]*"', "", text) for text in texts.values()}) == 1
    assert leg_body(LexicalLeg(text="a b", step=9)) == leg_body(LexicalLeg(text="a b", step=2))
    assert leg_body(LexicalLeg(text="a b", step=-1)) == leg_body(LexicalLeg(text="a b", step=0))


def test_exact_scores_may_be_of_all_that_the_filters_leave() -> None:
    _, body = bodies(ExactLeg(row=VECTOR, filters=FILTERS[:1], size=7))
    wanted = body["query"]["script_score"]["query"]["bool"]["filter"]
    assert wanted == [{"exists": {"field": "vector"}}, LIVE, {"terms": {"brand": ["nike"]}}]
    assert body["size"] == 7
    assert bodies(ExactLeg(row=VECTOR, ids=("a", "b", "c"), size=2))[1]["size"] == 2


def test_named_products_are_asked_for_once_each_and_alive() -> None:
    _, body = bodies(NamedLeg(ids=("b", "a", "b")))
    assert body["query"]["bool"]["filter"] == [{"terms": {"id": ["b", "a"]}}, LIVE]
    assert body["size"] == 2
    assert "vector" in body["_source"]["excludes"]
    _, body = bodies(NamedLeg(ids=("b",), rows=True))
    assert "vector" in body["_source"]["includes"]
    assert "excludes" not in body["_source"]


def test_an_explanation_is_of_the_same_query_over_some_products() -> None:
    _, body = bodies(ExplainLeg(text="grey sofa", ids=("b", "a"), step=0))
    assert (body["explain"], body["size"]) == (True, 2)
    same = lexical_query("grey sofa", (), step=0)["bool"]
    assert body["query"]["bool"] == same | {"filter": [{"terms": {"id": ["b", "a"]}}, LIVE]}


def test_an_extra_query_is_read_apart_within_the_filters() -> None:
    sly = {"bool": {"must_not": [{"term": {"deleted": False}}], "filter": [], "x": '"vector":"@row"'}}
    for given in (sly, MappingProxyType({"bool": MappingProxyType(sly["bool"])})):
        _, body = bodies(ExtraLeg(query=given, filters=FILTERS[:1], size=4))
        (wrapped,) = body["query"]["bool"]["must"]
        assert json.loads(base64.b64decode(wrapped["wrapper"]["query"])) == sly
        assert body["query"]["bool"]["filter"] == [LIVE, {"terms": {"brand": ["nike"]}}]
        assert (set(body["query"]["bool"]), body["size"]) == ({"must", "filter"}, 4)


ITSELF: dict[str, object] = {}
ITSELF["bool"] = ITSELF


@pytest.mark.parametrize("query", [{"a": {1, 2}}, {"a": float("nan")}, {"a": b"x"}, {("a", "b"): 1}, ITSELF], ids=repr)
def test_an_extra_query_that_is_no_json_is_refused_before_it_is_sent(query: dict[str, object]) -> None:
    with pytest.raises(StoreError, match="extra query") as caught:
        bodies(ExtraLeg(query=query))
    assert caught.value.cure


def test_a_point_stands_in_every_body_and_index_and_copy_nowhere() -> None:
    legs: list[Leg] = [LexicalLeg(text="sofa"), VectorLeg(row=VECTOR), NamedLeg(ids=("a",))]
    call = search_call("products", legs, point="products-000007:abc==")
    assert call.path == "/_msearch"
    assert isinstance(call.body, bytes)
    lines = [json.loads(line) for line in call.body.decode().splitlines()]
    assert lines[::2] == [{"allow_partial_search_results": True}] * 3
    assert [body.pop("pit") for body in lines[1::2]] == [{"id": "abc=="}] * 3
    assert lines[1::2] == bodies(*legs)[1::2]
