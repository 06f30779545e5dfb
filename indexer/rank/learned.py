"""A ranking learned from judgments: gradient-boosted trees over a hit's figures (LambdaMART, Burges 2010), read from a folder.

The folder holds `model.txt` (LightGBM's own text format, which runs no code) and `spec.json`: format, features, trees, sha256 of the
model, digest of the judgments and what it was measured to gain.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from indexer.errors import ModelError, ModelUnavailable
from indexer.model_files import json_object, promised_bytes
from indexer.rank.features import FEATURES, Candidate, feature_rows
from indexer.text.cleaning import DEFAULT, Cleaning

if TYPE_CHECKING:
    import lightgbm

MODEL, SPEC = "model.txt", "spec.json"
FORMAT = 1
_FOLDER = "FUSEDEX_SEARCH__RANKER_FOLDER names a folder that `fusedex ranker` wrote."


class LearnedRanking:
    """Scores candidates by a learned model. Safe across threads."""

    def __init__(self, folder: Path, *, cleaning: Cleaning = DEFAULT) -> None:
        """Read and check a folder that `fusedex ranker` wrote. Raises ModelUnavailable, BadDigest, and ModelError for other features."""
        spec = json_object(folder / SPEC, cure=_FOLDER)
        content = promised_bytes(folder / MODEL, spec.get("sha256"), missing=_FOLDER)
        if spec.get("format") != FORMAT or tuple(cast("Sequence[str]", spec.get("features") or ())) != FEATURES:
            raise ModelError(
                f"The ranking in {folder} was learned from other figures than this release knows.", cure="Learn it anew: fusedex ranker"
            )
        self.digest = str(spec["sha256"])[:16]
        self._cleaning = cleaning
        self._booster = _booster(content.decode("utf-8"))

    def scores(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """The model's figure for each candidate, in order: higher is better, of no scale."""
        if not candidates:
            return []
        rows = feature_rows(query, candidates, cleaning=self._cleaning)
        # One thread: a hundred rows are done before a second one has begun.
        return [float(one) for one in cast("Any", self._booster.predict(rows, num_threads=1))]


def need_lightgbm() -> Any:
    """The package. Raises ModelUnavailable with the cure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of its own imports
            import lightgbm
    except ImportError as error:
        raise ModelUnavailable(
            "A learned ranking needs the package 'lightgbm', which is not installed.", cure="pip install 'fusedex[rerank]'"
        ) from error
    return lightgbm


def _booster(text: str) -> "lightgbm.Booster":
    package = need_lightgbm()
    try:
        return cast("lightgbm.Booster", package.Booster(model_str=text))
    except package.basic.LightGBMError as error:
        raise ModelError(f"The learned ranking can't be read: {error}") from error
