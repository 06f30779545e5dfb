"""What holds for every way of parting queries and choosing settings."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.evaluate.compare import EQUAL
from indexer.evaluate.folds import Split, split
from indexer.evaluate.measures import Floats
from indexer.evaluate.queries import Topic
from indexer.evaluate.space import Space, Values
from indexer.evaluate.trials import Method, Plan
from indexer.evaluate.tune import nested
from indexer.settings import SearchSettings

WEIGHTS = tuple(step / 10 for step in range(11))
SPACE = Space((Values("lexical_weight", WEIGHTS), Values("blend", ("min_max", "rrf"))))
CURRENT = SearchSettings(lexical_weight=0.3)
kinds = st.sampled_from(["", "head", "tail", "code"])
languages = st.sampled_from(["en", "zh"])
seeds = st.integers(0, 50)


@st.composite
def topics(draw: st.DrawFn, *, most: int = 40) -> list[Topic]:
    """Queries of several kinds and languages."""
    told = draw(st.lists(st.tuples(kinds, languages), min_size=10, max_size=most))
    return [Topic(id=f"q{place}", text=f"text {place}", kind=kind, language=language) for place, (kind, language) in enumerate(told)]


@given(asked=topics(), holdout=st.floats(0.1, 0.6), folds=st.integers(2, 4), seed=seeds)
def test_parts_are_disjoint_and_cover_all(asked: list[Topic], holdout: float, folds: int, seed: int) -> None:
    parts = split(asked, holdout=holdout, folds=folds, seed=seed)
    everything = [*parts.held, *parts.tuning]
    assert sorted(everything) == sorted(one.id for one in asked)
    assert len(set(everything)) == len(everything)
    assert abs(len(parts.held) - holdout * len(asked)) <= 0.5 + 1e-6
    sizes = [len(fold) for fold in parts.folds]
    assert len(sizes) == folds
    assert max(sizes) - min(sizes) <= 1
    for place, fold in enumerate(parts.folds):
        assert sorted((*parts.without(place), *fold)) == sorted(parts.tuning)


@given(asked=topics(), seed=seeds, data=st.data())
def test_parts_depend_on_the_seed_alone(asked: list[Topic], seed: int, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(asked))
    assert split(asked, holdout=0.3, folds=3, seed=seed) == split(shuffled, holdout=0.3, folds=3, seed=seed)


@given(seed=seeds)
def test_other_seeds_give_other_parts(seed: int) -> None:
    asked = [Topic(id=f"q{place}", text=f"text {place}") for place in range(60)]
    assert split(asked, holdout=0.3, folds=3, seed=seed).held != split(asked, holdout=0.3, folds=3, seed=seed + 1).held


@given(asked=topics(), seed=seeds)
def test_kinds_and_languages_are_alike_in_each_part(asked: list[Topic], seed: int) -> None:
    parts = split(asked, holdout=0.3, folds=3, seed=seed)
    for stratum in {(one.kind, one.language) for one in asked}:
        ids = {one.id for one in asked if (one.kind, one.language) == stratum}
        assert abs(len(ids & set(parts.held)) - 0.3 * len(ids)) < 1 + 1e-9
        inside = [len(ids & set(fold)) for fold in parts.folds]
        assert max(inside) - min(inside) <= 1


@given(asked=topics(), twins=st.integers(1, 9), seed=seeds)
def test_queries_of_one_text_stay_together(asked: list[Topic], twins: int, seed: int) -> None:
    doubled = asked + [Topic(id=f"twin{place}", text=f" TEXT  {place}", kind="head") for place in range(twins)]
    parts = split(doubled, holdout=0.3, folds=2, seed=seed)
    where = {id_: place for place, ids in enumerate((parts.held, *parts.folds)) for id_ in ids}
    assert len(where) == len(doubled)
    for place in range(twins):
        assert where[f"twin{place}"] == where[f"q{place}"]


class Table:
    """Figures by chance for settings and queries, which remembers what it was asked."""

    def __init__(self, ids: tuple[str, ...], seed: int, *, levels: int = 5) -> None:
        random = np.random.default_rng(seed)
        shape = (len(WEIGHTS), 2, len(ids))
        self.table = random.integers(0, levels, shape) / levels
        self.ids = {id_: place for place, id_ in enumerate(ids)}
        self.asked: list[tuple[SearchSettings, tuple[str, ...]]] = []

    def __call__(self, tried: SearchSettings, queries: object) -> Floats:
        assert isinstance(queries, tuple)
        self.asked.append((tried, queries))
        row = self.table[WEIGHTS.index(tried.lexical_weight), ("min_max", "rrf").index(tried.blend)]
        return np.array([row[self.ids[id_]] for id_ in queries])


def parts_of(count: int, folds: int) -> tuple[tuple[str, ...], Split]:
    ids = tuple(f"q{place}" for place in range(count))
    return ids, Split(held=(), folds=tuple(ids[fold::folds] for fold in range(folds)))


methods = st.sampled_from(["grid", "bayes"])


@given(count=st.integers(6, 20), folds=st.integers(2, 4), seed=seeds, method=methods)
@settings(deadline=None)  # the first Bayesian search imports optuna
def test_a_fold_is_not_looked_at_before_its_choice_is_made(count: int, folds: int, seed: int, method: Method) -> None:
    ids, parts = parts_of(count, folds)
    figures = Table(ids, seed)
    found = nested(Plan(space=SPACE, current=CURRENT, method=method, trials=4, seed=seed), figures, parts)
    asked = list(figures.asked)
    for place, one in enumerate(found):
        chosen = next(at for at, (_, queries) in enumerate(asked) if queries == parts.folds[place])
        looking, judging, asked = asked[:chosen], asked[chosen : chosen + 2], asked[chosen + 2 :]
        assert len(looking) > one.tried
        assert all(queries == parts.without(place) for _, queries in looking)
        assert judging == [(one.choice, parts.folds[place]), (CURRENT, parts.folds[place])]
    assert not asked


@given(count=st.integers(6, 20), folds=st.integers(2, 4), seed=seeds, method=methods)
@settings(deadline=None)  # the first Bayesian search imports optuna
def test_other_figures_in_a_fold_leave_its_choice_alone(count: int, folds: int, seed: int, method: Method) -> None:
    ids, parts = parts_of(count, folds)
    plan = Plan(space=SPACE, current=CURRENT, method=method, trials=4, seed=seed)
    before = nested(plan, Table(ids, seed), parts)
    changed = Table(ids, seed)
    for id_ in parts.folds[0]:
        changed.table[:, :, changed.ids[id_]] = 1 - changed.table[:, :, changed.ids[id_]]
    after = nested(plan, changed, parts)
    assert after[0].choice == before[0].choice
    assert after[0].inner == before[0].inner
    assert np.allclose(after[0].chosen, 1 - before[0].chosen)


@given(seed=seeds, levels=st.integers(1, 3))
def test_the_best_is_the_highest_and_of_equals_the_nearest(seed: int, levels: int) -> None:
    ids, _ = parts_of(4, 2)
    figures = Table(ids, seed, levels=levels)
    plan = Plan(space=SPACE, current=CURRENT)

    def score(one: SearchSettings) -> float:
        return float(figures(one, ids).mean())

    tried = plan.tried(score)
    assert tried[0] == CURRENT
    assert len(tried) == len(set(tried)) == len(WEIGHTS) * 2
    best = plan.best(tried, score)
    assert score(best) >= max(map(score, tried)) - EQUAL
    near = SPACE.distance(best, CURRENT)
    assert all(score(one) < max(map(score, tried)) - EQUAL or SPACE.distance(one, CURRENT) >= near for one in tried)
    if levels == 1:
        assert best == CURRENT, "where all are equal nothing changes"


@given(one=st.sampled_from(WEIGHTS), other=st.sampled_from(WEIGHTS), blend=st.sampled_from(["min_max", "rrf"]))
def test_distances_are_those_of_a_ruler(one: float, other: float, blend: str) -> None:
    first = SearchSettings.model_validate({"lexical_weight": one, "blend": blend})
    second = SearchSettings.model_validate({"lexical_weight": other, "blend": "min_max"})
    assert SPACE.distance(first, second) == SPACE.distance(second, first)
    assert abs(SPACE.distance(first, second) - abs(one - other) - (blend != "min_max")) < 1e-9
