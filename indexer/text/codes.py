"""Codes that name one product (SKU, model number, GTIN, id): one spelling of each, and whether a query is nothing but one."""

import re
import unicodedata
from collections.abc import Iterator

from indexer.records import Product, Value
from indexer.text.stems import CJK_RUN, fold_letters
from indexer.text.units import UNITS

LEAST = 3
"""Letters and digits of a code; with fewer, anything would be one."""

LENGTH_CAP = 40
"""Characters of a code, and of a query that is one."""

CODES_CAP = 100
"""Codes of one product; a list of compatible models must not make it the answer to everything."""

CODE_NAMES = (
    *("sku", "mpn", "asin", "model", "model number", "model no", "model code", "model id", "variant sku", "oem number"),
    *("part number", "part no", "mfr part number", "manufacturer part number", "manufacturer number", "manufacturer code"),
    *("manufacturer sku", "manufacturer product number", "item number", "item no", "item code", "article number", "article no"),
    *("article code", "product number", "product no", "product code", "product sku", "style number", "style code", "stock number"),
    *("order number", "order code", "catalog number", "catalogue number", "reference", "reference number", "ref"),
    *("modell", "modellnummer", "artikelnummer", "artikelnr", "herstellernummer", "herstellerartikelnummer", "bestellnummer"),
    *("teilenummer", "modelnummer", "modele", "numero de modele", "reference fabricant", "modelo", "numero de modelo"),
    *("referencia", "numero de pieza", "modello", "codice", "codice articolo", "codice prodotto"),
    *("型号", "型號", "货号", "貨號", "款号", "款號", "产品型号", "產品型號", "规格型号", "商品编号", "商品編號", "商品编码", "商品編碼"),
    *("型番", "品番", "商品番号", "モデル番号", "모델명", "품번"),
)
"""Attributes that hold a code, whatever the case, the accents and the marks between the words of their names."""

TRADE_NAMES = (
    *("gtin", "gtin8", "gtin12", "gtin13", "gtin14", "ean", "ean13", "upc", "jan", "isbn", "isbn13", "barcode", "bar code"),
    *("条码", "條碼", "条形码", "條形碼", "商品条码", "バーコード"),
)
"""Attributes that hold a trade item number."""

_GAPS = re.compile("[\\s\\-./\\\\_\u00ad\u200b-\u200f\u2010-\u2015\u2060\u2212\ufeff\ud800-\udfff]+")
_BETWEEN = re.compile(r"[,;|\n，；、]+")
_MADE_OF = re.compile("[\\w \\-./\\\\#+:()\u2010-\u2015\u2212]+")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
_YEARS = re.compile(r"(?:19|20)\d\d(?:[ /.-]+(?:(?:19|20)\d\d))?")
_AMOUNT = re.compile(r"(?P<figures>\d[\d.,/x×*+-]*?)-?(?P<unit>[^\W\d_]+)\.?")
_RANGE = re.compile(r"[-–~/+]")
_MEASURE = re.compile(
    r"\d[\d.,]*(?:[x×*][\d.,]+)+|(?:480|576|720|1080|1440|2160|4320)p|(?:eu|uk|us)-?\d{1,2}(?:[.,]5)?|\d{1,2}-?in-?\d|\d{1,2}-[^\W\d_]{4,}"
)
_COUNTED = frozenset(
    [
        *("k", "g", "s", "in", "st", "nd", "rd", "th", "er", "eu", "uk", "us", "pc", "pcs", "pk", "pack", "pieces", "stück"),
        *("bit", "gen", "core", "port", "way", "ply", "seater", "person"),
    ]
)
_NOT_NAMED = re.compile(r"[\W_]+")


def _key(name: str) -> str:
    return _NOT_NAMED.sub("", fold_letters(name))


_CODES, _TRADES = frozenset(map(_key, CODE_NAMES)), frozenset(map(_key, TRADE_NAMES))


def code_of(text: str) -> str:
    """The one spelling of a code: NFKC, upper case, without spaces, hyphens, points, slashes and underscores.

    Empty where fewer than LEAST letters and digits remain. The code of a code is itself.

    >>> code_of("hp 3c7z5ea"), code_of("HP-3C7Z5EA"), code_of("A/1")
    ('HP3C7Z5EA', 'HP3C7Z5EA', '')
    """
    for _ in range(4):  # upper case can undo the normal form, and what falls together can compose
        before = text
        text = unicodedata.normalize("NFKC", _GAPS.sub("", unicodedata.normalize("NFKC", text)).upper())
        if text == before:
            break
    return text if sum(map(str.isalnum, text)) >= LEAST else ""


def looks_like_code(text: str) -> bool:
    """Whether a query is nothing but a code, so that it is worth asking for that code first.

    At most three words with letters and digits mixed in one of them, or a number of 8 to 14 digits; no CJK, no amount (16GB, 10-inch),
    no size, no year. Taking another query for a code costs one look-up that finds nothing; missing a code costs
    the right answer its place: in doubt it is one.

    >>> [looks_like_code(text) for text in ("DMC-TZ80EG-K", "00884962345", "rtx 4090", "4k tv", "10.1 inch")]
    [True, True, False, False, False]
    """
    text = unicodedata.normalize("NFKC", text).strip()
    words = text.split()
    if not 5 <= len(text) <= LENGTH_CAP or len(words) > 3 or not _MADE_OF.fullmatch(text) or CJK_RUN.search(text):
        return False
    bare = [_GAPS.sub("", word) for word in words]
    code = "".join(bare)
    if code.isdigit():
        return 8 <= len(code) <= 14 and not _YEARS.fullmatch(text)
    mixed = [word for word in bare if _DIGIT.search(word) and _LETTER.search(word)]
    if not mixed or any(map(_is_amount, words)):
        return False
    # Short ones (mp3, s21, ps5) are names of everyday things, unless all of the query is made of such: 3C7 Z5EA.
    return any(len(word) >= 5 for word in mixed) or (len(code) >= 4 and all(map(_DIGIT.search, bare)))


def _is_amount(word: str) -> bool:
    if _MEASURE.fullmatch(word):  # with a small x: 40X1401 is a code
        return True
    parts = _RANGE.split(word.lower())
    if len(parts) > 1 and all(map(_is_amount, parts)):
        return True
    amount = _AMOUNT.fullmatch(word.lower()) if "X" not in word[:-1] else None
    if amount is None or not (amount["unit"] in UNITS or amount["unit"] in _COUNTED):
        return False
    figures = amount["figures"]
    # A letter behind many digits is a unit where the figure is round only: 1500W, but 6820s is a notebook.
    return len(amount["unit"]) > 1 or len(_DIGIT.findall(figures)) <= 3 or figures.endswith("00")


def codes_of(product: Product) -> tuple[str, ...]:
    """The codes under which a product is found, each in its one spelling and once: id, GTIN, then the attributes that hold codes.

    At most CODES_CAP, none longer than LENGTH_CAP.

    >>> codes_of(Product(id="p-100", title="Printer", gtin="012345678905", attributes={"Model No.": "3c7z5ea"}))
    ('P100', '012345678905', '0012345678905', '00012345678905', '12345678905', '3C7Z5EA')
    """
    codes = dict.fromkeys(code for written in _written(product) if (code := code_of(written)) and len(code) <= LENGTH_CAP)
    return tuple(codes)[:CODES_CAP]


def _written(product: Product) -> Iterator[str]:
    yield product.id
    yield from trade_spellings(product.gtin)
    for name, value in product.attributes.items():
        key = _key(name)
        if key in _CODES:
            yield from _texts(value)
        elif key in _TRADES:
            for text in _texts(value):
                yield from trade_spellings(text)


def trade_spellings(text: str) -> Iterator[str]:
    """A trade item number as it is written: as it was given, with 8, 12, 13 and 14 digits, and without the leading zeros.

    A spreadsheet takes these. The shorter forms only where no digit is lost; a text that is no such number: as it is.
    """
    digits = code_of(text)
    yield digits
    if not (digits.isascii() and digits.isdigit() and 8 <= len(digits) <= 14):
        return
    bare = digits.lstrip("0")
    yield from (bare.zfill(length) for length in (8, 12, 13, 14) if len(bare) <= length)
    if len(bare) >= 9:  # so it is a GTIN-12 or longer
        yield bare


def _texts(value: Value) -> Iterator[str]:
    if isinstance(value, bool):
        return
    if isinstance(value, float | int):
        if float(value).is_integer():
            yield str(int(value))
        return
    for text in (value,) if isinstance(value, str) else value:
        yield from _BETWEEN.split(text)
