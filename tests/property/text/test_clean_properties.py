"""Cleaning holds for any text: it never raises, and a cleaned text is clean."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.text import DESCRIPTION, QUERY, TITLE, Step, clean, digest, has_han

anything = st.text(st.characters(), max_size=60) | st.text("<>&;#/!-'\"=xbp amp lt gt 1０＜＞＆；\u200b\ufe0f\x00沙🛋", max_size=60)
lists = pytest.mark.parametrize("steps", [TITLE, DESCRIPTION, QUERY], ids=["title", "description", "query"])


@lists
@given(text=anything)
@example(text="&" + "amp;" * 100 + "lt;b&gt;x")
@example(text="\ud83d\udecb")
@example(text="<<b>b>x")
@example(text="&#60;&#98;&#62;x")
def test_cleaning_twice_is_cleaning_once(steps: tuple[Step, ...], text: str) -> None:
    once = clean(text, steps)
    assert clean(once, steps) == once


@lists
@given(text=anything)
def test_a_cleaned_text_is_encodable_composed_and_squeezed(steps: tuple[Step, ...], text: str) -> None:
    cleaned = clean(text, steps)
    cleaned.encode()
    assert cleaned == unicodedata.normalize("NFKC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs", "Co", "Cn"}


@given(st.lists(st.sampled_from(["sofa", "chair", "沙发", "Größe", "42"]), min_size=1, max_size=6))
def test_plain_words_pass_untouched(words: list[str]) -> None:
    assert clean(" ".join(words)) == " ".join(words)


@given(st.lists(st.sampled_from(["sofa", "chair", "沙发"]), min_size=1, max_size=4), st.sampled_from(["p", "div", "li", "td", "h1"]))
def test_blocks_part_words_as_spaces_do(words: list[str], tag: str) -> None:
    assert clean("".join(f"<{tag}>{word}</{tag}>" for word in words)) == " ".join(words)


@given(anything, anything)
def test_digests_tell_texts_apart(left: str, right: str) -> None:
    assert (digest(left) == digest(right)) is (left == right)


@given(anything)
def test_han_is_seen_anywhere(text: str) -> None:
    assert has_han(text + "沙" + text)
