"""The stand-in for the server's analysers, and the examples in the store's docstrings."""

import doctest
import importlib

import pytest

from indexer.store.words import findable, score, stem, terms


@pytest.mark.parametrize("module", ["tokens", "versions", "words"])
def test_the_examples_in_docstrings_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"indexer.store.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_cjk_runs_become_pairs_and_stored_ones_singles_too() -> None:
    assert terms("布艺沙发 nike", stored=False).cjk == ("nike", "布艺", "艺沙", "沙发")
    assert set(terms("沙发", stored=True).cjk) == {"沙发", "沙", "发"}
    assert terms("鞋", stored=False).cjk == ("鞋",)


def test_english_terms_leave_out_stop_words_and_cjk() -> None:
    found = terms("The sofas for a <b>living-room</b> 沙发", stored=True)
    assert found.english == ("sofa", "liv", "room")
    assert "the" in found.latin


@pytest.mark.parametrize("word", ["bus", "glass", "is", "s", "ed", "ing", "es", "", "沙", "thing", "red", "bed", "king", "ring"])
def test_short_words_keep_enough_to_tell_them_apart(word: str) -> None:
    assert (stem(word) == "") == (word == "")
    assert stem(stem(word)) == stem(stem(stem(word)))


def test_half_of_the_english_words_are_enough_and_fewer_are_not() -> None:
    product = findable({"title": "Grey sofa"})
    for text, found in [("grey", True), ("grey boat", True), ("grey boat ship", True), ("grey boat ship lake", False), ("boat", False)]:
        assert (score(terms(text, stored=False), text, product) > 0) == found


def test_the_title_counts_for_more_than_the_description() -> None:
    asked = terms("sofa", stored=False)
    assert score(asked, "sofa", findable({"title": "a sofa here"})) > score(asked, "sofa", findable({"title": "x", "description": "sofa"}))


def test_the_beginning_of_a_word_finds_it_in_titles_only() -> None:
    asked = terms("nike peg", stored=False)
    assert score(asked, "nike peg", findable({"title": "Nike Pegasus"})) > 0
    alone = terms("pega", stored=False)
    assert score(alone, "pega", findable({"title": "shoe", "description": "pegasus"})) == 0
