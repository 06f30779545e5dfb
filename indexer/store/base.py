"""What both paths ask of a store, in words that are not OpenSearch's: so that a twin in memory can answer too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from indexer.records import Money, PhotoStatus, Product
from indexer.store.identity import Description, Identity
from indexer.store.legs import CodeLeg, ExactLeg, ExplainLeg, ExtraLeg, HybridLeg, Leg, LexicalLeg, LtrLeg, NamedLeg, VectorLeg
from indexer.store.shown import photo_status_of, product_of
from indexer.vectors import Row

__all__ = [
    "AsyncProductReader",
    "CodeLeg",
    "Document",
    "ExactLeg",
    "ExplainLeg",
    "ExtraLeg",
    "Found",
    "HybridLeg",
    "Leg",
    "LegAnswer",
    "LexicalLeg",
    "LtrLeg",
    "NamedLeg",
    "ProductReader",
    "ProductStore",
    "Stored",
    "VectorLeg",
    "Written",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A whole document under an external version. `product` None is a tombstone; `row` None has no vector.

    `photo_row` is what the photos alone say, for an index that has a place for it.
    `price_now` is what the product costs as it is written, its sale regarded: filters, facets and sorting use it.
    """

    id: str
    version: int
    product: Product | None
    row: Row | None = None
    photo_row: Row | None = None
    photo_status: PhotoStatus = "none"
    price_now: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What came of one document: it is there, a newer one was there already, or it failed (and whether to try again)."""

    id: str
    version: int
    outcome: str  # "written" | "newer" | "failed"
    error: str = ""
    reason: str = ""
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class Stored:
    """A document as the index has it: its id, its external version, and whether it is a tombstone."""

    id: str
    version: int
    deleted: bool


@dataclass(slots=True, eq=False)
class Found:
    """One product of a leg; `score` is BM25 (>= 0) or the cosine (-1..1), `source` the document as the index holds it.

    Legs bring hundreds, a page shows a few, so each is read when asked for. Not frozen: that would double the time of making them.
    """

    id: str
    score: float
    source: Mapping[str, Any]
    row: Row | None = None
    fields: Mapping[str, float] = field(default_factory=dict)

    @property
    def product(self) -> Product:
        """The product as it was written."""
        return product_of(self.source)

    @property
    def photo_status(self) -> PhotoStatus:
        """Whether its photos are in its vector."""
        return photo_status_of(self.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswer:
    """A leg's products, best first, ties by id; `index` is the real index that answered.

    `shards_failed` of its shards gave nothing; where all did, or the leg itself failed while others did not, `error` says why.
    """

    found: tuple[Found, ...]
    index: str
    took_ms: float = 0.0
    shards_failed: int = 0
    error: str = ""


class ProductReader(Protocol):
    """The read side, synchronous."""

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""

    def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """All legs in one request, answered in order, of the index as it stood at that point. Raises StoreError classes.

        A leg that fails alone says so in its answer; where all fail, the first one's error is raised. Raises CursorGone.
        """

    def open_point(self, *, keep_s: float) -> str:
        """Freeze the index as it stands for so long; the point's name. Raises IndexMissing, StoreUnavailable."""

    def close(self) -> None:
        """Give the connections back."""


class AsyncProductReader(Protocol):
    """The read side for an event loop."""

    async def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""

    async def ask(self, legs: Sequence[Leg], *, point: str = "") -> list[LegAnswer]:
        """All legs in one request, as ProductReader.ask."""

    async def open_point(self, *, keep_s: float) -> str:
        """Freeze the index as it stands for so long; the point's name. Raises IndexMissing, StoreUnavailable."""

    async def close(self) -> None:
        """Give the connections back."""


class ProductStore(ProductReader, Protocol):
    """Both sides."""

    def ensure(self, identity: Identity) -> str:
        """Make index and alias if they are missing; return the index's name.

        Raises EncoderMismatch, ForeignLedger or SchemaDrift when the existing index has another identity, UnsafeMapping
        when the server is an embedded one and the mapping would kill it.
        """

    def hold(self, index: str, identity: Identity) -> None:
        """See that this version is of that identity and can be written to by its name. Raises as `ensure`, and IndexMissing."""

    def write(self, documents: Sequence[Document], *, index: str = "") -> list[Written]:
        """One result per document, in order. Raises StoreUnavailable, StoreBusy, StoreBlocked when nothing can be said of any.

        With `index` they go to that version (one that is held), whatever the alias stands for. Raises IndexMissing.
        """

    def refresh(self) -> None:
        """Make all that was written searchable."""

    def walk(self, *, after: str = "", limit: int = 1000, deleted_before: int | None = None) -> list[Stored]:
        """The next searchable documents by id (code points), tombstones included, from behind `after`. Raises IndexMissing.

        With `deleted_before` tombstones alone, of versions below it.
        """

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """Delete documents for good, each under the given external version; 'newer' where the index has a later one."""

    def adopt(self, identity: Identity) -> None:
        """Rewrite the index's identity where only its fusion differs. Raises EncoderMismatch, ForeignLedger, IndexMissing."""
