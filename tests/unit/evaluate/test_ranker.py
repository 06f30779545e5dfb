"""Learning to rank on a shop whose right order only the learned figures know: it is learned, held-out queries stay unseen, seeds repeat."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from indexer.cli import ranker as command
from indexer.errors import EvaluationError, QueryError
from indexer.evaluate.judgments import Judgments
from indexer.evaluate.queries import Topic
from indexer.evaluate.ranker import Ranker, RankerHow, candidates_of, learn_ranking
from indexer.rank.features import FEATURES
from indexer.rank.learned import MODEL, SPEC, LearnedRanking
from indexer.read_path import Searcher
from indexer.records import Hit, Product, Term
from indexer.settings import Settings
from indexer.store.memory import MemoryStore
from tests.contract.read_path.shop import PIXELS, encoders, fill, products

QUERIES, HITS = 40, 24
HOW = RankerHow(folds=3, depth=HITS, weight=1.0)


def shop(*, telling: bool = True) -> tuple[dict[str, list[Hit]], Judgments, list[Topic]]:
    """Queries whose hits come in an order of chance; what is popular is right, or, not `telling`, what chance says."""
    chance = random.Random(11)
    hits: dict[str, list[Hit]] = {}
    grades: dict[str, dict[str, int]] = {}
    for query in (f"thing {n}" for n in range(QUERIES)):
        hits[query], grades[query] = [], {}
        for place in range(HITS):
            popularity = chance.randrange(1000)
            product = Product(id=f"{query}/{place}", title="thing", popularity=float(popularity))
            score = 1 - place / HITS
            hits[query].append(Hit(id=product.id, score=score, terms=(Term("lexical", score, 9.0, 1.0),), product=product))
            grades[query][product.id] = (popularity if telling else chance.randrange(1000)) // 334
    return hits, Judgments(grades), [Topic(id=query, text=query) for query in hits]


def learned(hits: dict[str, list[Hit]], judgments: Judgments, topics: Sequence[Topic], how: RankerHow = HOW) -> Ranker:
    return learn_ranking(lambda text, depth: hits[text][:depth], (judgments, topics), how=how)


@pytest.fixture(scope="module")
def good() -> Ranker:
    return learned(*shop())


def test_what_decides_is_learned_and_the_gain_is_shown_on_queries_held_out(good: Ranker) -> None:
    assert max(good.gains, key=lambda name: good.gains[name]) == "log_popularity"
    assert good.shown
    assert good.comparison.mean > 0.2
    current, again = (figures["full", "nDCG@10"].mean for figures in good.held.figures)
    assert again > 0.9 > current
    assert good.verdict().startswith("A gain is shown: nDCG@10 +")
    assert len(good.split.held) == pytest.approx(0.3 * QUERIES, abs=1)


def test_where_nothing_can_be_learned_no_gain_is_claimed() -> None:
    found = learned(*shop(telling=False))
    assert not found.shown
    assert found.verdict().startswith("A gain is not proved: ")


def test_the_same_seed_gives_the_same_model_and_another_one_other_parts(good: Ranker) -> None:
    hits, judgments, topics = shop()
    assert learned(hits, judgments, topics).model == good.model
    assert learned(hits, judgments, topics, RankerHow(folds=3, depth=HITS, weight=1.0, seed=5)).split.held != good.split.held


def test_held_out_judgments_never_reach_the_model(good: Ranker) -> None:
    hits, judgments, topics = shop()
    turned = {
        query: {id_: 2 - grade for id_, grade in grades.items()} if query in good.split.held else grades
        for query, grades in judgments.grades.items()
    }
    again = learned(hits, Judgments(turned), topics)
    assert again.split.held == good.split.held
    assert again.model == good.model
    assert again.comparison.mean < 0  # the right order is now the wrong one there, and the comparison says so


def test_what_nobody_judged_teaches_nothing(good: Ranker) -> None:
    hits, judgments, topics = shop()
    strange = {
        query: [*found, Hit(id="x", score=0.0, terms=(), product=Product(id="x", title="x", popularity=1e6))]
        for query, found in hits.items()
    }
    again = learned(strange, judgments, topics, RankerHow(folds=3, depth=HITS + 1, weight=1.0))
    assert (again.model, again.pairs) == (good.model, good.pairs)


def test_queries_that_are_refused_are_told_and_score_zero() -> None:
    hits, judgments, topics = shop()

    def ask(text: str, depth: int) -> list[Hit]:
        if text in {"thing 3", "thing 4"}:
            raise QueryError("No.")
        return hits[text][:depth]

    found = learn_ranking(ask, (judgments, topics), how=HOW)
    assert found.refused == {"thing 3": "No.", "thing 4": "No."}


def test_too_little_to_learn_from_is_an_error() -> None:
    hits, judgments, topics = shop()
    equal = Judgments({query: dict.fromkeys(grades, 1) for query, grades in judgments.grades.items()})
    with pytest.raises(EvaluationError, match="nothing to learn"):
        learned(hits, equal, topics)


def test_the_folder_is_what_search_loads(good: Ranker, tmp_path: Path) -> None:
    (tmp_path / MODEL).write_text(good.model)
    (tmp_path / SPEC).write_text(good.spec_json())
    candidates = candidates_of(shop()[0]["thing 0"])
    scores = LearnedRanking(tmp_path).scores("thing 0", candidates)
    best = max(range(HITS), key=lambda place: scores[place])
    assert (candidates[best].product.popularity or 0) > 668
    spec = json.loads(good.spec_json())
    assert (spec["features"], spec["trees"], spec["verdict"]) == (list(FEATURES), good.trees, good.verdict())
    assert spec["judgments"]["queries"] == QUERIES


def test_the_command_learns_from_a_search_and_writes_a_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = MemoryStore()
    fill(store, encoders(), products())

    def build(settings: Settings) -> Searcher:
        assert settings.search.rerank == "none"  # it learns from the order that it is to change
        return Searcher(store, encoders(), settings=settings.search, photo_pixels=PIXELS)

    monkeypatch.setattr(command, "build_searcher", build)
    monkeypatch.chdir(tmp_path)
    rows = [f"{product.title},{other.id},{int(product.brand == other.brand)}" for product in products() for other in products()]
    Path("judged.csv").write_text(
        "query,product_id,grade\n" + "\n".join(row for row in rows if row.count(",") == 2) + "\n", encoding="utf-8"
    )
    app = typer.Typer()
    app.command()(command.ranker)
    arguments = ["judged.csv", "--out", "ranker", "--folds", "2"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.exception
    for text in ("nDCG@10, held out", "decided by: ", "held-out queries", "written: "):
        assert text in result.stdout
    assert sorted(path.name for path in Path("ranker").iterdir()) == sorted((MODEL, SPEC))
    LearnedRanking(Path("ranker"))
    assert isinstance(CliRunner().invoke(app, arguments).exception, EvaluationError)  # it replaces nothing unasked
    told = CliRunner().invoke(app, [*arguments, "--force", "--json"])
    assert json.loads(told.stdout)["features"] == list(FEATURES)
