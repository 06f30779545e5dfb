"""Words of a title, and when two of them are the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.learn.tag_words import key_of, plain, unit_of, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Old Oak chair", ["Old", "Oak", "chair"]),
        ('15.6" 256GB', ["15.6", '"', "256", "GB"]),
        ("All-in-One PC", ["All", "-", "in", "-", "One", "PC"]),
        ("T恤 黑色", ["T", "恤", "黑", "色"]),
        ("1,5 l Évian", ["1,5", "l", "Évian"]),
        ("", []),
        ("  ", []),
    ],
)
def test_a_title_falls_into_words(text: str, words: list[str]) -> None:
    assert [word.text for word in words_of(text)] == words


@given(st.text())
def test_words_stand_where_they_say_and_leave_out_only_spaces(text: str) -> None:
    words = words_of(text)
    assert all(text[word.start : word.end] == word.text for word in words)
    assert "".join(word.text for word in words) == "".join(text.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cables", "cable"), ("GRAY", "Grey"), ("ＧＢ", "gb"), ("batteries", "Battery"), ("Aluminum", "aluminium"), ("Straße", "STRASSE")],
)
def test_spellings_of_one_word_are_one(one: str, other: str) -> None:
    assert plain(one) == plain(other)


@pytest.mark.parametrize(("one", "other"), [("glass", "glas"), ("bus", "bu"), ("gas", "ga"), ("red", "reds!"), ("axis", "axi")])
def test_what_only_looks_like_a_plural_stays(one: str, other: str) -> None:
    assert plain(one) != plain(other)


def test_a_key_holds_no_signs() -> None:
    assert key_of(words_of("All-in-One PCs!")) == ("all", "in", "one", "pcs")


@pytest.mark.parametrize(
    ("word", "unit"), [("GB", "GB"), ("Gb", "GB"), ("″", "inch"), ("in", "inch"), ("厘米", "cm"), ("chair", ""), ("", "")]
)
def test_units_have_one_spelling(word: str, unit: str) -> None:
    assert unit_of(word) == unit


def test_a_sign_is_told_from_a_word() -> None:
    assert [word.is_sign for word in words_of('a - 5 "')] == [False, True, False, True]
