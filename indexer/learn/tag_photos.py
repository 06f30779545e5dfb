"""The photo rows that a tagger is given: one table, each photo encoded once, and kept in a file so that the next run takes seconds."""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.batches import batches
from indexer.encode.base import PhotoEncoder
from indexer.errors import UnusablePhoto
from indexer.photos.decode import decode
from indexer.photos.read import read
from indexer.records import Product
from indexer.vectors import Rows
from indexer.whole import write_whole

TOGETHER = 16
_MANY = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PhotoLimits:
    """The largest photo, in bytes and in pixels (as FUSEDEX_FEED__PHOTO_BYTES and __PHOTO_PIXELS say)."""

    largest_bytes: int = 20_000_000
    pixels: int = 40_000_000


class PhotoTable:
    """Rows of an encoder by the sha-256 of a photo's bytes, remembered in one file of numbers per encoder."""

    def __init__(self, encoder: PhotoEncoder, *, folder: Path | None, limits: PhotoLimits | None = None) -> None:
        """Read what `folder` remembers (None: nothing is remembered); a file that is none of ours is made anew."""
        self.encoder = encoder
        self._limits = limits or PhotoLimits()
        self._file = folder / f"photos-{encoder.spec.digest[:16]}.npz" if folder else None
        self._fresh = 0
        self._rows: dict[str, Rows] = _remembered(self._file, encoder.spec.width) if self._file else {}

    @property
    def width(self) -> int:
        """Numbers of a row."""
        return self.encoder.spec.width

    def rows(self, sources: Sequence[str]) -> tuple[Rows, list[int | None]]:
        """A table of rows, and for each source (a path; "" is none) its number there, None where there is no usable photo."""
        keys: list[str | None] = []
        fresh: dict[str, bytes] = {}
        for source in sources:
            data = self._bytes(source) if source else None
            key = hashlib.sha256(data).hexdigest() if data is not None else None
            if data is not None and key is not None and key not in self._rows:
                fresh[key] = data
                if len(fresh) == TOGETHER:
                    self._encode(fresh)
                    fresh = {}
            keys.append(key)
        self._encode(fresh)
        if self._fresh >= max(_MANY, len(self._rows) // 4):  # the file is written whole: seldom, so that this stays linear
            self.remember()
        numbers = {key: number for number, key in enumerate(dict.fromkeys(key for key in keys if key in self._rows))}
        table = np.stack([self._rows[key] for key in numbers]) if numbers else np.zeros((0, self.width), dtype=np.float32)
        return table, [numbers.get(key) if key is not None else None for key in keys]

    def remember(self) -> None:
        """Write what was encoded since the last time, if a folder remembers; a caller does so when it is done. Raises OSError."""
        if self._file is None or not self._fresh:
            return
        self._fresh = 0
        written = io.BytesIO()
        np.savez(written, keys=np.array(list(self._rows)), rows=np.stack(list(self._rows.values())))
        write_whole(self._file, written.getvalue())

    def _bytes(self, source: str) -> bytes | None:
        try:
            return read(source, limit_bytes=self._limits.largest_bytes)
        except (FileNotFoundError, UnusablePhoto):
            return None

    def _encode(self, fresh: dict[str, bytes]) -> None:
        pixels = {}
        for key, data in fresh.items():
            try:
                pixels[key] = decode(data, pixels=self._limits.pixels)
            except UnusablePhoto:
                continue
        for some in batches(list(pixels), size=TOGETHER):
            self._rows.update(zip(some, self.encoder.encode([pixels[key] for key in some]), strict=True))
            self._fresh += len(some)


def local_sources(products: Iterable[Product]) -> list[str]:
    """The path of each product's first photo on a disk, "" where it has none; addresses are not fetched here."""
    return [next((photo.source for photo in one.photos if not photo.is_remote), "") for one in products]


def _remembered(file: Path, width: int) -> dict[str, Rows]:
    try:
        with np.load(file, allow_pickle=False) as kept:
            keys, rows = kept["keys"], kept["rows"].astype(np.float32)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    return dict(zip(keys.tolist(), rows, strict=True)) if rows.shape == (len(keys), width) else {}
