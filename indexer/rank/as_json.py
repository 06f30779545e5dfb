"""An Answer as plain JSON values: one shape, for the command's --json and for the web service."""

from datetime import UTC, datetime, timedelta
from typing import TypedDict

from indexer.dates import as_text
from indexer.money import major_units, price_at
from indexer.records import Answer, Blend, Bound, Boundary, Hit, Money, PhotoStatus, Product, Sale, Strategy, Term

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TermJson(TypedDict):
    """One addend of a score."""

    name: str
    value: float
    raw: float
    weight: float


class PriceJson(TypedDict):
    """A price in minor units, with its currency, and as a decimal figure of major units in text (exact)."""

    minor: int
    currency: str
    amount: str


class SaleJson(TypedDict):
    """A price for a time; `begins` and `ends` are ISO 8601 in UTC, null where they are open."""

    price: PriceJson
    begins: str | None
    ends: str | None


class ProductJson(TypedDict):
    """A product as a page shows it; what it lacks is null, empty text or empty list.

    `price` is the regular one, `price_now` what is to be paid at this moment; `since` is when it came, ISO 8601 in UTC.
    """

    title: str
    description: str
    brand: str
    gtin: str
    category: list[str]
    price: PriceJson | None
    price_now: PriceJson | None
    sale: SaleJson | None
    stock: int | None
    attributes: dict[str, str | float | bool | list[str]]
    photos: list[str]
    group: str
    language: str
    since: str | None


class MarkedJson(TypedDict):
    """A stretch of a text, and whether the query's words hit it."""

    text: str
    hit: bool


class AddendJson(TypedDict):
    """One line of an explanation: how many levels in, in words, its figure."""

    depth: int
    what: str
    figure: float


class HitJson(TypedDict):
    """One product with its score and what the score is made of; `variants` are the ids of its group's others.

    `partly`: it has only some of the query's words.
    """

    id: str
    score: float
    terms: list[TermJson]
    product: ProductJson
    photo_status: PhotoStatus
    variants: list[str]
    highlights: dict[str, list[MarkedJson]]
    explanation: list[AddendJson]
    partly: bool


class FacetValueJson(TypedDict):
    """A facet's value or range, and how many relevant products have it."""

    value: str
    count: int


class BoundaryJson(TypedDict):
    """The line between relevant and not (see `records.Boundary`)."""

    kind: Bound
    limit: float | None
    candidates: int
    relevant: int
    capped: bool


class DegradedJson(TypedDict):
    """What the answer had to do without, and why."""

    part: str
    reason: str


class AnswerJson(TypedDict):
    """A page of hits and what it was cut from."""

    hits: list[HitJson]
    total: int
    boundary: BoundaryJson
    degraded: list[DegradedJson]
    cursor: str
    facets: dict[str, list[FacetValueJson]]
    page: int
    per_page: int
    strategy: Strategy
    blend: Blend
    took_ms: float


def answer_json(answer: Answer, *, moment: int) -> AnswerJson:
    """The answer as dicts, lists, texts and numbers, in the order of its hits; json.dumps takes it as it is.

    `moment` (microseconds since 1970) decides which sales hold.
    """
    return {
        "hits": [hit_json(hit, moment=moment) for hit in answer.hits],
        "total": answer.total,
        "boundary": _boundary(answer.boundary),
        "degraded": [{"part": one.part, "reason": one.reason} for one in answer.degraded],
        "cursor": answer.cursor,
        "facets": {name: [{"value": one.value, "count": one.count} for one in values] for name, values in answer.facets.items()},
        "page": answer.page,
        "per_page": answer.per_page,
        "strategy": answer.strategy,
        "blend": answer.blend,
        "took_ms": round(answer.took_ms, 3),
    }


def hit_json(hit: Hit, *, moment: int) -> HitJson:
    """One hit; its score and its terms' values are not rounded, so that they still add up."""
    return {
        "id": hit.id,
        "score": hit.score,
        "terms": [_term(term) for term in hit.terms],
        "product": product_json(hit.product, moment=moment),
        "photo_status": hit.photo_status,
        "variants": list(hit.variants),
        "highlights": {field: [{"text": one.text, "hit": one.hit} for one in marked] for field, marked in hit.highlights.items()},
        "explanation": [{"depth": one.depth, "what": one.what, "figure": one.figure} for one in hit.explanation],
        "partly": hit.partly,
    }


def product_json(product: Product, *, moment: int) -> ProductJson:
    """A product without its id, which stands at the hit."""
    now = price_at(product.price, product.sale, moment=moment)
    return {
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "gtin": product.gtin,
        "category": list(product.category),
        "price": None if product.price is None else _price(product.price),
        "price_now": None if now is None else _price(now),
        "sale": None if product.sale is None else _sale(product.sale),
        "stock": product.stock,
        "attributes": {name: list(value) if isinstance(value, tuple) else value for name, value in product.attributes.items()},
        "photos": [photo.source for photo in product.photos],
        "group": product.group,
        "language": product.language,
        "since": None if product.since is None else as_text(product.since),
    }


def _boundary(boundary: Boundary) -> BoundaryJson:
    return {
        "kind": boundary.kind,
        "limit": boundary.limit,
        "candidates": boundary.candidates,
        "relevant": boundary.relevant,
        "capped": boundary.capped,
    }


def _term(term: Term) -> TermJson:
    return {"name": term.name, "value": term.value, "raw": term.raw, "weight": term.weight}


def _sale(sale: Sale) -> SaleJson:
    return {"price": _price(sale.price), "begins": _moment(sale.begins), "ends": _moment(sale.ends)}


def _moment(microseconds: int | None) -> str | None:
    return None if microseconds is None else (EPOCH + timedelta(microseconds=microseconds)).isoformat()


def _price(price: Money) -> PriceJson:
    return {"minor": price.minor, "currency": price.currency, "amount": f"{major_units(price):f}"}
