"""What is written is read back: judgments, runs and queries, in both forms."""

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from indexer.evaluate.judgments import Judgments, read_judgments
from indexer.evaluate.queries import Topic, read_topics, topics_csv
from indexer.evaluate.runs import Listed, Run, falling, read_run
from indexer.evaluate.sheets import trec_coded, trec_decoded

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
ids = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip).filter(bool)
scores = st.floats(-1e6, 1e6)
judgments = st.dictionaries(ids, st.dictionaries(ids, st.integers(-2, 9), min_size=1, max_size=5), min_size=1, max_size=5)
lists = st.dictionaries(ids, st.dictionaries(ids, scores, min_size=1, max_size=8), min_size=1, max_size=4)


def written(text: str) -> Path:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".txt", delete=False) as file:
        file.write(text)
    return Path(file.name)


@given(judgments)
def test_judgments(grades: dict[str, dict[str, int]]) -> None:
    given_ = Judgments(grades)
    for text in (given_.trec(), given_.csv()):
        path = written(text)
        back = read_judgments(path)
        path.unlink()
        assert back.grades == given_.grades
        assert back.queries == given_.queries
        assert back.digest == given_.digest


@given(lists)
def test_runs(found: dict[str, dict[str, float]]) -> None:
    run = Run(name="mine", lists={query: tuple(Listed(id_, score) for id_, score in hits.items()) for query, hits in found.items()})
    path = written(run.csv())
    assert read_run(path).lists == run.lists
    path.write_text(run.trec(), encoding="utf-8")
    back = read_run(path)
    path.unlink()
    assert back.digest == run.digest
    assert {query: run.ids(query) for query in run.lists} == {query: back.ids(query) for query in back.lists}


@given(
    st.lists(st.builds(Topic, id=ids, text=ids, kind=ids, language=st.sampled_from(["en", "zh"])), min_size=1, unique_by=lambda one: one.id)
)
def test_queries(topics: list[Topic]) -> None:
    path = written(topics_csv(topics))
    back = read_topics(path)
    path.unlink()
    assert back == tuple(topics)


@given(words)
def test_trec_ids(text: str) -> None:
    coded = trec_coded(text)
    assert coded.split() == [coded]
    assert trec_decoded(coded) == text


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=50))
def test_scores_fall_and_change_only_where_they_must(scores_: list[float]) -> None:
    lowered = falling(scores_)
    assert len(lowered) == len(scores_)
    assert all(one > next_ for one, next_ in pairwise(lowered))
    assert falling(lowered) == lowered
