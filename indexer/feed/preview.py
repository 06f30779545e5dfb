"""What a feed looks like to us, without taking it: format, columns and their fields, and what became of its first rows."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from indexer.errors import UnreadableFeed
from indexer.feed.columns import IGNORED, Role
from indexer.feed.places import Places
from indexer.feed.read import Named, checked_source
from indexer.feed.sources.rows import RawRow
from indexer.feed.terms import Terms
from indexer.feed.validate import Validator
from indexer.feed.words import excerpt
from indexer.records import Delete, Event, Offer, Product, Rejected
from indexer.settings import FeedSettings

SAMPLE_ROWS = 10_000
"""Rows of one file that are looked at."""
COLUMNS_CAP = 1000
REJECTS_CAP = 20
VALUES = 3

_VARYING = re.compile(r"'[^']*'|\d[\d,.]*|0x[0-9a-f]+")


@dataclass(slots=True)
class Column:
    """A source column, what it is taken for, and its first values, each once."""

    name: str
    role: Role
    values: list[str] = field(default_factory=list)

    @property
    def taken_for(self) -> str:
        """Our field; for an attribute its name, and its type where the column tells it; or that it is left out."""
        if self.role.field:
            return "(left out)" if self.role.field == IGNORED else self.role.field
        kind = "" if self.role.kind == "any" else f", {self.role.kind}"
        return f"attribute {self.role.name}{kind}"


@dataclass(slots=True, kw_only=True)
class Preview:
    """One file's preview. `whole`: all its rows were looked at; `broken`: why it could not be read to its end."""

    named: Named
    columns: list[Column] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    products: int = 0
    offers: int = 0
    deletes: int = 0
    repeated: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    first_rejected: list[Rejected] = field(default_factory=list)
    remarks: Counter[str] = field(default_factory=Counter)
    whole: bool = True
    broken: str = ""

    @property
    def rows(self) -> int:
        """Rows looked at."""
        return self.products + self.offers + self.deletes + self.rejected


def preview(sources: Sequence[Named], settings: FeedSettings, terms: Terms, *, limit: int = SAMPLE_ROWS) -> list[Preview]:
    """A preview of each source, of at most `limit` rows each, in order; nothing is changed. Raises BadMapping."""
    return [_of(named, Validator(settings, Places(None), mapping=terms.mapping), limit) for named in sources]


def reason_kind(rejected: Rejected) -> str:
    """The reason with its field, and without what varies from row to row: rows of one kind can be counted together.

    >>> reason_kind(Rejected(file="a", line=1, field="", reason="has 3 columns, the header has 4"))
    'has … columns, the header has …'
    """
    reason = _VARYING.sub("…", rejected.reason.partition(" (column ")[0])
    return f"{rejected.field}: {reason}" if rejected.field else reason


def _of(named: Named, validator: Validator, limit: int) -> Preview:
    found = Preview(named=named)
    columns: dict[str, Column] = {}
    ids: set[str] = set()

    def look(row: RawRow) -> None:
        for name, value in row.fields.items():
            if name not in columns and len(columns) < COLUMNS_CAP:
                columns[name] = Column(name, validator.roles[str(name)])
            if name in columns:
                _note(columns[name], value)

    rows = checked_source(named, validator, look=look)
    try:
        for row in islice(rows, limit):
            _count(found, row, ids)
        found.whole = next(rows, None) is None
    except UnreadableFeed as error:
        found.broken = error.message
    found.columns = sorted(columns.values(), key=lambda column: (not column.role.field, column.role.field == IGNORED))
    found.missing = validator.roles.unseen(columns)
    found.remarks = validator.remarks.counts
    return found


def _count(found: Preview, row: Event | Rejected, ids: set[str]) -> None:
    if isinstance(row, Rejected):
        found.rejected += 1
        found.reasons[reason_kind(row)] += 1
        if len(found.first_rejected) < REJECTS_CAP:
            found.first_rejected.append(row)
        return
    found.products += isinstance(row, Product)
    found.offers += isinstance(row, Offer)
    found.deletes += isinstance(row, Delete)
    found.repeated += row.id in ids
    ids.add(row.id)


def _note(column: Column, value: object) -> None:
    if len(column.values) >= VALUES or value is None or value in ("", [], {}):
        return
    if isinstance(value, list | tuple) and value and not isinstance(value[0], dict | list):
        value = ", ".join(excerpt(member) for member in value[:VALUES])
    shown = excerpt(value)
    if shown and shown not in column.values:
        column.values.append(shown)
