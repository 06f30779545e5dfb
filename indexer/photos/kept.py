"""The photos that were fetched: bytes by their sha-256, and of each address what came of it last. All hosts share them."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from indexer.batches import batches
from indexer.photos.blobs import Blob, Blobs

DAY_S = 86_400
STEP_S = DAY_S
"""Uses are written down once in that many seconds: reading a photo does not write each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What came of an address. Times in microseconds since 1970; `sha` empty: nothing is kept of it.

    `fetched` is when the bytes were last known to be the current ones, `used` when they were last asked for (to a day).
    `failures` counts those in a row since then; `retry_at`, `reason` and `status` tell of the last one.
    """

    host: str
    sha: str = ""
    etag: str = ""
    last_modified: str = ""
    fetched: int = 0
    used: int = 0
    failures: int = 0
    retry_at: int = 0
    reason: str = ""
    status: Literal["unreachable", "unusable"] = "unreachable"


_RECORD = TypeAdapter(Record)


@dataclass(frozen=True, slots=True)
class Size:
    """How much is kept: photos, their bytes, and addresses known."""

    photos: int = 0
    bytes: int = 0
    addresses: int = 0


class KeptPhotos:
    """Photos and records over a place for bytes. Safe across threads, processes and hosts; every method raises OSError."""

    def __init__(self, blobs: Blobs) -> None:
        """Keep them there, and clear what killed writers left."""
        self._blobs = blobs

    def record(self, key: str) -> Record | None:
        """What is known of an address by its key; None where nothing is, or where the record is damaged."""
        data = self._blobs.get(_record_name(key))
        try:
            return None if data is None else _RECORD.validate_json(data, strict=True)
        except ValidationError:
            return None

    def note(self, key: str, record: Record) -> None:
        """Write a record down; of two writers the later one wins."""
        self._blobs.put(_record_name(key), _RECORD.dump_json(record))

    def load(self, sha: str) -> bytes | None:
        """A photo's bytes, if they are there and are those that were written."""
        data = self._blobs.get(_photo_name(sha)) if sha else None
        return data if data is not None and hashlib.sha256(data).hexdigest() == sha else None

    def save(self, data: bytes) -> str:
        """Keep a photo's bytes and give their sha-256; the same bytes again cost no room."""
        sha = hashlib.sha256(data).hexdigest()
        self._blobs.put(_photo_name(sha), data)
        return sha

    def use(self, key: str, record: Record, data: bytes, *, now: int) -> None:
        """Write down that a photo was used, at most once a day; `now` in microseconds."""
        if now - record.used > STEP_S * 1_000_000:
            self._blobs.touch(_photo_name(record.sha), data)
            self.note(key, replace(record, used=now))

    def size(self) -> Size:
        """How much is kept; walks through everything."""
        photos, addresses = _sum(self._blobs.walk("photos")), _sum(self._blobs.walk("addresses"))
        return Size(photos.photos, photos.bytes, addresses.photos)

    def purge(self, *, unused_s: float, largest_bytes: int, now: float) -> Size:
        """Let go of what nobody used for `unused_s` seconds, then of the least recently used days' photos until the rest fits.

        `now` in seconds since 1970. Gives what went. Memory does not grow with the store; a photo that goes while it
        is wanted is fetched again.
        """
        self._blobs.tidy()
        oldest = now - unused_s
        addresses = self._drop(blob for blob in self._blobs.walk("addresses") if blob.touched < oldest)
        unused = self._drop(blob for blob in self._blobs.walk("photos") if blob.touched < oldest)
        days: Counter[int] = Counter()
        for blob in self._blobs.walk("photos"):
            days[int(blob.touched // DAY_S)] += blob.size
        excess = days.total() - largest_bytes
        surplus = self._drop(self._oldest(days, excess)) if excess > 0 else Size()
        return Size(unused.photos + surplus.photos, unused.bytes + surplus.bytes, addresses.photos)

    def _oldest(self, days: Counter[int], excess: int) -> Iterable[Blob]:
        """Photos of the oldest days that make up the excess together; of the last of these days no more than needed."""
        going: set[int] = set()
        sum_before = 0
        for day in sorted(days):
            if sum_before >= excess:
                break
            going.add(day)
            sum_before += days[day]
        last = max(going)
        spare = sum_before - excess
        for blob in self._blobs.walk("photos"):
            day = int(blob.touched // DAY_S)
            if day == last and blob.size <= spare:
                spare -= blob.size
            elif day in going:
                yield blob

    def _drop(self, blobs: Iterable[Blob]) -> Size:
        photos = size = 0
        for some in batches(blobs, size=500):
            self._blobs.delete([blob.name for blob in some])
            photos += len(some)
            size += sum(blob.size for blob in some)
        return Size(photos, size)


def _sum(blobs: Iterable[Blob]) -> Size:
    photos = size = 0
    for blob in blobs:
        photos += 1
        size += blob.size
    return Size(photos, size)


# Two levels of folders: 65,536 of them hold millions of files with a few hundred each.
def _photo_name(sha: str) -> str:
    return f"photos/{sha[:2]}/{sha[2:4]}/{sha}"


def _record_name(key: str) -> str:
    return f"addresses/{key[:2]}/{key[2:4]}/{key}.json"
