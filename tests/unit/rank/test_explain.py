"""Explanations: lines that say in words where a score comes from, and figures that add up."""

import doctest
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.rank import explain
from indexer.rank.blend import Ranked, Ranking, blended
from indexer.rank.explain import OTHER, REST, explained, field_in_words
from indexer.rank.order import in_stock_first
from indexer.rank.rules import SOLD_OUT
from indexer.records import Addend, Blend, Term

BLENDS: tuple[Blend, ...] = ("min_max", "z_score", "l2", "rrf")
SCORES = {"a": 7.31, "b": 12.4, "c": 1.0}
COSINES = {"a": 0.8, "b": 0.3, "d": -0.2}
NAMES = ["title", "title.cjk", "title.prefix", "title.prefix._2gram", "brand.words", "zh_title", "popularity", "other", "made_up.cjk"]
ids = st.sampled_from("abcdefg")


def test_the_examples_in_docstrings_hold() -> None:
    result = doctest.testmod(explain)
    assert result.attempted > 0
    assert result.failed == 0


def of(lines: tuple[Addend, ...], depth: int) -> list[float]:
    return [line.figure for line in lines if line.depth == depth]


def test_the_photos_alone_have_a_line_of_their_own() -> None:
    rankings = [Ranking("lexical", 0.5, SCORES), Ranking("photos", 0.2, {"a": 0.5, "b": 0.9}), Ranking("vector", 0.3, COSINES)]
    for one in blended(rankings, blend="min_max"):
        lines = explained(one, blend="min_max", fields={}, parts={"text": 0.8})
        assert sum(of(lines, 1)) == one.score
        assert (any("nearness of the photos alone: cosine" in line.what for line in lines)) == (one.id in "ab")
        assert [line.what for line in lines if line.depth == 2] == (["cosine: the text"] if one.id in COSINES else [])


def test_a_hybrid_hit_is_told_in_words() -> None:
    ranked = blended([Ranking("lexical", 0.5, SCORES), Ranking("vector", 0.5, COSINES)], blend="min_max")
    one = next(one for one in ranked if one.id == "a")
    lines = explained(
        one, blend="min_max", fields={"description": 1.31, "title": 4.0, "title.cjk": 2.0}, parts={"text": 0.8, "like p17": 0.4}
    )
    assert [(line.depth, line.what) for line in lines] == [
        (0, "score, the sum of what follows"),
        (1, "words: BM25 7.31 gives a share of 0.55 by where it lies between the weakest and the best, times weight 0.5"),
        (2, "title, by words"),
        (2, "title, by characters"),
        (2, "description, by words"),
        (1, "nearness: cosine 0.80 gives a share of 1.00 by where it lies between the weakest and the best, times weight 0.5"),
        (2, "cosine: the text"),
        (2, "cosine: like p17"),
    ]
    assert of(lines, 0) == [one.score]
    assert of(lines, 2) == [4.0, 2.0, 1.31, 0.8, 0.4]


@given(
    st.dictionaries(ids, st.floats(0, 1e4), min_size=1),
    st.dictionaries(ids, st.floats(-1, 1)),
    st.floats(0, 1),
    st.sampled_from(BLENDS),
    st.sets(ids),
)
def test_the_terms_add_up_to_the_score(
    lexical: dict[str, float], cosines: dict[str, float], weight: float, blend: Blend, sold_out: set[str]
) -> None:
    ranked = blended([Ranking("lexical", weight, lexical), Ranking("vector", 1 - weight, cosines)], blend=blend)
    ranked = in_stock_first(ranked, lambda id_: 0 if id_ in sold_out else 3, reach=0.1)
    for one in ranked:
        lines = explained(one, blend=blend, fields={}, parts={})
        assert lines[0] == Addend(0, lines[0].what, one.score)
        assert math.isclose(sum(of(lines, 1)), one.score, abs_tol=1e-15)
        assert len(of(lines, 1)) == len(one.terms)
        assert of(lines, 2) == []


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 500, width=32), min_size=1), st.floats(-1e-6, 1e-6) | st.floats(0, 50))
def test_the_fields_add_up_to_bm25(fields: dict[str, float], more: float) -> None:
    raw = math.fsum(fields.values()) + more
    one = Ranked("p1", 0.4, (Term("lexical", 0.4, raw, 0.8),))
    under = [line for line in explained(one, blend="rrf", fields=fields, parts={}) if line.depth == 2]
    assert abs(math.fsum(line.figure for line in under) - raw) <= REST
    known = [line for line in under if line.what != OTHER]
    assert [line.figure for line in known] == sorted((line.figure for line in known), reverse=True)
    assert all(line.figure > 0 for line in known)
    assert len({line.what for line in under}) == len(under)


def test_a_difference_of_float32_has_no_line_and_a_larger_one_has() -> None:
    for raw, more in [(7.310003, []), (7.41, [OTHER])]:
        one = Ranked("p1", 0.5, (Term("lexical", 0.5, raw, 1.0),))
        lines = explained(one, blend="min_max", fields={"title": 7.31}, parts={})
        assert [line.what for line in lines if line.depth == 2] == ["title, by words", *more]


def test_fields_and_parts_stand_under_their_own_term_only() -> None:
    one = Ranked("p1", 0.5, (Term("vector", 0.5, 0.7, 1.0),))
    assert of(explained(one, blend="rrf", fields={"title": 3.0}, parts={"photo": 0.7}), 2) == [0.7]
    one = Ranked("p1", 0.5, (Term("lexical", 0.5, 3.0, 1.0),))
    assert of(explained(one, blend="rrf", fields={"title": 3.0}, parts={"photo": 0.7}), 2) == [3.0]


@pytest.mark.parametrize("blend", BLENDS)
def test_each_blend_says_how_it_makes_shares(blend: Blend) -> None:
    one = Ranked("p1", 0.25, (Term("lexical", 0.25, 3.0, 0.5),))
    told = {explained(one, blend=other, fields={}, parts={})[1].what for other in BLENDS}
    assert len(told) == len(BLENDS)
    assert "a share of 0.50 by" in explained(one, blend=blend, fields={}, parts={})[1].what


def test_rules_and_other_terms_are_told_as_they_are() -> None:
    terms = (Term("lexical", 0.0, 3.0, 0.0), Term("own_leg", 0.5, 2.0, 1.0), Term(SOLD_OUT, -0.1, 0.0, 0.1))
    lines = explained(Ranked("p1", 0.4, terms), blend="rrf", fields={}, parts={})
    assert [line.what for line in lines[1:]] == [
        "words: BM25 3.00 has no weight",
        "own leg: score 2.00 gives a share of 0.50 by its rank, times weight 1",
        "sold out: put back by at most 0.1",
    ]
    assert of(lines, 1) == [0.0, 0.5, -0.1]


@pytest.mark.parametrize("field", NAMES)
def test_a_field_is_called_by_words(field: str) -> None:
    told = field_in_words(field)
    assert told
    assert "_" not in told
    assert "." not in told
