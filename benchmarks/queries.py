"""Time of a search through the library, over the bare client's `_msearch` with the same body; the query's vector is cached in both."""

import os
import time
from collections.abc import Callable
from statistics import median, quantiles

import numpy as np
from opensearchpy import OpenSearch
from pydantic import SecretStr

from benchmarks.products import rows
from indexer.encode.hashed import HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.fuse.catalog import make_fusion
from indexer.ledger.base import Ledger
from indexer.read_path import Searcher
from indexer.records import Product
from indexer.settings import Settings
from indexer.store.base import Document, LexicalLeg, VectorLeg
from indexer.store.opensearch import OpenSearchStore
from indexer.store.requests import search_call
from indexer.text import QUERY, clean
from indexer.vectors import unit_rows

PRODUCTS = 5000
ROUNDS, WARM, ASKED = 4, 1, 1000
"""Rounds, those that warm the engine up, and searches of each kind in a round."""
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


def measure(url: str, ledger: Ledger) -> None:
    """Interleave both, print p50 and p99 of each, and both ratios by round."""
    settings = Settings.load()
    store = OpenSearchStore(SecretStr(url), settings.index, timeout_s=60)
    encoders = Encoders(HashedText(width=WIDTH), None, make_fusion(settings.encode, width=WIDTH), query_cache=100)
    _fill(store, encoders, ledger)
    os.sched_setaffinity(0, {0})
    # enough 0: a search that found few would ask for fewer words, which the bare client does not
    searcher = Searcher(store, encoders, settings=settings.search.model_copy(update={"enough": 0}), photo_pixels=1_000_000)
    client = OpenSearch(url, timeout=60)
    alias = settings.index.alias
    bodies = {text: _body(text, encoders, alias, settings.search.depth) for text in QUERIES}
    times: dict[str, list[float]] = {"bare": [], "library": []}
    ratios: dict[str, list[float]] = {"p50": [], "p99": []}
    for number in range(ROUNDS):
        found: dict[str, list[float]] = {"bare": [], "library": []}
        for text in QUERIES * (ASKED // len(QUERIES)):
            found["bare"].append(_timed(lambda text=text: client.msearch(body=bodies[text], index=alias)))  # type: ignore[misc]
            found["library"].append(_timed(lambda text=text: searcher.search(text)))  # type: ignore[misc]
        if number < WARM:
            continue
        for name, cut in (("p50", 49), ("p99", 98)):
            ratios[name].append(quantiles(found["library"], n=100)[cut] / quantiles(found["bare"], n=100)[cut])
        for name, values in found.items():
            times[name] += values
    print(f"\n## Queries: {PRODUCTS} products, {len(QUERIES)} queries, {len(times['bare'])} searches each, vectors of {WIDTH} cached")
    for name, values in times.items():
        print(f"{name:>8}: p50 {median(values) * 1000:.2f} ms, p99 {quantiles(values, n=100)[98] * 1000:.2f} ms")
    for name, values in ratios.items():
        print(f"ratio at {name}: {median(values):.3f} (from {min(values):.3f} to {max(values):.3f}); goal 1.1")
    searcher.close()
    client.close()


def _fill(store: OpenSearchStore, encoders: Encoders, ledger: Ledger) -> None:
    store.ensure(encoders.identity(ledger.id))
    _, products = rows(PRODUCTS)
    vectors = encoders.text.encode([str(row["title"]) for row in products], side="product")
    noise = np.random.default_rng(7).normal(scale=0.02, size=vectors.shape)
    documents = [
        Document(
            id=str(row["id"]),
            version=1,
            product=Product(id=str(row["id"]), title=str(row["title"]), description=str(row["description"]), brand=str(row["brand"])),
            row=vector,
        )
        for row, vector in zip(products, unit_rows(vectors + noise, width=WIDTH), strict=True)
    ]
    for start in range(0, len(documents), 500):
        store.write(documents[start : start + 500])
    store.refresh()


def _body(text: str, encoders: Encoders, alias: str, depth: int) -> str:
    cleaned = clean(text, QUERY)
    row = encoders.query_row(QueryParts(text=cleaned))
    if row is None:
        raise SystemExit(f"{text!r} has no vector")
    call = search_call(alias, [LexicalLeg(text=cleaned, size=depth, step=0), VectorLeg(row=row, size=depth)])
    return call.body.decode() if isinstance(call.body, bytes) else ""


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
