"""How values become the keyword tokens that filters compare: one rule for documents, for filters, and for the twin in memory.

The server's normaliser only lowers these tokens once more; all folding is done here, so that a store in memory and a
real one can't disagree about which words are equal.
"""

import hashlib
import math
import re
import struct
import unicodedata
from collections.abc import Callable
from decimal import Decimal, localcontext
from functools import lru_cache, wraps

from indexer.money import major_units
from indexer.records import Money, Value

TOKEN_CAP = 200
"""Characters of a token; a longer one keeps its beginning and a digest of all of it. Far below Lucene's 32,766 bytes a term."""

SHORT, REMEMBERED = 64, 16_384
"""Characters up to which a text's token is remembered, and how many are."""

PRICE_SCALE = 10_000
"""Steps per major unit: exact for every currency of ISO 4217 (four digits at most)."""

GTIN_DIGITS = 14

WHOLE_CAP = 2**53
"""Whole numbers are kept within ±2^53, where a double still holds each of them."""

CJK_RUN = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+")
"""Characters that are written without spaces between words, or indexed in pairs as if they were: Han, kana and Hangul."""

Single = str | float | bool
"""One value of a filter or an attribute."""

PATH = " > "
_UNDECOMPOSED = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
    | dict.fromkeys("‘’‚‛′´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—−", "-")
)


def whole(text: str) -> str:
    """The text with every lone surrogate replaced by U+FFFD, as no encoding takes them."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def fold(text: str) -> str:
    """The form under which texts count as equal: NFKC, no case, Latin letters without marks, plain quotes, single spaces.

    Folding twice is folding once. Marks of other scripts stay: か and が are two letters.

    >>> fold("  Café\u3000Müller’s "), fold("ＮＩＫＥ")
    ("cafe muller's", 'nike')
    """
    if text.isascii():
        return " ".join(text.lower().split())
    for _ in range(4):  # case folding can undo a normal form and the other way round; two rounds settle all of Unicode
        before = text
        text = unicodedata.normalize("NFKC", text.translate(_UNDECOMPOSED)).casefold()
        text = unicodedata.normalize("NFC", _without_latin_marks(unicodedata.normalize("NFD", text)))
        if text == before:
            break
    return " ".join(text.split())


def _without_latin_marks(decomposed: str) -> str:
    kept: list[str] = []
    after_latin = False
    for character in decomposed:
        if unicodedata.combining(character):
            if after_latin:
                continue
        else:
            after_latin = character.isascii() and character.isalpha()
        kept.append(character)
    return "".join(kept)


def cut(text: str) -> str:
    """The text if it has at most TOKEN_CAP characters, else its beginning and 16 digits of its sha-256: equal texts stay equal."""
    if len(text) <= TOKEN_CAP:
        return text
    return f"{text[: TOKEN_CAP - 17]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _remembered(make: Callable[[str], str]) -> Callable[[str], str]:
    """The same function with a memory for short texts: brands, categories and attributes come again and again."""
    kept = lru_cache(maxsize=REMEMBERED)(make)

    @wraps(make)
    def remembering(text: str) -> str:
        return kept(text) if len(text) <= SHORT else make(text)

    return remembering


@_remembered
def token(text: str) -> str:
    """A text's token: whole, folded, cut."""
    return cut(fold(whole(text)))


def exact_token(text: str) -> str:
    """The token of an identifier (id, group): whole and cut, case and marks kept."""
    return cut(whole(text))


def gtin_token(text: str) -> str:
    """A trade item number's token: its digits filled to the 14 of a GTIN-14, so that shorter forms are equal; other texts as they are.

    >>> gtin_token("4006381333931"), gtin_token("0 4006381-333931")
    ('04006381333931', '04006381333931')
    """
    digits = re.sub(r"[\s-]", "", text)
    return digits.zfill(GTIN_DIGITS) if digits.isascii() and digits.isdigit() and len(digits) <= GTIN_DIGITS else exact_token(text)


def category_tokens(path: tuple[str, ...]) -> tuple[str, ...]:
    """A category path's tokens: every beginning of the path, then every level by itself, each once.

    >>> category_tokens(("Home", "Sofas"))
    ('home', 'home > sofas', 'sofas')
    """
    levels = [token(level) if len(level) <= SHORT else fold(whole(level)) for level in path if level.strip()]
    paths = [PATH.join(levels[:depth]) for depth in range(1, len(levels) + 1)]
    return tuple(dict.fromkeys(cut(one) for one in [*paths, *levels]))


def category_token(text: str) -> str:
    """The token that a filter on category looks for; spaces around `>` do not count."""
    return cut(PATH.join(fold(level) for level in whole(text).split(">")))


@_remembered
def name_token(name: str) -> str:
    """An attribute's name within its tokens: folded and cut, with the marks that part name and value escaped."""
    return cut(fold(whole(name)).replace("%", "%25").replace("=", "%3d").replace("#", "%23"))


def value_text(value: Single) -> str:
    """A single value as the text of its token: numbers without needless digits, truth values as true and false.

    >>> value_text(42.0), value_text(2.50), value_text(True), value_text("Red")
    ('42', '2.5', 'true', 'red')
    """
    if isinstance(value, str):
        return token(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return repr(float(value))


def attribute_token(name: str, value: Single) -> str:
    """The token `name=value` of one value of an attribute."""
    return f"{name_token(name)}={value_text(value)}"


def attribute_tokens(name: str, value: Value) -> tuple[str, ...]:
    """The tokens of all values of an attribute, each once."""
    if not isinstance(value, tuple):
        return (attribute_token(name, value),)
    return tuple(dict.fromkeys(attribute_token(name, one) for one in value))


def number_token(name: str, value: float) -> str:
    """The token `name#HEX` of a number: such tokens of one attribute sort as their numbers do."""
    return f"{name_token(name)}#{ordered_hex(value)}"


def ordered_hex(value: float) -> str:
    """16 hex digits that sort as the doubles do: sign bit flipped for positives, all bits for negatives (-0.0 counts as 0.0)."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value + 0.0))
    return f"{bits ^ (0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else 1 << 63):016x}"


@lru_cache(maxsize=REMEMBERED)
def price_steps(money: Money) -> int:
    """A price in steps of 1/PRICE_SCALE major unit, held within ±2^53 (no double keeps more)."""
    with localcontext() as context:
        context.prec = 40
        return within_whole(int((major_units(money) * PRICE_SCALE).to_integral_value()))


def within_whole(number: int) -> int:
    """The number, or the nearest of ±2^53."""
    return max(-WHOLE_CAP, min(WHOLE_CAP, number))


def steps_at(value: float, scale: int, *, up: bool) -> int:
    """The first whole step at or above (`up`), or at or below, a decimal figure: 12.99 at scale 100 is exactly 1299."""
    with localcontext() as context:
        context.prec = 400
        exact = Decimal(repr(float(value))) * scale
        return within_whole(math.ceil(exact) if up else math.floor(exact))
