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
ROUNDS = 20
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
    """Interleave both, print p50 and p95 of each and the ratio of the medians by round."""
    settings = Settings.load()
    store = OpenSearchStore(SecretStr(url), settings.index, timeout_s=60)
    encoders = Encoders(HashedText(width=WIDTH), None, make_fusion(settings.encode, width=WIDTH), query_cache=100)
    _fill(store, encoders, ledger)
    os.sched_setaffinity(0, {0})
    searcher = Searcher(store, encoders, settings=settings.search, photo_pixels=1_000_000)
    client = OpenSearch(url, timeout=60)
    alias = settings.index.alias
    bodies = {text: _body(text, encoders, alias, settings.search.depth) for text in QUERIES}
    times: dict[str, list[float]] = {"bare": [], "library": []}
    ratios = []
    for round_number in range(ROUNDS + 2):
        found: dict[str, list[float]] = {"bare": [], "library": []}
        for text in QUERIES * 5:
            found["bare"].append(_timed(lambda text=text: client.msearch(body=bodies[text], index=alias)))  # type: ignore[misc]
            found["library"].append(_timed(lambda text=text: searcher.search(text)))  # type: ignore[misc]
        if round_number < 2:
            continue  # the engine's own warm-up
        ratios.append(median(found["library"]) / median(found["bare"]))
        for name, values in found.items():
            times[name] += values
    print(f"\n## Queries: {PRODUCTS} products, {len(QUERIES)} queries, {len(times['bare'])} searches each, vectors of {WIDTH} cached")
    for name, values in times.items():
        print(f"{name:>8}: p50 {median(values) * 1000:.2f} ms, p95 {quantiles(values, n=20)[-1] * 1000:.2f} ms")
    print(f"median ratio at p50 {median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f}); goal 1.1")
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
    call = search_call(alias, [LexicalLeg(text=cleaned, size=depth), VectorLeg(row=row, size=depth)])
    return call.body.decode() if isinstance(call.body, bytes) else ""


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began
