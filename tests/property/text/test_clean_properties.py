"""Cleaning holds for any text: it never raises, and a cleaned text is clean."""

import unicodedata
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from indexer.records import Value
from indexer.text import DEFAULT, DESCRIPTION, INDEXED, QUERY, TITLE, Step, attributes_line, clean, digest, has_han, segmenter
from indexer.text.chinese import simplified, simplified_han
from indexer.text.parts import LINE_CAP
from indexer.text.sizes import sizes_in_one_spelling
from indexer.text.stop_words import without_stop_words
from indexer.text.units import UNITS, in_one_spelling

anything = st.text(st.characters(), max_size=60) | st.text("<>&;#/!-'\"=xbp amp lt gt 1０＜＞＆；\u200b\ufe0f\x00沙🛋", max_size=60)
pieces = [
    *(
        "0",
        "1",
        "5",
        "10",
        "3.5",
        "0,5",
        "1,500",
        ".5",
        " ",
        " ",
        "x",
        "X",
        "*",
        "×",
        "-",
        "/",
        "⁄",
        '"',
        "'",
        ",",
        ".",
        "(",
        ")",
        "<",
        "&",
        "!",
    ),
    *(
        "mm",
        "cm",
        "in",
        "inch",
        "l",
        "ml",
        "g",
        "kg",
        "W",
        "M",
        "GB",
        "EU",
        "us",
        "42",
        "XL",
        "XXL",
        "xl",
        "large",
        "extra",
        "sofa",
        "to",
        "www.",
    ),
    *(
        "码",
        "加",
        "大",
        "号",
        "升",
        "寸",
        "米",
        "英寸",
        "T恤",
        "滑",
        "鼠",
        "皮夹",
        "克",
        "塑胶",
        "網",
        "路",
        "線",
        "乾",
        "隆",
        "系",
        "列印",
        "の",
        "薴",
        "的",
    ),
]
shop_texts = st.lists(st.sampled_from(pieces), max_size=9).map("".join)
lists = pytest.mark.parametrize("steps", [TITLE, DESCRIPTION, QUERY, INDEXED], ids=["title", "description", "query", "indexed"])


@lists
@given(text=anything | shop_texts)
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


@pytest.mark.parametrize("step", [in_one_spelling, sizes_in_one_spelling, without_stop_words, simplified, simplified_han])
@given(text=anything | shop_texts)
def test_a_step_never_raises_and_says_the_same_twice(step: Step, text: str) -> None:
    text = clean(text, QUERY)  # steps before it have made an encodable text of it
    once = step(text)
    assert step(once) == once


@given(st.decimals("0.001", "9999", places=3), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " "]))
def test_space_and_case_do_not_part_an_amount_from_itself(figure: object, spelling: str, between: str) -> None:
    number = f"{figure:f}".rstrip("0").rstrip(".") if "." in f"{figure:f}" else f"{figure:f}"
    if len(number.partition(".")[2]) == 3 or (spelling.lower() == "g" and number.isdigit()) or spelling == "m":
        return  # 1.500 may be thousands, 5G a network, 12M months
    assert in_one_spelling(f"{number}{between}{spelling}") == in_one_spelling(f"{number}{spelling.upper()}")


@given(anything | shop_texts)
def test_segmentation_keeps_every_character(text: str) -> None:
    text = clean(text, INDEXED)
    assert "".join(segmenter().words(text)) == text
    assert segmenter().apart(text).replace(" ", "") == text.replace(" ", "")


@given(anything | shop_texts)
def test_a_title_has_every_word_that_it_is_asked_for(text: str) -> None:
    # What is asked with a title's own text has to find it.
    text = DEFAULT.indexed(text)
    assert set(DEFAULT.asked_words(text)) <= set(DEFAULT.stored_words(text))
    assert not any(character.isspace() for word in DEFAULT.stored_words(text) for character in word)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(["colour", "type", "sku", "weight_kg", "颜色"])
values: st.SearchStrategy[Value] = (
    anything | st.floats() | st.booleans() | st.sampled_from(["Black", "P7450", "纯棉"]) | st.lists(anything, max_size=3).map(tuple)
)


@given(st.dictionaries(names, values, max_size=8), st.randoms())
def test_a_line_of_attributes_is_short_and_knows_no_order(attributes: dict[str, Value], chance: Random) -> None:
    line = attributes_line(attributes)
    assert len(line) <= LINE_CAP
    shuffled = list(attributes.items())
    chance.shuffle(shuffled)
    assert attributes_line(dict(shuffled)) == line
