"""What a feed brings: products, their offers, their deletion, and rows that are none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Value = str | float | bool | tuple[str, ...]
"""A typed attribute's value: a text, a number, a truth value, or several texts."""

Lane = Literal["offers", "encode_new", "encode", "backfill", "upgrade"]
LANES: tuple[Lane, ...] = ("offers", "encode_new", "encode", "backfill", "upgrade")

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
    """A full row: it sets both aspects of a product, content and offer. `since` is when it came, in microseconds since 1970."""

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
    since: int | None = None


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
