"""A learned ranking read from its folder: it says what its trees say, and refuses what was changed, is missing or does not fit."""

import hashlib
import json
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from indexer.errors import BadDigest, ModelError, ModelUnavailable
from indexer.rank.features import FEATURES, Candidate, feature_rows
from indexer.rank.learned import FORMAT, MODEL, SPEC, LearnedRanking
from indexer.records import Money, Product


def candidates(count: int = 40) -> list[Candidate]:
    products = [Product(id=str(n), title="chair", price=Money(100 * (n + 1), "EUR")) for n in range(count)]
    return [Candidate(product=product, place=place, score=0.5, terms=()) for place, product in enumerate(products)]


@pytest.fixture(scope="module")
def text() -> str:
    """A model that likes what is dear, whatever its place."""
    rows = feature_rows("chair", candidates())
    rows[:, FEATURES.index("place")] = 0
    price = np.argsort(np.argsort(rows[:, FEATURES.index("log_price")])) // 10
    data = lightgbm.Dataset(rows, price, group=[len(rows)])
    parameters = {"objective": "lambdarank", "min_data_in_leaf": 2, "num_threads": 1, "verbosity": -1, "deterministic": True}
    return str(lightgbm.train(parameters, data, num_boost_round=20).model_to_string())


@pytest.fixture
def folder(text: str, tmp_path: Path) -> Path:
    (tmp_path / MODEL).write_text(text)
    write_spec(tmp_path)
    return tmp_path


def write_spec(folder: Path, **other: object) -> None:
    told = {"format": FORMAT, "features": list(FEATURES), "sha256": hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()}
    (folder / SPEC).write_text(json.dumps(told | other))


def test_it_says_what_its_trees_say(folder: Path, text: str) -> None:
    found = LearnedRanking(folder).scores("chair", candidates())
    expected = lightgbm.Booster(model_str=text).predict(feature_rows("chair", candidates()))
    assert found == pytest.approx(list(expected))
    assert found[-1] > found[0]


def test_none_is_no_figure(folder: Path) -> None:
    assert LearnedRanking(folder).scores("chair", []) == []


def test_a_model_that_was_changed_is_refused(folder: Path) -> None:
    with (folder / MODEL).open("a") as stream:
        stream.write("\n")
    with pytest.raises(BadDigest, match="as promised"):
        LearnedRanking(folder)


@pytest.mark.parametrize("other", [{"format": FORMAT + 1}, {"features": [*FEATURES[1:], FEATURES[0]]}, {"features": None}])
def test_a_model_of_other_figures_is_refused(folder: Path, other: dict[str, object]) -> None:
    write_spec(folder, **other)
    with pytest.raises(ModelError, match="other figures") as caught:
        LearnedRanking(folder)
    assert "fusedex ranker" in caught.value.cure


@pytest.mark.parametrize("name", [MODEL, SPEC])
def test_a_missing_file_says_which(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelUnavailable, match=name):
        LearnedRanking(folder)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_spec_that_is_none_is_refused(folder: Path, content: str) -> None:
    (folder / SPEC).write_text(content)
    with pytest.raises(ModelError, match="JSON"):
        LearnedRanking(folder)


def test_a_text_that_is_no_model_is_refused(folder: Path) -> None:
    (folder / MODEL).write_text("no trees here\n")
    write_spec(folder)
    with pytest.raises(ModelError, match="can't be read"):
        LearnedRanking(folder)
