"""An Answer as plain JSON values: one shape, for the command's --json and for the web service."""

from typing import TypedDict

from indexer.money import major_units
from indexer.records import Answer, Blend, Hit, Money, PhotoStatus, Product, Strategy, Term


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


class ProductJson(TypedDict):
    """A product as a page shows it; what it lacks is null, empty text or empty list."""

    title: str
    description: str
    brand: str
    category: list[str]
    price: PriceJson | None
    stock: int | None
    attributes: dict[str, str | float | bool | list[str]]
    photos: list[str]
    group: str
    language: str


class HitJson(TypedDict):
    """One product with its score and what the score is made of."""

    id: str
    score: float
    terms: list[TermJson]
    product: ProductJson
    photo_status: PhotoStatus


class FacetValueJson(TypedDict):
    """A facet's value and how many candidates have it."""

    value: str
    count: int


class AnswerJson(TypedDict):
    """A page of hits and what it was cut from."""

    hits: list[HitJson]
    total: int
    total_means: str
    facets: dict[str, list[FacetValueJson]]
    page: int
    per_page: int
    strategy: Strategy
    blend: Blend
    took_ms: float


def answer_json(answer: Answer) -> AnswerJson:
    """The answer as dicts, lists, texts and numbers, in the order of its hits; json.dumps takes it as it is."""
    return {
        "hits": [hit_json(hit) for hit in answer.hits],
        "total": answer.total,
        "total_means": answer.total_means,
        "facets": {name: [{"value": one.value, "count": one.count} for one in values] for name, values in answer.facets.items()},
        "page": answer.page,
        "per_page": answer.per_page,
        "strategy": answer.strategy,
        "blend": answer.blend,
        "took_ms": round(answer.took_ms, 3),
    }


def hit_json(hit: Hit) -> HitJson:
    """One hit; its score and its terms' values are not rounded, so that they still add up."""
    return {
        "id": hit.id,
        "score": hit.score,
        "terms": [_term(term) for term in hit.terms],
        "product": product_json(hit.product),
        "photo_status": hit.photo_status,
    }


def product_json(product: Product) -> ProductJson:
    """A product without its id, which stands at the hit."""
    return {
        "title": product.title,
        "description": product.description,
        "brand": product.brand,
        "category": list(product.category),
        "price": None if product.price is None else _price(product.price),
        "stock": product.stock,
        "attributes": {name: list(value) if isinstance(value, tuple) else value for name, value in product.attributes.items()},
        "photos": [photo.source for photo in product.photos],
        "group": product.group,
        "language": product.language,
    }


def _term(term: Term) -> TermJson:
    return {"name": term.name, "value": term.value, "raw": term.raw, "weight": term.weight}


def _price(price: Money) -> PriceJson:
    return {"minor": price.minor, "currency": price.currency, "amount": f"{major_units(price):f}"}
