"""What travels between the rooms: frozen records without behaviour of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = str | float | bool | tuple[str, ...]
"""A typed attribute's value: a text, a number, a truth value, or several texts."""

Lane = Literal["offers", "encode_new", "encode", "backfill"]
LANES: tuple[Lane, ...] = ("offers", "encode_new", "encode", "backfill")

PhotoStatus = Literal["none", "used", "missing", "unusable", "remote", "pending", "unreachable", "refused"]
"""Whether a product's photos are in its vector: no photo named; at least one used; file not found; bytes that are no
photo; an address, and fetching is off; an address still to be fetched; one that does not give a photo now, and is tried
again later; one that may not be asked (a host that is not allowed, a private address)."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents; whole yen) of an ISO 4217 currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A price that holds for a time, in place of the regular one; `begins` and `ends` (microseconds since 1970) None: open."""

    price: Money
    begins: int | None = None
    ends: int | None = None


@dataclass(frozen=True, slots=True)
class Photo:
    """Where a photo is: an absolute path on a disk that the workers see, or an http(s) address."""

    source: str

    @property
    def is_remote(self) -> bool:
        """Whether the source is an address and not a path."""
        return self.source.startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A full row: it sets both aspects of a product, content and offer."""

    id: str
    title: str
    description: str = ""
    brand: str = ""
    category: tuple[str, ...] = ()
    price: Money | None = None
    sale: Sale | None = None
    stock: int | None = None
    gtin: str = ""
    attributes: Mapping[str, Value] = field(default_factory=dict)
    photos: tuple[Photo, ...] = ()
    group: str = ""
    language: str = ""
    popularity: float | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A light row: it sets only the offer aspect (price, sale and stock, all at once)."""

    id: str
    price: Money | None = None
    sale: Sale | None = None
    stock: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """A barrier over both aspects; only a newer full row brings the product back."""

    id: str
    version: int | None = None


Event = Product | Offer | Delete


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A raw row that is no product: where it stands, which field, why, the value cut short, and what would cure it.

    `id` is the row's id where it could be read: the source still holds that product, however badly.
    """

    file: str
    line: int
    field: str
    reason: str
    value: str = ""
    hint: str = ""
    id: str = ""


Op = Literal["eq", "ne", "lt", "lte", "gt", "gte"]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. Several filters must all hold; the values of one `eq` are alternatives, of one `ne` all excluded.

    `field` is a plain field (brand, category, price, stock, language, group, id) or an attribute's name.
    Prices are in major units of the product's own currency.
    """

    field: str
    op: Op
    values: tuple[str | float | bool, ...]


Strategy = Literal["blend", "rerank", "lexical", "vector"]
Blend = Literal["min_max", "rrf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the shopper asked: text, photo bytes, or both with weights; neither means: browse what the filters leave.

    `page` counts from 1. `None` stands for the setting's default.
    """

    text: str = ""
    photo: bytes | None = None
    text_weight: float = 1.0
    photo_weight: float = 1.0
    filters: tuple[Filter, ...] = ()
    facets: tuple[str, ...] = ()
    page: int = 1
    per_page: int = 24
    strategy: Strategy | None = None
    blend: Blend | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of a score: its name (lexical, vector), its share of the score, the raw figure and the weight.

    `raw` is BM25 for lexical, the cosine (-1..1) for vector.
    """

    name: str
    value: float
    raw: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One product of an answer; `score` is in 0..1 and is the sum of the terms' values."""

    id: str
    score: float
    terms: tuple[Term, ...]
    product: Product
    photo_status: PhotoStatus = "none"


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet and how many of the answer's candidates have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page of hits out of one set of candidates; total, facets and pages all speak of that set.

    `total` is the size of the union of the legs' candidates (`total_means` says so), not of the catalogue.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[FacetValue, ...]]
    page: int
    per_page: int
    strategy: Strategy
    blend: Blend
    took_ms: float
    total_means: Literal["candidates"] = "candidates"
