"""A small shop to search: the test catalogue's products, indexed as the write path would, with encoders that need no weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encoders import Encoders
from indexer.fuse.base import PartRow
from indexer.fuse.weighted import WeightedFusion
from indexer.money import exponent
from indexer.photos.decode import decode
from indexer.photos.read import read
from indexer.read_path import AsyncSearcher, Searcher
from indexer.records import Money, Photo, PhotoStatus, Product
from indexer.store.base import Document, Leg, LegAnswer, ProductReader, ProductStore
from indexer.store.identity import Description
from tests.data.catalogue import Raw, rows

WIDTH = 64
PIXELS = 1_000_000


def encoders(*, cache: int = 64, width: int = WIDTH, photo_vector: bool = False) -> Encoders:
    """Hashed encoders, and the default fusion."""
    fusion = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=width)
    return Encoders(HashedText(width=width), HashedPhoto(width=width), fusion, query_cache=cache, photo_vector=photo_vector)


def products() -> list[Product]:
    """The thirty products of the test catalogue."""
    return [_product(raw) for raw in rows()]


def photo_of(product: Product) -> bytes:
    """The bytes of a product's first photo."""
    return Path(product.photos[0].source).read_bytes()


def fill(store: ProductStore, ours: Encoders, catalogue: Sequence[Product]) -> None:
    """Make the index and write the products with their fused rows."""
    store.ensure(ours.identity("test ledger"))
    written = store.write([_document(product, ours) for product in catalogue])
    assert {one.outcome for one in written} <= {"written"}
    store.refresh()


def _document(product: Product, ours: Encoders) -> Document:
    texts = ours.text.encode([product.title, product.description], side="product")
    parts = [PartRow("title", texts[0]), PartRow("description", texts[1])]
    if ours.photo is not None and product.photos:
        pixels = [decode(read(photo.source, limit_bytes=PIXELS), pixels=PIXELS) for photo in product.photos]
        parts += [PartRow("photo", row) for row in ours.photo.encode(pixels)]
    status: PhotoStatus = "used" if product.photos else "none"
    return Document(id=product.id, version=1, product=product, row=ours.fuse(parts), photo_row=ours.photo_row(parts), photo_status=status)


def _product(raw: Raw) -> Product:
    price = Money(round(raw["price"] * 10 ** exponent(raw["currency"])), raw["currency"])
    return Product(
        id=raw["id"],
        title=raw["title"],
        description=raw["description"],
        brand=raw["brand"],
        category=tuple(raw["category"]),
        price=price,
        stock=raw["stock"],
        attributes=raw["attributes"],
        photos=tuple(Photo(path) for path in raw["photos"]),
        group=raw["group"],
        language=raw["language"],
    )


S = TypeVar("S", Searcher, AsyncSearcher)


@contextmanager
def ending(searcher: S) -> Iterator[S]:
    """The searcher, whose threads end with the block; its store is another's, and stays open."""
    try:
        yield searcher
    finally:
        searcher._desk.close()


class AsyncTwin:
    """A store in threads' manner as one for an event loop."""

    def __init__(self, store: ProductReader) -> None:
        self.store = store

    async def describe(self, *, fresh: bool = False) -> Description:
        return self.store.describe(fresh=fresh)

    async def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        return self.store.ask(legs, point=point)

    async def open_point(self, *, keep_s: float) -> str:
        return self.store.open_point(keep_s=keep_s)

    async def close(self) -> None:
        self.store.close()
