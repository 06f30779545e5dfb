"""The store's twin in memory: the same documents, filters, versions, descriptions and cosines; of BM25 only whether a product matches."""

import heapq
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

from indexer.errors import IndexMissing, ModelError, ProductError, StoreBusy
from indexer.store.answering import KeptDocument, Shelf, answers
from indexer.store.base import Description, Document, Identity, Leg, LegAnswer, Stored, Written
from indexer.store.bulk import failed
from indexer.store.documents import check_document, to_source
from indexer.store.points import gone, point_name
from indexer.store.requests import ATTRIBUTE_NAMES
from indexer.store.schema import check_identity
from indexer.store.versions import check_adoption, version_name
from indexer.store.words import findable
from indexer.text.cleaning import DEFAULT, Cleaning

POINTS_CAP = 100
"""Points that may be open at once; each holds on to what was replaced or deleted since. (A server keeps 300.)"""


class MemoryStore:
    """A product store that is one dictionary: for tests and for trying things out. Safe across threads; nothing survives it."""

    def __init__(self, alias: str = "products", *, cleaning: Cleaning = DEFAULT) -> None:
        """Begin without an index; `ensure` makes it."""
        self._alias = alias
        self._cleaning = cleaning
        self._identity: Identity | None = None
        self._kept: dict[str, KeptDocument] = {}
        self._removed: dict[str, int] = {}  # the server too refuses what is older than a deletion, though only for a minute
        self._points: dict[str, tuple[float, Shelf]] = {}
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

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """Each leg's answer, in order, of the index as it stood at that point. Raises as ProductReader says, and BadFilter."""
        with self._lock:
            shelf = self._frozen(point) if point else self._shelf()
        return answers(shelf, legs, self._cleaning)

    def open_point(self, *, keep_s: float) -> str:
        """Remember what is there now for so long; the point's name. Raises IndexMissing, and StoreBusy beyond POINTS_CAP."""
        with self._lock:
            shelf = self._shelf()
            self._forget_points()
            if len(self._points) >= POINTS_CAP:
                raise StoreBusy(f"{POINTS_CAP} points are open already.", cure="Wait until some are over, or keep them shorter.")
            point = point_name(shelf.index, secrets.token_urlsafe(12))
            self._points[point] = (time.monotonic() + keep_s, shelf)
            return point

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

    def _live(self) -> Iterator[KeptDocument]:
        return (kept for kept in self._kept.values() if not kept.source["deleted"])

    def _shelf(self) -> Shelf:
        return Shelf(self._index, self._made().width, tuple(self._live()))

    def _frozen(self, point: str) -> Shelf:
        self._forget_points()
        if point not in self._points:
            raise gone()
        return self._points[point][1]

    def _forget_points(self) -> None:
        now = time.monotonic()
        self._points = {point: kept for point, kept in self._points.items() if kept[0] > now}

    def _write(self, document: Document, width: int) -> Written:
        try:
            row = check_document(document, width=width)
            source = to_source(document, self._cleaning)
        except (ProductError, ModelError) as error:
            return failed(document.id, document.version, error=error)
        if self._newest(document.id) >= document.version:
            return Written(id=document.id, version=document.version, outcome="newer")
        self._kept[document.id] = KeptDocument(document.version, source, None if source["deleted"] else row, findable(source))
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
