"""The store's twin in memory: the same documents, filters, versions, descriptions and cosines; of BM25 only whether a product matches."""

import heapq
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from indexer.errors import IndexMissing, ModelError, ProductError, StoreError
from indexer.store.base import Description, Document, ExactLeg, Found, Identity, Leg, LegAnswer, LexicalLeg, Stored, Written
from indexer.store.bulk import failed
from indexer.store.conditions import conditions, holds
from indexer.store.documents import check_document, photo_status_of, product_of, to_source
from indexer.store.requests import ATTRIBUTE_NAMES
from indexer.store.schema import check_identity
from indexer.store.versions import check_adoption, version_name
from indexer.store.words import Findable, asked, findable, score
from indexer.text.cleaning import DEFAULT, Cleaning
from indexer.vectors import Row, unit_rows


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    version: int
    source: dict[str, Any]
    row: Row | None
    words: Findable


class MemoryStore:
    """A product store that is one dictionary: for tests and for trying things out. Safe across threads; nothing survives it."""

    def __init__(self, alias: str = "products", *, cleaning: Cleaning = DEFAULT) -> None:
        """Begin without an index; `ensure` makes it."""
        self._alias = alias
        self._cleaning = cleaning
        self._identity: Identity | None = None
        self._kept: dict[str, _Kept] = {}
        self._removed: dict[str, int] = {}  # the server too refuses what is older than a deletion, though only for a minute
        self._lock = threading.RLock()

    def ensure(self, identity: Identity) -> str:
        """Make the index if it is missing, check its identity if not; return its name. Raises as ProductStore says."""
        with self._lock:
            if self._identity is not None:
                check_identity(self._index, self._identity, identity)
            self._identity = identity
            return self._index

    def describe(self, *, fresh: bool = False) -> Description:  # noqa: ARG002 - it is always fresh
        """The index as it stands. Raises IndexMissing."""
        with self._lock:
            identity = self._made()
            live = list(self._live())
        names = {name for kept in live for name in kept.source.get("attribute_names", ())}
        return Description(index=self._index, identity=identity, products=len(live), attributes=tuple(sorted(names)[:ATTRIBUTE_NAMES]))

    def write(self, documents: Sequence[Document]) -> list[Written]:
        """One result per document, in order. Raises IndexMissing."""
        with self._lock:
            width = self._made().width
            return [self._write(document, width) for document in documents]

    def ask(self, legs: Sequence[Leg]) -> list[LegAnswer]:
        """Each leg's answer, in order. Raises IndexMissing, BadFilter, and StoreError for a row of another width."""
        with self._lock:
            width = self._made().width
            live = list(self._live())
        return [LegAnswer(found=tuple(_best(leg, live, width, self._cleaning)), index=self._index) for leg in legs]

    def refresh(self) -> None:
        """Nothing to do: what is written is found at once."""

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Stored]:
        """The next documents by id, tombstones included. Raises IndexMissing."""
        with self._lock:
            self._made()
            ids = heapq.nsmallest(limit, (id_ for id_ in self._kept if id_ > after))
            return [Stored(id_, self._kept[id_].version, bool(self._kept[id_].source["deleted"])) for id_ in ids]

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """Delete documents for good, each under its version; one result each, in order. Raises IndexMissing."""
        with self._lock:
            self._made()
            return [self._remove(id_, version) for id_, version in versions.items()]

    def adopt(self, identity: Identity) -> None:
        """Take the new identity, where only the fusion differs. Raises as ProductStore says."""
        with self._lock:
            check_adoption(self._index, self._made(), identity)
            self._identity = identity

    def close(self) -> None:
        """Nothing to give back."""

    @property
    def _index(self) -> str:
        return version_name(self._alias, 1)

    def _made(self) -> Identity:
        if self._identity is None:
            raise IndexMissing(f"There is no index or alias {self._alias!r}.", cure="Make the index first (ensure).")
        return self._identity

    def _live(self) -> Iterator[_Kept]:
        return (kept for kept in self._kept.values() if not kept.source["deleted"])

    def _write(self, document: Document, width: int) -> Written:
        try:
            row = check_document(document, width=width)
            source = to_source(document, self._cleaning)
        except (ProductError, ModelError) as error:
            return failed(document.id, document.version, error=error)
        if self._newest(document.id) >= document.version:
            return Written(id=document.id, version=document.version, outcome="newer")
        self._kept[document.id] = _Kept(document.version, source, None if source["deleted"] else row, findable(source))
        return Written(id=document.id, version=document.version, outcome="written")

    def _remove(self, id_: str, version: int) -> Written:
        if self._newest(id_) >= version:
            return Written(id=id_, version=version, outcome="newer")
        self._kept.pop(id_, None)
        self._removed[id_] = version
        return Written(id=id_, version=version, outcome="written")

    def _newest(self, id_: str) -> int:
        """The version that a later one has to exceed; -1 where there is none."""
        known = self._kept.get(id_)
        return self._removed.get(id_, -1) if known is None else known.version


def _best(leg: Leg, live: Sequence[_Kept], width: int, cleaning: Cleaning) -> Iterator[Found]:
    """The leg's products, best first, ties by id."""
    figure, size = _figure(leg, width, cleaning)
    wanted = () if isinstance(leg, ExactLeg) else conditions(leg.filters)
    scored = [(found, kept) for kept in live if all(holds(one, kept.source) for one in wanted) and (found := figure(kept)) is not None]
    scored.sort(key=lambda pair: (-pair[0], pair[1].source["id"]))
    for found, kept in scored[:size]:
        source = kept.source
        yield Found(id=source["id"], score=found, read=partial(product_of, source), photo_status=photo_status_of(source))


def _figure(leg: Leg, width: int, cleaning: Cleaning) -> tuple[Callable[[_Kept], float | None], int]:
    """How the leg scores a document (None leaves it out), and how many it gives."""
    if isinstance(leg, LexicalLeg):
        if not leg.text.strip():
            return (lambda _: 0.0), leg.size
        query = asked(leg.text, cleaning)
        return (lambda kept: score(query, kept.words) or None), leg.size
    try:
        unit = unit_rows(leg.row[None], width=width)[0].astype(np.float64)
    except ModelError as error:
        raise StoreError(f"The query's row can't be compared: {error.message}") from error

    def similarity(kept: _Kept) -> float | None:
        return None if kept.row is None else float(np.clip(kept.row.astype(np.float64) @ unit, -1.0, 1.0))

    if isinstance(leg, ExactLeg):
        ids = frozenset(leg.ids)
        return (lambda kept: similarity(kept) if kept.source["id"] in ids else None), len(ids)
    return similarity, leg.size
