"""The page: templates drawn on the server, a style sheet and a few small scripts beside them."""

import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from indexer.money import major_units, price_at
from indexer.records import Hit, Money, Product

HERE = Path(__file__).parent
STATIC = HERE / "static"
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥", "JPY": "¥", "INR": "₹", "KRW": "₩", "TRY": "₺", "PLN": "zł "}
TERM_NAMES = {"lexical": "Words", "vector": "Meaning", "photos": "Photos"}
FEW = 5
"""At or below this many pieces the page says how many are left."""
TINTS = 6


def render(
    request: Request, template: str, context: Mapping[str, object], *, status: int = 200, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    """A page as a response; every value is escaped."""
    text = environment().get_template(template).render({"request": request, **context})
    return HTMLResponse(text, status, {"cache-control": "no-store", "vary": "accept-encoding"} | dict(headers or {}))


@cache
def environment() -> Environment:
    """The templates; an unknown name in one is an error, not silence."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "price": price,
        "price_now": price_now,
        "photo_address": photo_address,
        "tint": tint,
        "stock_words": stock_words,
        "percent": percent,
    }
    made.globals |= {"term_names": TERM_NAMES, "counted": counted}
    return made


def price(money: Money) -> str:
    """An amount as a shop shows it.

    >>> price(Money(129900, "USD")), price(Money(4999, "JPY")), price(Money(1250, "CHF"))
    ('$1,299.00', '¥4,999', 'CHF 12.50')
    """
    amount: Decimal = major_units(money)
    return f"{SIGNS.get(money.currency, money.currency + chr(0xA0))}{amount:,f}".replace(chr(0xA0), " ")


def price_now(product: Product) -> Money | None:
    """What the product costs at this moment, its sale regarded."""
    return price_at(product.price, product.sale, moment=time.time_ns() // 1000)


def photo_address(hit: Hit) -> str:
    """Where the page finds the hit's first local photo; empty when there is none that can be shown."""
    if hit.photo_status in ("missing", "unusable"):
        return ""
    return next(iter(photo_addresses(hit.product)), "")


def photo_addresses(product: Product) -> list[str]:
    """Addresses, under this service, of the product's local photos, in order. The paths themselves never leave.

    >>> from indexer.records import Photo
    >>> photo_addresses(Product(id="a/b", title="Mug", photos=(Photo("/secret/mug.jpg"),)))
    ['/photos/a%2Fb/0']
    """
    return [f"/photos/{quote(product.id, safe='')}/{n}" for n, photo in enumerate(product.photos) if not photo.is_remote]


def tint(text: str) -> int:
    """One of six tints, always the same for the same text."""
    return sum(text.encode()) % TINTS


def stock_words(stock: int) -> str:
    """What the page says of a stock."""
    if stock <= 0:
        return "Out of stock"
    return f"Only {stock} left" if stock <= FEW else "In stock"


def percent(share: float) -> int:
    """A share of 0..1 as whole percent."""
    return round(100 * min(1.0, max(0.0, share)))


def counted(count: int, one: str, many: str) -> str:
    """A count with its noun.

    >>> counted(1, "candidate", "candidates"), counted(1200, "candidate", "candidates")
    ('1 candidate', '1,200 candidates')
    """
    return f"{count:,} {one if count == 1 else many}"
