"""What a shopper asks: queries with their filters, parts, sorts and facets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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


Strategy = Literal["msearch", "hybrid", "rescore", "exact", "lexical", "vector"]
"""How candidates are found: BM25 and nearest vectors in one request, blended here; the same blended by the server
(neural-search); BM25 candidates scored by exact cosine; the exact cosine of all that the filters leave; one leg alone."""

Blend = Literal["min_max", "z_score", "l2", "rrf"]

Rerank = Literal["none", "cross_encoder", "learned", "plugin"]
"""What puts the best of the blended ranking in a new order: nothing; a model that reads query and product together; one that learned
from judgments to weigh what the search knows of a hit; a model that is stored in OpenSearch (its learning-to-rank plugin)."""

Bound = Literal["all", "score", "gap", "top"]
"""Where an answer ends: nowhere; at a least cosine for what no word matches; at the widest gap between scores; after the first K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPart:
    """One more thing that a query is like (or unlike, with a negative weight): a text, a photo's bytes, or a product by its id."""

    text: str = ""
    photo: bytes | None = None
    id: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Sort:
    """An order for the relevant products: by price, stock, popularity, since, title or an attribute; those without it come last."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the shopper asked: text, photo bytes, or both with weights; neither means: browse what the filters leave.

    `parts` lean the query's vector towards other things or away from them; the words of `text` alone are matched. `page` counts
    from 1. `facets` are field names, with ranges for numbers: "brand", "price=..50|50..100|100..". `cursor` is a former answer's: the
    same candidates in the same order, as the index stood then; `freeze` asks for one. `extra` is an expert's own query in the
    engine's language, one more leg. `photo_share` (0..1) of what nearness counts is nearness to the products' photos alone, where the
    index has their vectors. `session` is the caller's own key: during a trial of a new index all queries of one session ask the same
    index. `None` stands for the setting's default.
    """

    text: str = ""
    photo: bytes | None = None
    text_weight: float = 1.0
    photo_weight: float = 1.0
    photo_share: float = 0.0
    parts: tuple[QueryPart, ...] = ()
    filters: tuple[Filter, ...] = ()
    facets: tuple[str, ...] = ()
    sort: tuple[Sort, ...] = ()
    page: int = 1
    per_page: int = 24
    strategy: Strategy | None = None
    blend: Blend | None = None
    bound: Bound | None = None
    group: bool | None = None
    rerank: Rerank | None = None
    diversity: float | None = None
    in_stock_first: bool | None = None
    explain: bool = False
    highlight: bool = False
    freeze: bool = False
    cursor: str = ""
    extra: Mapping[str, object] | None = None
    extra_weight: float = 0.3
    timeout_s: float | None = None
    session: str = ""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from `low` (included) to below `high` (excluded), so that ranges side by side share none; None leaves an end open.

    `text` is the range as it was asked for.
    """

    text: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class FacetAsk:
    """A field to count: its values one by one, or, for numbers, how many products lie in each of the ranges."""

    field: str
    ranges: tuple[Range, ...] = ()
