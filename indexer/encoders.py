"""The text encoder, the photo encoder and the fusion of one index, held together: products and queries meet in their space."""

import contextlib
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial

import numpy as np

from indexer.encode.base import PhotoEncoder, Pixels, TextEncoder
from indexer.errors import EncoderMismatch, QueryError, SettingsError, ZeroRow
from indexer.fuse.base import Fusion, Measured, PartRow
from indexer.photos.decode import digest
from indexer.store.identity import Identity
from indexer.vectors import Row, unit_row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lean:
    """One more thing that a query leans to, or away from with a negative weight: a text, a photo, or a product's own row."""

    name: str
    weight: float
    of: str | Pixels | None = None
    row: Row | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryParts:
    """A query's cleaned text and decoded photo, with the weight of each, and what else it leans to."""

    text: str = ""
    photo: Pixels | None = None
    text_weight: float = 1.0
    photo_weight: float = 1.0
    leans: tuple[Lean, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class QueryRows:
    """A query's unit row, and the unit row of each of its parts alone by the part's name."""

    row: Row
    parts: Mapping[str, Row]


@lru_cache(maxsize=64)
def recipe_of(identity: Identity) -> str:
    """16 hex digits that name an index's encoders and fusion together: documents made by one recipe belong in one index."""
    told = (identity.text, identity.photo, identity.fusion, str(identity.width), *(["photo vector"] if identity.photo_vector else []))
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


@lru_cache(maxsize=64)
def space_of(identity: Identity) -> str:
    """What queries have to fit: the recipe of the same index without the photos' own rows, which lie in one space with the fused ones."""
    return recipe_of(replace(identity, photo_vector=False))


class Encoders:
    """What turns parts into rows, and rows into the one row of a product or a query. Safe across threads.

    `query_cache` bounds the rows of queries' texts and photos that are kept (a photo's by its digest); the least recently used go first.
    """

    def __init__(
        self, text: TextEncoder, photo: PhotoEncoder | None, fusion: Fusion, *, photo_vector: bool = False, query_cache: int = 0
    ) -> None:
        """Join three parts whose widths fit; `photo` None means that photos are not encoded.

        With `photo_vector` a product's photos have a row of their own beside the fused one; raises SettingsError without `photo`.
        """
        if photo_vector and photo is None:
            raise SettingsError(
                "Without a photo encoder no product has a vector of its photos.",
                cure="Set FUSEDEX_ENCODE__PHOTO, or leave FUSEDEX_ENCODE__PHOTO_VECTOR out.",
            )
        self.photo_vector = photo_vector
        self.text = text
        self.photo = photo
        self.fusion = fusion
        self._kept: OrderedDict[tuple[str, str], Row] = OrderedDict()
        self._room = query_cache
        self._lock = threading.Lock()

    def identity(self, ledger: str) -> Identity:
        """What an index built by these must carry."""
        return Identity(
            ledger=ledger,
            text=self.text.spec.digest,
            photo=self.photo.spec.digest if self.photo else "none",
            fusion=self.fusion.spec.digest,
            width=self.fusion.spec.width,
            photo_vector=self.photo_vector,
        )

    @cached_property
    def recipe(self) -> str:
        """The name of these encoders and fusion together (see `recipe_of`)."""
        return recipe_of(self.identity(""))

    @cached_property
    def space(self) -> str:
        """What their queries fit (see `space_of`)."""
        return space_of(self.identity(""))

    def check(self, identity: Identity) -> None:
        """Raise EncoderMismatch, naming each part that differs from the index's."""
        ours = self.identity(identity.ledger)
        names = [name for name in ("text", "photo", "fusion", "width") if getattr(ours, name) != getattr(identity, name)]
        if names:
            told = ", ".join(f"{name} (index {getattr(identity, name)}, here {getattr(ours, name)})" for name in names)
            raise EncoderMismatch(
                f"The index was built with other parts: {told}.",
                cure="Search with the settings it was built with (FUSEDEX_ENCODE__*), or build an index for these.",
            )

    def warm(self, *, photos: bool = True) -> None:
        """Load the models now and run each once, so that no query waits for that. Raises ModelError classes."""
        self.text.encode(["A chair of oak"], side="query")
        if photos and self.photo is not None:
            self.photo.encode([np.full((64, 64, 3), 127, dtype=np.uint8)])

    def query_row(self, parts: QueryParts) -> Row | None:
        """One unit row for a query, or None where it has neither text nor photo with weight and a direction.

        A text in which the encoder sees nothing (a lone "!" has no direction for some) is left out. Raises QueryError for a photo
        without a photo encoder, and ModelError.
        """
        if parts.photo is None or parts.photo_weight <= 0:
            # Words alone, as most queries are: what they are fused to is kept too. Alone, a part's weight does not matter.
            if not parts.text or parts.text_weight <= 0:
                return None
            with contextlib.suppress(ZeroRow):
                return self._row("words", parts.text, partial(self._words_row, parts.text))
            return None
        return self.fusion.fuse(self._part_rows(parts, parts.photo))

    def query_rows(self, parts: QueryParts) -> QueryRows | None:
        """The query's row with all that it leans to, and each part's own row; None where nothing of it has a direction.

        row = unit(main + Σ weight · row(lean)), `main` being `query_row`; leans that cancel `main` out leave it alone. Raises as
        `query_row`.
        """
        named: dict[str, Row] = {}
        main = self.query_row(parts)
        if main is not None:
            for name, of, weight in (("text", parts.text, parts.text_weight), ("photo", parts.photo, parts.photo_weight)):
                if (alone := self._alone(of) if weight > 0 else None) is not None:
                    named[name] = alone
        if not parts.leans:
            return None if main is None else QueryRows(main, named)
        total = np.zeros(self.fusion.spec.width) if main is None else main.astype(np.float64)
        for lean in parts.leans:
            row = self._alone(lean.of) if lean.row is None else lean.row
            if row is not None:
                named[lean.name] = row
                total += lean.weight * row.astype(np.float64)
        try:
            return QueryRows(unit_row(total, width=self.fusion.spec.width), named)
        except ZeroRow:
            return None if main is None else QueryRows(main, named)

    def at_hand(self, parts: QueryParts) -> bool:
        """Whether the query's row needs no model: words alone that were asked before."""
        with self._lock:
            return parts.photo is None and not parts.leans and ("words", parts.text) in self._kept

    def floors(self, *, text: bool, photo: bool) -> tuple[float, float]:
        """For queries with such parts: the least cosine that means anything, and what the nearest must reach where no word matches.

        The fusion's own where it was measured with them, else the encoders'.
        """
        known = self.fusion.floors if isinstance(self.fusion, Measured) else {}
        told = [known.get("text", (self.text.floor, self.text.sure))] if text or not photo else []
        if photo and self.photo is not None:
            told.append(known.get("photo", (self.photo.floor, self.photo.sure)))
        return min((floor for floor, _ in told), default=0.0), min((sure for _, sure in told), default=0.0)

    def _alone(self, of: str | Pixels | None) -> Row | None:
        if of is None or (isinstance(of, str) and not of):
            return None
        return self.query_row(QueryParts(text=of) if isinstance(of, str) else QueryParts(photo=of))

    def _part_rows(self, parts: QueryParts, photo: Pixels) -> list[PartRow]:
        rows: list[PartRow] = []
        if self.photo is None:
            raise QueryError("This index has no photo encoder, so it can't be asked with a photo.", cure="Ask with words.")
        make = partial(self._photo_row, self.photo, photo)
        rows.append(PartRow("photo", self._row("photo", digest(photo), make), parts.photo_weight))
        if parts.text and parts.text_weight > 0:
            with contextlib.suppress(ZeroRow):
                rows.append(PartRow("text", self._row("text", parts.text, partial(self._text_row, parts.text)), parts.text_weight))
        return rows

    def _words_row(self, text: str) -> Row:
        row = self.fusion.fuse([PartRow("text", self._text_row(text))])
        if row is None:
            raise ZeroRow("The words alone have no weight in this fusion.")
        return row

    def _row(self, kind: str, what: str, make: Callable[[], Row]) -> Row:
        key = (kind, what)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        # Outside the lock: two threads may encode the same thing, and none waits for another's.
        row = make()
        row.setflags(write=False)
        with self._lock:
            self._kept[key] = row
            while len(self._kept) > self._room:
                self._kept.popitem(last=False)
        return row

    def _text_row(self, text: str) -> Row:
        row: Row = self.text.encode([text], side="query")[0]
        return row

    @staticmethod
    def _photo_row(encoder: PhotoEncoder, photo: Pixels) -> Row:
        row: Row = encoder.encode([photo])[0]
        return row

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        """The one row of a product's part rows."""
        return self.fusion.fuse(parts)

    def photo_row(self, parts: Sequence[PartRow]) -> Row | None:
        """The row of the photos alone among a product's parts, fused as if it had no texts; None without photos, or where none is kept."""
        photos = [part for part in parts if part.kind == "photo"]
        return self.fusion.fuse(photos) if photos and self.photo_vector else None
