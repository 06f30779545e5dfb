"""Rows of photos and texts, encoded once: kept in a vector cache by what they were made from, so that a second run takes seconds."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from indexer.batches import batches
from indexer.encode.base import PhotoEncoder, Side, TextEncoder
from indexer.errors import LearningError, UnusablePhoto
from indexer.learn.views import view
from indexer.ledger.vectors import SqlVectorCache, open_vectors
from indexer.photos.decode import decode
from indexer.photos.read import read
from indexer.vectors import Row, Rows

BYTES, PIXELS = 20_000_000, 50_000_000
"""The largest photo that is read."""
TOGETHER = 32
FILE = "learn.sqlite"


class RowTable:
    """Encodes, and remembers in a file below `folder`."""

    def __init__(self, text: TextEncoder, photo: PhotoEncoder, folder: Path) -> None:
        """Open or make the cache; raises LedgerUnavailable where it can't be."""
        self.text = text
        self.photo = photo
        folder.mkdir(parents=True, exist_ok=True)
        self._cache: SqlVectorCache = open_vectors(f"sqlite:///{folder / FILE}")

    def close(self) -> None:
        """Close the cache."""
        self._cache.close()

    def digests(self, photos: Iterable[Path]) -> dict[Path, str]:
        """The sha-256 of each photo's bytes; raises LearningError where one can't be read."""
        return {photo: hashlib.sha256(_bytes(photo)).hexdigest() for photo in dict.fromkeys(photos)}

    def texts(self, texts: Sequence[str], *, side: Side = "product") -> Rows:
        """Unit rows (n, width) of texts, in their order."""
        spec = self.text.spec.digest
        keys = [(hashlib.sha256(f"{side} {text}".encode()).hexdigest(), spec) for text in texts]
        known: dict[tuple[str, str], Row] = dict(self._cache.get(list(dict.fromkeys(keys))))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        for some in batches(list(missing.items()), size=TOGETHER):
            fresh = dict(zip([key for key, _ in some], self.text.encode([text for _, text in some], side=side), strict=True))
            self._cache.put(fresh)
            known.update(fresh)
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, self.text.spec.width), dtype=np.float32)

    def photos(self, digests: Sequence[tuple[Path, str]], *, number: int = 0, on_done: Callable[[int], None] = lambda _done: None) -> Rows:
        """Unit rows (n, width) of one view of photos with their digests, in their order; `on_done` hears how many are there.

        Raises LearningError for a photo that can't be decoded.
        """
        spec = self.photo.spec.digest
        keys = [(_key(digest, number), spec) for _, digest in digests]
        known: dict[tuple[str, str], Row] = dict(self._cache.get(list(dict.fromkeys(keys))))
        missing = {key: source for key, source in zip(keys, digests, strict=True) if key not in known}
        for some in batches(list(missing.items()), size=TOGETHER):
            pixels = [view(_pixels(path), number, digest=digest) for _, (path, digest) in some]
            fresh = dict(zip([key for key, _ in some], self.photo.encode(pixels), strict=True))
            self._cache.put(fresh)
            known.update(fresh)
            on_done(len(known))
        return np.stack([known[key] for key in keys]) if keys else np.zeros((0, self.photo.spec.width), dtype=np.float32)


def _key(digest: str, number: int) -> str:
    return digest if number == 0 else hashlib.sha256(f"{digest} view {number}".encode()).hexdigest()


def _bytes(photo: Path) -> bytes:
    try:
        return read(photo, limit_bytes=BYTES)
    except (FileNotFoundError, UnusablePhoto) as error:
        raise LearningError(f"The photo {photo} can't be read: {error}", cure="Take it out, or mend it.") from error


def _pixels(photo: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        return decode(_bytes(photo), pixels=PIXELS)
    except UnusablePhoto as error:
        raise LearningError(f"The photo {photo} can't be used: {error}", cure="Take it out, or mend it.") from error
