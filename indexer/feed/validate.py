"""One raw row -> Product, Offer, Delete, or Rejected with field and reason; never raises for bad data."""

from pydantic import ValidationError

from indexer.errors import InvalidField
from indexer.feed.attributes import Attributes, FlawedAttribute, as_truth
from indexer.feed.columns import OFFER_FIELDS, Role, Roles
from indexer.feed.places import Places
from indexer.feed.prices import currency_code, parse_minor, parse_price
from indexer.feed.schema import DELETE, OFFER, PRODUCT, complaint
from indexer.feed.sources.rows import RawRow
from indexer.feed.words import excerpt, fit
from indexer.records import Delete, Event, Money, Offer, Product, Rejected
from indexer.settings import FeedSettings

_FIELD_CAP = 128


class _Refused(InvalidField):
    """A field of the row at hand, with the reason; turned into a Rejected at once."""

    def __init__(self, field: str, reason: str, value: object = None) -> None:
        self.field = field
        self.value = value
        super().__init__(reason)


class _Picked:
    """A raw row sorted out: the value of each field under our names, what its columns were called, attributes, photos."""

    __slots__ = ("attributes", "columns", "light", "photos", "values")

    def __init__(self, fields: RawRow, roles: Roles) -> None:
        self.values: dict[str, object] = {}
        self.columns: dict[str, Role] = {}
        self.attributes: list[tuple[Role, object]] = []
        self.photos: list[tuple[int, object]] = []
        self.light = True
        for column, value in fields.fields.items():
            self._sort(roles[column if isinstance(column, str) else str(column)], value)
        self.photos.sort(key=lambda found: found[0])

    def _sort(self, role: Role, value: object) -> None:
        field = role.field
        self.light = self.light and field in OFFER_FIELDS
        if value is None or value == "" or (isinstance(value, str) and value.isspace()):
            if field:
                self.columns.setdefault(field, role)
        elif not field:
            self.attributes.append((role, value))
        elif field == "photos":
            self.photos.append((role.rank, value))
        elif field not in self.values:
            self.values[field], self.columns[field] = value, role
        else:
            self._second(role, value)

    def _second(self, role: Role, value: object) -> None:
        """Two columns name one field: the surer name has it; the other's text is kept as an attribute, another version or flag is not."""
        field = role.field
        if role.rank < self.columns[field].rank:
            role, value, self.columns[field], self.values[field] = self.columns[field], self.values[field], role, value
        if field not in ("version", "deleted", "attributes"):
            self.attributes.append((role._replace(field=""), value))


class Validator:
    """The rules for the rows of one feed; it remembers column names and what the log has been told."""

    def __init__(self, settings: FeedSettings, places: Places) -> None:
        """Check against the settings' caps and default currency; `places` says where photos may lie."""
        self._currency = settings.currency
        self._attributes = Attributes(cap=settings.attribute_cap)
        self._places = places
        self._roles = Roles()

    def check(self, row: RawRow) -> Event | Rejected:
        """The event that a raw row is, or why it is none: a true `deleted` makes a Delete, only id, price, stock and version an Offer."""
        picked = _Picked(row, self._roles)
        try:
            if "id" not in picked.values:
                raise _Refused("id", "is missing")
            if _is_deleted(picked):
                return Delete(**DELETE.validate_python({k: v for k, v in picked.values.items() if k in ("id", "version")}))
            return self._offer(picked) if picked.light else self._product(picked)
        except ValidationError as error:
            field, reason = complaint(error)
            return _rejected(row, picked, field, reason)
        except _Refused as error:
            return _rejected(row, picked, error.field, error.message, error.value)

    def _offer(self, picked: _Picked) -> Offer:
        if not picked.columns.keys() & {"price", "price_minor", "stock"}:
            raise _Refused("title", "is missing, and there is no price or stock either")
        checked = OFFER.validate_python({k: v for k, v in picked.values.items() if k in _OFFER_ROW})
        return Offer(price=self._price(picked), **checked)

    def _product(self, picked: _Picked) -> Product:
        values = picked.values
        if "title" not in values:
            raise _Refused("title", "is empty" if "title" in picked.columns else "is missing")
        checked = PRODUCT.validate_python({k: v for k, v in values.items() if k in _PRODUCT_ROW})
        price = self._price(picked)
        try:
            photos = self._places.photos([value for _, value in picked.photos])
        except InvalidField as error:
            raise _Refused("photos", error.message, picked.photos[0][1]) from error
        attributes = self._attributes.of(picked.attributes, values.get("attributes"))
        if isinstance(attributes, FlawedAttribute):
            raise _Refused(*attributes)
        return Product(price=price, photos=photos, attributes=attributes, **checked)

    def _price(self, picked: _Picked) -> Money | None:
        values = picked.values
        named = ""
        try:
            if "currency" in values:
                named = currency_code(values["currency"])
        except InvalidField as error:
            raise _Refused("currency", error.message, values["currency"]) from error
        field = "price_minor" if "price_minor" in values else "price"
        try:
            if "price_minor" in values:
                return parse_minor(values["price_minor"], currency=named or self._currency)
            return parse_price(values["price"], currency=named, default=self._currency) if "price" in values else None
        except InvalidField as error:
            raise _Refused(field, error.message, values[field]) from error


_OFFER_ROW = frozenset({"id", "stock", "version"})
_PRODUCT_ROW = frozenset({"id", "title", "description", "brand", "category", "stock", "group", "language", "popularity", "version"})


def _is_deleted(picked: _Picked) -> bool:
    flag = picked.values.get("deleted", False)
    try:
        return flag is not False and as_truth(flag)
    except InvalidField as error:
        raise _Refused("deleted", error.message, flag) from error


def _rejected(row: RawRow, picked: _Picked, field: str, reason: str, value: object = None) -> Rejected:
    """The report, under our name of the field, with the column's own name where it differs."""
    role = picked.columns.get(field)
    if role is not None and role.name.casefold() != field:
        reason = f"{reason} (column {excerpt(role.name)!r})"
    shown = picked.values.get(field) if value is None else value
    return Rejected(file=row.file, line=row.line, field=fit(field)[:_FIELD_CAP], reason=reason, value=excerpt(shown))
