"""Products' photos for the page: read from where the index says they are, drawn small, kept for a while."""

import asyncio
import hashlib
import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from indexer.errors import UnusablePhoto
from indexer.photos import read, thumbnail
from indexer.records import Filter, Hit, Photo, Query
from indexer.service.asking import Searching
from indexer.settings import FeedSettings

SIDE = 480
"""Pixels of the longer side: a card's width on a dense screen."""
KEPT_BYTES = 64_000_000
KEPT_PRODUCTS = 4096
AT_ONCE = 2
"""Photos drawn at the same time; each takes a core for some milliseconds."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A thumbnail (WebP) and the entity tag that changes when it does."""

    data: bytes
    tag: str


class Gallery:
    """Thumbnails by product id and number. Only paths that stand in an indexed product's document are read. One event loop only."""

    def __init__(self, searcher: Searching, limits: FeedSettings, *, kept_bytes: int = KEPT_BYTES) -> None:
        """Look products up through `searcher`; `limits` caps bytes and pixels of what is decoded."""
        self._searcher = searcher
        self._limits = limits
        self._room = kept_bytes
        self._photos: OrderedDict[str, tuple[Photo, ...]] = OrderedDict()
        self._drawn: OrderedDict[str, Drawn] = OrderedDict()
        self._size = 0
        self._turn = asyncio.Semaphore(AT_ONCE)

    def remember(self, hits: Iterable[Hit]) -> None:
        """Note where the photos of these products are; it spares a question for each card."""
        for hit in hits:
            self._photos[hit.id] = hit.product.photos
            self._photos.move_to_end(hit.id)
        while len(self._photos) > KEPT_PRODUCTS:
            self._photos.popitem(last=False)

    async def thumbnail(self, product_id: str, number: int) -> Drawn | None:
        """The product's photo of that number (from 0), small; None when there is none that can be shown."""
        photo = await self._photo(product_id, number)
        if photo is None or photo.is_remote:
            return None
        try:
            facts = await asyncio.to_thread(os.stat, photo.source)
        except (OSError, ValueError):
            return None
        key = hashlib.sha256(f"{photo.source}\0{facts.st_mtime_ns}\0{facts.st_size}\0{SIDE}".encode()).hexdigest()[:32]
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        async with self._turn:
            try:
                data = await asyncio.to_thread(self._draw, photo.source)
            except (OSError, UnusablePhoto):
                return None
        return self._keep(key, Drawn(data, f'"{key}"'))

    async def _photo(self, product_id: str, number: int) -> Photo | None:
        if product_id not in self._photos:
            answer = await self._searcher.search(Query(filters=(Filter("id", "eq", (product_id,)),), per_page=1))
            self.remember(answer.hits)
        photos = self._photos.get(product_id, ())
        return photos[number] if number < len(photos) else None

    def _draw(self, path: str) -> bytes:
        return thumbnail(read(path, limit_bytes=self._limits.photo_bytes), side=SIDE, pixels=self._limits.photo_pixels)

    def _keep(self, key: str, drawn: Drawn) -> Drawn:
        if key not in self._drawn:
            self._size += len(drawn.data)
        self._drawn[key] = drawn
        while self._size > self._room and len(self._drawn) > 1:
            self._size -= len(self._drawn.popitem(last=False)[1].data)
        return drawn
