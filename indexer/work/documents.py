"""Claimed rows to documents: each product's parts, their rows from cache or model, fused into one row a product."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from indexer.encoders import Encoders
from indexer.errors import IndexerError, ZeroRow
from indexer.fuse.base import PartRow
from indexer.fuse.catalog import needed_kinds
from indexer.ledger.base import Claimed, Finished, PartRef
from indexer.money import next_change, price_at
from indexer.records import Lane, Photo, PhotoStatus, Product
from indexer.settings import Settings, TextSettings
from indexer.store.base import Document
from indexer.text import Cleaning, parts_of
from indexer.vectors import Row
from indexer.work.parts import PartRows
from indexer.work.pictures import Pictures, Places
from indexer.work.workshop import Makers, Workshop

__all__ = ["LATER", "WORST_FIRST", "Made", "Makers", "Workshop", "make_documents"]

WORST_FIRST: tuple[PhotoStatus, ...] = ("unusable", "refused", "missing", "unreachable", "pending", "remote")
"""Which status a product has when no photo is used and several went wrong differently: first what only its source can mend."""

LATER = "later"
"""The kind of a part that is still to come: its digest is the moment (microseconds since 1970) from which photos are asked for again.

It is recorded with the parts, so that a pass over a changed price knows it without asking anybody.
"""

PLACES_PER_BATCH = 2
"""Decoded photos that a process holds at most, in batches: one is encoded while the next is decoded."""


@dataclass(slots=True)
class Made:
    """What one claim's rows became: documents to write, what to record once they are written, and rows that can't work."""

    documents: list[Document] = field(default_factory=list)
    finished: dict[str, Finished] = field(default_factory=dict)
    errors: dict[str, IndexerError] = field(default_factory=dict)
    texts: int = 0
    photos: int = 0
    cached: int = 0

    def counted(self, *, there: int, newer: int) -> dict[str, int]:
        """What the ledger adds up: model runs, parts from the cache, and of the documents `there` now those written and those newer."""
        return {"texts": self.texts, "photos": self.photos, "cached": self.cached, "written": there - newer, "newer": newer}


@dataclass(frozen=True, slots=True)
class _Draft:
    """A product's parts; `retry_at` is when photos of it are asked for again."""

    product: Product
    parts: tuple[PartRef, ...]
    photo_status: PhotoStatus
    retry_at: int | None = None


@dataclass(frozen=True, slots=True)
class _Brought:
    """What came of one photo, its pixels in the hands of those who encode."""

    status: PhotoStatus
    part: PartRef | None
    retry_at: int | None


def make_documents(
    rows: Sequence[Claimed], workshop: Workshop, settings: Settings, *, lane: Lane = "encode", moment: int | None = None
) -> Made:
    """One document a row, in order, but for the rows among `errors`.

    `lane` is where they were claimed: a row of `offers` waits for no photo's host. `moment` (microseconds since 1970, default
    now) decides which price holds and which photos are due. An input that a model fails on is the row's error (a photo's only
    costs the photo). Raises ModelError classes that no row is to blame for, and LedgerUnavailable where the cache does not answer.
    """
    made = Made()
    now = time.time_ns() // 1000 if moment is None else moment
    with Places(workshop.places(PLACES_PER_BATCH * settings.encode.batch)) as places:
        drafts: dict[str, _Draft] = {}
        if any(row.product is not None for row in rows):
            encoders = workshop.encoders
            part_rows = PartRows(workshop.cache, encoders, workshop.engine, batch=settings.encode.batch, places=places)
            kinds = needed_kinds(settings.encode)
            drafts = _recorded([row for row in rows if _as_recorded(row, kinds, lane=lane, moment=now)], part_rows, kinds)
            fresh = {row.id: row.product for row in rows if row.product is not None and row.id not in drafts}
            pictures = Pictures(workshop, places, settings) if part_rows.takes_photos else None
            drafts |= _drafted(fresh, part_rows, pictures, settings)
            part_rows.run()
            made.texts, made.photos, made.cached = part_rows.texts, part_rows.photos, part_rows.cached
    for row in rows:
        if row.product is None:
            made.documents.append(Document(id=row.id, version=row.row_version, product=None))
            made.finished[row.id] = Finished(id=row.id, row_version=row.row_version)
            continue
        try:
            document, finished = _document(row, drafts[row.id], part_rows, encoders, moment=now)
        except _Poison as poison:
            made.errors[row.id] = poison.error
            continue
        made.documents.append(document)
        made.finished[row.id] = finished
    return made


class _Poison(Exception):
    """A row's input that its model fails on."""

    def __init__(self, error: IndexerError) -> None:
        self.error = error
        super().__init__(error.message)


@lru_cache(maxsize=4)
def _cleaning(settings: TextSettings) -> Cleaning:
    return Cleaning.load(settings)


def _as_recorded(row: Claimed, kinds: frozenset[str], *, lane: Lane, moment: int) -> bool:
    """Whether the parts of the last write will do: the content is the same, no photo could have come, no other texts are wanted since.

    In the lane `offers` they always do where a photo's host would have to be asked: that photo's time comes in `backfill`. A file
    that was missing is looked for at every write, as that costs next to nothing.
    """
    if row.parts is None or row.product is None:
        return False
    if lane == "offers" and any(photo.is_remote for photo in row.product.photos):
        return True
    if row.photo_status == "missing" or (lane != "offers" and _lacks(row.product, kinds, row.parts)):
        return False
    retry_at = _retry_at(row.parts)
    return retry_at is None or moment < retry_at


def _lacks(product: Product, kinds: frozenset[str], parts: Sequence[PartRef]) -> bool:
    """Whether the product has a text that the fusion gives weight now, and did not when these parts were recorded."""
    texts = {"title": product.title, "description": product.description, "brand": product.brand, "attributes": product.attributes}
    recorded = {part.kind for part in parts}
    return any(texts.get(kind) and kind not in recorded for kind in kinds)


def _retry_at(parts: Sequence[PartRef]) -> int | None:
    return min((int(part.digest) for part in parts if part.kind == LATER), default=None)


def _recorded(rows: Sequence[Claimed], part_rows: PartRows, kinds: frozenset[str]) -> dict[str, _Draft]:
    """Parts as they were recorded, where the cache still has them all (an offer's way): no text is cleaned, no photo read."""
    known = {row.id: [part for part in row.parts or () if part.kind == "photo" or part.kind in kinds] for row in rows}
    part_rows.recall([part for parts in known.values() for part in parts])
    return {
        row.id: _Draft(row.product, tuple(known[row.id]), row.photo_status, _retry_at(row.parts or ()))
        for row in rows
        if row.product is not None and all(map(part_rows.knows, known[row.id]))
    }


def _drafted(products: dict[str, Product], part_rows: PartRows, pictures: Pictures | None, settings: Settings) -> dict[str, _Draft]:
    """Parts made from the products themselves: texts cleaned, photos brought and decoded."""
    cleaning, kinds = _cleaning(settings.text), needed_kinds(settings.encode)
    texts = {
        id_: [part_rows.text(kind, cleaned) for kind, cleaned in parts_of(product, cleaning, kinds=kinds)]
        for id_, product in products.items()
    }
    if pictures is None:
        return {id_: _Draft(product, tuple(texts[id_]), "none") for id_, product in products.items()}
    brought = _brought([photo for product in products.values() for photo in product.photos], part_rows, pictures)
    return {id_: _with_photos(product, texts[id_], [brought[photo] for photo in product.photos]) for id_, product in products.items()}


def _brought(wanted: Sequence[Photo], part_rows: PartRows, pictures: Pictures) -> dict[Photo, _Brought]:
    """Each distinct photo once, though many variants may show it."""
    brought: dict[Photo, _Brought] = {}
    for picture in pictures.each(wanted):
        if picture is None:
            part_rows.run_photos()
            continue
        part = None if picture.pixels is None else part_rows.photo(picture.pixels, digest=picture.digest)
        brought[picture.photo] = _Brought(picture.status, part, picture.retry_at)
    return brought


def _with_photos(product: Product, texts: Sequence[PartRef], photos: Sequence[_Brought]) -> _Draft:
    seen = {photo.status for photo in photos}
    status: PhotoStatus = "none" if not seen else "used" if "used" in seen else next(worst for worst in WORST_FIRST if worst in seen)
    parts = dict.fromkeys([*texts, *(photo.part for photo in photos if photo.part is not None)])
    retry_at = min((photo.retry_at for photo in photos if photo.retry_at is not None), default=None)
    return _Draft(product, tuple(parts), status, retry_at)


def _document(row: Claimed, draft: _Draft, part_rows: PartRows, encoders: Encoders, *, moment: int) -> tuple[Document, Finished]:
    """The document, and what to record once it is written: the parts that are in it, and when something changes by itself."""
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
    product = draft.product
    rows = [PartRow(part.kind, part_row) for part, part_row in used]
    document = Document(
        id=row.id,
        version=row.row_version,
        product=product,
        row=_fused(rows, encoders.fuse),
        photo_row=_fused(rows, encoders.photo_row),
        photo_status=status,
        price_now=price_at(product.price, product.sale, moment=moment),
    )
    wake, wake_lane = _wake(product, draft.retry_at, moment=moment)
    later = () if draft.retry_at is None else (PartRef(LATER, str(draft.retry_at)),)
    parts = (*(part for part, _ in used), *later)
    return document, Finished(id=row.id, row_version=row.row_version, parts=parts, photo_status=status, wake=wake, wake_lane=wake_lane)


def _wake(product: Product, retry_at: int | None, *, moment: int) -> tuple[int | None, Lane]:
    """When the document changes by itself, and in which lane: a sale begins or ends, or a photo is asked for again, whichever is first."""
    change = next_change(product.sale, moment=moment)
    if retry_at is not None and (change is None or retry_at < change):
        return retry_at, "backfill"
    return change, "offers"


def _fused(rows: Sequence[PartRow], fuse: Callable[[Sequence[PartRow]], Row | None]) -> Row | None:
    """One row, or None where the parts have no direction together: the product is found by its words alone."""
    try:
        return fuse(rows) if rows else None
    except ZeroRow:
        return None
