"""The judgments of people on real products: read, measured, and told alike by trec_eval's own code."""

from pathlib import Path

import pytest
import pytrec_eval

from indexer.evaluate.evaluation import How, evaluated
from indexer.evaluate.judgments import read_judgments
from indexer.evaluate.queries import joined
from indexer.evaluate.runs import Listed, Run


def test_runs_over_the_real_judgments(test_data: Path) -> None:
    judged, topics = joined(read_judgments(test_data / "icecat" / "judgments.csv"), None)
    assert (len(judged.queries), judged.pairs) == (68, 1682)
    as_listed = Run(
        name="as listed",
        lists={query: tuple(Listed(id_, -float(rank)) for rank, id_ in enumerate(ids)) for query, ids in judged.grades.items()},
    )
    best = Run(
        name="best",
        lists={
            query: tuple(Listed(id_, float(grade)) for id_, grade in sorted(grades.items(), key=lambda one: -one[1]))
            for query, grades in judged.grades.items()
        },
    )
    found = evaluated(judged, topics, [as_listed, best], how=How(all_queries=True))
    assert len(found.groups["with a relevant product"]) == 58
    assert found.figures[1]["full", "nDCG@10"].mean == pytest.approx(58 / 68), "ten queries have no relevant product"
    assert found.measured[1].mean("full", "nDCG@10", among=found.groups["with a relevant product"]) == pytest.approx(1.0)
    assert found.chance["nDCG@10"] < found.figures[1]["full", "nDCG@10"].mean
    assert found.against[0].comparisons["full", "nDCG@10"].losses == 0
    theirs = pytrec_eval.RelevanceEvaluator({query: dict(grades) for query, grades in judged.grades.items()}, {"ndcg_cut_10"}).evaluate(
        {query: {one.id: one.score for one in hits} for query, hits in as_listed.lists.items()}
    )
    ours = found.measured[0].of("full", "nDCG@10")
    assert [theirs[query]["ndcg_cut_10"] for query in judged.queries] == pytest.approx(ours.tolist())
