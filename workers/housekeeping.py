"""The housekeeper: now and then the vector cache and the store of fetched photos are brought back within their limits.

Deleted products' tombstones leave the index when they are old.
"""

import threading
import time

from indexer.errors import IndexerError
from indexer.observe import log
from indexer.operate.purge import purge_tombstones
from workers.runtime import Runtime

EVERY_S = 3600.0
"""Between two rounds: limits are in gigabytes and days."""
FIRST_S = 300.0
"""Before the first: a process that starts has better things to do."""


class Housekeeper:
    """Trims what only grows, on a thread; of all processes one leads. Work goes on beside it."""

    def __init__(self, runtime: Runtime) -> None:
        """Wait for `start`."""
        self._runtime = runtime
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="fusedex-housekeeper", daemon=True)

    def start(self) -> None:
        """Keep house from now on."""
        self._thread.start()

    def close(self) -> None:
        """No further round begins."""
        self._closed.set()

    def round(self) -> bool:
        """One round; False where another process leads. Raises LedgerUnavailable, StoreError classes, and OSError of the photo store."""
        indexer, limits = self._runtime.indexer, self._runtime.settings.cache
        if not indexer.ledger.lead("housekeeper", owner=self._runtime.name, ttl_s=2 * EVERY_S):
            return False
        rows = indexer.workshop.cache.trim(max_bytes=limits.bytes, unused_s=limits.unused_s)
        if rows:
            log.info("cache_trimmed", rows=rows)
        fetcher = indexer.workshop.fetcher
        if fetcher is not None and (gone := fetcher.purge()):
            log.info("photos_purged", photos=gone)
        before = time.time_ns() // 1000 - round(self._runtime.settings.work.tombstone_s * 1_000_000)
        if gone := purge_tombstones(indexer.ledger, indexer.workshop.store, before=before):
            log.info("tombstones_purged", documents=gone)
        return True

    def _run(self) -> None:
        wait_s = FIRST_S
        while not self._closed.wait(wait_s):
            wait_s = EVERY_S
            try:
                self.round()
            except (IndexerError, OSError) as error:
                log.warning("housekeeping_failed", error=type(error).__name__, reason=str(error))
