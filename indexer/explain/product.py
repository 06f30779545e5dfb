"""A product's parts as the write path encodes them: texts cleaned and chosen by the same rule, photos brought by the same way."""

import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from indexer.encoders import QueryParts
from indexer.errors import QueryError, UnusablePhoto
from indexer.explain.match import Parts
from indexer.fuse.catalog import needed_kinds
from indexer.ledger.base import Ledger
from indexer.photos.base import PhotoFetcher
from indexer.photos.decode import Pixels, decode
from indexer.photos.fetch import make_fetcher
from indexer.query.normalise import normalise
from indexer.records import Photo, PhotoStatus, Product, Query
from indexer.settings import Settings
from indexer.text import Cleaning, parts_of
from indexer.work.pictures import Pictures, Places


@dataclass(frozen=True, slots=True)
class _Bench:
    """One thread that decodes, and who fetches."""

    crew: Executor
    fetcher: PhotoFetcher | None


def known(ledger: Ledger, product_id: str) -> Product:
    """The product of that id; raises QueryError where the ledger has none with content."""
    product = ledger.product(product_id)
    if product is None:
        raise QueryError(
            f"There is no product {product_id!r}: it was never fed, was deleted, or only its offer is known.",
            cure="`fusedex search` names the products' ids.",
        )
    return product


def parts(product: Product, settings: Settings, cleaning: Cleaning, *, photos: bool = True) -> Parts:
    """What of the product is encoded; `photos` False leaves them out, as an index without a photo encoder does.

    A photo that can't be had is noted with its status, as the write path would note it.
    """
    texts = parts_of(product, cleaning, kinds=needed_kinds(settings.encode))
    found: list[tuple[str, Pixels]] = []
    unused: list[tuple[str, PhotoStatus]] = []
    if photos and product.photos:
        found, unused = _brought(product.photos, settings)
    return Parts(product=product, texts=tuple(texts), photos=tuple(found), unused=tuple(unused))


def asked(text: str, photo: bytes | None, settings: Settings, cleaning: Cleaning) -> QueryParts:
    """A query as the read path encodes it; raises QueryError for one too long or without anything, or a photo that is none."""
    query = normalise(Query(text=text, photo=photo), per_page_cap=settings.search.per_page_cap, cleaning=cleaning)
    if not query.text and photo is None:
        raise QueryError("Nothing is asked: no word is left after cleaning, and there is no photo.", cure="Give words, or --image.")
    try:
        pixels = None if photo is None else decode(photo, pixels=settings.feed.photo_pixels, grey=settings.encode.grey)
    except UnusablePhoto as error:
        raise QueryError(error.message, cure=error.cure) from error
    return QueryParts(text=query.text, photo=pixels)


def _brought(wanted: tuple[Photo, ...], settings: Settings) -> tuple[list[tuple[str, Pixels]], list[tuple[str, PhotoStatus]]]:
    found: list[tuple[str, Pixels]] = []
    unused: list[tuple[str, PhotoStatus]] = []
    fetcher = make_fetcher(settings) if any(photo.is_remote for photo in wanted) else None
    try:
        with ThreadPoolExecutor(max_workers=1) as crew, Places(threading.Semaphore(len(wanted))) as places:
            for picture in Pictures(_Bench(crew, fetcher), places, settings).each(wanted):
                if picture is None:  # a place for each: none is ever missing
                    continue
                if picture.pixels is None:
                    unused.append((picture.photo.source, picture.status))
                else:
                    found.append((picture.photo.source, picture.pixels))
    finally:
        if fetcher is not None:
            fetcher.close()
    return found, unused
