"""The plan by hand: what it asks for in which order, and what it makes of the answers. No store, no encoder, no clock."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest

from indexer.encoders import QueryRows
from indexer.errors import EmptyIndex, EncoderMismatch, IndexerError, QueryError, StoreError, StoreUnavailable, UnknownField
from indexer.read.assemble import Kit
from indexer.read.needs import Ask, Describe, Encode, Got, Need
from indexer.read_plan import MOVES, plan
from indexer.records import Answer, Filter, Product, Query, Term
from indexer.settings import SearchSettings
from indexer.store.base import ExactLeg, Found, LegAnswer, LexicalLeg, VectorLeg
from indexer.store.identity import Description, Identity

IDENTITY = Identity(ledger="l", text="t", photo="p", fusion="f", width=2)
UNIT = np.array([1.0, 0.0], dtype=np.float32)
ROW = QueryRows(UNIT, {"text": UNIT})
SETTINGS = SearchSettings(depth=7, enough=0, bound="all", lexical_weight=0.5)


def described(*, index: str = "products-000001", products: int = 3, attributes: tuple[str, ...] = ("colour",)) -> Description:
    return Description(index=index, identity=IDENTITY, products=products, attributes=attributes)


def leg(*found: tuple[str, float], index: str = "products-000001") -> LegAnswer:
    products = (Found(id=id_, score=score, read=partial(Product, id=id_, title=id_, attributes={"colour": id_})) for id_, score in found)
    return LegAnswer(found=tuple(products), index=index)


def accept(description: Description) -> None:
    """Any encoder will do."""


def kit(settings: SearchSettings = SETTINGS, check: Callable[[Description], None] = accept) -> Kit:
    return Kit(defaults=settings, check=check, floors=lambda *_: (0.0, 0.0), moment=0)


def run(
    query: Query,
    answers: Sequence[Got | IndexerError],
    *,
    settings: SearchSettings = SETTINGS,
    check: Callable[[Description], None] = accept,
) -> tuple[list[Need], Answer]:
    """Send the answers in order; what was needed, and the Answer. All answers must be used up."""
    steps = plan(query, kit(settings, check))
    needs = [next(steps)]
    for number, got in enumerate(answers, 1):
        try:
            needs.append(steps.throw(got) if isinstance(got, IndexerError) else steps.send(got))
        except StopIteration as end:
            assert number == len(answers)
            answer: Answer = end.value
            return needs, answer
    raise AssertionError(f"needs more: {needs[-1]}")


def kinds(needs: list[Need]) -> list[str]:
    return [type(need).__name__ for need in needs]


def asked(need: Need) -> tuple[object, ...]:
    assert isinstance(need, Ask)
    return need.legs


def test_blend_asks_both_legs_at_once_with_one_depth() -> None:
    filters = (Filter("brand", "eq", ("Acme",)),)
    for page, per_page in ((1, 1), (3, 50)):
        query = Query(text=" blue  sofa ", filters=filters, page=page, per_page=per_page)
        needs, _ = run(query, [described(), ROW, [leg(("a", 2.0)), leg(("b", 0.5))]])
        assert kinds(needs) == ["Describe", "Encode", "Ask"]
        lexical, vector = asked(needs[2])
        assert lexical == LexicalLeg(text="blue sofa", filters=filters, size=7, step=0)
        assert isinstance(vector, VectorLeg)
        assert (vector.filters, vector.size) == (filters, 7)
        assert vector.row is UNIT


def test_blend_by_hand() -> None:
    legs = [leg(("mug", 10.0), ("cup", 6.0), ("jug", 2.0)), leg(("cup", 0.9), ("pot", 0.7), ("jug", 0.5))]
    _, answer = run(Query(text="x", facets=("colour",)), [described(), ROW, legs])
    assert [hit.id for hit in answer.hits] == ["cup", "mug", "pot", "jug"]
    assert answer.hits[0].score == pytest.approx(1 / 2 * 1 / 2 + 1 / 2)
    assert answer.hits[1].terms == (Term("lexical", 0.5, 10.0, 0.5),)
    assert answer.total == 4
    assert [value.value for value in answer.facets["colour"]] == ["cup", "jug", "mug", "pot"]
    assert (answer.strategy, answer.blend, answer.page, answer.per_page) == ("msearch", "min_max", 1, 24)


def test_the_constant_of_rrf_comes_from_the_settings() -> None:
    settings = SearchSettings(rrf_constant=1, lexical_weight=0.25, enough=0, bound="all")
    _, answer = run(Query(text="x", blend="rrf"), [described(), ROW, [leg(("a", 2.0), ("b", 1.0)), leg(("b", 0.5))]], settings=settings)
    assert {hit.id: hit.score for hit in answer.hits} == pytest.approx({"a": 1 / 4, "b": 1 / 4 * 2 / 3 + 3 / 4})


def test_rerank_asks_the_exact_cosine_of_the_lexical_candidates() -> None:
    query = Query(text="x", strategy="rescore")
    needs, answer = run(query, [described(), ROW, [leg(("a", 2.0), ("b", 1.0), ("c", 0.0))], [leg(("b", 0.9), ("a", 0.1))]])
    assert kinds(needs) == ["Describe", "Encode", "Ask", "Ask"]
    assert [type(one) for one in asked(needs[2])] == [LexicalLeg]
    (exact,) = asked(needs[3])
    assert isinstance(exact, ExactLeg)
    assert exact.ids == ("a", "b", "c")
    assert {hit.id: hit.score for hit in answer.hits} == pytest.approx({"b": 1 / 2 * 1 / 2 + 1 / 2, "a": 1 / 2, "c": 0})


def test_rerank_of_nothing_asks_no_second_time() -> None:
    needs, answer = run(Query(text="x", strategy="rescore"), [described(), ROW, [leg()]])
    assert kinds(needs) == ["Describe", "Encode", "Ask"]
    assert (answer.hits, answer.total) == ((), 0)


def test_the_lexical_strategy_never_runs_a_model() -> None:
    needs, _ = run(Query(text="x", strategy="lexical"), [described(), [leg(("a", 2.0))]])
    assert kinds(needs) == ["Describe", "Ask"]


def test_a_photo_alone_asks_the_vector_only_and_hands_its_bytes_on() -> None:
    needs, answer = run(Query(photo=b"bytes", photo_weight=3), [described(), ROW, [leg(("a", 0.5))]])
    assert isinstance(needs[1], Encode)
    assert (needs[1].photo, needs[1].text, needs[1].photo_weight) == (b"bytes", "", 3)
    assert [type(one) for one in asked(needs[2])] == [VectorLeg]
    assert answer.strategy == "vector"


def test_browsing_asks_the_filters_only_and_stands_by_id() -> None:
    needs, answer = run(Query(per_page=2), [described(), [leg(("b", 0.0), ("a", 0.0), ("c", 0.0))]])
    assert asked(needs[1]) == (LexicalLeg(text="", filters=(), size=7),)
    assert [(hit.id, hit.score, hit.terms) for hit in answer.hits] == [("a", 0.0, ()), ("b", 0.0, ())]
    assert answer.total == 3


def test_a_text_without_direction_is_answered_by_its_words() -> None:
    needs, answer = run(Query(text="!"), [described(), None, [leg(("a", 2.0))]])
    assert [type(one) for one in asked(needs[2])] == [LexicalLeg]
    assert answer.strategy == "lexical"


@pytest.mark.parametrize("query", [Query(text="!", strategy="vector"), Query(photo=b"x")])
def test_without_words_to_fall_back_on_it_says_so(query: Query) -> None:
    with pytest.raises(QueryError, match="sees nothing"):
        run(query, [described(), None])


def test_a_page_beyond_the_candidates_is_empty_and_keeps_the_total() -> None:
    _, answer = run(Query(text="x", page=9, facets=("colour",)), [described(), ROW, [leg(("a", 2.0)), leg(("b", 0.5))]])
    assert answer.hits == ()
    assert answer.total == 2
    assert len(answer.facets["colour"]) == 2


@pytest.mark.parametrize("query", [Query(page=0), Query(per_page=0), Query(text="x", text_weight=-1), Query(text="x" * 600)])
def test_a_wrong_query_is_refused_before_anything_is_asked(query: Query) -> None:
    with pytest.raises(QueryError):
        next(plan(query, kit()))


def test_an_empty_index_is_told_with_its_cure_after_a_second_look() -> None:
    with pytest.raises(EmptyIndex, match="fusedex feed FILE"):
        run(Query(text="x"), [described(products=0), described(products=0)])


@pytest.mark.parametrize("stale", [described(products=0), described(attributes=())], ids=["empty", "without the attribute"])
def test_a_stale_description_is_read_anew_before_it_is_believed(stale: Description) -> None:
    query = Query(filters=(Filter("colour", "eq", ("red",)),))
    needs, answer = run(query, [stale, described(), [leg(("a", 0.0))]])
    assert needs[:2] == [Describe(fresh=False), Describe(fresh=True)]
    assert answer.total == 1


def test_an_unknown_field_is_refused_after_a_second_look() -> None:
    with pytest.raises(UnknownField, match="Did you mean 'colour'"):
        run(Query(facets=("color",)), [described(), described()])


def test_an_encoder_that_does_not_fit_is_refused_after_a_second_look() -> None:
    seen: list[Identity] = []

    def refuse(description: Description) -> None:
        seen.append(description.identity)
        raise EncoderMismatch("other parts")

    with pytest.raises(EncoderMismatch):
        run(Query(text="x"), [described(), described()], check=refuse)
    assert seen == [IDENTITY, IDENTITY]


def test_an_alias_that_moved_is_described_and_asked_again_without_encoding_again() -> None:
    moved = [leg(("a", 2.0), index="products-000002"), leg(("b", 0.5), index="products-000002")]
    needs, answer = run(Query(text="x"), [described(), ROW, moved, described(index="products-000002"), moved])
    assert kinds(needs) == ["Describe", "Encode", "Ask", "Describe", "Ask"]
    assert needs[3] == Describe(fresh=True)
    assert answer.total == 2


def test_legs_that_two_indices_answered_are_not_mixed() -> None:
    torn = [leg(("a", 2.0)), leg(("b", 0.5), index="products-000002")]
    whole = [leg(("c", 2.0), index="products-000002"), leg(("d", 0.5), index="products-000002")]
    _, answer = run(Query(text="x"), [described(), ROW, torn, described(index="products-000002"), whole])
    assert sorted(hit.id for hit in answer.hits) == ["c", "d"]


def test_an_alias_that_moves_between_candidates_and_rerank_starts_over() -> None:
    new = "products-000002"
    answers: list[Got] = [described(), ROW, [leg(("a", 2.0))], [leg(("a", 0.9), index=new)], described(index=new)]
    answers += [[leg(("b", 2.0), index=new)], [leg(("b", 0.9), index=new)]]
    _, answer = run(Query(text="x", strategy="rescore"), answers)
    assert [hit.id for hit in answer.hits] == ["b"]


def test_an_alias_moved_to_an_index_of_other_encoders_is_refused() -> None:
    def only_first(description: Description) -> None:
        if description.identity.text != "t":
            raise EncoderMismatch("other parts")

    other = Description(
        index="products-000002", identity=Identity(ledger="l", text="new", photo="p", fusion="f", width=2), products=3, attributes=()
    )
    moved = [leg(("a", 2.0), index="products-000002"), leg(index="products-000002")]
    with pytest.raises(EncoderMismatch):
        run(Query(text="x"), [described(), ROW, moved, other, other], check=only_first)


def test_an_alias_moved_to_an_index_of_known_encoders_is_asked_with_a_row_of_its_own() -> None:
    other = Description(
        index="products-000002", identity=Identity(ledger="l", text="new", photo="p", fusion="f", width=2), products=3, attributes=()
    )
    moved = [leg(("a", 2.0), index="products-000002"), leg(("a", 0.5), index="products-000002")]
    refused = StoreError("the vector has another width")
    needs, answer = run(Query(text="x"), [described(), ROW, refused, other, ROW, moved])
    assert kinds(needs) == ["Describe", "Encode", "Ask", "Describe", "Encode", "Ask"]
    assert [need.identity.text for need in needs if isinstance(need, Encode)] == ["t", "new"]
    assert [hit.id for hit in answer.hits] == ["a"]


def test_a_refusal_by_the_engine_is_told_as_it_is_where_the_index_is_the_same() -> None:
    refusal = StoreError("OpenSearch answered 400.")
    with pytest.raises(StoreError) as caught:
        run(Query(text="x"), [described(), ROW, refusal, described()])
    assert caught.value is refusal


def test_a_refusal_by_an_index_that_came_meanwhile_is_asked_again() -> None:
    new = "products-000002"
    answers: list[Got | IndexerError] = [
        described(),
        ROW,
        StoreError("wrong dimension"),
        described(index=new),
        [leg(("a", 2.0), index=new), leg(index=new)],
    ]
    _, answer = run(Query(text="x"), answers)
    assert [hit.id for hit in answer.hits] == ["a"]


def test_an_engine_that_does_not_answer_is_not_asked_again() -> None:
    with pytest.raises(StoreUnavailable, match="no connection"):
        run(Query(text="x"), [described(), ROW, StoreUnavailable("no connection")])


def test_an_alias_that_will_not_stand_still_is_given_up() -> None:
    answers: list[Got] = [described(), ROW]
    for number in range(MOVES):
        answers += [[leg(index=f"products-{number + 2}"), leg(index=f"products-{number + 2}")], described()]
    with pytest.raises(StoreUnavailable, match="3 times"):
        run(Query(text="x"), answers)


@pytest.mark.parametrize(
    ("answers", "told"),
    [([ROW], "Describe is answered"), ([described(), described()], "Encode is answered"), ([described(), ROW, None], "Ask is answered")],
)
def test_a_driver_that_sends_the_wrong_thing_is_told(answers: list[Got], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        run(Query(text="x"), answers)
