"""Photos by address: the fetcher that a process has, a thread with an event loop of its own behind it."""

import asyncio
import os
import random
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import SettingsError
from indexer.photos.base import Fetched
from indexer.photos.blobs import Blobs, FolderBlobs
from indexer.photos.gate import Gate
from indexer.photos.guard import Guard, Resolve, system_resolve
from indexer.photos.hosts import Hosts
from indexer.photos.kept import KeptPhotos, Size
from indexer.photos.objects import ObjectBlobs
from indexer.photos.stage import Parts, Stage
from indexer.settings import Settings

if TYPE_CHECKING:
    import ssl

    import httpcore2


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a fetcher takes from the world; a test brings its own. `dial` is given IP addresses that the gate has passed."""

    resolve: Resolve = system_resolve
    dial: "httpcore2.AsyncNetworkBackend | None" = None
    tls: "ssl.SSLContext | None" = None
    clock: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


def make_fetcher(settings: Settings) -> "Fetcher | None":
    """The fetcher of these settings, or None where no host may be asked: fetching is off then.

    Starts and connects nothing. Raises SettingsError for lists that can't be read, a store that can't be opened, or a missing package.
    """
    if not settings.photos.hosts and not settings.photos.private:
        return None
    return Fetcher(settings)


class Fetcher:
    """Brings photos from the store that all hosts share, or from their hosts. Safe across threads; after a fork it starts anew.

    A `PhotoFetcher`. What a call does not wait for goes on in the background into the store, so that the next call finds it.
    """

    def __init__(self, settings: Settings, *, outside: Outside | None = None) -> None:
        """Check the settings and open the store; thread and connections come with the first call. Raises SettingsError."""
        if find_spec("httpcore2") is None:
            raise SettingsError("Fetching photos needs the package httpx2.", cure="Install it: pip install 'fusedex[workers]'.")
        self._settings = settings.photos
        self._largest_bytes = settings.feed.photo_bytes
        self._outside = outside or Outside()
        self._gate = Gate.of(settings.photos)
        self._kept = KeptPhotos(open_blobs(settings))
        self._of_parents: list[_Running] = []
        self._running: _Running | None = None
        self._lock = threading.Lock()
        after_fork = weakref.WeakMethod(self._start_anew)
        os.register_at_fork(after_in_child=lambda: (method := after_fork()) and method())

    def fetch(self, addresses: Sequence[str]) -> Mapping[str, Fetched]:
        """One result for each address, within about `patience_s`.

        "used" comes with the bytes; "pending", "unreachable" and "unusable" (over the size limit) with `retry_at`; "refused"
        without: only other settings or another address change that. Never raises for what an address or its host does.
        All bytes of a call are held at once: ask for few enough addresses.
        """
        while True:
            with self._lock:
                running = self._running = self._running or self._start()
            brought = running.bring(addresses)
            if brought is not None:  # None: closed by another thread meanwhile
                return brought

    def size(self) -> Size:
        """How much is kept; walks through the whole store. Raises OSError where that fails."""
        return self._kept.size()

    def purge(self) -> int:
        """Let go of photos beyond the settings' `unused_s` and `bytes`; how many. For housekeeping, now and then. Raises OSError."""
        gone = self._kept.purge(unused_s=self._settings.unused_s, largest_bytes=self._settings.bytes, now=self._outside.clock())
        return gone.photos

    def close(self) -> None:
        """Stop what is under way and give the connections back; another `fetch` would start anew."""
        with self._lock:
            running, self._running = self._running, None
        if running is not None:
            running.close()

    def _start(self) -> "_Running":
        import httpcore2

        outside = self._outside
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=outside.tls or httpcore2.default_ssl_context(),
            max_connections=self._settings.at_once,
            keepalive_expiry=15,
            # A Guard has the backend's three methods, without being derived from an optional package's class.
            network_backend=Guard(self._gate, outside.resolve, outside.dial or httpcore2.AnyIOBackend()),  # type: ignore[arg-type]
        )
        files = ThreadPoolExecutor(8, thread_name_prefix="photo-files")
        parts = Parts(
            gate=self._gate,
            hosts=Hosts(self._settings, clock=outside.clock, jitter=outside.jitter),
            kept=self._kept,
            pool=pool,
            files=files,
            clock=outside.clock,
            jitter=outside.jitter,
        )
        return _Running(Stage(parts, self._settings, largest_bytes=self._largest_bytes), files, names=self._settings.at_once)

    def _start_anew(self) -> None:
        """In a forked child: the parent's thread is not here, and its lock may be held for ever."""
        self._lock = threading.Lock()
        if self._running is not None:
            self._of_parents.append(self._running)  # never finalised here: the connections are the parent's
            self._running = None


class _Running:
    """A stage on an event loop on a daemon thread."""

    def __init__(self, stage: Stage, files: ThreadPoolExecutor, *, names: int) -> None:
        self._stage = stage
        self._files = files
        self._names = ThreadPoolExecutor(names, thread_name_prefix="photo-names")  # apart: slow resolvers hold up no files
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._names)
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._loop.run_forever, name="photo-fetch", daemon=True)
        self._thread.start()

    def bring(self, addresses: Sequence[str]) -> Mapping[str, Fetched] | None:
        """What the stage brings, or None where this is closed."""
        with self._lock:
            if self._closed:
                return None
            brought = asyncio.run_coroutine_threadsafe(self._stage.bring(addresses), self._loop)
        return brought.result()

    def close(self) -> None:
        """Answer who has asked, then stop loop and threads."""
        with self._lock:  # who has asked before is answered before the loop stops
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._stage.aclose(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        for executor in (self._files, self._names):
            executor.shutdown(wait=False, cancel_futures=True)


def open_blobs(settings: Settings) -> Blobs:
    """Where fetched photos are kept: the folder or object store of the settings, `photos` under home where they name none.

    Raises SettingsError.
    """
    store = settings.photos.store
    if "://" in store:
        return ObjectBlobs(store, settings.photos.store_options)
    folder = Path(store).expanduser() if store else settings.home / "photos"
    try:
        return FolderBlobs(folder)
    except OSError as error:
        raise SettingsError(f"FUSEDEX_PHOTOS__STORE: the folder {folder} can't be used: {error.strerror}.") from error
