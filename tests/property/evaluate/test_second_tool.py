"""Our figures are those of trec_eval's own code on the same files, and of the formulas written out here."""

import math
from pathlib import Path

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from indexer.evaluate.judgments import Judgments, read_judgments
from indexer.evaluate.measures import Meter
from indexer.evaluate.runs import Listed, Run, read_run

QUERIES = [f"q{number}" for number in range(4)]
PRODUCTS = [f"p{number}" for number in range(30)]
grades = st.dictionaries(
    st.sampled_from(QUERIES), st.dictionaries(st.sampled_from(PRODUCTS), st.integers(-1, 3), min_size=1, max_size=20), min_size=1
)
# few different scores, some told apart by eight bytes only: the tools must break the same ties in the same way
scores = st.sampled_from([0.0, 0.5, 0.5 + 1e-12, 0.7, 0.7 + 1e-6, 1.0, -2.0, 12345.678])
runs = st.dictionaries(st.sampled_from([*QUERIES, "unjudged"]), st.dictionaries(st.sampled_from(PRODUCTS), scores, min_size=1), min_size=1)


def trec(found: dict[str, dict[str, float]]) -> str:
    rows = [(query, product, score) for query, hits in found.items() for product, score in hits.items()]
    return "".join(f"{query} Q0 {product} 0 {score!r} t\n" for query, product, score in rows)


def as_second_tool(qrels: Path, run: Path, *, relevant: int) -> dict[str, dict[str, float]]:
    with qrels.open() as judged, run.open() as found:
        evaluator = pytrec_eval.RelevanceEvaluator(
            pytrec_eval.parse_qrel(judged), {"ndcg_cut_10", "recip_rank", "P_10", "recall_100"}, relevance_level=relevant
        )
        theirs: dict[str, dict[str, float]] = evaluator.evaluate(pytrec_eval.parse_run(found))
    return theirs


@given(judged=grades, found=runs, relevant=st.integers(1, 3))
def test_the_same_files_get_the_same_figures(
    tmp_path_factory: pytest.TempPathFactory, judged: dict[str, dict[str, int]], found: dict[str, dict[str, float]], relevant: int
) -> None:
    folder = tmp_path_factory.mktemp("files")
    qrels, run = folder / "qrels.trec", folder / "run.trec"
    qrels.write_text(Judgments(judged).trec())
    run.write_text(trec(found))
    theirs = as_second_tool(qrels, run, relevant=relevant)
    # trec_eval's nDCG has no notion of a least grade, its reciprocal rank none of a cut
    gains = as_second_tool(qrels, run, relevant=1)
    ours = Meter(read_judgments(qrels), relevant=relevant).measure(read_run(run))
    for place, query in enumerate(ours.queries):
        one, gain = theirs.get(query, {}), gains.get(query, {})
        rank = one.get("recip_rank", 0.0)
        assert ours.of("full", "nDCG@10")[place] == pytest.approx(gain.get("ndcg_cut_10", 0.0), abs=1e-12)
        assert ours.of("full", "P@10")[place] == pytest.approx(one.get("P_10", 0.0), abs=1e-12)
        assert ours.of("full", "R@100")[place] == pytest.approx(one.get("recall_100", 0.0), abs=1e-12)
        assert ours.of("full", "RR@10")[place] == pytest.approx(rank if rank > 0.0999 else 0.0, abs=1e-12)


@given(judged=grades, found=runs)
def test_a_run_that_we_wrote_gets_our_figures_from_the_second_tool(
    tmp_path_factory: pytest.TempPathFactory, judged: dict[str, dict[str, int]], found: dict[str, dict[str, float]]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    given_ = Run(name="mine", lists={query: tuple(Listed(id_, score) for id_, score in hits.items()) for query, hits in found.items()})
    (folder / "qrels.trec").write_text(Judgments(judged).trec())
    (folder / "run.trec").write_text(given_.trec())
    theirs = as_second_tool(folder / "qrels.trec", folder / "run.trec", relevant=1)
    ours = Meter(Judgments(judged)).measure(given_)
    for place, query in enumerate(ours.queries):
        assert ours.of("full", "nDCG@10")[place] == pytest.approx(theirs.get(query, {}).get("ndcg_cut_10", 0.0), abs=1e-12)


@given(judged=grades, found=runs)
def test_the_formulas_give_the_same(judged: dict[str, dict[str, int]], found: dict[str, dict[str, float]]) -> None:
    run = Run(name="mine", lists={query: tuple(Listed(id_, score) for id_, score in hits.items()) for query, hits in found.items()})
    ours = Meter(Judgments(judged)).measure(run)
    for place, query in enumerate(ours.queries):
        ids, known = run.ids(query), judged[query]
        relevant = [rank for rank, id_ in enumerate(ids, 1) if known.get(id_, 0) >= 1]
        wanted = sum(grade >= 1 for grade in known.values())
        best = gained(sorted(known.values(), reverse=True))
        assert ours.of("full", "nDCG@10")[place] == pytest.approx(gained([known.get(id_, 0) for id_ in ids]) / best if best else 0.0)
        assert ours.of("full", "RR@10")[place] == pytest.approx(1 / relevant[0] if relevant and relevant[0] <= 10 else 0.0)
        assert ours.of("full", "P@10")[place] == pytest.approx(sum(rank <= 10 for rank in relevant) / 10)
        assert ours.of("full", "R@100")[place] == pytest.approx(sum(rank <= 100 for rank in relevant) / wanted if wanted else 0.0)
        judged_share = sum(id_ in known for id_ in ids[:10]) / len(ids[:10]) if ids else 0.0
        assert ours.of("full", "Judged@10")[place] == pytest.approx(judged_share)


def gained(grades_: list[int]) -> float:
    """Gain by grade (none below zero) over the logarithm of rank + 1, ten ranks deep."""
    return sum(max(0, grade) / math.log2(rank + 1) for rank, grade in enumerate(grades_[:10], 1))
