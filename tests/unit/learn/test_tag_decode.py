"""Tags of a whole title: what may follow what, and that nothing likelier was left behind."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.learn.tag_decode import best_tags, with_known_edges
from indexer.learn.tag_labels import TAGS, spans_of
from indexer.learn.tag_values import LABELS

OUT, BEGIN, IN = (TAGS.index(tag) for tag in ("O", "B-size", "I-size"))


def scores(*words: dict[int, float]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Log-probabilities; tags that are not told have a thousandth."""
    return np.log(np.array([[one.get(tag, 0.001) for tag in range(len(TAGS))] for one in words], dtype=np.float32))


def test_no_words_have_no_tags() -> None:
    assert best_tags(np.zeros((0, len(TAGS)), dtype=np.float32)) == ()


def test_what_is_clear_stays() -> None:
    assert best_tags(scores({BEGIN: 0.9}, {IN: 0.9}, {OUT: 0.9})) == (BEGIN, IN, OUT)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (({BEGIN: 0.6, OUT: 0.4}, {IN: 0.45, OUT: 0.55}), (BEGIN, OUT)),  # allowed as it is: no wish for longer spans
        (({OUT: 0.6, BEGIN: 0.4}, {IN: 0.9, OUT: 0.1}), (BEGIN, IN)),  # an inside that is sure brings its beginning
        (({OUT: 0.9, BEGIN: 0.1}, {IN: 0.6, OUT: 0.4}), (OUT, OUT)),  # one that is not goes with it
    ],
)
def test_a_span_does_not_fall_apart(words: tuple[dict[int, float], ...], wanted: tuple[int, ...]) -> None:
    assert best_tags(scores(*words)) == wanted


def test_an_inside_never_follows_another_label() -> None:
    brand = TAGS.index("B-brand")
    assert best_tags(scores({brand: 0.95}, {IN: 0.6, BEGIN: 0.3})) == (brand, BEGIN)


def tags(told: str) -> tuple[int, ...]:
    return tuple(TAGS.index(tag) for tag in told.split())


@pytest.mark.parametrize(
    ("found", "hints", "wanted"),
    [
        ("B-colour B-colour O", "B-colour I-colour O", "B-colour I-colour O"),  # one colour of two words
        ("B-size O O", "B-size I-size O", "B-size I-size O"),  # a figure and its unit
        ("B-size I-size O", "O B-size I-size", "O B-size I-size"),
        ("O O O", "B-size I-size O", "O O O"),  # what the network leaves alone stays alone
        ("B-brand B-size O", "B-size I-size O", "B-brand B-size O"),  # another label's words are not taken
        ("B-brand O B-colour", "O O O", "B-brand O B-colour"),  # what only the network knows stays
        ("B-colour O O", "", "B-colour O O"),
    ],
)
def test_a_span_has_the_edges_that_the_dictionary_knows(found: str, hints: str, wanted: str) -> None:
    assert with_known_edges(tags(found), tags(hints)) == tags(wanted)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.floats(-8, 0), min_size=len(TAGS), max_size=len(TAGS)), min_size=1, max_size=3))
def test_it_is_the_best_of_all_that_are_allowed(rows: list[list[float]]) -> None:
    given_scores = np.array(rows, dtype=np.float32)
    found = best_tags(given_scores)
    assert spelt(found)
    best = max(sum(rows[at][tag] for at, tag in enumerate(tags)) for tags in product(range(len(TAGS)), repeat=len(rows)) if spelt(tags))
    assert sum(rows[at][tag] for at, tag in enumerate(found)) == pytest.approx(best, abs=1e-4)


def spelt(tags: tuple[int, ...]) -> bool:
    """Whether writing the spans out again gives the same tags."""
    again = [0] * len(tags)
    for span in spans_of(tags):
        begin = 1 + 2 * LABELS.index(span.label)
        again[span.start : span.end] = [begin, *[begin + 1] * (span.end - span.start - 1)]
    return again == list(tags)
