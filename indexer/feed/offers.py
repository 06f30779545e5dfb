"""The offer of a row: its regular price, a sale with its dates, and what a word for availability says of the stock."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from indexer.errors import InvalidField
from indexer.feed.attributes import as_truth
from indexer.feed.picked import RefusedField
from indexer.feed.prices import currency_code, parse_minor, parse_price
from indexer.feed.remarks import Remarks
from indexer.records import Money, Sale

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SALE_FIELDS = frozenset({"compare_price", "sale_price", "sale_dates", "sale_from", "sale_until"})

# Words of feed formats and shop systems, without spaces, hyphens and underscores. 1 stands for "at least one".
_STOCK = {
    **dict.fromkeys(("instock", "available", "onlineonly", "instoreonly", "limitedavailability", "lowstock", "有货", "现货", "有"), 1),
    **dict.fromkeys(("outofstock", "soldout", "unavailable", "discontinued", "notavailable", "无货", "缺货", "售罄", "无"), 0),
    **dict.fromkeys(("preorder", "presale", "backorder", "onbackorder", "availablefororder", "预售", "预订"), 0),
}
_LATER = {"preorder": "preorder", "presale": "preorder", "预售": "preorder", "预订": "preorder"} | dict.fromkeys(
    ("backorder", "onbackorder", "availablefororder"), "backorder"
)


class Prices(NamedTuple):
    """A row's regular price, and the sale."""

    price: Money | None
    sale: Sale | None


class Availability(NamedTuple):
    """What a word says of the stock (None: nothing), and `preorder` or `backorder` where a product can be ordered without being there."""

    stock: int | None
    later: str


def read_prices(values: Mapping[str, object], *, default: str, remarks: Remarks) -> Prices:
    """The prices that the row's fields say; `default` is the currency where none is named.

    `compare_price` above the price: that is the regular one, and the price is the sale's. A `sale_price` of 0, or one that is no lower than
    the regular price, is no sale. Without a regular price and without dates the sale's is the price. Raises RefusedField.
    """
    named = _currency(values)
    price = _price(values, named, default)
    if not _SALE_FIELDS & values.keys():
        return Prices(price, None)
    default = price.currency if price else default
    begins, ends = _dates(values)
    if "sale_price" in values:
        return _with_sale(price, _amount(values, "sale_price", named, default), (begins, ends), remarks)
    if "compare_price" in values:
        regular = _amount(values, "compare_price", named, default)
        if price is not None and regular.currency == price.currency and regular.minor > price.minor:
            return Prices(regular, Sale(price, begins, ends))
        return Prices(price or regular, None)
    return Prices(price, None)


def availability(value: object) -> Availability:
    """What an availability column says: its word, an address of schema.org, or a truth value. Never raises."""
    word = str(value).strip().lower().rpartition("/")[2] if isinstance(value, str | bool | int | float) else ""
    word = word.replace(" ", "").replace("_", "").replace("-", "")
    if word in _STOCK:
        return Availability(_STOCK[word], _LATER.get(word, ""))
    try:
        return Availability(int(as_truth(value)), "")
    except InvalidField:
        return Availability(None, "")


def _currency(values: Mapping[str, object]) -> str:
    try:
        return currency_code(values["currency"]) if "currency" in values else ""
    except InvalidField as error:
        raise RefusedField("currency", error.message, values["currency"]) from error


def _price(values: Mapping[str, object], named: str, default: str) -> Money | None:
    if "price_minor" in values:
        try:
            return parse_minor(values["price_minor"], currency=named or default)
        except InvalidField as error:
            raise RefusedField("price_minor", error.message, values["price_minor"]) from error
    return _amount(values, "price", named, default) if "price" in values else None


def _amount(values: Mapping[str, object], field: str, named: str, default: str) -> Money:
    try:
        return parse_price(values[field], currency=named, default=default)
    except InvalidField as error:
        raise RefusedField(field, error.message, values[field]) from error


def _with_sale(price: Money | None, sale: Money, dates: tuple[int | None, int | None], remarks: Remarks) -> Prices:
    if not sale.minor:
        return Prices(price, None)
    if price is None:
        return Prices(None, Sale(sale, *dates)) if any(bound is not None for bound in dates) else Prices(sale, None)
    if sale.currency != price.currency:
        raise RefusedField("sale_price", f"is in {sale.currency}, the price in {price.currency}")
    if sale.minor >= price.minor:
        if sale.minor > price.minor:
            remarks.say("sale_left_out", "sale prices above the price are left out", first=f"{sale.minor} > {price.minor} {price.currency}")
        return Prices(price, None)
    return Prices(price, Sale(sale, *dates))


def _dates(values: Mapping[str, object]) -> tuple[int | None, int | None]:
    begins, ends = values.get("sale_from"), values.get("sale_until")
    field = "sale_until" if "sale_until" in values else "sale_from"
    if "sale_dates" in values:
        field = "sale_dates"
        written = values[field]
        if not isinstance(written, str) or written.count("/") != 1:
            raise RefusedField(field, "is no span of two times with a slash between them", written)
        begins, ends = written.split("/")
    first = _moment(begins, field if field == "sale_dates" else "sale_from", end=False)
    last = _moment(ends, field if field == "sale_dates" else "sale_until", end=True)
    if first is not None and last is not None and last <= first:
        raise RefusedField(field, "ends before it begins")
    return first, last


def _moment(written: object, field: str, *, end: bool) -> int | None:
    """Microseconds since 1970; a time without a zone is UTC, and a day alone counts as a whole when it is the last."""
    text = written.strip() if isinstance(written, str) else written
    if text is None or text == "":
        return None
    try:
        moment = datetime.fromisoformat(str(text))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if end and len(str(text)) <= len("2025-01-31"):
            moment += timedelta(days=1)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise RefusedField(field, "is no time (ISO 8601, such as 2025-01-31T12:00:00+01:00)", written) from error
