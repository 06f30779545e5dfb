"""Fewer words must match where most of them find too little: what is asked, what is kept, and what each product's words weigh. By hand."""

from collections.abc import Mapping

import pytest

from indexer.rank.blend import Ranking, blended
from indexer.records import Hit, Query, Term
from indexer.settings import SearchSettings
from indexer.store.base import LegAnswer, LexicalLeg
from tests.unit.read_path.test_plan import ROW, asked, described, leg, run

SETTINGS = SearchSettings(depth=4, enough=3, bound="all", lexical_weight=0.8, partial_weight=0.5)


def by_id(hits: tuple[Hit, ...]) -> Mapping[str, Hit]:
    return {hit.id: hit for hit in hits}


def test_what_came_with_fewer_words_has_its_part_of_their_weight() -> None:
    first, relaxed = leg(("whole", 4.0)), leg(("loud", 9.0), ("whole", 4.0), ("faint", 1.0))
    needs, answer = run(Query(text="a b"), [described(), ROW, [first, leg(("near", 0.9), ("faint", 0.5))], [relaxed]], settings=SETTINGS)
    assert [one.step for need in needs[2:] for one in asked(need) if isinstance(one, LexicalLeg)] == [0, 1]
    hits = by_id(answer.hits)
    assert {id_: hit.partly for id_, hit in hits.items()} == {"whole": False, "loud": True, "faint": True, "near": False}
    assert hits["loud"].terms == (Term("lexical", 0.4, 9.0, 0.4),)
    assert hits["whole"].terms == (Term("lexical", 0.8 * (3 / 8), 4.0, 0.8),)
    assert hits["faint"].score == 0
    assert hits["near"].terms[0].weight == pytest.approx(0.2)


def test_without_a_vector_any_word_does_and_weighs_less_again() -> None:
    legs = [[leg()], [leg(("half", 2.0))], [leg(("half", 2.0), ("any", 2.0), ("other", 1.0))]]
    _, answer = run(Query(text="a b c", strategy="lexical"), [described(), *legs], settings=SETTINGS)
    assert {hit.id: hit.terms[0].weight for hit in answer.hits} == {"half": 0.5, "any": 0.25, "other": 0.25}
    assert [hit.id for hit in answer.hits] == ["half", "any", "other"]


def test_a_half_match_pushes_no_whole_one_out_of_a_full_leg() -> None:
    relaxed = leg(("l1", 9.0), ("l2", 8.0), ("l3", 7.0), ("l4", 6.0))  # the leg is full, and the whole match is not in it
    _, answer = run(Query(text="a b"), [described(), ROW, [leg(("whole", 1.0)), leg()], [relaxed]], settings=SETTINGS)
    assert sorted(hit.id for hit in answer.hits) == ["l1", "l2", "l3", "whole"]
    assert answer.boundary.capped


def test_a_leg_that_is_full_already_takes_nothing_in() -> None:
    settings = SETTINGS.model_copy(update={"depth": 2, "enough": 10})
    _, answer = run(
        Query(text="a b"), [described(), ROW, [leg(("a", 2.0), ("b", 1.0)), leg()], [leg(("c", 9.0), ("a", 2.0))]], settings=settings
    )
    assert [(hit.id, hit.partly) for hit in answer.hits] == [("a", False), ("b", False)]


def test_a_relaxed_leg_that_fails_leaves_what_was_found_and_says_so() -> None:
    failed = LegAnswer(found=(), index="products-000001", error="gone")
    _, answer = run(Query(text="a b"), [described(), ROW, [leg(("whole", 1.0)), leg()], [failed]], settings=SETTINGS)
    assert [hit.id for hit in answer.hits] == ["whole"]
    assert [(lack.part, lack.reason) for lack in answer.degraded] == [("lexical", "gone")]


def test_shards_that_failed_at_any_step_are_told() -> None:
    lost = LegAnswer(found=leg(("a", 2.0)).found, index="products-000001", shards_failed=1)
    _, answer = run(Query(text="a b"), [described(), ROW, [lost, leg()], [leg(("a", 2.0), ("b", 1.0))]], settings=SETTINGS)
    assert [lack.part for lack in answer.degraded] == ["shards"]


@pytest.mark.parametrize("blend", ["min_max", "z_score", "l2", "rrf"])
def test_easing_scales_the_words_term_and_nothing_else(blend: str) -> None:
    words, near = {"a": 3.0, "b": 2.0, "c": 1.0}, {"b": 0.9, "d": 0.1}
    plain = blended([Ranking("lexical", 0.8, words), Ranking("vector", 0.2, near)], blend=blend)  # type: ignore[arg-type]
    eased = blended([Ranking("lexical", 0.8, words, {"b": 0.25}), Ranking("vector", 0.2, near)], blend=blend)  # type: ignore[arg-type]
    before, after = ({one.id: {term.name: term for term in one.terms} for one in order} for order in (plain, eased))
    for id_, terms in after.items():
        for name, term in terms.items():
            factor = 0.25 if (id_, name) == ("b", "lexical") else 1.0
            assert term.value == pytest.approx(factor * before[id_][name].value)
            assert term.weight == pytest.approx(factor * before[id_][name].weight)
            assert term.raw == before[id_][name].raw
    assert all(one.score == sum(term.value for term in one.terms) for one in eased)


def test_with_all_of_the_weight_left_nothing_changes() -> None:
    legs = [[leg(("whole", 4.0)), leg(("near", 0.9))], [leg(("loud", 9.0), ("whole", 4.0))]]
    kept = SETTINGS.model_copy(update={"partial_weight": 1.0})
    _, answer = run(Query(text="a b"), [described(), ROW, *legs], settings=kept)
    assert answer.hits[0].id == "loud"
    assert by_id(answer.hits)["loud"].partly
