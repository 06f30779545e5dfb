"""What a search gives: an answer with its hits, what their scores are made of, and where it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from indexer.records.asked import Blend, Bound, Strategy
from indexer.records.products import PhotoStatus, Product

NEAR, PHOTOS = "vector", "photos"
NEARS = (NEAR, PHOTOS)
"""The legs, and their terms, whose figures are cosines: with products' fused vectors, and with those of their photos alone."""


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of a score: its name (lexical, vector, photos, or a rule's), its share of the score, the raw figure and the weight.

    `raw` is BM25 for lexical, the cosine (-1..1) for vector and photos.
    """

    name: str
    value: float
    raw: float
    weight: float


@dataclass(frozen=True, slots=True)
class Addend:
    """One line of an explanation: how many levels in, what it is in words, and its figure."""

    depth: int
    what: str
    figure: float


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch of a text, and whether the query's words hit it: plain text, never markup."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One product of an answer; `score` is in 0..1 and is the sum of the terms' values.

    `variants` are the ids of the other relevant products of its group, best first. `highlights` has a text for each field that was
    hit, `explanation` the score in lines that add up, each where it was asked for. `partly`: it has only some of the query's words, so
    that these weigh less.
    """

    id: str
    score: float
    terms: tuple[Term, ...]
    product: Product
    photo_status: PhotoStatus = "none"
    variants: tuple[str, ...] = ()
    highlights: Mapping[str, tuple[Marked, ...]] = field(default_factory=dict)
    explanation: tuple[Addend, ...] = ()
    partly: bool = False


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet (or a range, as it was asked for) and how many relevant products have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """The one line between relevant and not: hits, total, facets, sort and pages all come from the `relevant` products inside it.

    `limit` is the least cosine, the gap's width, or K. `candidates` were looked at; `capped` says that a leg gave as many as it
    was asked for, so that there may be more beyond.
    """

    kind: Bound
    limit: float | None
    candidates: int
    relevant: int
    capped: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a shopper may mean: a brand, a category's path or a product's title, with the product's id or the filter that finds it."""

    kind: Literal["brand", "category", "product"]
    text: str
    id: str = ""
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Degraded:
    """What an answer had to do without (vector, lexical, extra, shards, rerank), and why."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A page of hits out of one set of products, those inside the boundary; total, facets and pages all speak of that set.

    With groups, `total` counts groups and facets their members. `cursor` continues a frozen answer.
    """

    hits: tuple[Hit, ...]
    total: int
    facets: Mapping[str, tuple[FacetValue, ...]]
    page: int
    per_page: int
    strategy: Strategy
    blend: Blend
    boundary: Boundary
    took_ms: float
    degraded: tuple[Degraded, ...] = ()
    cursor: str = ""
