"""A shop whose fusion can get other weights, as when its settings changed and everything was started again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.records import LANES
from indexer.write_path import Indexer
from tests.unit.write_path.shop import WIDTH, Shop

ROWS: list[dict[str, object]] = [
    {"id": f"p{n:02}", "title": f"chair {n}", "description": f"of oak, kind {n}", "stock": n} for n in range(30)
]


class Weighed(Shop):
    title = 0.4

    def _encoders(self) -> Encoders:
        self.models_made += 1
        return Encoders(self.text, self.photo, WeightedFusion(title=self.title, description=0.2, photo=0.4, width=WIDTH))

    def encoders(self) -> Encoders:
        return self._encoders()

    def reweigh(self, title: float) -> None:
        """Other settings, and a new process with them."""
        self.title = title
        self.indexer = self.another_indexer()

    def vectors(self) -> dict[str, bytes]:
        return {id_: kept.rows["vector"].tobytes() for id_, kept in self.store._kept.items() if kept.rows}

    def runs(self) -> tuple[int, int]:
        counters = self.ledger.counts().counters
        return counters["texts"], counters["photos"]


@contextmanager
def working(indexer: Indexer) -> Iterator[None]:
    """A worker beside, on this indexer."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.01):
            for lane in LANES:
                indexer.work(lane)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
