"""The store's twin in memory: the same documents, filters, versions, descriptions and cosines; of BM25 only whether a product matches."""

import heapq
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.errors import IndexMissing, InvalidField, ModelError, ProductError, StoreBusy, StoreError
from indexer.store.answering import KeptDocument, Shelf, answers
from indexer.store.base import Document, Leg, LegAnswer, Stored, Written
from indexer.store.bulk import failed
from indexer.store.documents import check_document, to_source
from indexer.store.identity import Coming, Description, Identity
from indexer.store.points import gone, point_name
from indexer.store.requests import ATTRIBUTE_NAMES
from indexer.store.schema import PHOTO_VECTOR, check_identity
from indexer.store.versions import check_adoption, next_number, version_name
from indexer.store.words import findable
from indexer.text.cleaning import DEFAULT, Cleaning


@dataclass(slots=True)
class _Version:
    """One version of the index: its documents, and for those removed the version that a later one has to exceed."""

    identity: Identity
    kept: dict[str, KeptDocument] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)  # the server too refuses what is older than a deletion, though only for a minute
    profile: str = ""
    coming: Coming | None = None
    made_for: str = ""


@dataclass(slots=True)
class _Shared:
    """What all stores over the same indices share: the versions by name, and the one that the alias stands for."""

    versions: dict[str, _Version] = field(default_factory=dict)
    current: str = ""
    points: dict[str, tuple[float, Shelf]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


POINTS_CAP = 100
"""Points that may be open at once; each holds on to what was replaced or deleted since. (A server keeps 300.)"""


class MemoryStore:
    """A product store that is one dictionary: for tests and for trying things out. Safe across threads; nothing survives it."""

    def __init__(self, alias: str = "products", *, cleaning: Cleaning = DEFAULT) -> None:
        """Begin without an index; `ensure` makes it."""
        self._alias = alias
        self._cleaning = cleaning
        self._shared = _Shared()
        self._lock = self._shared.lock
        self._only = ""

    def ensure(self, identity: Identity) -> str:
        """Make the index if it is missing, check its identity if not; return its name. Raises as ProductStore says."""
        with self._lock:
            if self._index in self._shared.versions:
                check_identity(self._index, self._made().identity, identity)
            else:
                self._shared.current = version_name(self._alias, next_number(self._alias, list(self._shared.versions)))
                self._shared.versions[self._index] = _Version(identity)
            return self._index

    def hold(self, index: str, identity: Identity) -> None:
        """Check that version's identity. Raises as ProductStore says."""
        with self._lock:
            check_identity(index, self._version(index).identity, identity)

    def describe(self, *, fresh: bool = False) -> Description:  # noqa: ARG002 - it is always fresh
        """The index as it stands. Raises IndexMissing."""
        with self._lock:
            made = self._made()
            live = list(self._live())
        names = {name for kept in live for name in kept.source.get("attribute_names", ())}
        return Description(
            index=self._index,
            identity=made.identity,
            products=len(live),
            attributes=tuple(sorted(names)[:ATTRIBUTE_NAMES]),
            profile=made.profile,
            coming=made.coming,
        )

    def write(self, documents: Sequence[Document], *, index: str = "") -> list[Written]:
        """One result per document, in order. Raises IndexMissing."""
        with self._lock:
            into = self._version(index) if index else self._made()
            return [self._write(document, into) for document in documents]

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """Each leg's answer, in order, of the index as it stood at that point. Raises as ProductReader says, and BadFilter."""
        if not legs:
            return []
        with self._lock:
            shelf = self._frozen(point) if point else self._shelf()
        return answers(shelf, legs, self._cleaning)

    def open_point(self, *, keep_s: float) -> str:
        """Remember what is there now for so long; the point's name. Raises IndexMissing, and StoreBusy beyond POINTS_CAP."""
        with self._lock:
            shelf = self._shelf()
            self._forget_points()
            if len(self._shared.points) >= POINTS_CAP:
                raise StoreBusy(f"{POINTS_CAP} points are open already.", cure="Wait until some are over, or keep them shorter.")
            point = point_name(shelf.index, secrets.token_urlsafe(12))
            self._shared.points[point] = (time.monotonic() + keep_s, shelf)
            return point

    def refresh(self) -> None:
        """Nothing to do: what is written is found at once."""

    def walk(self, *, after: str = "", limit: int = 1000, deleted_before: int | None = None) -> list[Stored]:
        """The next documents by id, tombstones included; with `deleted_before` only those, of versions below it. Raises IndexMissing."""
        with self._lock:
            kept = self._made().kept
            wanted = (
                id_ for id_, one in kept.items() if deleted_before is None or (one.source["deleted"] and one.version < deleted_before)
            )
            ids = heapq.nsmallest(limit, (id_ for id_ in wanted if id_ > after))
            return [Stored(id_, kept[id_].version, bool(kept[id_].source["deleted"])) for id_ in ids]

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """Delete documents for good, each under its version; one result each, in order. Raises IndexMissing."""
        with self._lock:
            made = self._made()
            return [self._remove(id_, version, made) for id_, version in versions.items()]

    def adopt(self, identity: Identity) -> None:
        """Take the new identity, where only the fusion differs. Raises as ProductStore says."""
        with self._lock:
            check_adoption(self._index, self._made().identity, identity)
            self._made().identity = identity

    def make_next(self, identity: Identity, *, profile: str, made_for: str, taken: Sequence[str] = ()) -> str:
        """Make an index without the alias, or find the one that was made for the same; its name."""
        with self._lock:
            if known := self.made_for(made_for):
                return known
            name = version_name(self._alias, next_number(self._alias, [*self._shared.versions, *taken]))
            self._shared.versions[name] = _Version(identity, profile=profile, made_for=made_for)
            return name

    def made_for(self, what: str) -> str:
        """The name of the index that was made for that; empty where there is none."""
        with self._lock:
            return next((name for name, version in self._shared.versions.items() if version.made_for == what), "")

    def note(self, index: str, *, profile: str | None = None, coming: Coming | None = None) -> None:
        """Note in an index how its vectors are made, and what is to come after it. Raises IndexMissing."""
        with self._lock:
            version = self._version(index)
            version.profile = version.profile if profile is None else profile
            version.coming = coming

    def switch(self, index: str) -> None:
        """Let the alias stand for that version. Raises IndexMissing."""
        with self._lock:
            self._version(index)
            self._shared.current = index

    def drop(self, index: str) -> None:
        """Delete a version that is not in use. Raises StoreError for the one that is."""
        with self._lock:
            if index == self._shared.current:
                raise StoreError(f"{index} is the index in use, so it is not deleted.", cure="Switch to another one first.")
            self._shared.versions.pop(index, None)

    def at(self, index: str) -> "MemoryStore":
        """A store for that version alone, over the same documents."""
        one = MemoryStore(self._alias, cleaning=self._cleaning)
        one._shared, one._lock, one._only = self._shared, self._lock, index
        return one

    def close(self) -> None:
        """Nothing to give back."""

    @property
    def _index(self) -> str:
        return self._only or self._shared.current

    @property
    def _kept(self) -> dict[str, KeptDocument]:
        return self._made().kept

    def _made(self) -> _Version:
        return self._version(self._index)

    def _version(self, index: str) -> _Version:
        if index not in self._shared.versions:
            raise IndexMissing(f"There is no index or alias {index or self._alias!r}.", cure="Make the index first (ensure).")
        return self._shared.versions[index]

    def _live(self) -> Iterator[KeptDocument]:
        return (kept for kept in self._made().kept.values() if not kept.source["deleted"])

    def _shelf(self) -> Shelf:
        return Shelf(self._index, self._made().identity.width, tuple(self._live()))

    def _frozen(self, point: str) -> Shelf:
        self._forget_points()
        if point not in self._shared.points:
            raise gone()
        return self._shared.points[point][1]

    def _forget_points(self) -> None:
        now = time.monotonic()
        self._shared.points = {point: kept for point, kept in self._shared.points.items() if kept[0] > now}

    def _write(self, document: Document, into: _Version) -> Written:
        try:
            rows = check_document(document, width=into.identity.width)
            if PHOTO_VECTOR in rows and not into.identity.photo_vector:
                raise InvalidField(f"{document.id!r} has a row of its photos alone, and this index has no place for it.")
            source = to_source(document, self._cleaning)
        except (ProductError, ModelError) as error:
            return failed(document.id, document.version, error=error)
        if _newest(into, document.id) >= document.version:
            return Written(id=document.id, version=document.version, outcome="newer")
        into.kept[document.id] = KeptDocument(document.version, source, {} if source["deleted"] else rows, findable(source))
        return Written(id=document.id, version=document.version, outcome="written")

    @staticmethod
    def _remove(id_: str, version: int, made: _Version) -> Written:
        if _newest(made, id_) >= version:
            return Written(id=id_, version=version, outcome="newer")
        made.kept.pop(id_, None)
        made.removed[id_] = version
        return Written(id=id_, version=version, outcome="written")


def _newest(version: _Version, id_: str) -> int:
    """The version that a later one has to exceed; -1 where there is none."""
    known = version.kept.get(id_)
    return version.removed.get(id_, -1) if known is None else known.version
