"""Whatever the text and the seed: the same again, never empty, digits kept, parts in order."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.learn.augment import CHANGES, Change, drop_parts, drop_words, noisy, typo

WORDS = [
    "black",
    "Running-shoes",
    "with",
    "3.5 mm",
    "3.5mm",
    "128GB",
    "C2383A",
    "黑色运动鞋",
    "T恤",
    "!",
    "&",
    "5",
    "kitchen",
    "R2-D2",
    "纯棉",
    "5公斤",
]
TEXTS = st.one_of(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), st.text(max_size=30))
SEEDS = st.integers(0, 2**31)
EVERY = pytest.mark.parametrize("change", [*CHANGES, noisy], ids=lambda change: change.__name__)


@EVERY
@given(text=TEXTS, seed=SEEDS)
def test_a_seed_decides(change: Change, text: str, seed: int) -> None:
    assert change(text, seed) == change(text, seed)


@EVERY
@given(text=TEXTS, seed=SEEDS)
def test_nothing_becomes_empty(change: Change, text: str, seed: int) -> None:
    assert bool(change(text, seed).strip()) == bool(text.strip())


@EVERY
@given(text=TEXTS, seed=SEEDS)
def test_figures_and_codes_stay(change: Change, text: str, seed: int) -> None:
    changed = change(text, seed)
    assert re.findall(r"\d+", changed) == re.findall(r"\d+", text)
    codes = {piece for piece in text.split() if piece in ("C2383A", "R2-D2")}
    assert codes <= set(changed.split())


@given(TEXTS, SEEDS)
def test_a_typo_is_one_slip(text: str, seed: int) -> None:
    assert abs(len(typo(text, seed)) - len(text)) <= 1


@given(TEXTS, SEEDS, st.floats(0, 1))
def test_dropped_words_leave_a_part_of_the_text(text: str, seed: int, share: float) -> None:
    left = iter(text.split())
    assert all(word in left for word in drop_words(text, seed, share=share).split())  # in order: each is found behind the last


@given(st.lists(st.integers(), unique=True), SEEDS, st.floats(0, 1))
def test_dropped_parts_leave_one_at_least(parts: list[int], seed: int, share: float) -> None:
    kept = drop_parts(parts, seed, share=share)
    assert kept == [part for part in parts if part in kept]
    assert bool(kept) == bool(parts)
