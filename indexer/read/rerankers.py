"""What can rerank, made from the settings when first asked for."""

import math
from collections.abc import Sequence
from pathlib import Path

from indexer.encode.cross_encoder import CrossEncoder
from indexer.encode.lazy import Once
from indexer.errors import ModelUnavailable
from indexer.rank.features import Candidate
from indexer.rank.learned import LearnedRanking
from indexer.rank.rerank import passage_of
from indexer.records import Product, Rerank
from indexer.settings import SearchSettings
from indexer.store.base import LtrLeg
from indexer.text.cleaning import Cleaning


class Rerankers:
    """The cross-encoder and the learned ranking that the settings name. Safe across threads."""

    def __init__(self, settings: SearchSettings, *, cleaning: Cleaning) -> None:
        """Load nothing yet."""
        self._cross = Once(lambda: CrossEncoder(_named(settings.cross_encoder_folder, "CROSS_ENCODER_FOLDER", what="cross-encoder")))
        self._learned = Once(
            lambda: LearnedRanking(_named(settings.ranker_folder, "RANKER_FOLDER", what="learned ranking"), cleaning=cleaning)
        )

    def scores(self, by: Rerank, text: str, candidates: Sequence[Candidate], *, within_s: float = math.inf) -> list[float]:
        """Each candidate's new score, in order, on the model's own scale. Raises ModelError classes."""
        if by == "cross_encoder":
            return self._cross.get().scores(text, [passage_of(one.product) for one in candidates], within_s=within_s)
        return self._learned.get().scores(text, candidates)

    def warm(self, by: Rerank) -> None:
        """Load it now. Raises ModelError classes."""
        self.scores(by, "oak chair", [Candidate(product=Product(id="1", title="A chair of oak"), place=0, score=1.0, terms=())])


def model_leg(settings: SearchSettings, text: str, ids: Sequence[str]) -> LtrLeg:
    """What asks the server's own model for these products' scores. Raises ModelUnavailable where none is named."""
    if not settings.ltr_model:
        raise ModelUnavailable("No model of the server is named for reranking.", cure="Set FUSEDEX_SEARCH__LTR_MODEL.")
    return LtrLeg(text=text, ids=tuple(ids), model=settings.ltr_model, store=settings.ltr_store)


def _named(folder: Path | None, setting: str, *, what: str) -> Path:
    if folder is None:
        raise ModelUnavailable(f"No folder is named for the {what}.", cure=f"Set FUSEDEX_SEARCH__{setting}.")
    return folder
