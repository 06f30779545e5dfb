"""Rows of photos and texts, encoded once: kept in a vector cache by what they were made from, so that a second run takes seconds."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from indexer.batches import batches
from indexer.encode.base import PhotoEncoder, Side, TextEncoder
from indexer.errors import LearningError, UnusablePhoto
from indexer.learn.views import view
from indexer.ledger.vectors import Key, SqlVectorCache, open_vectors
from indexer.photos.decode import decode
from indexer.photos.read import read
from indexer.records import Product
from indexer.vectors import Row, Rows

TOGETHER = 32
FILE = "learn.sqlite"

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """The largest photo that is read, in bytes and in pixels (as FUSEDEX_FEED__PHOTO_BYTES and __PHOTO_PIXELS say)."""

    largest_bytes: int = 20_000_000
    pixels: int = 50_000_000


class PhotoTable:
    """Encodes photos, and remembers their rows in a file below `folder`."""

    def __init__(self, photo: PhotoEncoder, folder: Path, *, limits: PhotoLimits | None = None) -> None:
        """Open or make the cache; raises LedgerUnavailable where it can't be."""
        self.photo = photo
        self._limits = limits or PhotoLimits()
        folder.mkdir(parents=True, exist_ok=True)
        self._cache: SqlVectorCache = open_vectors(f"sqlite:///{folder / FILE}")

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def digests(self, photos: Iterable[Path]) -> dict[Path, str]:
        """The sha-256 of each photo's bytes; raises LearningError where one can't be read."""
        return {photo: hashlib.sha256(self._bytes(photo)).hexdigest() for photo in dict.fromkeys(photos)}

    def photos(self, digests: Sequence[tuple[Path, str]], *, number: int = 0, on_done: Callable[[int], None] = lambda _done: None) -> Rows:
        """Unit rows (n, width) of one view of photos with their digests, in their order; `on_done` hears how many are there.

        Raises LearningError for a photo that can't be decoded.
        """

        def encoded(some: Mapping[Key, tuple[Path, str]]) -> Mapping[Key, Row]:
            pixels = [view(self._pixels(path), number, digest=digest) for path, digest in some.values()]
            return dict(zip(some, self.photo.encode(pixels), strict=True))

        keys = [(_key(digest, number), self.photo.spec.digest) for _, digest in digests]
        known = self._filled(dict(zip(keys, digests, strict=True)), encoded, on_done=on_done)
        return _stacked([known[key] for key in keys], self.photo.spec.width)

    def usable(self, sources: Sequence[str]) -> tuple[Rows, list[int | None]]:
        """A table of unit rows, and for each source (a path; "" is none) its number there, None where there is no usable photo."""

        def encoded(some: Mapping[Key, Path]) -> Mapping[Key, Row]:
            pixels = {}
            for key, path in some.items():
                with suppress(LearningError):
                    pixels[key] = self._pixels(path)
            return dict(zip(pixels, self.photo.encode(list(pixels.values())), strict=True)) if pixels else {}

        keys: dict[str, Key] = {}
        for source in filter(None, dict.fromkeys(sources)):
            with suppress(LearningError):
                keys[source] = (hashlib.sha256(self._bytes(Path(source))).hexdigest(), self.photo.spec.digest)
        known = self._filled({key: Path(source) for source, key in keys.items()}, encoded)
        there = [key for key in dict.fromkeys(keys.values()) if key in known]
        places = {key: place for place, key in enumerate(there)}
        rows = _stacked([known[key] for key in there], self.photo.spec.width)
        return rows, [places.get(keys[source]) if source in keys else None for source in sources]

    def _filled(
        self,
        wanted: Mapping[Key, S],
        encode: Callable[[Mapping[Key, S]], Mapping[Key, Row]],
        *,
        on_done: Callable[[int], None] = lambda _done: None,
    ) -> dict[Key, Row]:
        """The rows of those keys: the remembered ones, and what `encode` gives for the others, which is remembered."""
        known = self._cache.get(list(wanted))
        for some in batches([key for key in wanted if key not in known], size=TOGETHER):
            fresh = encode({key: wanted[key] for key in some})
            self._cache.put(fresh)
            known.update(fresh)
            on_done(len(known))
        return known

    def _bytes(self, photo: Path) -> bytes:
        try:
            return read(photo, limit_bytes=self._limits.largest_bytes)
        except (FileNotFoundError, UnusablePhoto) as error:
            raise LearningError(f"The photo {photo} can't be read: {error}", cure="Take it out, or mend it.") from error

    def _pixels(self, photo: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        try:
            return decode(self._bytes(photo), pixels=self._limits.pixels)
        except UnusablePhoto as error:
            raise LearningError(f"The photo {photo} can't be used: {error}", cure="Take it out, or mend it.") from error


class RowTable(PhotoTable):
    """Encodes texts as well."""

    def __init__(self, text: TextEncoder, photo: PhotoEncoder, folder: Path) -> None:
        """Open or make the cache; raises LedgerUnavailable where it can't be."""
        super().__init__(photo, folder)
        self.text = text

    def texts(self, texts: Sequence[str], *, side: Side = "product") -> Rows:
        """Unit rows (n, width) of texts, in their order."""

        def encoded(some: Mapping[Key, str]) -> Mapping[Key, Row]:
            return dict(zip(some, self.text.encode(list(some.values()), side=side), strict=True))

        keys = [(hashlib.sha256(f"{side} {text}".encode()).hexdigest(), self.text.spec.digest) for text in texts]
        known = self._filled(dict(zip(keys, texts, strict=True)), encoded)
        return _stacked([known[key] for key in keys], self.text.spec.width)


def local_sources(products: Iterable[Product]) -> list[str]:
    """The path of each product's first photo on a disk, "" where it has none; addresses are not fetched here."""
    return [next((photo.source for photo in one.photos if not photo.is_remote), "") for one in products]


def _key(digest: str, number: int) -> str:
    return digest if number == 0 else hashlib.sha256(f"{digest} view {number}".encode()).hexdigest()


def _stacked(rows: Sequence[Row], width: int) -> Rows:
    return np.stack(rows) if rows else np.zeros((0, width), dtype=np.float32)
