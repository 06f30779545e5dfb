"""One search through the library and the bare client's request with the same body, over an index filled for them."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
from opensearchpy import OpenSearch
from pydantic import SecretStr

from indexer.batches import batches
from indexer.encode.hashed import HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.fuse.catalog import make_fusion
from indexer.read_path import Searcher
from indexer.records import Product
from indexer.settings import Settings
from indexer.store.base import Document, LexicalLeg, VectorLeg
from indexer.store.opensearch import OpenSearchStore
from indexer.store.requests import search_call
from indexer.text import QUERY, clean
from indexer.vectors import unit_rows

WIDTH = 512
QUERIES = (
    "laptop 15 inch",
    "black printer ink",
    "usb cable",
    "wireless mouse",
    "沙发 相机",
    "external hard drive 1tb",
    "camera",
    "headset",
)


class Rivals:
    """Both, over the index that the settings in the environment name; the queries' vectors are cached in both."""

    def __init__(self, url: str, alias: str) -> None:
        """Connect; nothing is asked yet."""
        settings = Settings.load()
        self.store = OpenSearchStore(SecretStr(url), settings.index.model_copy(update={"alias": alias}), timeout_s=60)
        self.encoders = Encoders(HashedText(width=WIDTH), None, make_fusion(settings.encode, width=WIDTH), query_cache=100)
        # enough 0: a search that found few would ask for fewer words, which the bare client does not
        search = settings.search.model_copy(update={"enough": 0, "timeout_s": 60.0})
        self.searcher = Searcher(self.store, self.encoders, settings=search, photo_pixels=1_000_000)
        self._client = OpenSearch(url, timeout=60)
        self._alias = alias
        self._bodies = {text: self._body(text, search.depth) for text in QUERIES}

    def legs(self, text: str, depth: int) -> list[LexicalLeg | VectorLeg]:
        """What a search for the text asks of the store."""
        cleaned = clean(text, QUERY)
        row = self.encoders.query_row(QueryParts(text=cleaned))
        if row is None:
            raise SystemExit(f"{text!r} has no vector")
        return [LexicalLeg(text=cleaned, size=depth, step=0), VectorLeg(row=row, size=depth)]

    def _body(self, text: str, depth: int) -> str:
        body = search_call(self._alias, self.legs(text, depth)).body
        return body.decode() if isinstance(body, bytes) else ""

    def bare(self, text: str) -> object:
        """The bare client's request."""
        return self._client.msearch(body=self._bodies[text], index=self._alias)

    def library(self, text: str) -> object:
        """The search."""
        return self.searcher.search(text)

    def both(self) -> Mapping[str, Callable[[str], object]]:
        """The two by name."""
        return {"bare": self.bare, "library": self.library}

    def fill(self, rows: Sequence[Mapping[str, object]], ledger: str) -> None:
        """Write products; their vectors are their titles' with some noise, so that no two are equal."""
        self.store.ensure(self.encoders.identity(ledger))
        for place, part in enumerate(batches(rows, size=500)):
            vectors = self.encoders.text.encode([str(row["title"]) for row in part], side="product")
            noise = np.random.default_rng(place).normal(scale=0.02, size=vectors.shape)
            self.store.write([_document(row, vector) for row, vector in zip(part, unit_rows(vectors + noise, width=WIDTH), strict=True)])
        self.store.refresh()

    def close(self) -> None:
        """Give the connections back."""
        self.searcher.close()
        self._client.close()


class Times:
    """Seconds that each rival took, on the clock and of the processor."""

    def __init__(self) -> None:
        """Nothing is measured yet."""
        self.wall: dict[str, list[float]] = {"bare": [], "library": []}
        self.cpu: dict[str, list[float]] = {"bare": [], "library": []}

    def measure(self, rivals: Rivals, texts: Sequence[str]) -> "Times":
        """Ask each text of both; who asks second finds the engine's caches warm, so they take turns at it."""
        for place, text in enumerate(texts):
            order = list(rivals.both().items())
            for name, ask in order if place // len(QUERIES) % 2 else reversed(order):
                wall, cpu = _seconds(partial(ask, text))
                self.wall[name].append(wall)
                self.cpu[name].append(cpu)
        return self

    def add(self, other: "Times") -> None:
        """Take another's times as well."""
        for mine, theirs in ((self.wall, other.wall), (self.cpu, other.cpu)):
            for name, values in theirs.items():
                mine[name] += values


@contextmanager
def alone() -> Iterator[None]:
    """Within it we keep to one core: the engines have the other."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {0})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _seconds(run: Callable[[], object]) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.thread_time()
    run()
    return time.perf_counter() - began, time.thread_time() - cpu


def _document(row: Mapping[str, object], vector: np.ndarray) -> Document:
    product = Product(id=str(row["id"]), title=str(row["title"]), description=str(row["description"]), brand=str(row["brand"]))
    return Document(id=product.id, version=1, product=product, row=vector)
