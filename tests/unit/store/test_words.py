"""The stand-in for the server's analysers, and the examples in the store's docstrings."""

import doctest
import importlib

import pytest

from indexer.store.words import asked, findable, needed, score, terms
from indexer.text.stems import stem


@pytest.mark.parametrize("module", ["tokens", "versions", "words", "lexical", "hybrid"])
def test_the_examples_in_docstrings_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"indexer.store.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_cjk_runs_become_pairs_and_stored_ones_singles_too() -> None:
    assert terms("布艺沙发 nike", stored=False).cjk == ("nike", "布艺", "艺沙", "沙发")
    assert set(terms("沙发", stored=True).cjk) == {"沙发", "沙", "发"}
    assert terms("鞋", stored=False).cjk == ("鞋",)


def test_english_terms_leave_out_stop_words_and_cjk() -> None:
    found = terms("The sofas for a living-room 沙发", stored=True)
    assert found.english == ("sofa", "liv", "room")
    assert "the" in found.latin


@pytest.mark.parametrize("word", ["bus", "glass", "is", "s", "ed", "ing", "es", "", "沙", "thing", "red", "bed", "king", "ring"])
def test_short_words_keep_enough_to_tell_them_apart(word: str) -> None:
    assert (stem(word) == "") == (word == "")
    assert stem(stem(word)) == stem(stem(stem(word)))


def test_half_of_the_english_words_are_enough_and_fewer_are_not() -> None:
    product = findable({"title": "Grey sofa"})
    for text, found in [("grey", True), ("grey boat", True), ("grey boat ship", True), ("grey boat ship lake", False), ("boat", False)]:
        assert (score(asked(text), product) > 0) == found


def test_stop_words_of_other_languages_are_not_counted() -> None:
    product = findable({"title": "Table de jardin"})
    assert score(asked("robe de soirée"), product) == 0
    assert score(asked("table de salon"), product) > 0


def test_the_title_counts_for_more_than_the_description() -> None:
    sofa = asked("sofa")
    assert score(sofa, findable({"title": "a sofa here"})) > score(sofa, findable({"title": "x", "description": "sofa"}))


def test_the_beginning_of_a_word_finds_it_in_titles_only() -> None:
    assert score(asked("nike peg"), findable({"title": "Nike Pegasus"})) > 0
    assert score(asked("pega"), findable({"title": "shoe", "description": "pegasus"})) == 0


def test_a_letter_of_a_chinese_word_begins_nothing() -> None:
    assert score(asked("T恤"), findable({"title": "移动硬盘 1 TB"})) == 0
    assert score(asked("T恤"), findable({"title": "白色T恤", "zh_title": "白色 t恤"})) > 0


def test_chinese_words_lead_and_pairs_beside_them_hold_together() -> None:
    dress, overalls = {"title": "红色连衣裙", "zh_title": "红色 连衣 衣裙 连衣裙"}, {"title": "连衣裤", "zh_title": "连衣 衣裤 连衣裤"}
    query = asked("連衣裙")
    assert query.zh == ("连衣裙",)
    assert score(query, findable(dress)) >= score(query, findable({"title": dress["title"]})) > 0
    assert score(asked("红色 连衣裙"), findable({"title": "x", "zh_title": dress["zh_title"]})) == 12
    assert score(query, findable(overalls)) == 0


def test_japanese_and_korean_are_asked_in_pairs_of_which_a_third_is_enough() -> None:
    for text, title in [("無線マウス 黒", "無線マウス"), ("무선 마우스", "무선 마우스 패드")]:
        assert asked(text).zh == ()
        assert score(asked(text), findable({"title": asked(title).text})) > 0


@pytest.mark.parametrize(
    ("count", "share", "wanted"),
    [
        (1, "50%", 1),
        (2, "50%", 1),
        (5, "50%", 2),
        (1, "34%", 1),
        (3, "34%", 1),
        (6, "34%", 2),
        (1, "3<75%", 1),
        (3, "3<75%", 3),
        (4, "3<75%", 3),
        (5, "3<75%", 3),
        (8, "3<75%", 6),
        (2, "2<75%", 2),
        (3, "2<75%", 2),
        (1, "1", 1),
        (9, "1", 1),
    ],
)
def test_shares_are_read_as_the_server_reads_them(count: int, share: str, wanted: int) -> None:
    assert needed(count, share) == wanted
