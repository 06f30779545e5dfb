"""Reranking by a model that is stored in the server: what the plan asks, what it makes of the scores, how it goes on without. By hand."""

import pytest

from indexer.errors import ModelUnavailable, StoreError, StoreUnavailable
from indexer.rank.blend import Ranked
from indexer.rank.explain import explained
from indexer.read.needs import Ask, Got
from indexer.read.rerankers import model_leg
from indexer.records import Query, Sort
from indexer.settings import SearchSettings
from indexer.store.base import Found, LegAnswer, LtrLeg
from tests.unit.read_path.test_plan import ROW, described, kinds, leg, run

SETTINGS = SearchSettings(
    enough=0, bound="all", lexical_weight=0.5, rerank="plugin", ltr_model="shop", ltr_store="s", rerank_depth=3, rerank_weight=0.5
)
LEGS = [leg(("a", 4.0), ("b", 3.0), ("c", 2.0), ("d", 1.0)), leg()]


def scored(*scores: tuple[str, float], error: str = "") -> LegAnswer:
    return LegAnswer(found=tuple(Found(id_, score, {}) for id_, score in scores), index="products-000001", error=error)


def answers(*more: Got | StoreError) -> list[Got | StoreError]:
    return [described(), ROW, LEGS, *more]


def test_the_best_hits_are_asked_for_by_their_ids() -> None:
    needs, _ = run(Query(text=" Oak  chair"), answers([scored(("a", 1.0))]), settings=SETTINGS)
    assert kinds(needs) == ["Describe", "Encode", "Ask", "Ask"]
    assert isinstance(needs[-1], Ask)
    assert needs[-1].legs == (LtrLeg(text="Oak chair", ids=("a", "b", "c"), model="shop", store="s"),)


def test_the_models_figures_put_them_in_order_and_terms_add_up() -> None:
    _, answer = run(Query(text="x"), answers([scored(("c", 7.0), ("b", -1.0), ("a", -9.0))]), settings=SETTINGS)
    assert [hit.id for hit in answer.hits] == ["c", "b", "a", "d"]
    assert not answer.degraded
    for hit in answer.hits:
        assert hit.score == sum(term.value for term in hit.terms)
    term = answer.hits[0].terms[-1]
    assert (term.name, term.value, term.raw, term.weight) == ("plugin", 0.5, 7.0, 0.5)
    lines = explained(Ranked("c", answer.hits[0].score, answer.hits[0].terms), blend="min_max", fields={}, parts={})
    assert lines[-1].what.startswith("the model in OpenSearch: score 7.00 gives a share of 1.00")


def test_a_product_that_is_gone_meanwhile_has_the_least() -> None:
    _, answer = run(Query(text="x"), answers([scored(("b", 5.0), ("c", 1.0))]), settings=SETTINGS)
    raw = {hit.id: term.raw for hit in answer.hits for term in hit.terms if term.name == "plugin"}
    assert raw == {"a": 1.0, "b": 5.0, "c": 1.0}


@pytest.mark.parametrize(
    "failure",
    [
        StoreError("The model 'shop' of the server can't score: unknown query [sltr]."),
        StoreUnavailable("The server is busy."),
        [scored(error="The model 'shop' of the server can't score: no such model.")],
        [scored()],
    ],
    ids=["refused", "away", "failed alone", "nothing"],
)
def test_without_it_the_order_stays_and_the_answer_says_so(failure: Got | StoreError) -> None:
    _, answer = run(Query(text="x"), answers(failure), settings=SETTINGS)
    assert [hit.id for hit in answer.hits] == ["a", "b", "c", "d"]
    (lack,) = answer.degraded
    assert lack.part == "rerank"
    assert lack.reason
    assert all(term.name != "plugin" for hit in answer.hits for term in hit.terms)


def test_a_model_that_is_not_named_is_told() -> None:
    settings = SETTINGS.model_copy(update={"ltr_model": ""})
    _, answer = run(Query(text="x"), answers(), settings=settings)
    assert [(lack.part, lack.reason) for lack in answer.degraded] == [("rerank", "No model of the server is named for reranking.")]
    with pytest.raises(ModelUnavailable) as caught:
        model_leg(settings, "x", ["a"])
    assert "FUSEDEX_SEARCH__LTR_MODEL" in caught.value.cure


@pytest.mark.parametrize("query", [Query(text="x", sort=(Sort("price"),)), Query(text="x", rerank="none")])
def test_what_is_sorted_or_says_otherwise_is_left_alone(query: Query) -> None:
    needs, answer = run(query, answers(), settings=SETTINGS)
    assert kinds(needs) == ["Describe", "Encode", "Ask"]
    assert not answer.degraded


def test_a_query_may_ask_for_it_where_the_settings_do_not() -> None:
    settings = SETTINGS.model_copy(update={"rerank": "none"})
    _, answer = run(Query(text="x", rerank="plugin"), answers([scored(("c", 1.0), ("a", 0.0))]), settings=settings)
    assert answer.hits[0].id == "c"
