"""A whole write path in one process: real ledger (SQLite), real cache, hashed encoders, the store's twin in memory, hints in memory."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from indexer.build.writing import ProductEngine
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.ledger.base import Job
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.ledger.vectors import open_vectors
from indexer.observe import RunObserver
from indexer.publish.memory import MemoryPublisher
from indexer.records import LANES, Product
from indexer.settings import EncodeSettings, FeedSettings, Settings, WorkSettings
from indexer.store.base import Document, LexicalLeg, Written
from indexer.store.memory import MemoryStore
from indexer.work.documents import Makers, Workshop
from indexer.write_path import Indexer

WIDTH = 64


class Recorder(RunObserver):
    """Remembers what a run told."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.encoded: list[tuple[int, int, int]] = []
        self.written: list[tuple[int, int, int]] = []
        self.batches: list[dict[str, int]] = []
        self.on_stage: Callable[[str], None] = lambda _: None

    def rows_accepted(self, outcomes: Mapping[str, int]) -> None:
        self.batches.append(dict(outcomes))

    def parts_encoded(self, *, texts: int, photos: int, cached: int) -> None:
        self.encoded.append((texts, photos, cached))

    def documents_written(self, *, written: int, newer: int, failed: int) -> None:
        self.written.append((written, newer, failed))

    def stage_moved(self, stage: str) -> None:
        self.stages.append(stage)
        self.on_stage(stage)


class WatchedStore(MemoryStore):
    """The twin, with every write remembered and a place to go wrong in."""

    def __init__(self) -> None:
        super().__init__()
        self.applied: list[tuple[str, int]] = []
        self.before: Callable[[Sequence[Document]], None] = lambda _: None
        self.answer: Callable[[list[Written]], list[Written]] = lambda results: results
        self.refreshed = 0

    def write(self, documents: Sequence[Document], *, index: str = "") -> list[Written]:
        self.before(documents)
        results = super().write(documents, index=index)
        self.applied += [(result.id, result.version) for result in results if result.outcome == "written"]
        return self.answer(results)

    def refresh(self) -> None:
        self.refreshed += 1
        super().refresh()


class Clock:
    """The machine's time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead_s = 0.0
        self.held: int | None = None

    def __call__(self) -> int:
        now = time.time_ns() // 1000 if self.held is None else self.held
        return now + round(self.ahead_s * 1_000_000)

    def hold(self) -> None:
        """Stand still from now on, but for `ahead_s`: where a slow machine must not let a lease run out."""
        self.held = time.time_ns() // 1000


class Shop:
    """An indexer and all that it stands on."""

    def __init__(self, folder: Path, *, work: WorkSettings | None = None, feed: FeedSettings | None = None) -> None:
        self.folder = folder
        self.settings = Settings(
            home=folder,
            encode=EncodeSettings(text="hashed", photo="hashed", batch=4),
            work=work or WorkSettings(claim=16, retry_s=0.001, retry_cap_s=0.002),
            feed=feed or FeedSettings(batch=10),
        )
        self.clock = Clock()
        self.ledger: SqlLedger = open_ledger(f"sqlite:///{folder / 'ledger.sqlite'}", future_s=300, clock=self.clock)
        self.cache = open_vectors(f"sqlite:///{folder / 'vectors.sqlite'}")
        self.store = WatchedStore()
        self.publisher = MemoryPublisher()
        self.observer = Recorder()
        self.text: HashedText = HashedText(width=WIDTH)
        self.photo: HashedPhoto | None = HashedPhoto(width=WIDTH)
        self.models_made = 0
        self.indexer = self.another_indexer()

    def another_indexer(self, *, observer: RunObserver | None = None) -> Indexer:
        """One more process's worth of indexer over the same ledger, cache and store."""
        watcher = observer or self.observer
        makers = Makers(
            store=lambda: self.store,
            cache=lambda: self.cache,
            encoders=self._encoders,
            engine=lambda encoders: ProductEngine(encoders, self.settings.encode, observer=watcher),
        )
        return Indexer(self.ledger, self.publisher, Workshop(makers), self.settings, observer=watcher)

    def _encoders(self) -> Encoders:
        self.models_made += 1
        return Encoders(self.text, self.photo, WeightedFusion(title=0.4, description=0.2, photo=0.4, width=WIDTH))

    def feed(self, rows: Iterable[Mapping[str, object]], *, job_id: str | None = None) -> Job:
        return self.indexer.accept(rows, job_id=job_id)

    def drain(self, indexer: Indexer | None = None) -> int:
        """Work every lane until nothing is due, putting rows that wait out their delay in reach."""
        settled = 0
        for _ in range(200):
            self.clock.ahead_s += 0.01
            time.sleep(0.003)  # longer than any rest after a failure
            now = sum((indexer or self.indexer).work(lane) for lane in LANES)
            settled += now
            if not now and not any(self.dirty().values()):
                break
        return settled

    def dirty(self) -> Mapping[str, int]:
        return {lane: number for lane, number in self.ledger.counts().dirty.items() if number}

    def products(self) -> dict[str, Product]:
        """What a search would find."""
        found = self.store.ask([LexicalLeg(text="", size=1000)])[0].found
        return {one.id: one.product for one in found}

    def close(self) -> None:
        self.indexer.close()
