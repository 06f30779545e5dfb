"""Where an answer ends, by hand."""

import pytest

from indexer.rank.blend import Ranked
from indexer.rank.boundary import bounded
from indexer.rank.rules import SOLD_OUT
from indexer.records import Bound, Term


def scored(*scores: float) -> list[Ranked]:
    return [Ranked(str(number), score, (Term("lexical", score, score, 1.0),)) for number, score in enumerate(scores)]


def found(id_: str, **raw: float) -> Ranked:
    return Ranked(id_, 0.0, tuple(Term(name, 0.0, figure, 0.5) for name, figure in raw.items()))


def kept(ranked: list[Ranked], kind: Bound, *, min_cosine: float = 0.5, top: int = 2) -> tuple[str, float | None]:
    inside, limit = bounded(ranked, kind=kind, min_cosine=min_cosine, top=top)
    return "".join(one.id for one in inside), limit


def test_all_ends_nowhere() -> None:
    assert kept(scored(0.9, 0.1, 0.0), "all") == ("012", None)


def test_by_score_words_or_a_near_vector_are_needed() -> None:
    ranked = [
        found("a", lexical=0.01, vector=-0.9),
        found("b", vector=0.49),
        found("c", vector=0.5),
        found("d", extra=0.0),
        found("e", vector=0.1, code=1.0),
        found("f"),
    ]
    assert kept(ranked, "score") == ("acdef", 0.5)
    assert kept(ranked, "score", min_cosine=-1.0)[0] == "abcdef"


def test_by_score_a_rules_term_finds_nothing() -> None:
    ranked = [found("a", vector=0.2, **{SOLD_OUT: 0.0}), found("b", lexical=1.0, **{SOLD_OUT: 0.0}), found("c", **{SOLD_OUT: 0.0})]
    assert kept(ranked, "score")[0] == "bc"


def test_a_nonsense_query_has_no_relevant_product() -> None:
    assert kept([found("a", vector=0.2), found("b", vector=0.1)], "score") == ("", 0.5)


@pytest.mark.parametrize(
    ("scores", "inside", "limit"),
    [
        ((1.0, 0.9, 0.8, 0.75, 0.2, 0.1), "0123", 0.55),
        ((1.0, 0.2, 0.19, 0.18, 0.17), "01234", None),
        ((1.0, 0.9, 0.8, 0.3, 0.2), "012", 0.5),
        ((1.0, 0.75, 0.5, 0.25, 0.0), "012", 0.25),
        ((0.5, 0.5, 0.5, 0.5), "0123", None),
        ((0.0, 0.0, 0.0, 0.0), "0123", None),
        ((1.0, 0.0, 0.0), "012", None),
        ((1.0, 1.0, 1.0, 0.5, 0.0), "012", 0.5),
        ((), "", None),
        (tuple(1 - number / 5 for number in range(6)), "012345", None),
    ],
)
def test_a_gap_is_the_widest_drop_behind_the_first_three_if_it_is_wide(scores: tuple[float, ...], inside: str, limit: float | None) -> None:
    ids, drop = kept(scored(*scores), "gap")
    assert (ids, drop) == (inside, limit if limit is None else pytest.approx(limit))


def test_top_is_the_first_so_many() -> None:
    assert kept(scored(0.9, 0.5, 0.4), "top", top=2) == ("01", 2.0)
    assert kept(scored(0.9), "top", top=5) == ("0", 5.0)
