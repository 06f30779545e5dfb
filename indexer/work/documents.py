"""Claimed rows to documents: each product's parts, their rows from cache or model, fused into one row a product."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer import photos, text
from indexer.encode.base import Pixels
from indexer.encoders import Encoders
from indexer.errors import IndexerError, UnusablePhoto, ZeroRow
from indexer.fuse.base import PartRow
from indexer.ledger.base import Claimed, Finished, PartRef, VectorCache
from indexer.records import Photo, PhotoStatus, Product
from indexer.settings import Settings
from indexer.store.base import Document, ProductStore
from indexer.vectors import Row
from indexer.work.parts import PartRows, ProductEngine

WORST_FIRST: tuple[PhotoStatus, ...] = ("unusable", "missing", "remote")
"""Which status a product has when no photo is used and several went wrong differently."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Makers:
    """How the working parts are made: each is called at most once, and only when work needs it."""

    store: Callable[[], ProductStore]
    cache: Callable[[], VectorCache]
    encoders: Callable[[], Encoders]
    engine: Callable[[Encoders], ProductEngine]


class Workshop:
    """What work needs, made when first asked for: a process that only feeds loads no model. Safe across threads."""

    def __init__(self, makers: Makers) -> None:
        """Make nothing yet."""
        self._makers = makers
        self._lock = threading.RLock()
        self._store: ProductStore | None = None
        self._cache: VectorCache | None = None
        self._encoders: Encoders | None = None
        self._engine: ProductEngine | None = None

    @property
    def store(self) -> ProductStore:
        """The store; loads no model."""
        with self._lock:
            if self._store is None:
                self._store = self._makers.store()
            return self._store

    @property
    def cache(self) -> VectorCache:
        """The vector cache."""
        with self._lock:
            if self._cache is None:
                self._cache = self._makers.cache()
            return self._cache

    @property
    def encoders(self) -> Encoders:
        """Encoders and fusion; the first call loads the models. Raises ModelError classes."""
        with self._lock:
            if self._encoders is None:
                self._encoders = self._makers.encoders()
            return self._encoders

    @property
    def engine(self) -> ProductEngine:
        """What runs the encoders."""
        with self._lock:
            if self._engine is None:
                self._engine = self._makers.engine(self.encoders)
            return self._engine

    def warm(self) -> None:
        """Load the models now and run each once, so that the first claim does not wait. Raises ModelError classes."""
        self.engine.texts(["A chair of oak"])
        if self.encoders.photo is not None:
            self.engine.photos([np.full((64, 64, 3), 127, dtype=np.uint8)])

    def close(self) -> None:
        """Give the connections of what was made back."""
        with self._lock:
            if self._store is not None:
                self._store.close()
            if self._cache is not None:
                self._cache.close()


@dataclass(slots=True)
class Made:
    """What one claim's rows became: documents to write, what to record once they are written, and rows that can't work."""

    documents: list[Document] = field(default_factory=list)
    finished: dict[str, Finished] = field(default_factory=dict)
    errors: dict[str, IndexerError] = field(default_factory=dict)
    texts: int = 0
    photos: int = 0
    cached: int = 0


@dataclass(frozen=True, slots=True)
class _Draft:
    product: Product
    parts: tuple[PartRef, ...]
    photo_status: PhotoStatus


def make_documents(rows: Sequence[Claimed], workshop: Workshop, settings: Settings) -> Made:
    """One document a row, in order, but for the rows among `errors`.

    An input that a model fails on is the row's error (a photo's only costs the photo). Raises ModelError classes that
    no row is to blame for, and LedgerUnavailable where the cache does not answer.
    """
    made = Made()
    products = [row for row in rows if row.product is not None]
    drafts: dict[str, _Draft] = {}
    if products:
        part_rows = PartRows(workshop.cache, workshop.encoders, workshop.engine, batch=settings.encode.batch)
        drafts = _drafts(products, part_rows, settings)
        made.texts, made.photos, made.cached = part_rows.texts, part_rows.photos, part_rows.cached
    for row in rows:
        if row.product is None:
            made.documents.append(Document(id=row.id, version=row.row_version, product=None))
            made.finished[row.id] = Finished(id=row.id, row_version=row.row_version)
            continue
        try:
            document, parts = _document(row, drafts[row.id], part_rows, workshop.encoders)
        except _Poison as poison:
            made.errors[row.id] = poison.error
            continue
        made.documents.append(document)
        made.finished[row.id] = Finished(id=row.id, row_version=row.row_version, parts=parts, photo_status=document.photo_status)
    return made


class _Poison(Exception):
    """A row's input that its model fails on."""

    def __init__(self, error: IndexerError) -> None:
        self.error = error
        super().__init__(error.message)


def _drafts(rows: Sequence[Claimed], part_rows: PartRows, settings: Settings) -> dict[str, _Draft]:
    """Parts as they were recorded where the cache still has them all (an offer's way), made from the product elsewhere."""
    recorded = [row for row in rows if row.parts is not None and row.photo_status != "missing"]
    part_rows.recall([part for row in recorded for part in row.parts or ()])
    drafts: dict[str, _Draft] = {}
    for row in recorded:
        if row.product is not None and row.parts is not None and all(map(part_rows.knows, row.parts)):
            drafts[row.id] = _Draft(row.product, row.parts, row.photo_status)
    for row in rows:
        if row.product is not None and row.id not in drafts:
            drafts[row.id] = _draft(row.product, part_rows, settings)
    part_rows.run()
    return drafts


def _draft(product: Product, part_rows: PartRows, settings: Settings) -> _Draft:
    parts = []
    if title := text.clean(product.title, text.TITLE):
        parts.append(part_rows.text("title", title))
    if description := text.clean(product.description, text.DESCRIPTION):
        parts.append(part_rows.text("description", description))
    if not part_rows.takes_photos or not product.photos:
        return _Draft(product, tuple(parts), "none")
    seen: set[PhotoStatus] = set()
    for photo in product.photos:
        status, pixels = _pixels(photo, settings)
        seen.add(status)
        if pixels is not None and (part := part_rows.photo(pixels)) not in parts:
            parts.append(part)
    return _Draft(product, tuple(parts), "used" if "used" in seen else next(s for s in WORST_FIRST if s in seen))


def _pixels(photo: Photo, settings: Settings) -> tuple[PhotoStatus, Pixels | None]:
    if photo.is_remote:
        return "remote", None
    try:
        data = photos.read(photo.source, limit_bytes=settings.feed.photo_bytes)
        return "used", photos.decode(data, pixels=settings.feed.photo_pixels, grey=settings.encode.grey)
    except FileNotFoundError:
        return "missing", None
    except UnusablePhoto:
        return "unusable", None


def _document(row: Claimed, draft: _Draft, part_rows: PartRows, encoders: Encoders) -> tuple[Document, tuple[PartRef, ...]]:
    """The document, and the parts that are in it."""
    used: list[tuple[PartRef, Row]] = []
    status = draft.photo_status
    failed_photo = False
    for part in draft.parts:
        try:
            part_row = part_rows.row(part)
        except IndexerError as error:
            if part.kind != "photo":
                raise _Poison(error) from error
            failed_photo = True
            continue
        if part_row is not None:
            used.append((part, part_row))
    if failed_photo and not any(part.kind == "photo" for part, _ in used):
        status = "unusable"
    parts = tuple(part for part, _ in used)
    fused = _fused([PartRow(part.kind, part_row) for part, part_row in used], encoders)
    return Document(id=row.id, version=row.row_version, product=draft.product, row=fused, photo_status=status), parts


def _fused(rows: Sequence[PartRow], encoders: Encoders) -> Row | None:
    """One row, or None where the parts have no direction together: the product is found by its words alone."""
    try:
        return encoders.fuse(rows) if rows else None
    except ZeroRow:
        return None
