"""What a second vector, of the photos alone, costs: bytes a product in the index, seconds to write it, and time of a search."""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from statistics import median, quantiles

import numpy as np
from opensearchpy import OpenSearch
from pydantic import SecretStr

from benchmarks.products import rows
from benchmarks.rivals import QUERIES, WIDTH
from indexer.batches import batches
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.fuse.weighted import WeightedFusion
from indexer.read_path import Searcher
from indexer.records import Product, Query
from indexer.settings import IndexSettings, SearchSettings
from indexer.store.base import Document
from indexer.store.opensearch import OpenSearchStore
from indexer.vectors import Rows, unit_rows

PRODUCTS, BATCH, WARM_BATCHES = 6_000, 250, 8
"""Products, how many are written at once, and the batches that only warm the engine up."""
ROUNDS, WARM = 6, 1
"""Rounds of every query in every way, and those of them that warm the engine up."""
WAYS = (("without", False, 0.0), ("with, share 0", True, 0.0), ("with, share 0.5", True, 0.5), ("with, share 1", True, 1.0))


class Side:
    """An index with photos' own vectors, or one without; how long its writes took, batch by batch."""

    def __init__(self, url: str, *, photo_vector: bool) -> None:
        """Make it; there is nothing in it yet."""
        self.alias = f"photos-{'with' if photo_vector else 'without'}"
        self.store = OpenSearchStore(SecretStr(url), IndexSettings(alias=self.alias), timeout_s=60)
        fusion = WeightedFusion(title=0.5, photo=0.5, width=WIDTH)
        self.encoders = Encoders(HashedText(width=WIDTH), HashedPhoto(width=WIDTH), fusion, photo_vector=photo_vector, query_cache=100)
        search = SearchSettings(enough=0, timeout_s=60.0)
        self.searcher = Searcher(self.store, self.encoders, settings=search, photo_pixels=1_000_000)
        self.seconds: list[float] = []
        self.store.ensure(self.encoders.identity("bench"))

    def write(self, products: Sequence[Product], fused: Rows, photos: Rows) -> None:
        """One batch."""
        documents = [
            Document(id=one.id, version=1, product=one, row=row, photo_row=photo if self.encoders.photo_vector else None)
            for one, row, photo in zip(products, fused, photos, strict=True)
        ]
        began = time.perf_counter()
        self.store.write(documents)
        self.seconds.append(time.perf_counter() - began)

    def bytes_a_product(self, client: OpenSearch) -> float:
        """Of its one segment: what was merged away may lie in its folder for a while yet."""
        self.store.refresh()
        client.indices.forcemerge(index=self.alias, max_num_segments=1)
        self.store.refresh()
        (segment,) = client.cat.segments(index=self.alias, format="json", bytes="b")
        return float(segment["size"]) / float(segment["docs.count"])


def measure(url: str) -> None:
    """Fill both kinds of index with the same products in turns, then ask them in turns."""
    origin, products = rows(PRODUCTS)
    sides = {has: Side(url, photo_vector=has) for has in (False, True)}
    print(f"\n## Vectors of photos alone: {PRODUCTS} products ({origin}), every one with photos; {WIDTH} numbers a vector")
    _fill(sides, products)
    with OpenSearch(url, timeout=600) as client:
        sizes = {has: side.bytes_a_product(client) for has, side in sides.items()}
    seconds = {has: median(side.seconds[WARM_BATCHES:]) for has, side in sides.items()}
    for has, side in sides.items():
        print(f"{side.alias:>16}: {sizes[has]:.0f} bytes a product, {1000 * seconds[has] / BATCH:.2f} ms to write one (median batch)")
    print(f"           ratio: {sizes[True] / sizes[False]:.2f} in bytes, {seconds[True] / seconds[False]:.2f} in seconds")
    _ask(sides)
    for side in sides.values():
        side.searcher.close()


def _fill(sides: Mapping[bool, Side], products: Sequence[Mapping[str, object]]) -> None:
    encoder = sides[True].encoders.text
    for place, part in enumerate(batches(products, size=BATCH)):
        titles = encoder.encode([str(row["title"]) for row in part], side="product")
        fused, photos = (_near(titles, seed=2 * place + kind) for kind in (0, 1))
        made = list(map(_product, part))
        for has in (False, True) if place % 2 else (True, False):
            sides[has].write(made, fused, photos)


def _product(row: Mapping[str, object]) -> Product:
    return Product(id=str(row["id"]), title=str(row["title"]), description=str(row["description"]), brand=str(row["brand"]))


def _near(titles: Rows, *, seed: int) -> Rows:
    """The titles' rows with noise of about their own length, so that no two are equal and both kinds differ."""
    return unit_rows(titles + np.random.default_rng(seed).normal(scale=0.03, size=titles.shape), width=WIDTH)


def _ask(sides: Mapping[bool, Side]) -> None:
    times: dict[str, list[float]] = {name: [] for name, _, _ in WAYS}
    asks = {name: partial(_search, sides[has].searcher, share) for name, has, share in WAYS}
    for number in range(ROUNDS):
        for place, text in enumerate(QUERIES * 5):
            for name, ask in list(asks.items()) if place % 2 else reversed(asks.items()):
                seconds = ask(text)
                if number >= WARM:
                    times[name].append(seconds)
    plain = times[WAYS[0][0]]
    for name, mine in times.items():
        ms = [1000 * quantiles(mine, n=100)[cut] for cut in (49, 94)]
        print(
            f"{name:>16}: {ms[0]:.1f} ms at p50, {ms[1]:.1f} at p95; {median(mine) / median(plain):.2f} times the plain index ({len(mine)})"
        )


def _search(searcher: Searcher, share: float, text: str) -> float:
    began = time.perf_counter()
    searcher.search(Query(text=text, photo_share=share))
    return time.perf_counter() - began
