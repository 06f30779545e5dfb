"""Steps: what one finds, the next one finds too, and their shares are read as the server reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.store.lexical import STEPS, shares_of
from indexer.store.words import asked, findable, needed, score

WORDS = ("grey", "sofa", "table", "wooden", "lamp", "nike", "shoe", "沙发", "灰色", "连衣裙", "无线", "マウス", "무선", "the")
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


@pytest.mark.parametrize("kind", ["english", "zh", "pairs", "beside"])
def test_each_step_asks_for_no_more_than_the_one_before(kind: str) -> None:
    shares = [getattr(step, kind) for step in STEPS]
    for count in range(1, 60):
        wanted = [needed(count, share) for share in shares]
        assert wanted == sorted(wanted, reverse=True)
        assert 1 <= wanted[-1] <= wanted[0] <= count


@pytest.mark.parametrize("kind", ["english", "zh"])
def test_the_first_step_wants_most_words_and_the_last_any(kind: str) -> None:
    for count in range(1, 20):
        assert needed(count, getattr(shares_of(0), kind)) > count / 2 or count == 1
        assert needed(count, getattr(shares_of(2), kind)) == 1
    assert [needed(count, getattr(shares_of(0), kind)) for count in (1, 2)] == [1, 2]


@given(query=TEXTS, title=TEXTS)
def test_what_one_step_finds_the_next_one_finds_too(query: str, title: str) -> None:
    words, product = asked(query), findable({"title": title, "zh_title": " ".join(asked(title).zh)})
    found = [score(words, product, step) > 0 for step in (0, 1, 2)]
    assert found == sorted(found)
    assert score(words, product) == score(words, product, 1)
