"""What a page's address asks, both ways: query string to record, record to query string, record to Query."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from indexer.errors import BadFilter, QueryError
from indexer.query.fields import kind_of
from indexer.query.filters import parse_filter
from indexer.records import Filter, Query

PER_PAGE = 24
TEXT_CAP = 500
CHOICES_CAP = 60
_FACET = "f."


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A page's state. `chosen`: facet values ticked, by field; `written`: filters in the grammar; `low`, `high`: prices as typed.

    `photo` names an upload; `lean` is where the slider stands: 0 all words, 100 all photo.
    """

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]]
    written: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    photo: str = ""
    lean: int = 50
    page: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether nothing at all is asked: the shop's front page."""
        return not (self.text or self.photo or self.narrowed) and self.page == 1

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        return bool(any(self.chosen.values()) or self.written or self.low or self.high)

    def address(self) -> str:
        """The page's address; what stands at its default is left out."""
        pairs = [("q", self.text)] if self.text else []
        pairs += [(_FACET + field, value) for field, values in self.chosen.items() for value in values]
        pairs += [("filter", text) for text in self.written]
        pairs += [(name, value) for name, value in (("min", self.low), ("max", self.high), ("photo", self.photo)) if value]
        if self.photo and self.lean != 50:
            pairs.append(("lean", str(self.lean)))
        if self.page > 1:
            pairs.append(("page", str(self.page)))
        return "/?" + urlencode(pairs) if pairs else "/"

    def toggled(self, field: str, value: str) -> "Asked":
        """The same with one facet value ticked or unticked, from the first page."""
        values = self.chosen.get(field, ())
        rest = tuple(other for other in values if other != value)
        return replace(self, chosen={**self.chosen, field: rest if value in values else (*values, value)}, page=1)

    def without_filters(self) -> "Asked":
        """The same without any filter, from the first page."""
        return replace(self, chosen={}, written=(), low="", high="", page=1)

    def filters(self) -> tuple[Filter, ...]:
        """All filters. Raises BadFilter."""
        found = [one for text in self.written for one in parse_filter(text)]
        found += [choice(field, values) for field, values in self.chosen.items() if values]
        if self.low:
            found.append(Filter("price", "gte", (_price(self.low),)))
        if self.high:
            found.append(Filter("price", "lte", (_price(self.high),)))
        return tuple(found)

    def query(self, photo: bytes | None, facets: Sequence[str]) -> Query:
        """The query of this page. Raises BadFilter."""
        both = photo is not None and self.text
        return Query(
            text=self.text,
            photo=photo,
            text_weight=(100 - self.lean) / 50 if both else 1.0,
            photo_weight=self.lean / 50 if both else 1.0,
            filters=self.filters(),
            facets=tuple(facets),
            page=self.page,
            per_page=PER_PAGE,
        )


def asked(pairs: Iterable[tuple[str, str]]) -> Asked:
    """What the pairs of a query string or form ask; unknown names are ignored. Raises QueryError for what is out of bounds."""
    single: dict[str, str] = {}
    chosen: dict[str, tuple[str, ...]] = {}
    written: list[str] = []
    items = [(name, value.strip()) for name, value in pairs if value.strip()]
    if len(items) > CHOICES_CAP:
        raise QueryError(f"{len(items)} choices at once are more than {CHOICES_CAP}.", cure="Take some filters away.")
    for name, value in items:
        if name.startswith(_FACET):
            field = name.removeprefix(_FACET)
            chosen[field] = tuple(dict.fromkeys((*chosen.get(field, ()), value)))
        elif name == "filter":
            written.append(value)
        else:
            single[name] = value
    text = " ".join(single.get("q", "").split())
    if len(text) > TEXT_CAP:
        raise QueryError(f"A search of {len(text)} characters is longer than {TEXT_CAP}.", cure="Use fewer words.")
    return Asked(
        text=text,
        chosen=chosen,
        written=tuple(written),
        low=single.get("min", ""),
        high=single.get("max", ""),
        photo=single.get("photo", ""),
        lean=_whole(single.get("lean", "50"), low=0, high=100),
        page=_whole(single.get("page", "1"), low=1, high=10_000),
    )


def choice(field: str, values: Sequence[str]) -> Filter:
    """The filter of ticked facet values: any of them. A facet shows every value as text; numbers and truth values are meant as such too.

    >>> choice("size", ["42"])
    Filter(field='size', op='eq', values=('42', 42.0))
    """
    readings = [reading for value in values for reading in _readings(value, kind=kind_of(field))]
    return Filter(field, "eq", tuple(dict.fromkeys(readings)))


def _readings(value: str, *, kind: str) -> list[str | float | bool]:
    truth = {"true": True, "false": False}.get(value.lower())
    if kind == "truth" and truth is not None:
        return [truth]
    if kind != "attribute":
        return [value]
    if truth is not None:
        return [value, truth]
    try:
        number = float(value)
    except ValueError:
        return [value]
    return [value, number] if abs(number) < float("inf") else [value]


def _price(text: str) -> float:
    plain = text.replace(",", "").lstrip("$€£¥ ")
    try:
        number = float(plain)
    except ValueError:
        number = -1.0
    if not 0 <= number < 1e12:
        raise BadFilter(f"{text!r} is no price.", cure="Write a number like 49.90.")
    return number


def _whole(text: str, *, low: int, high: int) -> int:
    if not text.isdecimal() or not low <= int(text[:9]) <= high:
        raise QueryError(f"{text[:40]!r} is no whole number from {low} to {high}.")
    return int(text)
