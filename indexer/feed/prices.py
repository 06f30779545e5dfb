"""Prices as shops write them -> Money. What could be read in two ways is refused, never guessed."""

import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal

from indexer.errors import InvalidField
from indexer.money import EXPONENTS, exponent
from indexer.records import Money

LARGEST = 10**15
"""Minor units of the largest price: no product costs more, and every smaller one is exact as a 64-bit float too."""

_SYMBOLS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "HKD", "SGD", "TWD", "MXN", "ARS", "CLP", "COP"), "US$": ("USD",), "C$": ("CAD",), "CA$": ("CAD",),
    "A$": ("AUD",), "AU$": ("AUD",), "NZ$": ("NZD",), "HK$": ("HKD",), "S$": ("SGD",), "NT$": ("TWD",), "R$": ("BRL",), "€": ("EUR",),
    "£": ("GBP",), "¥": ("CNY", "JPY"), "CN¥": ("CNY",), "JP¥": ("JPY",), "RMB": ("CNY",), "元": ("CNY",), "円": ("JPY",), "₩": ("KRW",),
    "원": ("KRW",), "₹": ("INR",), "₽": ("RUB",), "₺": ("TRY",), "₫": ("VND",), "₴": ("UAH",), "₪": ("ILS",), "₱": ("PHP",), "฿": ("THB",),
    "₦": ("NGN",), "ZŁ": ("PLN",), "KČ": ("CZK",), "FT": ("HUF",), "KR": ("DKK", "ISK", "NOK", "SEK"), "KR.": ("DKK", "ISK", "NOK", "SEK"),
    "FR.": ("CHF",), "SFR.": ("CHF",),
}  # fmt: skip
_NUMBER = r"\d(?:[\d.,' ]*\d)?|[.,]\d+"
_PRICE = re.compile(rf"(?P<before>[^\d.,'()+\-]*?)\s*(?P<number>{_NUMBER})(?:[.,]?-{{1,2}})?\s*(?P<after>[^\d,'()+\-]*)")
_PLAIN = re.compile(r"\d{1,15}(?:\.\d\d)?")
_MINUS = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "\u00a0": " ", "\u202f": " "})
_GROUPED = re.compile(r"\d{1,3}(?:([.,' ])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
_FLOAT_NOISE = Decimal("1e-6")
_AMOUNTS = ("amount", "value", "price")
_CODES = ("currency", "currency_code", "currencyCode")
_TEXT_CAP = 64


def currency_code(value: object) -> str:
    """The ISO 4217 code that a currency column names, in capitals. Raises InvalidField."""
    code = value.strip().upper() if isinstance(value, str) else ""
    if code not in EXPONENTS:
        raise InvalidField("is no currency of ISO 4217 (three letters, such as EUR)")
    return code


def parse_price(value: object, *, currency: str = "", default: str = "USD") -> Money:
    """The price that a text, a number (major units) or an object ({"amount" or "minor", "currency"}) says.

    `currency` is what the row's currency column says, `default` what holds where neither it nor the price names one. Raises InvalidField
    for what is negative, not finite, no price, has more digits than its currency, contradicts the column, or can be read in two ways.

    >>> parse_price("1.299,00 EUR"), parse_price("$12.99"), parse_price(4999, currency="JPY")
    (Money(minor=129900, currency='EUR'), Money(minor=1299, currency='USD'), Money(minor=4999, currency='JPY'))
    """
    if isinstance(value, str):
        return _from_text(value.strip(), currency, default)
    if isinstance(value, Mapping):
        return _from_object(value, currency, default)
    code = currency or default
    return _money(_number(value), code, noisy=isinstance(value, float))


def parse_minor(value: object, *, currency: str) -> Money:
    """The price that a whole number of minor units says. Raises InvalidField."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,18}", value.strip(), re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidField("is no whole number of minor units")
    return _checked(value, currency)


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidField("is no price")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise InvalidField("is larger than any price")
    number = Decimal(repr(value))
    if not number.is_finite():
        raise InvalidField("is no finite number")
    return number


def _from_object(value: Mapping[object, object], currency: str, default: str) -> Money:
    named = next((value[key] for key in _CODES if value.get(key)), "")
    inner = currency_code(named) if named else ""
    if inner and currency and inner != currency:
        raise InvalidField(f"names {inner}, the currency column {currency}")
    code = inner or currency
    if value.get("minor") is not None:
        return parse_minor(value["minor"], currency=code or default)
    amount = next((value[key] for key in _AMOUNTS if value.get(key) is not None), None)
    if not isinstance(amount, str | int | float):
        raise InvalidField('is an object without "amount" or "minor"')
    return parse_price(amount, currency=code, default=default)


def _from_text(text: str, currency: str, default: str) -> Money:
    if _PLAIN.fullmatch(text) and text.isascii():
        return _money(Decimal(text), currency or default)
    if len(text) > _TEXT_CAP:
        raise InvalidField("is no price")
    plain = unicodedata.normalize("NFKC", text).translate(_MINUS).strip()
    bare = plain.strip("+-() \t").upper()
    if bare in ("NAN", "INF", "INFINITY"):
        raise InvalidField("is no finite number")
    match = _PRICE.fullmatch(plain)
    if match is None or not plain.replace(" ", "").translate({ord("("): None}):
        negative = re.fullmatch(r"\(.*\d.*\)|[^\d\-]*-\s*[^\d\-]*\d[\d.,' ]*[^\d\-]*", plain)
        raise InvalidField("is negative" if negative else "is no single price")
    code = _named([*match["before"].split(), *match["after"].split()], currency, default)
    return _money(_decimal(match["number"].strip(), code), code)


def _named(names: list[str], currency: str, default: str) -> str:
    """The currency that the words around the number name: a code or a symbol, in agreement with the column."""
    code = currency
    for name in sorted(names, key=len, reverse=True):
        upper = name.upper()
        choices = (upper,) if upper in EXPONENTS else _SYMBOLS.get(upper)
        if choices is None:
            raise InvalidField(f"names {name!r}, which is no currency that is known")
        if code and code not in choices:
            raise InvalidField(f"names {name}, the currency column {currency}" if currency else f"names two currencies, {code} and {name}")
        code = code or _chosen(name, choices, default)
    return code or default


def _chosen(name: str, choices: tuple[str, ...], default: str) -> str:
    if len(choices) == 1:
        return choices[0]
    if default in choices:
        return default
    if name == "$":
        return "USD"
    raise InvalidField(f"says {name}, which may be {' or '.join(choices)}; name the currency")


def _decimal(number: str, currency: str) -> Decimal:
    """The number whose separators may be an English, a Continental, a Swiss or an Indian writer's."""
    separators = [mark for mark in number if not mark.isdigit()]
    last = separators[-1] if separators else ""
    if last not in (".", ",") or separators.count(last) > 1:
        return _whole(number)
    whole, _, fraction = number.rpartition(last)
    if not separators[:-1] and _may_group(whole, fraction) and not (last == "." and len(fraction) == exponent(currency)):
        if last == "," and exponent(currency) < 3:
            return Decimal(whole + fraction)
        raise InvalidField(f"may mean {whole}{fraction} or {whole}.{fraction}; write it without a thousands mark")
    return _whole(whole or "0") + Decimal(f"0.{fraction}")


def _may_group(whole: str, fraction: str) -> bool:
    return len(fraction) == 3 and 1 <= len(whole) <= 3 and not whole.startswith("0")


def _whole(number: str) -> Decimal:
    if not number.isdigit() and not _GROUPED.fullmatch(number):
        raise InvalidField("has separators in places where no number has them")
    return Decimal(re.sub(r"\D", "", number))


def _money(amount: Decimal, currency: str, *, noisy: bool = False) -> Money:
    minor = amount.scaleb(exponent(currency))
    whole = minor.to_integral_value()
    if minor != whole and not (noisy and abs(minor - whole) < _FLOAT_NOISE):
        raise InvalidField(f"has more decimals than {currency} has ({exponent(currency)})")
    return _checked(int(whole), currency)


def _checked(minor: int, currency: str) -> Money:
    if minor < 0:
        raise InvalidField("is negative")
    if minor > LARGEST:
        raise InvalidField("is larger than any price")
    return Money(minor, currency)
