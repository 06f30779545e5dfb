"""One raw row -> Product, Offer, Delete, or Rejected with field and reason; never raises for bad data."""

from collections.abc import Mapping

from pydantic import ValidationError

from indexer.dates import microseconds
from indexer.errors import InvalidField
from indexer.feed.attributes import Attributes, FlawedAttribute, as_truth
from indexer.feed.columns import Role, Roles, attribute_role
from indexer.feed.gtin import read_gtins
from indexer.feed.hints import hint_for
from indexer.feed.offers import Availability, Prices, availability, read_prices
from indexer.feed.picked import Picked, RefusedField
from indexer.feed.places import Places
from indexer.feed.remarks import Remarks
from indexer.feed.schema import DELETE, OFFER, PRODUCT, complaint, readable_id
from indexer.feed.sources.rows import RawRow
from indexer.feed.words import excerpt, fit
from indexer.records import Delete, Event, Offer, Product, Rejected
from indexer.settings import FeedSettings

_FIELD_CAP = 128
_OFFER_ROW = frozenset({"id", "stock", "version"})
_PRODUCT_ROW = frozenset({"id", "title", "description", "brand", "category", "stock", "group", "language", "popularity", "version"})
_PRICED = frozenset({"price", "price_minor", "sale_price", "compare_price", "stock", "availability"})


class Validator:
    """The rules for the rows of one feed; it remembers column names and what the log has been told."""

    def __init__(self, settings: FeedSettings, places: Places, *, mapping: Mapping[str, str] | None = None) -> None:
        """Check against the settings' caps and default currency; `places` says where photos may lie. Raises BadMapping."""
        self.roles = Roles(mapping)
        self.remarks = Remarks()
        self.places = places
        self._currency = settings.currency
        self._attributes = Attributes(cap=settings.attribute_cap, remarks=self.remarks)

    def check(self, row: RawRow) -> Event | Rejected:
        """The event that a raw row is, or why it is none: a true `deleted` makes a Delete, only offer columns an Offer."""
        picked = Picked(row, self.roles)
        try:
            if "id" not in picked.values:
                raise RefusedField("id", "is missing")
            if _is_deleted(picked):
                return Delete(**DELETE.validate_python({k: v for k, v in picked.values.items() if k in ("id", "version")}))
            return self._offer(picked) if picked.light else self._product(picked)
        except ValidationError as error:
            field, reason = complaint(error)
            return _rejected(row, picked, field, reason)
        except RefusedField as error:
            return _rejected(row, picked, error.field, error.message, error.value)

    def _offer(self, picked: Picked) -> Offer:
        if not picked.columns.keys() & _PRICED:
            raise RefusedField("title", "is missing, and there is no price or stock either")
        checked = OFFER.validate_python({k: v for k, v in picked.values.items() if k in _OFFER_ROW})
        prices = self._prices(picked)
        if "stock" not in checked and "availability" in picked.values and (stock := self._available(picked).stock) is not None:
            checked["stock"] = stock
        return Offer(price=prices.price, sale=prices.sale, **checked)

    def _product(self, picked: Picked) -> Product:
        values = picked.values
        if "title" not in values:
            raise RefusedField("title", "is empty" if "title" in picked.columns else "is missing")
        checked = PRODUCT.validate_python({k: v for k, v in values.items() if k in _PRODUCT_ROW})
        prices = self._prices(picked)
        try:
            photos = self.places.photos([value for _, value in picked.photos])
        except InvalidField as error:
            raise RefusedField("photos", error.message, picked.photos[0][1]) from error
        if "availability" in values:
            word = self._available(picked)
            if word.stock is not None:
                checked.setdefault("stock", word.stock)
            if word.later:
                picked.attributes.insert(0, (attribute_role("availability"), word.later))
        gtin = self._gtin(picked) if "gtin" in values else ""
        since = self._since(picked) if "since" in values else None
        attributes = self._attributes.of(picked.attributes, values.get("attributes"))
        if isinstance(attributes, FlawedAttribute):
            raise RefusedField(*attributes)
        return Product(price=prices.price, sale=prices.sale, gtin=gtin, photos=photos, attributes=attributes, since=since, **checked)

    def _prices(self, picked: Picked) -> Prices:
        return read_prices(picked.values, default=self._currency, remarks=self.remarks)

    def _available(self, picked: Picked) -> Availability:
        written = picked.values["availability"]
        found = availability(written)
        if found.stock is None:
            self.remarks.say("availability_unknown", "availability in words that are not known", first=excerpt(written))
        return found

    def _gtin(self, picked: Picked) -> str:
        """The first number that checks; one that does not, and all where there are several, become attributes."""
        role, written = picked.columns["gtin"], picked.values["gtin"]
        found = read_gtins(written, isbn="isbn" in role.name.casefold())
        if found.unchecked and not found.valid:
            self.remarks.say("gtin_unchecked", "trade item numbers whose check digit or length is wrong", first=found.unchecked)
            picked.attributes.insert(0, (Role("", 0, "gtin_unchecked", "text"), found.unchecked))
        if len(found.valid) > 1:
            picked.attributes.append((attribute_role(role.name), list(found.valid)))
        return found.valid[0] if found.valid else ""

    def _since(self, picked: Picked) -> int | None:
        """When the product came; a text that is no time stays with the product as an attribute."""
        written = picked.values["since"]
        try:
            return microseconds(str(written))
        except ValueError:
            self.remarks.say("date_unread", "dates that are no times (ISO 8601) are kept as attributes", first=excerpt(written))
            picked.attributes.insert(0, (attribute_role(picked.columns["since"].name), written))
            return None


def _is_deleted(picked: Picked) -> bool:
    flag = picked.values.get("deleted", False)
    try:
        return flag is not False and as_truth(flag)
    except InvalidField as error:
        raise RefusedField("deleted", error.message, flag) from error


def _rejected(row: RawRow, picked: Picked, field: str, reason: str, value: object = None) -> Rejected:
    """The report, under our name of the field, with the column's own name where it differs."""
    role = picked.columns.get(field)
    hint = hint_for(field, reason)
    if role is not None and role.name.casefold() != field:
        reason = f"{reason} (column {excerpt(role.name)!r})"
    shown = excerpt(picked.values.get(field) if value is None else value)
    known = readable_id(picked.values.get("id"))
    return Rejected(file=row.file, line=row.line, field=fit(field)[:_FIELD_CAP], reason=reason, value=shown, hint=hint, id=known)
