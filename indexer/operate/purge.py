"""Deleted products' tombstones, taken out of the index for good when nothing older can come any more."""

from indexer.errors import IndexMissing
from indexer.ledger.base import Ledger, Standing
from indexer.store.base import ProductStore, Stored


def purge_tombstones(ledger: Ledger, store: ProductStore, *, before: int, page: int = 1000) -> int:
    """Delete the documents of products that were deleted below that row version (microseconds since 1970); how many are gone.

    A tombstone refuses what an earlier write of the same product would bring, so `before` has to be older than any write can be
    under way. The ledger keeps the product's barrier for ever: a stale feed brings nothing back. Where ledger and index do not say
    the same of a product it is left for `fusedex reconcile`. Raises LedgerUnavailable and StoreError classes.
    """
    after, gone = "", 0
    while found := _tombstones(store, after=after, before=before, limit=page):
        # One version higher, so that a product which came back meanwhile is newer than its own removal.
        versions = {one.id: one.version + 1 for one in found if _agreed(ledger.standing(one.id), one)}
        gone += sum(result.outcome == "written" for result in (store.remove(versions) if versions else ()))
        after = found[-1].id
    return gone


def _tombstones(store: ProductStore, *, after: str, before: int, limit: int) -> list[Stored]:
    try:
        return store.walk(after=after, limit=limit, deleted_before=before)
    except IndexMissing:
        return []


def _agreed(standing: Standing | None, stored: Stored) -> bool:
    if standing is None or standing.live or standing.dirty or standing.buried:
        return False
    return standing.row_version == standing.indexed_version == stored.version
