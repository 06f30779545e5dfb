"""A raw row sorted out by what its columns are."""

from indexer.errors import InvalidField
from indexer.feed.columns import IGNORED, OFFER_FIELDS, Role, Roles
from indexer.feed.sources.rows import RawRow

_NOT_TWICE = frozenset({"version", "deleted", "attributes", "availability", "sale_dates", "sale_from", "sale_until"})


class RefusedField(InvalidField):
    """A field of the row at hand, with the reason; turned into a Rejected at once."""

    def __init__(self, field: str, reason: str, value: object = None) -> None:
        """Name the field as we call it; `value` where the report should show another one than the field's own."""
        self.field = field
        self.value = value
        super().__init__(reason)


class Picked:
    """The value of each field under our names, what its columns were called, attributes, photos; `light`: offer columns only."""

    __slots__ = ("attributes", "columns", "light", "photos", "values")

    def __init__(self, row: RawRow, roles: Roles) -> None:
        """Sort the row's columns, in order; empty values are as good as absent, but their columns are remembered."""
        self.values: dict[str, object] = {}
        self.columns: dict[str, Role] = {}
        self.attributes: list[tuple[Role, object]] = []
        self.photos: list[tuple[int, object]] = []
        self.light = True
        for column, value in row.fields.items():
            role = roles[column if isinstance(column, str) else str(column)]
            field = role.field
            if self.light and field not in OFFER_FIELDS and field != IGNORED:
                self.light = False
            if value is None or value == "" or (isinstance(value, str) and value.isspace()):
                if field:
                    self.columns.setdefault(field, role)
            elif not field:
                self.attributes.append((role, value))
            else:
                self._take(role, value)
        if len(self.photos) > 1:
            self.photos.sort(key=lambda found: found[0])

    def _take(self, role: Role, value: object) -> None:
        field = role.field
        if field == "photos":
            self.photos.append((role.rank, value))
        elif field == IGNORED:
            return
        elif field not in self.values:
            self.values[field], self.columns[field] = value, role
        else:
            self._second(role, value)

    def _second(self, role: Role, value: object) -> None:
        """Two columns name one field: the surer name has it; the other's text is kept as an attribute, where it can mean something."""
        field = role.field
        if role.rank < self.columns[field].rank:
            role, value, self.columns[field], self.values[field] = self.columns[field], self.values[field], role, value
        if field not in _NOT_TWICE:
            self.attributes.append((role._replace(field=""), value))
