"""A real ledger and a store with the plainest of workers between them: what comes in is written as it is, under no model."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from indexer.ledger.base import Finished
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.records import LANES, Delete, Event, Offer, Product
from indexer.store.base import Document, ProductStore, Stored
from indexer.store.identity import Identity
from indexer.store.memory import MemoryStore

WIDTH = 8


def product(id_: str, *, title: str = "a chair", version: int | None = None) -> Product:
    return Product(id=id_, title=title, version=version)


class Depot:
    """One ledger, one store; `work` is a worker that has one claim in hand at a time."""

    def __init__(self, folder: Path, store: ProductStore | None = None) -> None:
        self.ledger: SqlLedger = open_ledger(f"sqlite:///{folder / f'{uuid.uuid4().hex}.sqlite'}", future_s=300)
        self.store = store or MemoryStore()
        self.store.ensure(self.identity())

    def identity(self, *, fusion: str = "fusion-1") -> Identity:
        return Identity(ledger=self.ledger.id, text="text-1", photo="photo-1", fusion=fusion, width=WIDTH)

    def take(self, events: Iterable[Event]) -> None:
        job = self.ledger.begin_job(uuid.uuid4().hex, "test")
        self.ledger.accept(job.id, list(events))
        self.ledger.commit_job(job.id, {})

    def fill(self, ids: Sequence[str]) -> None:
        """Those products, indexed."""
        self.take(product(id_) for id_ in ids)
        self.work()

    def delete(self, ids: Sequence[str]) -> None:
        self.take(Delete(id=id_) for id_ in ids)
        self.work()

    def offer(self, id_: str, stock: int) -> None:
        self.take([Offer(id=id_, stock=stock)])

    def work(self) -> int:
        """Work until nothing is due; how many documents were written."""
        written = 0
        for lane in LANES:
            while claimed := self.ledger.claim(lane, owner="w", limit=500, lease_s=60):
                documents = [Document(id=row.id, version=row.row_version, product=row.product) for row in claimed]
                written += sum(result.outcome == "written" for result in self.store.write(documents))
                self.ledger.finish("w", [Finished(id=row.id, row_version=row.row_version) for row in claimed], recipe=self.ledger.recipe())
        self.store.refresh()
        return written

    def put(self, id_: str, version: int, *, deleted: bool = False) -> None:
        """A document that no worker of ours wrote."""
        result = self.store.write([Document(id=id_, version=version, product=None if deleted else product(id_))])
        assert result[0].outcome == "written", result
        self.store.refresh()

    def lose(self, id_: str) -> None:
        """The document is gone, and nobody knows."""
        self.store.remove({id_: self.stored()[id_].version + 1})
        self.store.refresh()

    def age(self, id_: str) -> None:
        """The index has the document as it was before, as after it came back from a backup."""
        if not isinstance(self.store, MemoryStore):
            raise TypeError("only the twin's documents can be made older")
        self.store._kept[id_] = replace(self.store._kept[id_], version=1)

    def stored(self) -> dict[str, Stored]:
        found: dict[str, Stored] = {}
        after = ""
        while page := self.store.walk(after=after, limit=1000):
            found |= {one.id: one for one in page}
            after = page[-1].id
        return found

    def close(self) -> None:
        self.ledger.close()
