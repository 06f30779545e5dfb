"""The JSON face: what /v1/search takes, and what it gives."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from indexer.query.filters import parse_filter
from indexer.query.parts import parse_part
from indexer.query.sorts import parse_sort
from indexer.records import Blend, Bound, Filter, Op, Query, Rerank, Strategy

Name = Annotated[str, Field(min_length=1, max_length=200)]


class FilterIn(BaseModel):
    """A filter as a record: `{"field": "price", "op": "lte", "values": [200]}`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    field: Name
    op: Op = "eq"
    values: list[str | float | bool] = Field(min_length=1, max_length=100)


class SearchIn(BaseModel):
    """A search: words, a photo (base64), or both; filters in the grammar (`price<1500`) or as records."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    q: str = Field(default="", max_length=512, description="the words")
    photo: bytes | None = Field(default=None, description="base64 of a JPEG, PNG, WebP or GIF")
    text_weight: float = Field(default=1.0, ge=0, le=100)
    photo_weight: float = Field(default=1.0, ge=0, le=100)
    photo_share: float = Field(default=0.0, ge=0, le=1, description="the products' photos alone, as a share of nearness")
    filters: list[FilterIn | str] = Field(default_factory=list, max_length=50)
    facets: list[Name] = Field(default_factory=list, max_length=50, description="fields, or ranges: price=..50|50..100|100..")
    sort: list[Name] = Field(default_factory=list, max_length=5, description="price, price:desc, popularity:desc, since:desc, an attribute")
    like: list[Name] = Field(default_factory=list, max_length=16, description="ids that the answer is to be like; id^2 for more")
    unlike: list[Name] = Field(default_factory=list, max_length=16, description="words that it is to be unlike; words^0.5 for less")
    page: int = Field(default=1, ge=1, le=10_000)
    per_page: int = Field(default=24, ge=1)
    strategy: Strategy | None = None
    blend: Blend | None = None
    bound: Bound | None = None
    rerank: Rerank | None = None
    group: bool | None = None
    diversity: float | None = Field(default=None, ge=0, le=1)
    in_stock_first: bool | None = None
    explain: bool = False
    highlight: bool = False
    freeze: bool = False
    cursor: str = Field(default="", max_length=20_000)
    session: str = Field(default="", max_length=200, description="the shopper's session: one index answers all of it during a trial")

    @field_validator("photo", mode="before")
    @classmethod
    def from_base64(cls, value: object) -> object:
        """Bytes as they are (a form's file), text as base64. Raises ValueError for what is neither."""
        if not isinstance(value, str):
            return value
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("is no base64") from error

    def query(self) -> Query:
        """The query. Raises BadFilter."""
        found: list[Filter] = []
        for one in self.filters:
            found += parse_filter(one) if isinstance(one, str) else [Filter(one.field, one.op, tuple(one.values))]
        return Query(
            text=self.q,
            photo=self.photo,
            text_weight=self.text_weight,
            photo_weight=self.photo_weight,
            photo_share=self.photo_share,
            filters=tuple(found),
            parts=(
                *(parse_part(one, kind="id") for one in self.like),
                *(parse_part(one, kind="text", sign=-1.0) for one in self.unlike),
            ),
            facets=tuple(self.facets),
            sort=tuple(map(parse_sort, self.sort)),
            page=self.page,
            per_page=self.per_page,
            strategy=self.strategy,
            blend=self.blend,
            bound=self.bound,
            rerank=self.rerank,
            group=self.group,
            diversity=self.diversity,
            in_stock_first=self.in_stock_first,
            explain=self.explain,
            highlight=self.highlight,
            freeze=self.freeze,
            cursor=self.cursor,
            session=self.session,
        )


REPEATED = {"filter": "filters", "facet": "facets", "sort": "sort", "like": "like", "not": "unlike"}


def search_in(pairs: Sequence[tuple[str, object]]) -> SearchIn:
    """A search out of a query string's or a form's pairs, where `filter` and `facet` may repeat. Raises ValidationError."""
    fields: dict[str, object] = {}
    lists: dict[str, list[object]] = {name: [] for name in REPEATED.values()}
    for name, value in pairs:
        if name in REPEATED:
            lists[REPEATED[name]].append(value)
        else:
            fields[name] = value
    return SearchIn.model_validate({**fields, **lists})


class ProblemOut(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str
    cure: str = ""


class HealthOut(BaseModel):
    """Whether searches can be answered, and out of what."""

    status: Literal["ok"]
    index: str
    products: int
