"""Searches that look again: the need, its place in the plan, what is left alone, and an honest answer when it fails or is late."""

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from indexer.errors import ModelUnavailable, QueryError, RerankerLate
from indexer.observe import RunObserver
from indexer.rank.features import FEATURES, Candidate
from indexer.rank.learned import FORMAT, MODEL, SPEC
from indexer.read.needs import Rerank, Scores, scored
from indexer.read.rerankers import Rerankers
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Answer, Product, Query, Sort
from indexer.settings import SearchSettings
from indexer.store.memory import MemoryStore
from indexer.text.cleaning import DEFAULT
from tests.contract.read_path.shop import PIXELS, AsyncTwin, encoders, fill, products

PLAIN = SearchSettings(bound="all", enough=0)


@pytest.fixture(scope="module")
def ranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learned ranking that turns the order round: the further behind, the better."""
    folder = tmp_path_factory.mktemp("ranker")
    rows = np.zeros((62, len(FEATURES)))
    rows[:, FEATURES.index("place")] = np.arange(62) % 31
    parameters = {
        "objective": "regression",
        "min_data_in_leaf": 1,
        "min_data_in_bin": 1,
        "num_leaves": 31,
        "num_threads": 1,
        "verbosity": -1,
    }
    model = lightgbm.train(parameters, lightgbm.Dataset(rows, np.arange(62) % 31), num_boost_round=40).model_to_string()
    (folder / MODEL).write_text(model)
    spec = {"format": FORMAT, "features": list(FEATURES), "sha256": hashlib.sha256(model.encode()).hexdigest()}
    (folder / SPEC).write_text(json.dumps(spec))
    return folder


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    made = MemoryStore("products")
    fill(made, encoders(), [*products(), Product(id="DMC-TZ80EG-K", title="Camera")])
    return made


def searcher(store: MemoryStore, settings: SearchSettings) -> Searcher:
    return Searcher(store, encoders(), settings=settings, photo_pixels=PIXELS)


def ids(answer: Answer) -> list[str]:
    return [hit.id for hit in answer.hits]


def learned(ranker: Path, **other: object) -> SearchSettings:
    told = {"rerank": "learned", "ranker_folder": ranker, "rerank_weight": 1.0, "rerank_s": 60.0} | other
    return SearchSettings.model_validate(PLAIN.model_dump() | told)


def test_all_weight_turns_the_order_round_and_terms_add_up(store: MemoryStore, ranker: Path) -> None:
    plain = ids(searcher(store, PLAIN).search("cotton shirt", per_page=100))
    again = searcher(store, learned(ranker)).search(Query(text="cotton shirt", per_page=100, explain=True))
    assert not again.degraded
    assert ids(again) == plain[::-1]
    assert len(plain) > 5
    for hit in again.hits:
        assert hit.score == sum(term.value for term in hit.terms)
        assert hit.terms[-1].name == "learned"
        assert sum(line.figure for line in hit.explanation if line.depth == 1) == pytest.approx(hit.score)


def test_only_the_first_are_looked_at_and_the_others_stay_behind_as_they_were(store: MemoryStore, ranker: Path) -> None:
    plain = ids(searcher(store, PLAIN).search("cotton shirt", per_page=100))
    again = ids(searcher(store, learned(ranker, rerank_depth=4)).search("cotton shirt", per_page=100))
    assert again == [*plain[:4][::-1], *plain[4:]]


def test_pages_do_not_change_scores_and_a_cursor_goes_on_in_the_new_order(store: MemoryStore, ranker: Path) -> None:
    ours = searcher(store, learned(ranker, rerank_weight=0.6))
    whole = ours.search(Query(text="cotton shirt", per_page=100, facets=("brand",)))
    first = ours.search(Query(text="cotton shirt", per_page=3, freeze=True, facets=("brand",)))
    paged, page = list(first.hits), 2
    while more := ours.search(Query(text="cotton shirt", per_page=3, page=page, cursor=first.cursor, facets=("brand",))).hits:
        paged += more
        page += 1
    assert [(hit.id, hit.score) for hit in paged] == [(hit.id, hit.score) for hit in whole.hits]
    assert first.total == whole.total == len(paged)
    assert first.facets == whole.facets == searcher(store, PLAIN).search("cotton shirt", facets=["brand"]).facets


def test_a_query_says_otherwise(store: MemoryStore, ranker: Path) -> None:
    ours = searcher(store, learned(ranker))
    assert ids(ours.search(Query(text="sofa", rerank="none"))) == ids(searcher(store, PLAIN).search("sofa"))
    asked = replace(Query(text="sofa"), rerank="learned")
    assert ids(searcher(store, learned(ranker, rerank="none")).search(asked)) == ids(ours.search("sofa"))
    with pytest.raises(QueryError, match="no rerank 'magic'"):
        ours.search(Query(text="sofa", rerank="magic"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query", [Query(), Query(text="sofa", sort=(Sort("price"),)), Query(text="dmc tz80egk")], ids=["browsed", "sorted", "code"]
)
def test_what_is_browsed_sorted_or_found_by_code_is_left_alone(store: MemoryStore, ranker: Path, query: Query) -> None:
    assert searcher(store, learned(ranker)).search(query).hits == searcher(store, PLAIN).search(query).hits


async def test_both_searchers_look_again_alike(store: MemoryStore, ranker: Path) -> None:
    async with AsyncSearcher(AsyncTwin(store), encoders(), settings=learned(ranker), photo_pixels=PIXELS) as ours:
        await ours.warm(photos=False)
        assert (await ours.search("cotton shirt")).hits == searcher(store, learned(ranker)).search("cotton shirt").hits


async def test_without_a_model_the_answer_is_the_one_before_and_says_so(store: MemoryStore, tmp_path: Path) -> None:
    heard: list[Sequence[str]] = []

    class Listening(RunObserver):
        def searched(self, *, strategy: str, took_ms: float, degraded: Sequence[str]) -> None:
            heard.append(degraded)

    for settings in (learned(tmp_path / "none"), SearchSettings(bound="all", enough=0, rerank="cross_encoder", rerank_s=60)):
        ours = searcher(store, settings)
        ours.listen(Listening())
        answer = ours.search("sofa")
        assert [lack.part for lack in answer.degraded] == ["rerank"]
        assert "folder" in answer.degraded[0].reason or "can't be read" in answer.degraded[0].reason
        assert answer.hits == searcher(store, PLAIN).search("sofa").hits
        theirs = AsyncSearcher(AsyncTwin(store), encoders(), settings=settings, photo_pixels=PIXELS)
        assert (await theirs.search("sofa")).degraded == answer.degraded
        with pytest.raises(ModelUnavailable):
            ours.warm(photos=False)
    assert heard == [["rerank"], ["rerank"]]


class Waiting(Rerankers):
    """Gives nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__(PLAIN, cleaning=DEFAULT)
        self.go = threading.Event()
        self.asked = 0

    def scores(self, by: str, text: str, candidates: Sequence[Candidate], *, within_s: float = 0.0) -> list[float]:
        self.asked += 1
        self.go.wait(60)
        return [1.0] * len(candidates)


async def test_what_is_late_costs_the_second_look_and_nothing_else(store: MemoryStore, ranker: Path) -> None:
    settings = learned(ranker, rerank_s=0.05)
    ours = searcher(store, settings)
    theirs = AsyncSearcher(AsyncTwin(store), encoders(), settings=settings, photo_pixels=PIXELS)
    plain = searcher(store, PLAIN)
    for desk, ask in ((ours._desk, ours.search), (theirs._desk, theirs.search)):
        waiting = Waiting()
        desk.rerankers = waiting
        try:
            for text in ("sofa", "cotton shirt", "blue sofa"):  # the thread is taken, vectors are still made
                coming = ask(text)
                answer = coming if isinstance(coming, Answer) else await coming
                assert [(lack.part, "longer than 0.05 s" in lack.reason) for lack in answer.degraded] == [("rerank", True)]
                assert answer.hits == plain.search(text).hits
        finally:
            waiting.go.set()
            desk._again.shutdown(wait=True)
        assert waiting.asked == 1  # those that stood in line were late before they began


def test_time_in_the_line_counts(store: MemoryStore) -> None:
    desk = searcher(store, PLAIN)._desk
    need = Rerank(by="learned", text="sofa", candidates=(), within_s=-1.0)
    with pytest.raises(RerankerLate):
        desk.started(need).result()
    desk.close()


def test_a_need_is_answered_in_kind() -> None:
    need = Rerank(by="learned", text="sofa", candidates=(), within_s=1.0)
    steps = scored(need)
    assert next(steps) is need
    with pytest.raises(TypeError, match="one score a candidate"):
        steps.send(Scores((1.0,)))
