"""Tuning over a store in memory: the known best is found, honestly, and what it can't do is said."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from indexer.errors import EvaluationError, SettingsError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.evaluate.remember import Searches
from indexer.evaluate.space import Range, Space, Values, default_space
from indexer.evaluate.trials import Goal, Method
from indexer.evaluate.tune import TuneHow, Tuning, tune
from indexer.evaluate.tuned import evidence, evidence_json
from indexer.settings import SearchSettings
from indexer.store.base import Leg, LegAnswer, LexicalLeg
from indexer.store.memory import MemoryStore
from tests.unit.evaluate.tune_shop import BEST, CURRENT, WEIGHTS, encoders, searches, shop

Shop = tuple[MemoryStore, Judgments, tuple[Topic, ...]]


@pytest.fixture(scope="module")
def filled() -> Shop:
    return shop()


def tuned(filled: Shop, how: TuneHow | None = None, *, space: Space = WEIGHTS, current: SearchSettings = CURRENT) -> Tuning:
    store, judgments, topics = filled
    return tune(searches(store), (judgments, topics), (space, current), how=how or TuneHow())


def test_the_known_best_weight_is_found_and_shown(filled: Shop) -> None:
    found = tuned(filled)
    assert found.chosen.lexical_weight == BEST
    assert found.winner.mean == 1.0
    assert found.changed
    assert found.shown
    assert found.verdict().startswith("Better, shown on queries that no trial saw: nDCG@10 (full view) +0.185")
    assert [fold.choice.lexical_weight for fold in found.folds] == [BEST] * 5
    assert found.nested.mean == pytest.approx(found.winner.mean - found.trials[0].mean)
    assert len(found.split.held) == 12
    assert len(found.trials) == 9, "the current weight is one of the grid's"
    assert found.held.topics == tuple(one for one in filled[2] if one.id in found.split.held)


def test_bayesian_search_finds_it_too_in_a_range(filled: Shop) -> None:
    space = Space(
        (Range("lexical_weight", 0.0, 0.8, whole=False), Range("rrf_constant", 1, 100, whole=True), Values("bound", ("all", "top")))
    )
    found = tuned(filled, TuneHow(method="bayes", trials=25), space=space)
    assert 0.444 < found.chosen.lexical_weight < 0.584
    assert isinstance(found.chosen.rrf_constant, int)
    assert found.trials[0].settings == CURRENT
    assert found.winner.mean == 1.0


@pytest.mark.parametrize("method", ["grid", "bayes"])
def test_the_same_seed_gives_the_same_bytes(filled: Shop, method: Method) -> None:
    store, judgments, topics = filled
    how = TuneHow(method=method, trials=8, seed=3)
    first = evidence_json(tuned(filled, how, space=default_space()))
    other = tune(searches(store), (judgments, topics[::-1]), (default_space(), CURRENT), how=how)
    assert evidence_json(other) == first
    assert evidence_json(tuned(filled, replace(how, seed=4), space=default_space())) != first


class Listening:
    """A store that remembers the words it was asked for, and says that it knows no others than its own."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.describe, self.open_point, self.close = store.describe, store.open_point, store.close
        self.texts: list[str] = []

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        self.texts += [leg.text for leg in legs if isinstance(leg, LexicalLeg)]
        return self._store.ask(legs, point=point)


def test_held_out_queries_are_not_asked_before_the_end(filled: Shop) -> None:
    store, judgments, topics = filled
    listening = Listening(store)
    before: list[set[str]] = []
    searched = Searches(listening, encoders(), photo_pixels=1)
    found = tune(
        searched,
        (judgments, topics),
        (WEIGHTS, CURRENT),
        how=TuneHow(),
        on_trial=lambda _: before.append(set(listening.texts)),
    )
    assert before[-1] == set(found.split.tuning)
    assert set(listening.texts) - before[-1] == set(found.split.held)


def test_other_judgments_of_the_held_out_queries_change_no_choice(filled: Shop) -> None:
    store, judgments, topics = filled
    found = tuned(filled)
    turned = {
        query: {id_: 1 - grade if query in found.split.held else grade for id_, grade in grades.items()}
        for query, grades in judgments.grades.items()
    }
    other = tune(searches(store), (Judgments(turned), topics), (WEIGHTS, CURRENT), how=TuneHow())
    assert other.chosen == found.chosen
    assert [one.mean for one in other.trials] == [one.mean for one in found.trials]
    assert other.nested == found.nested
    assert other.gain.mean < 0 < found.gain.mean
    assert other.verdict().startswith("Worse on queries that no trial saw")


def test_trials_that_only_blend_anew_cost_no_request(filled: Shop) -> None:
    found = tuned(filled, space=default_space())
    assert found.trials[0].requests >= len(found.split.tuning)
    assert [one.requests for one in found.trials[1:]] == [0] * 35
    deeper = tuned(filled, space=Space((Values("depth", (3, 4)), *WEIGHTS.axes)))
    assert sum(one.requests > 0 for one in deeper.trials) == 2, "another depth is asked once"
    assert deeper.chosen.depth == 3


def test_where_nothing_is_better_the_current_settings_stay(filled: Shop) -> None:
    best = CURRENT.model_copy(update={"lexical_weight": BEST})
    found = tuned(filled, current=best)
    assert not found.changed
    assert not found.shown
    assert found.chosen == best
    assert "they are kept" in found.verdict()
    assert (found.gain.mean, found.nested.mean) == (0.0, 0.0)
    outside = tuned(filled, current=best, space=Space((Values("lexical_weight", (0.0, 0.8)),)))
    assert outside.chosen == best, "settings outside the space take part too"


def test_of_equals_the_nearest_to_the_current_is_chosen(filled: Shop) -> None:
    space = Space((Values("lexical_weight", (0.46, 0.5, 0.54)),))
    assert tuned(filled, space=space).chosen.lexical_weight == 0.46
    high = CURRENT.model_copy(update={"lexical_weight": 0.9})
    assert tuned(filled, space=space, current=high).chosen.lexical_weight == 0.54


def test_a_gain_that_the_held_out_queries_do_not_show_is_not_called_proved() -> None:
    small = shop(12)
    found = tuned(small, TuneHow(holdout=0.2, folds=2))
    assert found.changed
    assert not found.shown
    assert found.verdict().startswith("A gain is not proved")
    assert evidence(found)["shown"] is False


@pytest.mark.parametrize("goal", [Goal("RR@10", "condensed"), Goal("P@10", "rerank"), Goal("R@100", "full")])
def test_other_goals(filled: Shop, goal: Goal) -> None:
    found = tuned(filled, TuneHow(goal=goal))
    measured = found.held.measured[0].mean(goal.view, goal.measure)
    assert found.gain.mean == pytest.approx(found.held.measured[1].mean(goal.view, goal.measure) - measured)
    assert found.trials[0].mean <= found.winner.mean


@pytest.mark.parametrize("goal", [Goal("Judged@10"), Goal("R@100", "rerank")])
def test_measures_that_tell_nothing_are_refused(filled: Shop, goal: Goal) -> None:
    with pytest.raises(EvaluationError, match="does not tell"):
        tuned(filled, TuneHow(goal=goal))


def test_too_few_queries_are_refused(filled: Shop) -> None:
    store, judgments, topics = filled
    few = Judgments({one.id: judgments.grades[one.id] if place < 9 else {"x": 0} for place, one in enumerate(topics)})
    with pytest.raises(EvaluationError, match="There are 9 queries with a relevant product"):
        tune(searches(store), (few, topics), (WEIGHTS, CURRENT), how=TuneHow())
    same = [replace(one, text="one text") for one in topics]
    with pytest.raises(EvaluationError, match="1 different queries give"):
        tune(searches(store), (judgments, same), (WEIGHTS, CURRENT), how=TuneHow())


def test_silence_and_foreign_ids_are_refused(filled: Shop) -> None:
    store, judgments, topics = filled
    silent = [replace(one, text=f"zz{one.text}zz") for one in topics]
    with pytest.raises(EvaluationError, match="No settings found anything for any of 28 queries"):
        tune(searches(store), (judgments, silent), (WEIGHTS, CURRENT.model_copy(update={"strategy": "lexical"})), how=TuneHow())
    foreign = Judgments({query: {f"x{id_}": grade for id_, grade in grades.items()} for query, grades in judgments.grades.items()})
    with pytest.raises(EvaluationError, match="No settings score above zero"):
        tune(searches(store), (foreign, topics), (WEIGHTS, CURRENT), how=TuneHow())


def test_a_query_that_is_refused_scores_zero_and_is_told(filled: Shop) -> None:
    store, judgments, topics = filled
    long = [replace(one, text=one.text * 200) if place < 2 else one for place, one in enumerate(topics)]
    found = tune(searches(store), (judgments, long), (WEIGHTS, CURRENT), how=TuneHow())
    held = [id_ for run in found.held.runs for id_ in run.refused]
    assert {*found.refused, *held} == {one.id for one in topics[:2]}
    assert found.winner.mean < 1.0 or set(held) == {one.id for one in topics[:2]}


class Broken(Listening):
    """A store whose vector leg fails."""

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        answers = super().ask(legs, point=point)
        return [
            one if isinstance(leg, LexicalLeg) else replace(one, found=(), error="no vectors today")
            for leg, one in zip(legs, answers, strict=True)
        ]


def test_an_answer_without_a_leg_ends_it(filled: Shop) -> None:
    store, judgments, topics = filled
    with pytest.raises(EvaluationError, match="no vectors today"):
        tune(Searches(Broken(store), encoders(), photo_pixels=1), (judgments, topics), (WEIGHTS, CURRENT), how=TuneHow())


@pytest.mark.parametrize(
    ("space", "error", "reason"),
    [
        (Space((Values("blend", ("rrf",)),)), EvaluationError, "one combination"),
        (Space((Values("depth", tuple(range(1, 1001))), Values("top", (1, 2, 3)))), EvaluationError, "3,000 combinations"),
        (Space((Range("lexical_weight", 0.0, 1.0, whole=False),)), SettingsError, "no steps"),
    ],
)
def test_spaces_with_nothing_or_too_much_to_try_are_refused(filled: Shop, space: Space, error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        tuned(filled, space=space)
