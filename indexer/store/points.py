"""Points in time: the index frozen under a name, so that later pages come from the same products and scores.

A point's name is the index's real name and the server's id of the frozen shards, as an answer without hits does not tell its index.
Points end by themselves: the server looks for those whose time is over once a minute. It keeps 300 of them open at most (per node,
search.max_open_pit_context), each of which holds on to segments that merges would delete; one more is refused with StoreBusy.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from indexer.errors import CursorGone, StoreError
from indexer.store.calls import Call

PARTED = ":"
"""Parts the index's name from the id: no index has it in its name."""

MISSING = "search_context_missing_exception"
UNREADABLE = ("illegal_argument_exception", "unsupported_version_exception")
"""How the server refuses an id that is none, for the whole request."""

_ASK_ANEW = "Ask for the first page again; FUSEDEX_SEARCH__KEEP_S says how long a cursor lives."


def open_call(index: str, *, keep_s: float) -> Call:
    """Freezes the index, all shards of it or none."""
    params = {"keep_alive": f"{max(1, math.ceil(keep_s * 1000))}ms", "allow_partial_pit_creation": "false"}
    return Call(method="POST", path=f"/{index}/_search/point_in_time", params=params)


def point_name(index: str, id_: str) -> str:
    """The name of a point, from which the index and the server's id can be read again."""
    return f"{index}{PARTED}{id_}"


def point_index(point: str) -> str:
    """The real name of the index that was frozen. Raises CursorGone for a text that names no point."""
    return _parts(point)[0]


def frozen_id(point: str) -> str:
    """The server's id of the point. Raises CursorGone for a text that names no point."""
    return _parts(point)[1]


def check_frozen(answer: Mapping[str, Any]) -> None:
    """Raise CursorGone where the point or its index is no more, be it on one shard: half of a frozen answer is another answer.

    Some texts that are no id are read by the server as a point without shards.
    """
    for item in answer.get("responses", ()):
        if item.get("_shards", {}).get("total") == 0 or any(kind in (MISSING, "index_not_found_exception") for kind in _kinds(item)):
            raise gone()


def refused(error: StoreError) -> CursorGone | None:
    """CursorGone for a refusal of the whole request that means that the point's id is none."""
    return gone() if error.kind in UNREADABLE else None


def gone() -> CursorGone:
    """The error of a point that is no more."""
    return CursorGone("The cursor's time is over, or it is none: the index as it stood then is no longer kept.", cure=_ASK_ANEW)


def _parts(point: str) -> tuple[str, str]:
    index, parted, id_ = point.partition(PARTED)
    if not index or not parted or not id_ or not point.isascii():
        raise gone()
    return index, id_


def _kinds(item: Mapping[str, Any]) -> Iterator[str]:
    error = item.get("error")
    if isinstance(error, Mapping):
        yield str(error.get("type"))
        yield from (str(cause.get("type")) for cause in error.get("root_cause", ()))
    for failure in item.get("_shards", {}).get("failures", ()):
        yield str(failure.get("reason", {}).get("type"))
