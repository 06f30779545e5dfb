"""The real road: from the embedded profile (sentence encoder, label bridge) to a fusion that `fusedex learn fuse` has trained.

Meanwhile products change, appear and go, and shoppers ask in English, in Chinese and by photo.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from indexer.build.reading import build_searcher
from indexer.errors import IndexerError
from indexer.operate.following import FollowingSearcher
from indexer.read_path import Searcher
from indexer.records import Query
from tests.data.catalogue import JSONL, PHOTOS
from tests.live.operate.upgrading import command
from tests.live.write_path.plant import Plant, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

LINES = [json.loads(line) for line in JSONL.read_text(encoding="utf-8").splitlines()]
ROWS = {row["id"]: row | {"photos": [str(PHOTOS.parent / row["photos"][0])]} for row in LINES if row.get("photos")}
STILL = "0001"
"""A product that no event touches: whatever its photo's cosine is, it can only be that of the one index or of the other."""
PHOTO = Path(ROWS[STILL]["photos"][0])
PATIENCE_S = 300
QUICK = {"FUSEDEX_WORK__CLAIM": "4", "FUSEDEX_ENCODE__BATCH": "8", "FUSEDEX_ENCODE__THREADS": "1", "OMP_NUM_THREADS": "1"}
LEARN = ("--seeds", "1", "--epochs", "2", "--views", "1", "--batch", "8")


@dataclass
class Life:
    """Feeds and queries until it is over. `last` is each product's newest event: its stock, or None for a delete."""

    plant: Plant
    searcher: Searcher
    last: dict[str, int | None] = field(default_factory=dict)
    cosines: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    fed: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def feed(self) -> None:
        moving = [id_ for id_ in ROWS if id_ != STILL]
        while not self._over.wait(0.15):
            self.fed += 1
            n = self.fed
            content, offer = moving[n % len(moving)], moving[(n * 7 + 3) % len(moving)]
            come, gone = f"new-{n:04}", f"new-{n - 6:04}"
            self.tell(content, n, ROWS[content])
            self.tell(come, n, {"title": f"New lamp {n}", "price": n})
            if self.last.get(offer) is not None:
                self.tell(offer, n, {"price": n + 0.5})
            if gone in self.last:
                self.tell(gone, None, {"deleted": True})

    def tell(self, id_: str, stock: int | None, row: Mapping[str, object]) -> None:
        """One event; the newest arrival counts, so the catalogue's own version is left out."""
        row = {name: value for name, value in row.items() if name != "version"} | {"id": id_}
        self.plant.indexer.accept([row if stock is None else row | {"stock": stock}])
        self.last[id_] = stock

    def ask(self) -> None:
        questions = [Query(text="blue sofa"), Query(text="跑步鞋"), Query(photo=PHOTO.read_bytes(), per_page=100)]
        while not self._over.wait(0.05):
            query = questions[self.asked % 3]
            try:
                answer = self.searcher.search(query)
            except IndexerError as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            else:
                if not answer.hits or answer.degraded:
                    self.wrong.append(f"{query.text!r}: {len(answer.hits)} hits, {answer.degraded}")
                if query.photo:
                    self.cosines += [still(answer.hits)]
            self.asked += 1

    @contextmanager
    def going_on(self) -> Iterator[None]:
        threads = [threading.Thread(target=self.feed), threading.Thread(target=self.ask)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


def still(hits: object) -> float:
    """The cosine of the product that stays as it is; 0 where it was not found."""
    return next((term.raw for hit in hits for term in hit.terms if hit.id == STILL and term.name == "vector"), 0.0)  # type: ignore[attr-defined]


def by_photo(searcher: Searcher) -> float:
    return still(searcher.search(Query(photo=PHOTO.read_bytes(), per_page=100)).hits)


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env | {"FUSEDEX_ENCODE__TEXT": "sentence", "FUSEDEX_ENCODE__PHOTO": "bridge"} | QUICK, tmp_path)
    yield plant
    plant.close()


def test_to_a_learned_fusion_under_feed_and_queries(plant: Plant, tmp_path: Path) -> None:
    began = time.monotonic()
    indexer, store, ledger = plant.indexer, plant.indexer.workshop.store, plant.indexer.ledger
    feed = tmp_path / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS.values()), encoding="utf-8")
    learning = plant.worker("-m", "indexer", "learn", "fuse", str(feed), *LEARN, "--out", str(tmp_path / "fusion"))
    assert learning.process.wait(timeout=PATIENCE_S) == 0, learning.log.read_text()
    first = plant.worker()
    assert indexer.wait(indexer.accept(feed), timeout_s=PATIENCE_S).pending == 0
    config = tmp_path / "new.toml"
    config.write_text(f'[encode]\nphoto = "image"\nfusion = "mlp"\nfusion_folder = "{tmp_path / "fusion"}"\n')
    old = store.describe(fresh=True).index
    search = plant.settings.search.model_copy(update={"encode_s": 60, "timeout_s": 90})  # a slow machine must not look like a failure
    with build_searcher(plant.settings.model_copy(update={"search": search})) as searcher:
        assert isinstance(searcher, FollowingSearcher)
        searcher.warm()
        in_old = by_photo(searcher)
        life = Life(plant, searcher)
        with life.going_on():
            starting = plant.worker("-m", "indexer", "upgrade", "start", "--config", str(config))
            until(lambda: 0 < ledger.next.dirty() < len(ROWS) or starting.process.poll() is not None, patience_s=PATIENCE_S)
            until(lambda: ledger.next.dirty() < ledger.counts().products - 4 or starting.process.poll() is not None, patience_s=PATIENCE_S)
            assert starting.process.poll() is None, starting.log.read_text()
            starting.kill()
            first.kill()
            assert store.describe(fresh=True).index == old
            assert searcher.search("blue sofa").hits
            plant.worker()
            told = command(plant, "resume", "--min-overlap", "1", code=1)
            assert (told["step"], store.describe(fresh=True).index) == ("refused", old)
            told = command(plant, "resume", "--min-overlap", "0.05")
            assert (told["step"], told["given_up"], told["trouble"]) == ("ready", 0, "")
            new = told["new_index"]
            assert command(plant, "switch")["step"] == "live"
            in_new = by_photo(searcher)
            assert in_new != pytest.approx(in_old, abs=0.01)
            assert searcher.describe(fresh=True).index == new
            assert "sofa" in searcher.search("blue sofa").hits[0].product.title.lower()
            assert command(plant, "rollback")["step"] == "rolled back"
            assert by_photo(searcher) == pytest.approx(in_old, abs=0.002)
            assert command(plant, "switch")["step"] == "live"
            assert command(plant, "clean", "--yes")["step"] == "done"
        assert by_photo(searcher) == pytest.approx(in_new, abs=0.002)
    until(lambda: not any(indexer.counts().dirty.values()), patience_s=PATIENCE_S)
    store.refresh()
    assert store.describe(fresh=True).index == new
    # no query failed, and none was answered by one index with the other one's vectors
    assert life.wrong == []
    assert [cosine for cosine in life.cosines if min(abs(cosine - in_old), abs(cosine - in_new)) > 0.002] == []
    # no event was lost: each product is as its newest event says, in the ledger and under that version in the index
    stocks = {id_: product.stock if (product := ledger.product(id_)) else None for id_ in life.last}
    assert stocks == life.last
    assert plant.documents() == dict(ledger.known([*ROWS, *life.last]))
    assert ledger.letters() == []
    print(f"{life.fed} feeds, {life.asked} queries, photo's cosine {in_old:.3f} and {in_new:.3f}, {time.monotonic() - began:.0f} s")
