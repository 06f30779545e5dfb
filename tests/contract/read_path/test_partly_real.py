"""The same on real products: asked for things with an adjective that the catalogue's do not have, it shows the things."""

import gzip
import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from indexer.encode.catalog import make_text_encoder
from indexer.encoders import Encoders
from indexer.fuse.base import PartRow
from indexer.fuse.weighted import WeightedFusion
from indexer.read_path import Searcher
from indexer.records import Product, Query
from indexer.settings import EncodeSettings, SearchSettings
from indexer.store.base import Document
from tests.contract.read_path.generated import Wing
from tests.contract.read_path.shop import PIXELS, ending

THINGS = {
    "laptop": ("notebook", "laptop"),
    "toaster": ("toaster",),
    "kettle": ("kettle",),
    "keyboard": ("keyboard",),
    "mouse": ("mouse", "mice"),
    "microwave": ("microwave",),
    "projector": ("projector",),
    "lamp": ("lamp", "light"),
}
ADJECTIVES = ("gaming", "waterproof", "wooden", "kids", "solar", "vintage")
LOUD = ("game", "gaming", "wood", "waterproof", "kids", "solar", "vintage")
EACH = 60
"""Products read for each word."""


def products(file: Path) -> list[Product]:
    """Some of what is asked for, and what says the adjectives."""
    words = [*(name for names in THINGS.values() for name in names), *LOUD]
    kept: dict[str, list[Product]] = {word: [] for word in words}
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            title = row["title"].lower()
            word = next((word for word in words if word in title and len(kept[word]) < EACH), None)
            if word is not None:
                kept[word].append(Product(id=row["id"], title=row["title"][:300], description=row.get("short_description", "")[:500]))
    return [one for many in kept.values() for one in many]


@pytest.fixture(scope="module")
def wing(test_data: Path, opensearch_url: str) -> Iterator[Wing]:
    made = Wing(opensearch_url)
    text = make_text_encoder(EncodeSettings(device="cpu", threads=1))
    fusion = WeightedFusion(title=0.6, description=0.4, photo=0, width=text.spec.width)
    made.encoders = ours = Encoders(text, None, fusion, query_cache=64)
    given = products(test_data / "icecat" / "products.jsonl.gz")
    titles = text.encode([one.title for one in given], side="product")
    told = text.encode([one.description or one.title for one in given], side="product")
    parts = [[PartRow("title", title), PartRow("description", words)] for title, words in zip(titles, told, strict=True)]
    made.shop.write([Document(id=one.id, version=1, product=one, row=ours.fuse(mine)) for one, mine in zip(given, parts, strict=True)])
    made.shop.refresh()
    yield made
    made.close()


def share_of_things_first(wing: Wing, *, partial_weight: float) -> float:
    """Of the queries that hardly a product matches whole, how many begin with the thing that they name."""
    right, asked = 0, 0
    settings = SearchSettings(partial_weight=partial_weight, encode_s=60, timeout_s=60)
    with ending(Searcher(wing.shop, wing.encoders, settings=settings, photo_pixels=PIXELS)) as searcher:
        for adjective, (thing, names) in product(ADJECTIVES, THINGS.items()):
            answer = searcher.search(Query(text=f"{adjective} {thing}", per_page=100))
            if answer.hits and any(hit.partly for hit in answer.hits):
                asked += 1
                right += any(name in answer.hits[0].product.title.lower() for name in names)
    assert asked >= 30
    return right / asked


@pytest.mark.live
def test_the_things_come_first_and_not_what_says_their_adjective(wing: Wing) -> None:
    eased = share_of_things_first(wing, partial_weight=SearchSettings().partial_weight)
    plain = share_of_things_first(wing, partial_weight=1.0)
    assert eased >= 0.85
    assert eased >= plain + 0.1, plain
