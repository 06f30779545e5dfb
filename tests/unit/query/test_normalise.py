"""What a query is before anything is asked of anyone: cleaned, within limits, with only the parts that weigh."""

import math

import pytest

from indexer.errors import BadFilter, QueryError
from indexer.query.normalise import LENGTH_CAP, as_query, normalise
from indexer.records import Filter, Query
from indexer.settings import TextSettings
from indexer.text import Cleaning

PHOTO = b"\x89PNG"


def fit(query: Query) -> Query:
    return normalise(query, per_page_cap=100)


@pytest.mark.parametrize(
    ("typed", "cleaned"),
    [
        ("  running   shoes ", "running shoes"),
        ("Ｎｉｋｅ\u3000鞋", "Nike 鞋"),
        ("沙发", "沙发"),
        ("無線滑鼠", "无线鼠标"),
        ('10" 3.5mm XXL', "10 inch 3.5 mm 2XL"),
        ("shoes for the beach", "shoes for the beach"),
        ("a\x00b", "a b"),
        ("", ""),
        (" \n\t", ""),
    ],
)
def test_text_is_cleaned(typed: str, cleaned: str) -> None:
    assert fit(Query(text=typed)).text == cleaned


def test_a_query_that_is_fit_stays_as_it_is() -> None:
    query = Query(text="running shoes", facets=("brand",), filters=(Filter("brand", "eq", ("Nike",)),))
    assert fit(query) is query
    again = fit(Query(text="running  shoes", facets=("brand", "brand"), filters=query.filters))
    assert again == query
    assert fit(again) is again


def test_the_settings_steps_are_used() -> None:
    own = Cleaning.load(TextSettings(query=("spaces",)))
    assert normalise(Query(text=" 無線  滑鼠 "), per_page_cap=100, cleaning=own).text == "無線 滑鼠"


def test_half_a_character_does_no_harm() -> None:
    assert fit(Query(text="red \ud83d shoes")).text.encode() == b"red shoes"


def test_text_has_a_cap_before_cleaning_and_after_it() -> None:
    assert len(fit(Query(text="x" * LENGTH_CAP)).text) == LENGTH_CAP
    with pytest.raises(QueryError, match="may have 512 characters; this one has 513"):
        fit(Query(text="x" * (LENGTH_CAP + 1)))
    with pytest.raises(QueryError, match="may have 512 characters"):
        fit(Query(text="\ufdfa" * 100))  # one character that NFKC writes as eighteen


def test_parts_without_weight_are_left_out() -> None:
    assert fit(Query(text="sofa", photo=PHOTO, text_weight=0)).text == ""
    assert fit(Query(text="sofa", photo=PHOTO, photo_weight=0)).photo is None
    both = fit(Query(text="sofa", photo=PHOTO, text_weight=0.2, photo_weight=3))
    assert (both.text, both.photo) == ("sofa", PHOTO)


@pytest.mark.parametrize(
    "query",
    [
        Query(text="sofa", photo=PHOTO, text_weight=0, photo_weight=0),
        Query(text="sofa", text_weight=0),
        Query(photo=PHOTO, photo_weight=0),
        Query(text="  ", photo=PHOTO, photo_weight=0),
    ],
    ids=["both", "text", "photo", "photo beside spaces"],
)
def test_a_query_without_any_weight_is_refused(query: Query) -> None:
    with pytest.raises(QueryError, match="No part of the query has weight"):
        fit(query)


def test_nothing_asked_with_weight_nought_is_browsing() -> None:
    assert fit(Query(text_weight=0, photo_weight=0)).text == ""


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (Query(page=0), "no page 0"),
        (Query(page=-3), "no page -3"),
        (Query(per_page=0), "1 to 100 hits, not 0"),
        (Query(per_page=101), "1 to 100 hits, not 101"),
        (Query(text="x", text_weight=-0.1), "text weight is a number from 0"),
        (Query(text="x", text_weight=math.nan), "text weight is a number from 0"),
        (Query(photo=PHOTO, photo_weight=math.inf), "photo weight is a number from 0"),
        (Query(strategy="magic"), "no strategy 'magic'. Known: msearch, hybrid, rescore, exact, lexical, vector"),  # type: ignore[arg-type]
        (Query(blend="sum"), "no blend 'sum'. Known: min_max, z_score, l2, rrf"),  # type: ignore[arg-type]
    ],
)
def test_figures_out_of_their_limits_are_refused(query: Query, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        fit(query)


def test_filters_made_as_records_are_checked_too() -> None:
    with pytest.raises(BadFilter):
        fit(Query(filters=(Filter("price", "lt", ("cheap",)),)))


def test_a_facet_named_twice_is_counted_once() -> None:
    assert fit(Query(facets=("brand", "colour", "brand"))).facets == ("brand", "colour")


def test_normalising_twice_is_normalising_once() -> None:
    once = fit(Query(text=" Ｎｉｋｅ!!! ", photo=PHOTO, facets=("brand", "brand"), photo_weight=0))
    assert fit(once) == once


def test_arguments_add_to_a_query_or_replace_its_page() -> None:
    query = Query(text="sofa", filters=(Filter("brand", "eq", ("A",)),), facets=("brand",), page=2, per_page=7)
    assert as_query(query) == query
    more = as_query(query, filters=["price<5"], facets=["colour"], page=3, per_page=9)
    assert more.filters == (Filter("brand", "eq", ("A",)), Filter("price", "lt", (5.0,)))
    assert (more.facets, more.page, more.per_page) == (("brand", "colour"), 3, 9)


def test_a_text_stands_for_a_query_and_a_lone_text_for_a_sequence_of_one() -> None:
    assert as_query("sofa") == Query(text="sofa")
    assert as_query("sofa", filters="price<5", facets="brand") == as_query("sofa", filters=["price<5"], facets=["brand"])


def test_page_nought_is_no_default() -> None:
    assert as_query("sofa", page=0, per_page=0).page == 0
    with pytest.raises(QueryError):
        fit(as_query("sofa", page=0))
