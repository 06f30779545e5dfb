"""What reconciling asks of the index: all documents by id with their versions, and some of them deleted for good."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from indexer.batches import batches
from indexer.errors import StoreUnavailable
from indexer.store.base import Stored, Written
from indexer.store.bulk import BULK_TIMEOUT_S, REASON_CAP
from indexer.store.calls import Call, Plan
from indexer.store.responses import checked, error_class
from indexer.store.versions import find_plan

WALK_CAP = 10_000
"""The server's limit on one page (index.max_result_window)."""
REMOVED_AT_ONCE = 1000

Json = dict[str, Any]


def walk_plan(alias: str, *, after: str, limit: int, deleted_before: int | None = None) -> Plan[list[Stored]]:
    """The next searchable documents by id, from behind `after`, at most `limit` (and WALK_CAP). Raises IndexMissing.

    With `deleted_before` tombstones alone, of versions below it.

    The server sorts a keyword by its bytes in UTF-8, Python a text by its code points, and both are the same order: UTF-8
    gives a higher code point a higher first byte, or the same one and a higher next.
    """
    body: Json = {
        "size": min(limit, WALK_CAP),
        "sort": [{"id": "asc"}],
        "query": {"match_all": {}} if deleted_before is None else {"bool": {"filter": _old_tombstones(deleted_before)}},
        "version": True,
        # columns instead of sources: a page of sources would be a page of vectors taken apart and put together again
        "_source": False,
        "docvalue_fields": ["deleted"],
        "track_total_hits": False,
    }
    if after:
        body["search_after"] = [after]
    params = {"allow_partial_search_results": "false"}
    answer = yield Call(method="POST", path=f"/{alias}/_search", params=params, body=body)
    return [_stored(hit) for hit in checked(alias, answer)["hits"]["hits"]]


def remove_plan(alias: str, versions: Mapping[str, int]) -> Plan[list[Written]]:
    """Bulk deletes under external versions, one result each, in order; a document that is gone already is 'written'.

    They go to the index by its own name: a delete under an external version makes an index that is missing, and one under the
    alias's name would stand in the alias's way. Raises IndexMissing, and the StoreError of a request that failed as a whole.
    """
    index, _ = yield from find_plan(alias)
    results: list[Written] = []
    for some in batches(versions.items(), size=REMOVED_AT_ONCE):
        answer = yield Call(method="POST", path=f"/{index}/_bulk", body=_lines(some), timeout_s=BULK_TIMEOUT_S)
        items = [item.get("delete", {}) for item in answer.get("items", ())]
        if [item.get("_id") for item in items] != [id_ for id_, _ in some]:
            raise StoreUnavailable(f"A bulk request of {len(some)} deletions was answered for {len(items)} others.")
        results += [_removed(id_, version, item) for (id_, version), item in zip(some, items, strict=True)]
    return results


def _old_tombstones(before: int) -> list[Json]:
    return [{"term": {"deleted": True}}, {"range": {"version": {"lt": before}}}]


def _stored(hit: Mapping[str, Any]) -> Stored:
    deleted = hit.get("fields", {}).get("deleted", (False,))
    return Stored(id=hit["_id"], version=int(hit["_version"]), deleted=bool(deleted[0]))


def _lines(versions: Iterable[tuple[str, int]]) -> bytes:
    actions = ({"delete": {"_id": id_, "version": version, "version_type": "external"}} for id_, version in versions)
    return "".join(json.dumps(action, ensure_ascii=False) + "\n" for action in actions).encode()


def _removed(id_: str, version: int, item: Mapping[str, Any]) -> Written:
    status, error = int(item.get("status", 500)), item.get("error", {})
    if status == 200 or (status == 404 and not error):
        return Written(id=id_, version=version, outcome="written")
    if status == 409:
        return Written(id=id_, version=version, outcome="newer")
    kind = str(error.get("type", ""))
    ours = error_class(status, kind)
    return Written(
        id=id_,
        version=version,
        outcome="failed",
        error=ours.__name__ if ours.retryable else kind or f"status {status}",
        reason=str(error.get("reason", ""))[:REASON_CAP],
        retryable=ours.retryable,
    )
