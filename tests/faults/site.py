"""A plant for faults: a proxy before OpenSearch, workers born from the nursery, the truth beside the index, and a watch on recovery."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from indexer.errors import IndexerError
from indexer.ledger.base import Job
from tests.faults import fragile
from tests.faults.nursery import Born, Doom, Nursery
from tests.faults.proxy import Proxy
from tests.faults.truth import Row, Seen, Truth
from tests.live.write_path.plant import Plant, until
from workers.app import QUEUES

PATIENCE_S = 120.0


@dataclass(frozen=True, slots=True)
class Recovery:
    """How one fault ended: seconds from its end to the next row written and to the last, and model runs done twice."""

    fault: str
    first_s: float
    all_s: float
    runs: int
    repeated: int


class Site(Plant):
    """One test's settings and all that runs under them; workers reach OpenSearch through `proxy` only."""

    def __init__(self, env: Mapping[str, str], folder: Path, *, nursery: Nursery, seed: int, report: Callable[[Recovery], None]) -> None:
        self.proxy = Proxy(env["FUSEDEX_OPENSEARCH_URL"])
        super().__init__({**without_text(env), **fragile.install(folder), "FUSEDEX_ENCODE__PHOTO": "none"}, folder)
        self.truth = Truth(seed)
        self.born: list[Born] = []
        self._nursery = nursery
        self._report = report

    def birth(self, *, queues: Sequence[str] = QUEUES, threads: int = 2, doom: Doom | None = None, wait_s: float = 0) -> Born:
        """A worker, started."""
        env = self.env | {"FUSEDEX_OPENSEARCH_URL": self.proxy.url}
        log = self._folder / f"born-{len(self.born)}.log"
        self.born.append(self._nursery.birth(env, log, queues=queues, threads=threads, doom=doom, wait_s=wait_s))
        return self.born[-1]

    def feed(self, rows: Sequence[Row], *, job_id: str | None = None) -> Job:
        """Accept rows, for as long as it takes: a careful sender sends a job again until it is committed."""
        name = job_id or f"job-{time.monotonic_ns()}"
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.indexer.accept(rows, job_id=name)
            except IndexerError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def dirty(self) -> int:
        return sum(self.indexer.counts().dirty.values())

    def written(self) -> int:
        return self.indexer.counts().counters["written"]

    def settle(self, *, patience_s: float = PATIENCE_S) -> None:
        """Wait until nothing is left to do."""
        until(lambda: self.dirty() == 0, patience_s=patience_s)

    @contextmanager
    def recovery(self, fault: str, *, patience_s: float = PATIENCE_S) -> Iterator[None]:
        """The block ends the fault; then wait until all is done, and report how long it took, and what of it ran twice."""
        yield
        began, before = time.monotonic(), self.written()
        first = 0.0
        end = began + patience_s
        while self.dirty():
            if not first and self.written() > before:
                first = time.monotonic() - began
            if time.monotonic() > end:
                logs = "\n".join(one.text()[-1500:] for one in self.born[-3:])
                raise AssertionError(f"{self.dirty()} rows are still to do after {fault}: {self.indexer.counts()}\n{logs}")
            time.sleep(0.02)
        whole = time.monotonic() - began
        total, repeated = fragile.runs(self._folder)
        self._report(Recovery(fault, first or whole, whole, total, repeated))

    def check(self, *, dead: Sequence[str] = (), counted: bool = True) -> None:
        """The index is the truth's fold, `dead` apart: content, id and version; nothing was applied twice.

        `counted`: also, the index's sequence numbers say that it applied what the proxy saw and no more (not where an answer was lost
        with a server).
        """
        found = self.found()
        wanted = {id_: seen for id_, seen in self.truth.living() if id_ not in dead}
        assert {id_: seen for id_, (_, seen) in found.items() if seen is not None} == wanted
        known = self.indexer.ledger.known(sorted(found))
        assert {id_: version for id_, (version, _) in found.items()} == dict(known)
        assert sorted(letter.id for letter in self.indexer.ledger.letters()) == sorted(dead)
        assert self.proxy.twice() == []
        if counted:
            assert self.applied() == self.proxy.applied.total()

    def found(self) -> dict[str, tuple[int, Seen | None]]:
        """Every document: its version, and how it looks (None: a tombstone)."""
        self.call("POST", "_refresh")
        answer = self._get("_search?size=10000&version=true&_source=title,description,price,stock,deleted")
        assert answer["hits"]["total"]["value"] < 10_000
        return {hit["_id"]: (hit["_version"], _seen(hit["_source"])) for hit in answer["hits"]["hits"]}

    def call(self, method: str, path: str, body: object = None) -> object:
        """Ask the real server something about the index."""
        address = f"{self.env['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/{self.env['FUSEDEX_INDEX__ALIAS']}/{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def close(self) -> None:
        for one in self.born:
            one.kill()
        super().close()
        self.proxy.close()


def without_text(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name not in ("FUSEDEX_ENCODE__TEXT", "FUSEDEX_ENCODE__PHOTO")}


def _seen(source: Mapping[str, object]) -> Seen | None:
    if source["deleted"]:
        return None
    return str(source["title"]), str(source["description"]), float(str(source["price"])), int(str(source["stock"]))
