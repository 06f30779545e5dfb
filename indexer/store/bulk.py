"""Writing documents: NDJSON under external versions, split by bytes, and one result for every document whatever the others do."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from indexer.errors import IndexMissing, ModelError, ProductError, StoreError, StoreUnavailable
from indexer.store.base import Document, Written
from indexer.store.calls import Call, Plan
from indexer.store.documents import check_document, row_json, source_json, to_source
from indexer.store.responses import error_class
from indexer.text.cleaning import DEFAULT, Cleaning

BULK_TIMEOUT_S = 60.0
REASON_CAP = 500
FILTER_PATH = "items.index._id,items.index.status,items.index.error.type,items.index.error.reason,items.index.error.caused_by.reason"
_INDEX_GONE = ("index_not_found_exception", "require_alias_exception")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One document as it is sent: its place in the caller's sequence, and its two NDJSON lines."""

    place: int
    id: str
    version: int
    data: bytes


def document_line(document: Document, place: int, *, width: int | None, cleaning: Cleaning = DEFAULT) -> Line:
    """The NDJSON of one document. Raises ProductError or ModelError classes for one that can't be written."""
    rows = check_document(document, width=width)
    source = source_json(to_source(document, cleaning))
    for name, row in rows.items() if document.product is not None else ():
        source = b'{"%b":%b,%b' % (name.encode(), row_json(row), source[1:])
    action = orjson.dumps({"index": {"_id": document.id, "version": document.version, "version_type": "external"}})
    return Line(place, document.id, document.version, b"%b\n%b\n" % (action, source))


def chunks(lines: Iterable[Line], *, bulk_bytes: int) -> Iterator[list[Line]]:
    """Lists of lines of at most `bulk_bytes` together, in order; a line larger than that goes alone."""
    held: list[Line] = []
    size = 0
    for line in lines:
        if held and size + len(line.data) > bulk_bytes:
            yield held
            held, size = [], 0
        held.append(line)
        size += len(line.data)
    if held:
        yield held


def write_plan(
    alias: str, documents: Sequence[Document], *, width: int | None, bulk_bytes: int, cleaning: Cleaning = DEFAULT
) -> Plan[list[Written]]:
    """Bulk requests for the documents; returns one result each, in order.

    A document that can't be written fails alone. Where the server could say nothing of any document, its error is raised.
    """
    results: dict[int, Written] = {}
    lines: list[Line] = []
    for place, document in enumerate(documents):
        try:
            lines.append(document_line(document, place, width=width, cleaning=cleaning))
        except (ProductError, ModelError) as error:
            results[place] = failed(document.id, document.version, error=error)
    troubles: list[StoreError] = []
    for chunk in chunks(lines, bulk_bytes=bulk_bytes):
        results.update((yield from _write_chunk(alias, chunk, troubles)))
    if troubles and len(troubles) == len(lines):
        raise troubles[0]
    return [results[place] for place in range(len(documents))]


def _write_chunk(alias: str, chunk: list[Line], troubles: list[StoreError]) -> Plan[dict[int, Written]]:
    call = Call(
        method="POST",
        path=f"/{alias}/_bulk",
        params={"require_alias": "true", "filter_path": FILTER_PATH},
        body=b"".join(line.data for line in chunk),
        timeout_s=BULK_TIMEOUT_S,
    )
    try:
        answer = yield call
        return dict(read_results(alias, chunk, answer))
    except IndexMissing:
        raise
    except StoreError as error:
        if error.status in (400, 413):  # too large, or one line that the server can't read: the halves tell which
            return (yield from _write_halves(alias, chunk, troubles, error))
        troubles += [error] * len(chunk)
        return {line.place: failed(line.id, line.version, error=error) for line in chunk}


def _write_halves(alias: str, chunk: list[Line], troubles: list[StoreError], error: StoreError) -> Plan[dict[int, Written]]:
    if len(chunk) == 1:
        line = chunk[0]
        return {line.place: failed(line.id, line.version, error=error)}
    middle = len(chunk) // 2
    results = yield from _write_chunk(alias, chunk[:middle], troubles)
    results |= yield from _write_chunk(alias, chunk[middle:], troubles)
    return results


def read_results(alias: str, chunk: Sequence[Line], answer: Mapping[str, Any]) -> Iterator[tuple[int, Written]]:
    """Each line's result from a bulk answer, with its place. Raises IndexMissing, and StoreError for an answer that does not fit."""
    items = answer.get("items", [])
    if [item["index"]["_id"] for item in items] != [line.id for line in chunk]:
        raise StoreUnavailable(f"A bulk request of {len(chunk)} documents was answered for {len(items)} others.")
    for line, item in zip(chunk, items, strict=True):
        yield line.place, _result(alias, line, item["index"])


def _result(alias: str, line: Line, item: Mapping[str, Any]) -> Written:
    status = int(item["status"])
    if status in (200, 201):
        return Written(id=line.id, version=line.version, outcome="written")
    if status == 409:
        return Written(id=line.id, version=line.version, outcome="newer")
    error = item.get("error", {})
    kind, reason = str(error.get("type", "")), _reason(error)
    if status == 404 and kind in _INDEX_GONE:
        raise IndexMissing(f"There is no alias {alias!r} to write to.", cure="Make the index first (ensure, or fusedex up).")
    ours = error_class(status, kind)
    return Written(
        id=line.id,
        version=line.version,
        outcome="failed",
        error=ours.__name__ if ours.retryable else kind or f"status {status}",
        reason=reason,
        retryable=ours.retryable,
    )


def _reason(error: Mapping[str, Any]) -> str:
    reasons = [error.get("reason"), error.get("caused_by", {}).get("reason")]
    return ": ".join(str(reason) for reason in reasons if reason)[:REASON_CAP]


def failed(id_: str, version: int, *, error: ProductError | ModelError | StoreError) -> Written:
    """The result of a document that one of our errors stopped; the error's class says whether to try again."""
    return Written(
        id=id_, version=version, outcome="failed", error=type(error).__name__, reason=error.message[:REASON_CAP], retryable=error.retryable
    )
