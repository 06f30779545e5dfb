"""An upgrade, joined: ledger, store, encoders of both sides, and the searchers that its gate asks."""

import json
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from indexer.build.places import build_encoders, endpoints
from indexer.build.reading import build_searcher
from indexer.build.writing import build_indexer
from indexer.encode.profile import of_profile, profile_of
from indexer.errors import SettingsError
from indexer.evaluate.asking import Asking
from indexer.evaluate.judgments import read_judgments
from indexer.evaluate.queries import joined, read_topics
from indexer.ledger.base import Step, Upgrade
from indexer.operate.gate import Limits, by_judgments, by_overlap, complete, sample_titles
from indexer.operate.upgrade import PATIENCE_S, Built, Told, Upgrades, silent
from indexer.publish.hints import Hints
from indexer.read_path import Searcher
from indexer.settings import IndexSettings, Settings
from indexer.store.opensearch import OpenSearchStore

PATIENT_S = 60.0
"""A search of the gate may take so long: quality is compared, and a busy machine must not change it."""


USUAL = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What the gate judges by: judgments, or else queries (a CSV file with their texts), or else titles; and what passes."""

    judgments: Path | None = None
    queries: Path | None = None
    limits: Limits = USUAL


class Road:
    """All that an upgrade's commands need; use it with `with`."""

    def __init__(self, settings: Settings, *, config: Path | None = None) -> None:
        """`config` names the file whose [encode] and [index] are the new ones. Raises SettingsError, EngineError, LedgerUnavailable."""
        self.own = settings
        self.new = settings.with_file(config) if config is not None else settings
        self._indexer = build_indexer(settings)
        self.ledger = self._indexer.ledger
        address = endpoints(settings).opensearch_url
        current = self.ledger.next.upgrade()
        made_by = index_settings(current, self.own) if config is None and current is not None else self.new.index
        self._store = OpenSearchStore(SecretStr(address), made_by, timeout_s=PATIENT_S)
        self.upgrades = Upgrades(self.ledger, self._store)

    def start(self, *, rebuild: bool = False) -> Upgrade:
        """Record the upgrade to the new settings. Raises as `Upgrades.start`, and what making encoders raises."""
        return self.upgrades.start(_built(self.new), _built(self.own), rebuild=rebuild)

    def build(self, upgrade: Upgrade, *, told: Told = silent, patience_s: float = PATIENCE_S) -> bool:
        """Let workers fill the new index; False where they made no progress for so long (0: not waited for)."""
        if upgrade.step in (Step.PLANNED, Step.LISTING):
            encode = of_profile(upgrade.new_profile, self.own.encode)
            self.upgrades.prepare(upgrade, build_encoders(self.own.model_copy(update={"encode": encode})), told=told)
        Hints(self._indexer.publisher, claim=self.own.work.claim).all_due(self.ledger.counts().dirty)
        return self.upgrades.built(told=told, patience_s=patience_s)

    def judge(self, upgrade: Upgrade, gate: Gate) -> Upgrade:
        """Ask both indices, and record whether the new one may go live. Raises EvaluationError, and what searching raises."""
        with self._searcher(upgrade.old_profile, upgrade.old_index) as old, self._searcher(upgrade.new_profile, upgrade.new_index) as new:
            for searcher in (old, new):
                searcher.warm(photos=False)
            sides = Asking(old), Asking(new)
            if gate.judgments is not None:
                judged, topics = joined(read_judgments(gate.judgments), read_topics(gate.queries) if gate.queries else None)
                evidence = by_judgments(*sides, judged, topics, limits=gate.limits)
            else:
                texts = [topic.text for topic in read_topics(gate.queries)] if gate.queries else []
                evidence = by_overlap(*sides, sample_titles(self.ledger), texts, limits=gate.limits)
        return self.upgrades.judge(upgrade, complete(evidence, self.ledger))

    def close(self) -> None:
        """Give all connections back."""
        self._store.close()
        self._indexer.close()

    def _searcher(self, profile: str, index: str) -> Searcher:
        store = self._store.at(index)
        store.refresh()
        store.close()
        search = self.own.search.model_copy(update={"encode_s": PATIENT_S, "timeout_s": PATIENT_S})
        encode = of_profile(profile, self.own.encode) if profile else self.own.encode
        return build_searcher(self.own.model_copy(update={"encode": encode, "search": search}), index=index)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _built(settings: Settings) -> Built:
    return Built(build_encoders(settings), profile_of(settings.encode), settings.index.model_dump_json(exclude={"alias"}))


def index_settings(upgrade: Upgrade, own: Settings) -> IndexSettings:
    """How the upgrade's index is to be made: as it was begun, wherever it is resumed. Raises SettingsError for what can't be read."""
    if upgrade.step is not Step.PLANNED or not upgrade.new_settings:
        return own.index
    try:
        return IndexSettings.model_validate(json.loads(upgrade.new_settings) | {"alias": own.index.alias})
    except ValueError as error:
        raise SettingsError(
            f"The settings of upgrade {upgrade.number} can't be read: {error}.", cure="End it: fusedex upgrade clean"
        ) from error
