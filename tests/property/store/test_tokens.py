"""Folding, cutting, ordering: what makes filters in memory and on the server agree."""

import math
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Money
from indexer.store.tokens import (
    PRICE_SCALE,
    TOKEN_CAP,
    attribute_token,
    category_token,
    category_tokens,
    cut,
    fold,
    name_token,
    number_token,
    ordered_hex,
    price_steps,
    steps_at,
    token,
    whole,
)

texts = st.text(max_size=60)
finite = st.floats(allow_nan=False, allow_infinity=False)


@given(texts)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(whole(text))) == fold(whole(text))


@given(texts)
def test_case_width_and_outer_spaces_do_not_count(text: str) -> None:
    assert fold(f"  {whole(text).casefold()}\t") == fold(whole(text))


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30))
def test_full_width_letters_are_plain_ones(text: str) -> None:
    assert fold("".join(chr(ord(character) + 0xFEE0) for character in text)) == fold(text)


def test_marks_fall_from_latin_letters_only() -> None:
    assert fold("ÀÉÎÕÜ Çñ Ł ø Æ") == "aeiou cn l o ae"
    assert fold("Ạ̈") == "a"
    assert fold("がぎ") != fold("かき")
    assert fold("दिल्ली") != fold("दलल")
    assert fold("йод") != fold("иод")


@given(texts)
def test_whole_text_can_be_encoded_and_is_left_alone_when_it_could(text: str) -> None:
    assert whole(text).encode().decode() == whole(text)
    if not any(0xD800 <= ord(character) <= 0xDFFF for character in text):
        assert whole(text) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=TOKEN_CAP + 1, max_size=TOKEN_CAP + 50), texts)
def test_a_long_token_keeps_its_beginning_and_its_difference(text: str, more: str) -> None:
    assert len(cut(text)) == TOKEN_CAP
    assert cut(text)[:100] == text[:100]
    assert (cut(text) == cut(text + whole(more))) == (more == "")


@given(finite, finite)
def test_hex_digits_sort_as_numbers_do(left: float, right: float) -> None:
    assert (ordered_hex(left) < ordered_hex(right)) == (left < right)
    assert (ordered_hex(left) == ordered_hex(right)) == (left == right)
    assert len(ordered_hex(left)) == 16


@given(finite)
def test_the_next_number_is_the_next_token(value: float) -> None:
    assert number_token("n", value) < number_token("n", math.nextafter(value, math.inf)) <= number_token("n", math.inf) < "n#g"


@given(texts, texts, texts, texts)
def test_tokens_of_different_attributes_never_meet(name: str, value: str, other: str, else_value: str) -> None:
    same = attribute_token(name, value) == attribute_token(other, else_value)
    assert same == (token(name) == token(other) and token(value) == token(else_value)) or len(name + other) > TOKEN_CAP / 3
    assert "=" not in name_token(name)
    assert "#" not in name_token(name)


def test_numbers_texts_and_truth_values_meet_where_people_expect_it() -> None:
    assert attribute_token("Size", "42") == attribute_token("size", 42.0) == "size=42"
    assert attribute_token("a", True) == attribute_token("a", "TRUE")
    assert attribute_token("a", 0.1) == "a=0.1"
    assert attribute_token("a", -0.0) == attribute_token("a", 0.0)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters=">"), max_size=10), max_size=4).map(tuple))
def test_every_beginning_of_a_path_and_every_level_is_found(path: tuple[str, ...]) -> None:
    levels = [level for level in path if level.strip()]
    tokens = category_tokens(path)
    assert len(tokens) == len(set(tokens))
    for depth in range(1, len(levels) + 1):
        assert category_token(">".join(levels[:depth])) in tokens
        assert category_token(f" {levels[depth - 1]} ") in tokens


@given(st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_a_price_is_found_by_its_decimal_figure(minor: int, currency: str) -> None:
    digits = {"EUR": 2, "JPY": 0, "KWD": 3}[currency]
    figure = float(Decimal(minor).scaleb(-digits))
    steps = price_steps(Money(minor, currency))
    assert steps_at(figure, PRICE_SCALE, up=True) == steps == steps_at(figure, PRICE_SCALE, up=False)
    assert round(steps / PRICE_SCALE * PRICE_SCALE) == steps


@given(st.floats(-1e11, 1e11), st.sampled_from([1, 100, PRICE_SCALE]))
def test_steps_enclose_the_figure(value: float, scale: int) -> None:
    up, down = steps_at(value, scale, up=True), steps_at(value, scale, up=False)
    assert Decimal(down) <= Decimal(repr(value)) * scale <= Decimal(up)
    assert up - down in (0, 1)
