"""The photos of one pass: brought from disks and addresses, decoded on the crew's threads, a bounded number of them in memory at once."""

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Protocol, Self

from indexer import photos
from indexer.batches import batches
from indexer.encode.base import Pixels
from indexer.errors import UnusablePhoto
from indexer.photos.base import Fetched, PhotoFetcher
from indexer.records import Photo, PhotoStatus
from indexer.settings import Settings

AT_ONCE = 256
"""Addresses asked for together: what they bring is in memory until it is decoded."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """What came of one photo. With pixels it is "used" and has their digest; `retry_at` (microseconds since 1970): ask again then."""

    photo: Photo
    status: PhotoStatus
    pixels: Pixels | None = None
    digest: str = ""
    retry_at: int | None = None


class Places:
    """One pass's share of the places for decoded photos that all passes of a process have together."""

    def __init__(self, all_places: threading.Semaphore) -> None:
        """Take none yet; leaving the `with` block gives back what was not."""
        self._all = all_places
        self._taken = 0

    def take(self, *, wait: bool) -> bool:
        """One more place; False where none is free and nobody wants to wait.

        Who waits must hold none: passes that wait for each other's places would stand still.
        """
        taken = self._all.acquire(blocking=wait)
        self._taken += taken
        return taken

    def give(self, number: int = 1) -> None:
        """Give places back."""
        self._taken -= number
        if number:
            self._all.release(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.give(self._taken)


class Bench(Protocol):
    """Where the work is done, each part made when it is first asked for."""

    @property
    def crew(self) -> Executor:
        """The threads that decode."""

    @property
    def fetcher(self) -> PhotoFetcher | None:
        """Who brings photos by address, if anybody."""


class Pictures:
    """Brings the photos of one pass. For one thread."""

    def __init__(self, bench: Bench, places: Places, settings: Settings) -> None:
        """Bring nothing yet. Where nobody fetches, photos named by an address are "remote"."""
        self._bench = bench
        self._places = places
        self._settings = settings

    def each(self, wanted: Sequence[Photo]) -> Iterator[Picture | None]:
        """Each distinct photo once, in order. None: no place is free for the next one, so decoded photos must be let go of first.

        A picture with pixels holds a place, which the caller gives back when it lets go of the pixels.
        """
        under_way: deque[Future[Picture]] = deque()
        for photo, fetched in self._brought(list(dict.fromkeys(wanted))):
            while not self._places.take(wait=False):
                if under_way:
                    yield self._done(under_way.popleft())
                    continue
                yield None
                self._places.take(wait=True)
                break
            under_way.append(self._bench.crew.submit(partial(_picture, photo, fetched, self._settings)))
        while under_way:
            yield self._done(under_way.popleft())

    def _done(self, future: Future[Picture]) -> Picture:
        picture = future.result()
        if picture.pixels is None:
            self._places.give()
        return picture

    def _brought(self, wanted: list[Photo]) -> Iterator[tuple[Photo, Fetched | None]]:
        """Photos with what their addresses gave; those of a disk, and all where nothing is fetched, with None."""
        deadline = time.monotonic() + self._settings.photos.patience_s
        for some in batches(wanted, size=AT_ONCE):
            addresses = [photo.source for photo in some if photo.is_remote]
            found: dict[str, Fetched] = dict(self._fetched(addresses, patient=time.monotonic() < deadline)) if addresses else {}
            for photo in some:
                yield photo, found.pop(photo.source, None)

    def _fetched(self, addresses: list[str], *, patient: bool) -> Mapping[str, Fetched]:
        fetcher = self._bench.fetcher
        if fetcher is None:
            return {}
        if patient:
            return fetcher.fetch(addresses)
        retry_at = time.time_ns() // 1000 + round(self._settings.photos.retry_s * 1_000_000)
        return {address: Fetched(status="pending", reason="the photos before it took too long", retry_at=retry_at) for address in addresses}


def _picture(photo: Photo, fetched: Fetched | None, settings: Settings) -> Picture:
    """Read, decode, digest; runs on a thread of the crew."""
    try:
        if not photo.is_remote:
            data = photos.read(photo.source, limit_bytes=settings.feed.photo_bytes)
        elif fetched is None:
            return Picture(photo, "remote")
        elif fetched.data is None:
            return Picture(photo, fetched.status, retry_at=fetched.retry_at)
        else:
            data = fetched.data
        pixels = photos.decode(data, pixels=settings.feed.photo_pixels, grey=settings.encode.grey)
    except FileNotFoundError:
        return Picture(photo, "missing")
    except UnusablePhoto:
        return Picture(photo, "unusable")
    return Picture(photo, "used", pixels, photos.digest(pixels))
