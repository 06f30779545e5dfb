"""Whatever a text holds, its words cover it, in order, and their values speak of them alone."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from indexer.explain.words import leave_one_out, words_of
from indexer.text import segmenter

TEXTS = st.text(alphabet=st.sampled_from("ab Z9-,.!()黑色鞋的ランい 　é🛋"), max_size=40)


@given(TEXTS)
def test_words_cover_all_but_the_spaces(text: str) -> None:
    words = words_of(text, segmenter())
    assert "".join(text[word.start : word.end] for word in words) == "".join(text.split())
    assert all(before.end <= after.start for before, after in itertools.pairwise(words))
    assert all(word.text and word.text in text[word.start : word.end] for word in words)


@given(TEXTS)
def test_values_of_a_sum_are_its_addends(text: str) -> None:
    def letters(texts: object) -> list[float]:
        return [float(sum(map(len, one.split()))) for one in texts]  # type: ignore[attr-defined]

    words = words_of(text, segmenter())
    found = leave_one_out(text, words, letters)
    assert found.values == tuple(float(word.end - word.start) for word in words)
    assert found.gap == 0
