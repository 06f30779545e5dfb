"""An upgrade from the weighted mean to a learned fusion on the real engines, under a feed and queries that never stop."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from indexer.build.reading import build_async_searcher, build_searcher
from indexer.build.upgrading import Road
from indexer.encode.hashed import HashedText
from indexer.errors import IndexerError
from indexer.fuse.checkpoint import CheckpointSpec, save_checkpoint
from indexer.ledger.base import Step
from tests.live.operate.upgrading import command, invoked
from tests.live.write_path.plant import Plant, settings_from, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(420)]

PRODUCTS = 600
OLD_WIDTH, NEW_WIDTH = HashedText().spec.width, 48


def checkpoint(folder: Path, seed: int = 0) -> Path:
    """One random layer: it keeps directions well enough to find things again, in a space of another width."""
    spec = CheckpointSpec(
        name="tiny",
        revision=str(seed),
        licence="none",
        origin="a test",
        text_width=OLD_WIDTH,
        photo_width=OLD_WIDTH,
        width=NEW_WIDTH,
        missing="zeros",
    )
    weight = np.random.default_rng(seed).normal(size=(NEW_WIDTH, spec.inputs)).astype(np.float32)
    save_checkpoint(folder, spec, ((weight, np.zeros(NEW_WIDTH, dtype=np.float32)),))
    return folder


class Life:
    """Feeds and queries, until it is over; what went wrong is kept."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self.fed: dict[str, int] = {f"p{n:04}": 0 for n in range(PRODUCTS)}
        self.queries = self.in_a_loop = 0
        self.wrong: list[str] = []
        self._over = threading.Event()

    def feed(self) -> None:
        number = 0
        while not self._over.wait(0.1):
            number += 1
            ids = [f"p{(number * 37 + step) % PRODUCTS:04}" for step in range(5)] + [f"new{number:05}"]
            rows = [{"id": id_, "title": f"chair {id_} of oak", "stock": number} for id_ in ids]
            self.plant.indexer.accept(rows)
            self.fed |= dict.fromkeys(ids, number)

    def ask(self) -> None:
        with build_searcher(self.plant.settings) as searcher:
            while not self._over.wait(0.03):
                asked = f"p{self.queries * 11 % PRODUCTS:04}"
                try:
                    answer = searcher.search(f"chair {asked} oak")
                except IndexerError as error:
                    self.wrong.append(f"{type(error).__name__}: {error}")
                else:
                    if not answer.hits or answer.degraded:
                        self.wrong.append(f"{len(answer.hits)} hits, {answer.degraded}")
                self.queries += 1

    def ask_in_a_loop(self) -> None:
        asyncio.run(self._ask_on())

    async def _ask_on(self) -> None:
        async with build_async_searcher(self.plant.settings) as searcher:
            while not self._over.is_set():
                await asyncio.sleep(0.03)
                asked = f"p{self.in_a_loop * 7 % PRODUCTS:04}"
                try:
                    answer = await searcher.search(f"chair {asked} oak")
                except IndexerError as error:
                    self.wrong.append(f"in a loop, {type(error).__name__}: {error}")
                else:
                    if not answer.hits or answer.degraded:
                        self.wrong.append(f"in a loop, {len(answer.hits)} hits, {answer.degraded}")
                self.in_a_loop += 1

    @contextmanager
    def going_on(self) -> Iterator[None]:
        threads = [threading.Thread(target=target) for target in (self.feed, self.ask, self.ask_in_a_loop)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


def arms_of(plant: Plant) -> list[dict[str, float]]:
    """What status tells of both sides of the trial."""
    arms = command(plant, "status")["arms"]
    return [arms.get("old", {}), arms.get("new", {})]


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env, tmp_path)
    yield plant
    plant.close()


def test_from_the_mean_to_a_learned_fusion_nothing_is_lost(plant: Plant, tmp_path: Path) -> None:
    config = tmp_path / "new.toml"
    config.write_text(f'[encode]\nfusion = "mlp"\nfusion_folder = "{checkpoint(tmp_path / "fusion")}"\n')
    first = plant.worker().wait_ready()
    plant.worker().wait_ready()
    job = plant.indexer.accept([{"id": id_, "title": f"chair {id_} of oak"} for id_ in [f"p{n:04}" for n in range(PRODUCTS)]])
    assert plant.indexer.wait(job, timeout_s=90).pending == 0
    ledger, store = plant.indexer.ledger, plant.indexer.workshop.store
    old = store.describe(fresh=True).index
    life = Life(plant)
    with life.going_on():
        # killed while it waits for the building, and a worker in the middle of its work: both go on
        starting = plant.worker("-m", "indexer", "upgrade", "start", "--config", str(config))
        until(lambda: 0 < ledger.next.dirty() < PRODUCTS - 50 or starting.process.poll() is not None, patience_s=200)
        assert starting.process.poll() is None, starting.log.read_text()
        starting.kill()
        first.kill()
        assert store.describe(fresh=True).index == old
        plant.worker().wait_ready()
        # a gate that can't pass keeps the old one
        told = command(plant, "resume", "--min-overlap", "1", code=1)
        assert (told["step"], store.describe(fresh=True).index) == ("refused", old)
        assert told["evidence"]["against"]
        told = command(plant, "resume", "--min-overlap", "0.1")
        assert (told["step"], told["given_up"]) == ("ready", 0)
        new = told["new_index"]
        # a trial: within seconds both searchers send the new index its share, and the next command ends it
        assert command(plant, "try", "--share", "0.5")["trial"] == {"share": 0.5, "shadow": False}
        until(lambda: min(arm.get("answers", 0) for arm in arms_of(plant)) > 20)
        assert command(plant, "try", "--share", "1", "--shadow")["trial"] == {"share": 1.0, "shadow": True}
        until(lambda: arms_of(plant)[1].get("compared", 0) > 20)
        told = command(plant, "status")
        assert (told["arms"]["new"]["failed"], told["arms"]["new"]["empty"]) == (0, 0)
        assert 0.1 < told["arms"]["new"]["overlap"] < 1
        print(told["arms"])
        assert command(plant, "switch")["step"] == "live"
        assert store.describe(fresh=True).index == new
        time.sleep(2)
        assert command(plant, "rollback")["step"] == "rolled back"
        assert store.describe(fresh=True).index == old
        time.sleep(1)
        assert command(plant, "switch")["step"] == "live"
        time.sleep(1)
        assert command(plant, "clean", "--yes")["step"] == "done"
        time.sleep(2)
    until(lambda: not any(plant.indexer.counts().dirty.values()))
    store.refresh()
    described = store.describe(fresh=True)
    assert (described.index, described.identity.width) == (new, NEW_WIDTH)
    assert life.wrong == []
    assert life.queries > 100
    assert life.in_a_loop > 100
    ids = list(life.fed)
    assert plant.documents() == dict(ledger.known(ids))
    stocks = {id_: product.stock for id_ in ids if (product := ledger.product(id_)) is not None}
    assert {id_: stock for id_, stock in stocks.items() if stock != (life.fed[id_] or None)} == {}
    assert ledger.letters() == []


def test_another_mapping_takes_the_same_road(plant: Plant, tmp_path: Path) -> None:
    worker = plant.worker().wait_ready()
    job = plant.indexer.accept([{"id": f"p{n}", "title": f"chair {n}"} for n in range(30)])
    assert plant.indexer.wait(job, timeout_s=60).pending == 0
    plant.env["FUSEDEX_INDEX__M"] = "24"
    differs = invoked(plant, "schema", "diff", "--json")
    told = json.loads(differs.stdout)
    assert (differs.exit_code, told["needs_upgrade"], told["fields"]) == (1, True, [])
    assert told["settings"] == [{"name": "m", "file": "24", "index": "16", "in_place": False}]
    runs = plant.indexer.counts().counters["texts"]
    with Road(settings_from(plant.env)) as road:
        assert road.start(rebuild=True).step is Step.PLANNED  # and dies there
    plant.env.pop("FUSEDEX_INDEX__M")  # whoever goes on knows nothing of it
    assert command(plant, "resume", "--switch", "--min-overlap", "0.9")["step"] == "live"
    plant.env["FUSEDEX_INDEX__M"] = "24"
    assert command(plant, "clean", "--yes")["step"] == "done"
    again = invoked(plant, "schema", "diff")
    assert (again.exit_code, again.stdout.strip().endswith("is as this release makes it.")) == (0, True)
    assert plant.indexer.counts().counters["texts"] == runs  # the cache had all of it
    job = plant.indexer.accept([{"id": "p1", "title": "a stool"}])
    assert plant.indexer.wait(job, timeout_s=60).pending == 0  # by the worker of before
    assert worker.process.poll() is None
    plant.indexer.workshop.store.refresh()
    assert plant.documents() == dict(plant.indexer.ledger.known([f"p{n}" for n in range(30)]))
