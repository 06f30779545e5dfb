"""Workers as child processes, an indexer beside them, and the index looked at from outside."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from indexer.build.writing import build_indexer
from indexer.ledger.open import open_ledger
from indexer.publish.celery import CeleryPublisher
from indexer.records import LANES
from indexer.settings import Settings
from indexer.write_path import Indexer

DOOMED = str(Path(__file__).with_name("doomed_worker.py"))
ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60.0

QUICK = {
    "FUSEDEX_WORK__LEASE_S": "2",
    "FUSEDEX_WORK__SWEEP_S": "2",
    "FUSEDEX_WORK__CLAIM": "16",
    "FUSEDEX_WORK__RETRY_S": "0.2",
    "FUSEDEX_WORK__RETRY_CAP_S": "1",
    "FUSEDEX_FEED__BATCH": "100",
}


def until(condition: Callable[[], bool], *, patience_s: float = PATIENCE_S) -> None:
    """Wait until it holds; fail when it does not in time."""
    end = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)


class Worker:
    """One worker process."""

    def __init__(self, env: Mapping[str, str], log: Path, command: Sequence[str]) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen([sys.executable, *command], env=dict(env), stdout=out, stderr=out, cwd=ROOT)

    def wait_ready(self) -> "Worker":
        until(lambda: self.says("worker_ready") or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise AssertionError(f"the worker ended: {self.log.read_text()[-2000:]}")
        return self

    def says(self, event: str) -> bool:
        return event in self.log.read_text(errors="replace")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=45)


class Plant:
    """One test's settings, and what runs under them."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FUSEDEX_")}
        self.env = inherited | QUICK | dict(env)
        # Scripts are found by their own folder: they are to import this tree, wherever it lies.
        self.env["PYTHONPATH"] = os.pathsep.join(filter(None, (env.get("PYTHONPATH"), str(ROOT))))
        self._folder = folder
        self._workers: list[Worker] = []
        self.settings = settings_from(self.env)
        self.indexer: Indexer = build_indexer(self.settings)
        self.broker: redis.Redis = redis.Redis.from_url(env["FUSEDEX_BROKER_URL"])

    def worker(self, *command: str) -> Worker:
        log = self._folder / f"worker-{len(self._workers)}.log"
        worker = Worker(self.env, log, command or ("-m", "indexer", "worker"))
        self._workers.append(worker)
        return worker

    @property
    def sender(self) -> CeleryPublisher:
        publisher = self.indexer.publisher
        if not isinstance(publisher, CeleryPublisher):
            raise TypeError("the plant sends through the broker")
        return publisher

    def documents(self) -> dict[str, int]:
        """Every document in the index with its version, tombstones included."""
        found = self._get("_search?size=10000&version=true&_source=false")
        return {hit["_id"]: hit["_version"] for hit in found["hits"]["hits"]}

    def applied(self) -> int:
        """How many writes the index ever applied: one sequence number each; a refused version takes none."""
        shards = self._get("_stats?level=shards")["indices"]
        return sum(copy["seq_no"]["max_seq_no"] + 1 for index in shards.values() for shard in index["shards"].values() for copy in shard)

    def check_all_there_once(self, ids: Sequence[str]) -> None:
        """Each product is in the index in the ledger's version, and was written there exactly once."""
        known = dict(self.indexer.ledger.known(ids))
        assert known.keys() == set(ids)
        assert self.documents() == known
        assert self.applied() == len(ids)
        assert self.indexer.ledger.letters() == []

    def suspects(self) -> int:
        """Rows with an attempt behind them, those under a lease included."""
        later = open_ledger(self.env["FUSEDEX_LEDGER_URL"], future_s=300, clock=lambda: time.time_ns() // 1000 + 3_600_000_000)
        try:
            return sum(later.suspects(lane) for lane in LANES)
        finally:
            later.close()

    def close(self) -> None:
        for worker in self._workers:
            if worker.process.poll() is None:
                worker.kill()
        self.broker.close()
        self.indexer.close()

    def _get(self, path: str) -> Any:
        address = f"{self.env['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/{self.env['FUSEDEX_INDEX__ALIAS']}/{path}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)


@contextmanager
def environment(env: Mapping[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def settings_from(env: Mapping[str, str]) -> Settings:
    with environment(env):
        return Settings.load()
