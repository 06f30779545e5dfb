"""How good the ranking is, and how near the approximate neighbours are to the exact ones: printed, and written to benchmarks/results.

On the judged Icecat products (FUSEDEX_TEST_DATA) and on clustered vectors.
"""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from benchmarks.children import child
from indexer.batches import batches
from indexer.build.places import build_encoders
from indexer.build.reading import build_searcher
from indexer.build.writing import build_indexer
from indexer.encoders import QueryParts
from indexer.evaluate.asking import Asking
from indexer.evaluate.compare import compared
from indexer.evaluate.judgments import read_judgments
from indexer.evaluate.measures import Measure, Meter, View
from indexer.evaluate.queries import joined
from indexer.evaluate.runs import make_run
from indexer.records import Product
from indexer.settings import IndexSettings, Settings
from indexer.store.base import Document, ExactLeg, LexicalLeg, VectorLeg
from indexer.store.identity import Identity
from indexer.store.opensearch import OpenSearchStore
from indexer.vectors import Row, Rows, unit_rows

RESULTS = Path(__file__).parent / "results"
VIEWS: tuple[View, ...] = ("full", "condensed", "rerank")
MEASURES: tuple[Measure, ...] = ("nDCG@10", "RR@10", "R@100", "Judged@10")
SEARCHES: Mapping[str, Mapping[str, object]] = {
    "BM25": {"strategy": "lexical"},
    "vector": {"strategy": "vector"},
    "msearch min_max (the default)": {},
    "msearch z_score": {"blend": "z_score"},
    "msearch l2": {"blend": "l2"},
    "msearch rrf": {"blend": "rrf"},
    "rescore min_max": {"strategy": "rescore"},
    "exact min_max": {"strategy": "exact"},
}
CLUSTERED, WIDTH, CLUSTERS, ASKED = (1_000, 10_000, 100_000), 256, 500, 200
"""Sizes of the clustered index, numbers of a vector, clusters, and queries."""

PATIENT: dict[str, object] = {"encode_s": 60.0, "timeout_s": 60.0}
"""A busy machine must not change what is found."""

Results = dict[str, object]


def measure(environment: dict[str, str], url: str) -> None:
    """Print everything, and write quality.json."""
    os.environ.update(environment)
    results: Results = {"machine": _machine(), "commit": _commit()}
    folder = os.environ.get("FUSEDEX_TEST_DATA")
    if folder:
        icecat = Path(folder, "icecat")
        results["data"] = {name: _sha256(icecat / name) for name in ("products.jsonl.gz", "judgments.csv")}
        _feed(icecat / "products.jsonl.gz", environment)
        results["icecat"] = _judged(icecat / "judgments.csv", url)
    else:
        print("FUSEDEX_TEST_DATA is not set: no judged products")
    results["clustered"] = list(_clustered(url))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "quality.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"written: benchmarks/results/quality.json (commit {results['commit']})")


def _feed(feed: Path, environment: Mapping[str, str]) -> None:
    cores = ",".join(map(str, range(os.cpu_count() or 1)))
    with child("benchmarks.worker", cores, "opensearch", environment=environment):
        indexer = build_indexer(Settings.load())
        indexer.wait(indexer.accept(feed))
        indexer.workshop.store.refresh()
        indexer.close()


def _judged(file: Path, url: str) -> Results:
    settings = Settings.load()
    judgments, topics = joined(read_judgments(file), None)
    meter = Meter(judgments.answerable(), views=VIEWS, measures=MEASURES)
    base = None
    told: Results = {}
    print(f"\n## Icecat: {len(meter.judgments.queries)} judged queries; nDCG@10 full, condensed, rerank; RR@10, R@100, Judged@10 (full)")
    for name, changes in SEARCHES.items():
        search = settings.search.model_copy(update=PATIENT | dict(changes))
        with build_searcher(settings.model_copy(update={"search": search})) as searcher:
            searcher.warm(photos=False)
            measured = meter.measure(make_run(Asking(searcher), topics, name=name))
        base = base or measured
        figures = {view: measured.mean(view, "nDCG@10") for view in VIEWS}
        others = {measure: measured.mean("full", measure) for measure in MEASURES[1:]}
        differences = {view: asdict(compared(base.of(view, "nDCG@10"), measured.of(view, "nDCG@10"))) for view in VIEWS}
        told[name] = {"nDCG@10": figures, "full": others, "against BM25": differences}
        print(f"{name:>30}  " + "  ".join(f"{figure:.3f}" for figure in (*figures.values(), *others.values())), flush=True)
    told["recall@10 of the approximate neighbours"] = _icecat_recall([topic.text for topic in topics], url)
    return told


def _icecat_recall(texts: Sequence[str], url: str) -> float:
    settings = Settings.load()
    encoders = build_encoders(settings)
    rows = [row for text in texts if (row := encoders.query_row(QueryParts(text=text))) is not None]
    recall, _, _ = _recall(OpenSearchStore(SecretStr(url), settings.index, timeout_s=60), rows)
    print(f"recall@10 of the nearest 100 against the exact: {recall:.4f}; goal 0.99")
    return recall


def _clustered(url: str) -> Iterator[Results]:
    """The same index growing: recall, and the time of both legs beside each other."""
    store = OpenSearchStore(SecretStr(url), IndexSettings(alias="clustered"), timeout_s=60)
    store.ensure(Identity(ledger="bench", text="made", photo="none", fusion="made", width=WIDTH))
    rows, centres = _made(max(CLUSTERED))
    asked = unit_rows(centres[np.random.default_rng(3).integers(0, CLUSTERS, ASKED)] + _noise(ASKED, seed=4), width=WIDTH)
    print(f"\n## Clustered vectors of {WIDTH}: recall@10 of the nearest 100, ms a leg: approximate, exact, both legs of a search")
    written = 0
    for size in CLUSTERED:
        for places in batches(range(written, size), size=1000):
            store.write([_document(place, rows[place]) for place in places])
        written = size
        store.refresh()
        recall, near_ms, exact_ms = _recall(store, list(asked))
        began = time.perf_counter()
        for place, row in enumerate(asked):
            store.ask([LexicalLeg(text=f"cluster {place}"), VectorLeg(row=row)])
        both_ms = (time.perf_counter() - began) / ASKED * 1000
        print(f"{size:>9,}  {recall:.4f}  {near_ms:6.1f}  {exact_ms:6.1f}  {both_ms:6.1f}", flush=True)
        yield {"vectors": size, "recall@10": recall, "near_ms": near_ms, "exact_ms": exact_ms, "both_legs_ms": both_ms}
    store.close()


def _recall(store: OpenSearchStore, rows: Sequence[Row]) -> tuple[float, float, float]:
    """The share of the exact ten that are among the approximate ten, and the milliseconds of either leg."""
    shares, near_s, exact_s = [], 0.0, 0.0
    for row in rows:
        began = time.perf_counter()
        (near,) = store.ask([VectorLeg(row=row)])
        between = time.perf_counter()
        (exact,) = store.ask([ExactLeg(row=row, size=100)])
        near_s, exact_s = near_s + between - began, exact_s + time.perf_counter() - between
        # A product as near as the tenth is as good as the tenth: equal ones may stand in either list.
        least = exact.found[min(9, len(exact.found) - 1)].score - 1e-6
        shares.append(sum(one.score >= least for one in near.found[:10]) / min(10, len(exact.found)))
    return float(np.mean(shares)), near_s / len(rows) * 1000, exact_s / len(rows) * 1000


def _made(number: int) -> tuple[Rows, Rows]:
    centres = np.random.default_rng(1).normal(size=(CLUSTERS, WIDTH))
    places = np.random.default_rng(2).integers(0, CLUSTERS, number)
    return unit_rows(centres[places] + _noise(number, seed=5), width=WIDTH), centres.astype(np.float32)


def _noise(number: int, *, seed: int) -> Rows:
    return np.random.default_rng(seed).normal(scale=0.6, size=(number, WIDTH)).astype(np.float32)


def _document(place: int, row: Row) -> Document:
    return Document(id=f"v{place:06}", version=1, product=Product(id=f"v{place:06}", title=f"cluster {place % CLUSTERS}"), row=row)


def _machine() -> Results:
    return {"architecture": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}


def _commit() -> str:
    told = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    return told.stdout.strip() or "unknown"


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
