"""A feed's products as the checks see them: small records, each with the kind that its source says it is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from indexer.errors import FeedError
from indexer.records import Delete, Event, Money, Offer, Product, Rejected, Value
from indexer.text import Cleaning
from indexer.text.parts import CODE_NAMES

KIND_NAMES = ("category", "product_type", "type", "kind", "类型", "种类")
"""Where a product's kind is looked for, the best first; the first that any product has is taken for all."""
SHARE = 0.05
"""A field that fewer products have is not taken for their kind unless it is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One product: its cleaned title, what kind it is said to be ("" unknown), its price, and the attributes that tell variants apart."""

    id: str
    title: str
    kind: str = ""
    price: Money | None = None
    gtin: str = ""
    group: str = ""
    attributes: Mapping[str, Value]
    photo: str = ""


def read_listings(events: Iterable[Event | Rejected], cleaning: Cleaning, *, kind: str = "") -> tuple[list[Listing], str]:
    """The products of a feed's events, in order, the last of each id; and the field that tells their kinds ("" where none does).

    `kind` names that field: category, or an attribute. Without it the first of KIND_NAMES that a twentieth of them have is taken.
    Raises FeedError where there is no product, or none has the named field.
    """
    products: dict[str, Product] = {}
    for event in events:
        if isinstance(event, Product):
            products[event.id] = event
        elif isinstance(event, Delete):
            products.pop(event.id, None)
        elif isinstance(event, Rejected | Offer):
            continue
    if not products:
        raise FeedError("There is no product to check.", cure="`fusedex feed --dry-run` tells how the feed is read.")
    field = _field(list(products.values()), kind)
    return [_listing(product, field, cleaning) for product in products.values()], field


def _field(products: Sequence[Product], named: str) -> str:
    counts = {name: sum(bool(_kind(product, name)) for product in products) for name in ((named,) if named else KIND_NAMES)}
    if named and not counts[named]:
        raise FeedError(f"No product has a kind in the field {named!r}.", cure="Name category, or an attribute of the feed.")
    least = 1 if named else max(1, SHARE * len(products))
    return next((name for name, count in counts.items() if count >= least), "")


def _kind(product: Product, field: str) -> str:
    if field == "category":
        return product.category[-1] if product.category else ""
    value = product.attributes.get(field, "")
    return value.strip() if isinstance(value, str) else ""


def _listing(product: Product, field: str, cleaning: Cleaning) -> Listing:
    return Listing(
        id=product.id,
        title=cleaning.title(product.title),
        kind=_kind(product, field) if field else "",
        price=product.price,
        gtin=product.gtin,
        group=product.group,
        attributes={name: value for name, value in product.attributes.items() if _tells(name, value)},
        photo=next((photo.source for photo in product.photos if not photo.is_remote), ""),
    )


def _tells(name: str, value: Value) -> bool:
    """Whether the attribute says what a thing is: no address, no number of a system, no date."""
    parts = set(name.lower().replace("-", "_").split("_"))
    return name != "name" and not parts & CODE_NAMES and not parts & {"img", "created", "updated"} and not str(value).startswith("http")
