"""What both paths ask of a store, in words that are not OpenSearch's: so that a twin in memory can answer too."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from indexer.records import Filter, Money, PhotoStatus, Product
from indexer.vectors import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who may write to an index and who may search it: kept in the mapping's `_meta`.

    `text`, `photo` and `fusion` are the digests of their specs.
    """

    ledger: str
    text: str
    photo: str
    fusion: str
    width: int
    schema: str = "products.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An index as it stands: its real name behind the alias, its identity, how many live products, which attributes."""

    index: str
    identity: Identity
    products: int
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A whole document under an external version. `product` None is a tombstone; `row` None has no vector.

    `price_now` is what the product costs as it is written, its sale regarded: filters, facets and sorting use it.
    """

    id: str
    version: int
    product: Product | None
    row: Row | None = None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalLeg:
    """The best `size` products by BM25 that pass the filters; an empty text matches all of them (score 0)."""

    text: str
    filters: tuple[Filter, ...] = ()
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VectorLeg:
    """The approximate `size` nearest products among those that pass the filters (filtered inside the search)."""

    row: Row
    filters: tuple[Filter, ...] = ()
    size: int = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ExactLeg:
    """The exact cosine of each of the named products (script_score, knn_score); those without a vector are left out."""

    row: Row
    ids: tuple[str, ...]


Leg = LexicalLeg | VectorLeg | ExactLeg


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """One product of a leg; `score` is BM25 (>= 0) or the cosine (-1..1).

    `read` gives the product: legs bring hundreds, a page shows a few, so each is read only when asked for.
    """

    id: str
    score: float
    read: Callable[[], Product]
    photo_status: PhotoStatus = "none"

    @property
    def product(self) -> Product:
        """The product as it was written."""
        return self.read()


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswer:
    """A leg's products, best first, ties by id; `index` is the real index that answered."""

    found: tuple[Found, ...]
    index: str
    took_ms: float = 0.0


class ProductReader(Protocol):
    """The read side, synchronous."""

    def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""

    def ask(self, legs: Sequence[Leg]) -> list[LegAnswer]:
        """All legs in one request, answered in order. Raises StoreError classes."""

    def close(self) -> None:
        """Give the connections back."""


class AsyncProductReader(Protocol):
    """The read side for an event loop."""

    async def describe(self, *, fresh: bool = False) -> Description:
        """The index behind the alias; kept for some seconds unless `fresh`. Raises IndexMissing, StoreUnavailable."""

    async def ask(self, legs: Sequence[Leg]) -> list[LegAnswer]:
        """All legs in one request, answered in order. Raises StoreError classes."""

    async def close(self) -> None:
        """Give the connections back."""


class ProductStore(ProductReader, Protocol):
    """Both sides."""

    def ensure(self, identity: Identity) -> str:
        """Make index and alias if they are missing; return the index's name.

        Raises EncoderMismatch, ForeignLedger or SchemaDrift when the existing index has another identity, UnsafeMapping
        when the server is an embedded one and the mapping would kill it.
        """

    def write(self, documents: Sequence[Document]) -> list[Written]:
        """One result per document, in order. Raises StoreUnavailable, StoreBusy, StoreBlocked when nothing can be said of any."""

    def refresh(self) -> None:
        """Make all that was written searchable."""

    def walk(self, *, after: str = "", limit: int = 1000) -> list[Stored]:
        """The next searchable documents by id (code points), tombstones included, from behind `after`. Raises IndexMissing."""

    def remove(self, versions: Mapping[str, int]) -> list[Written]:
        """Delete documents for good, each under the given external version; 'newer' where the index has a later one."""

    def adopt(self, identity: Identity) -> None:
        """Rewrite the index's identity where only its fusion differs. Raises EncoderMismatch, ForeignLedger, IndexMissing."""

    def close(self) -> None:
        """Give the connections back."""
