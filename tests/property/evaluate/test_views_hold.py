"""What holds for every run in every view."""

from hypothesis import given
from hypothesis import strategies as st

from indexer.evaluate.judgments import Judgments
from indexer.evaluate.measures import VIEWS, Meter, seen_in
from indexer.evaluate.runs import Listed, Run

PRODUCTS = [f"p{number}" for number in range(20)]
grades = st.dictionaries(st.sampled_from(PRODUCTS), st.integers(0, 3), min_size=1)
orders = st.lists(st.sampled_from(PRODUCTS), unique=True)


@given(ids=orders, judged=grades)
def test_condensed_and_rerank_keep_the_run_s_order(ids: list[str], judged: dict[str, int]) -> None:
    condensed = seen_in("condensed", ids, query="q", grades=judged)
    reranked = seen_in("rerank", ids, query="q", grades=judged)
    assert list(condensed) == [id_ for id_ in ids if id_ in judged]
    assert seen_in("full", ids, query="q", grades=judged) == tuple(ids)
    if ids:
        assert reranked[: len(condensed)] == condensed
        assert sorted(reranked) == sorted(judged)
    else:
        assert not reranked


@given(ids=orders, judged=grades, raised=st.dictionaries(st.sampled_from(PRODUCTS), st.integers(0, 3)))
def test_the_order_of_what_is_lacking_knows_no_grades(ids: list[str], judged: dict[str, int], raised: dict[str, int]) -> None:
    other = {id_: raised.get(id_, 0) for id_ in reversed(judged)}
    assert seen_in("rerank", ids, query="q", grades=judged) == seen_in("rerank", ids, query="q", grades=other)


def measured(ids: list[str], judged: dict[str, int], *, unjudged_scores: float = 0.0) -> dict[str, float]:
    run = Run(name="mine", lists={"q": tuple(Listed(id_, unjudged_scores) for id_ in ids)})
    found = Meter(Judgments({"q": judged})).measure(run)
    return {f"{view} {name}": float(values[0]) for (view, name), values in found.values.items()}


@given(ids=orders, judged=grades)
def test_figures_lie_between_zero_and_one_and_condensing_never_hurts(ids: list[str], judged: dict[str, int]) -> None:
    found = measured(ids, judged)
    assert all(0.0 <= value <= 1.0 + 1e-12 for value in found.values())
    for name in ("nDCG@10", "RR@10", "P@10", "R@100"):
        assert found[f"condensed {name}"] >= found[f"full {name}"] - 1e-12


@given(judged=grades)
def test_the_best_order_is_perfect_in_every_view(judged: dict[str, int]) -> None:
    found = measured(sorted(judged, key=lambda id_: -judged[id_]), judged)
    for view in VIEWS:
        assert abs(found[f"{view} nDCG@10"] - (1.0 if any(judged.values()) else 0.0)) < 1e-12


@given(ids=orders, judged=grades, score=st.floats(-10, 10))
def test_only_the_order_counts_and_not_the_scores(ids: list[str], judged: dict[str, int], score: float) -> None:
    assert measured(ids, judged) == measured(ids, judged, unjudged_scores=score)
