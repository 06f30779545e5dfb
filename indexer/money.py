"""Currencies and their minor units: what one unit of a Money is worth, how it is shown, and what a product costs at a moment."""

from decimal import Decimal

from indexer.records import Money, Sale

_TWO_DIGITS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP "
    "DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD "
    "LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD "
    "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW "
    "ZWG"
)
_NO_DIGITS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DIGITS = "BHD IQD JOD KWD LYD OMR TND"

EXPONENTS: dict[str, int] = (
    dict.fromkeys(_TWO_DIGITS.split(), 2) | dict.fromkeys(_NO_DIGITS.split(), 0) | dict.fromkeys(_THREE_DIGITS.split(), 3)
)
"""Digits after the decimal point by currency: the active codes of ISO 4217, list one, that people pay with (no funds, no metals)."""


def exponent(currency: str) -> int:
    """Digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD; 2 for a code that the table lacks."""
    return EXPONENTS.get(currency, 2)


def major_units(money: Money) -> Decimal:
    """The amount in major units, exact and with the currency's digits: 1299 minor units of EUR are 12.99.

    >>> major_units(Money(1299, "EUR")), major_units(Money(4999, "JPY"))
    (Decimal('12.99'), Decimal('4999'))
    """
    return Decimal(money.minor).scaleb(-exponent(money.currency))


def shown(money: Money) -> str:
    """The amount for people to read: number, space, code.

    >>> shown(Money(1299, "EUR")), shown(Money(5, "KWD"))
    ('12.99 EUR', '0.005 KWD')
    """
    return f"{major_units(money):f} {money.currency}"


def price_at(price: Money | None, sale: Sale | None, *, moment: int) -> Money | None:
    """What a product costs at the moment (microseconds since 1970): the sale's price from its begin until before its end."""
    if sale is None or (sale.begins is not None and moment < sale.begins) or (sale.ends is not None and moment >= sale.ends):
        return price
    return sale.price


def next_change(sale: Sale | None, *, moment: int) -> int | None:
    """The next moment (microseconds since 1970) at which the sale begins or ends, or None."""
    bounds = () if sale is None else (sale.begins, sale.ends)
    return min((bound for bound in bounds if bound is not None and bound > moment), default=None)
