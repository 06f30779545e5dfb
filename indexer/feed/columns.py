"""Which source column is which field of a product, by the names that shops give them, or as a mapping says.

Case, spaces, hyphens, underscores and dots do not count, nor does Google's prefix `g:`. Where two columns name one field, the name that
stands first in names.py wins. A column that no field knows is an attribute; `attr_t_`, `attr_n_` and `attr_b_` before its name say text,
number or truth value.
"""

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from indexer.errors import BadMapping
from indexer.feed.names import NAMES
from indexer.feed.words import fit
from indexer.registry import did_you_mean

Kind = Literal["any", "text", "number", "truth"]

OFFER_FIELDS = frozenset(
    {
        *("id", "price", "price_minor", "currency", "compare_price", "sale_price", "sale_dates", "sale_from", "sale_until"),
        *("stock", "availability", "version", "deleted"),
    }
)
"""A raw row that has no other column is an offer (or a delete): it leaves the content alone."""

IGNORED = "-"
"""The field of a column that a mapping leaves out."""

_TYPED: dict[str, Kind] = {"t": "text", "n": "number", "b": "truth"}
_PREFIX = re.compile(r"attr(?:ibute)?[_.\- ](?:([tnb])[_.\- ])?(?=.)", re.IGNORECASE)
_IDLE = re.compile(r"[\s_.\-]+")
_NUMBERED = re.compile(r"(\D+?)(\d{1,2})")
_ROLES_KEPT = 10_000

NAME_CAP = 128
"""Characters of an attribute's name."""


class Role(NamedTuple):
    """What a column is: a product's `field` with the rank of its name (0 is surest), or, with field "", the attribute `name`."""

    field: str
    rank: int
    name: str
    kind: Kind


def role_of(column: str) -> Role:
    """What a column of that name is.

    >>> role_of("Product Name").field, role_of("attr_n_weight").name, role_of("Colour").name
    ('title', 'weight', 'Colour')
    """
    plain = plain_name(column)
    known = _BY_NAME.get(plain) or _numbered_photo(plain)
    return known._replace(name=column.strip()) if known else attribute_role(column)


def attribute_role(column: str) -> Role:
    """The attribute that a column of that name is, whatever fields there are; its spelling is kept, without the prefix."""
    prefix = _PREFIX.match(column)
    name = name_of(column[prefix.end() :] if prefix else column)
    kind = _TYPED[prefix[1].lower()] if prefix and prefix[1] else "any"
    return Role("", 0, name, kind)


def name_of(column: str) -> str:
    """An attribute's name: the column's, with single spaces, without control characters, cut at 128 characters."""
    return fit(" ".join(column.split()))[:NAME_CAP]


class Roles(dict[str, Role]):
    """Column name -> role, worked out once a name; bounded, because a hostile feed names its columns anew in every row."""

    def __init__(self, mapping: Mapping[str, str] | None = None) -> None:
        """Believe the mapping (column -> field, `attr_...`, or "" to leave it out) before any guess. Raises BadMapping."""
        self._told = {plain_name(column): _told(column, field) for column, field in (mapping or {}).items()}
        self._columns = {plain_name(column): column for column in mapping or {}}

    def __missing__(self, column: str) -> Role:
        """Work the role out, and keep it while there is room."""
        role = self._told.get(plain_name(column)) or role_of(column)
        if len(self) < _ROLES_KEPT:
            self[column] = role
        return role

    def unseen(self, columns: Mapping[str, object]) -> list[str]:
        """The mapping's columns that are not among these, under the mapping's spelling."""
        seen = {plain_name(column) for column in columns}
        return [column for plain, column in self._columns.items() if plain not in seen]


def plain_name(column: str) -> str:
    """A column's name without what does not count."""
    return _IDLE.sub("", column).casefold().removeprefix("g:")


def _told(column: str, field: str) -> Role:
    if not field:
        return Role(IGNORED, -1, column, "any")
    if field in NAMES:
        return Role(field, -1, column, "any")
    if _PREFIX.match(field):
        return attribute_role(field)._replace(rank=-1)
    raise BadMapping(
        f"The mapping takes the column {column!r} for {field!r}, which is no field of a product.",
        cure=f"{did_you_mean(field, sorted(NAMES))} An attribute is written attr_NAME.".strip(),
    )


def _numbered_photo(plain: str) -> Role | None:
    """`image 2`, `Photo_03`: photos in the order of their numbers, behind the main one."""
    match = _NUMBERED.fullmatch(plain)
    known = _BY_NAME.get(match[1]) if match else None
    if match is None or known is None or known.field != "photos":
        return None
    return known._replace(rank=len(NAMES["photos"]) + int(match[2]))


_BY_NAME = {plain_name(name): Role(field, rank, name, "any") for field, names in NAMES.items() for rank, name in enumerate(names)}
