"""The rules of each field, as pydantic types; their complaints in plain words."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, PlainValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from indexer.errors import InvalidField
from indexer.feed.words import as_text

ID_BYTES = 512
"""Bytes of an id in UTF-8: what OpenSearch takes as a document's id."""
VERSION_CAP = 2**63 - 1
STOCK_CAP = 2**31 - 1

_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
_WHOLE = re.compile(r"\+?\d{1,19}(?:\.0+)?", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _no(reason: str) -> PydanticCustomError:
    return PydanticCustomError("field", "{reason}", {"reason": reason})


def _text(value: object) -> str:
    try:
        return as_text(value)
    except InvalidField as error:
        raise _no(error.message) from error


def _id(value: object) -> str:
    if isinstance(value, float):
        raise _no("is a number with a fraction; write ids as text")
    if isinstance(value, str):
        text = value.strip()
        if _CONTROL.search(text):
            raise _no("holds a control character or half a character")
    else:
        text = _text(value)
    if not text:
        raise _no("is empty")
    if len(text) > ID_BYTES or len(text.encode()) > ID_BYTES:
        raise _no(f"is longer than {ID_BYTES} bytes")
    return text


def readable_id(value: object) -> str:
    """The id that a value says, or "" where it says none that holds."""
    try:
        return "" if value is None else _id(value)
    except PydanticCustomError:
        return ""


def _whole(value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value.strip().partition(".")[0])
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        negative = isinstance(value, float | str) and str(value).strip().startswith("-")
        raise _no("is negative" if negative else "is no whole number")
    return value


def _version(value: object) -> int:
    if not isinstance(value, str) or _WHOLE.fullmatch(value.strip()):
        return _whole(value)
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        raise _no("is neither a whole number nor a time (ISO 8601, such as 2025-01-31T12:00:00Z)") from error


def _category(value: object) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        pieces = [_text(piece.get("name") if isinstance(piece, dict) else piece) for piece in value[:100]]
    else:
        path = _text(value)
        pieces = path.split(next((mark for mark in (">", "|", "/") if mark in path), ">"))
    return tuple(piece for piece in (piece.strip() for piece in pieces) if piece)


def _language(value: object) -> str:
    text = _text(value)
    if not _LANGUAGE.fullmatch(text):
        raise _no("is no language code (such as en or zh-CN)")
    return text.lower().replace("_", "-")


def _popularity(value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise _no("is no finite number")
    return number


_Piece = Annotated[str, Field(max_length=200)]
Version = Annotated[int, BeforeValidator(_version), Field(ge=0, le=VERSION_CAP)]
Stock = Annotated[int, BeforeValidator(_whole), Field(ge=0, le=STOCK_CAP)]
Id = Annotated[str, PlainValidator(_id)]


class DeleteRow(TypedDict, total=False):
    """What a delete says."""

    id: Id
    version: Version


class OfferRow(TypedDict, total=False):
    """What an offer says, its price apart (see prices.py)."""

    id: Id
    stock: Stock
    version: Version


class ProductRow(TypedDict, total=False):
    """What a full row says; price, photos and attributes have rules of their own, in prices.py, places.py and attributes.py."""

    id: Id
    title: Annotated[str, Field(min_length=1, max_length=1000), BeforeValidator(_text)]
    description: Annotated[str, Field(max_length=100_000), BeforeValidator(_text)]
    brand: Annotated[str, Field(max_length=200), BeforeValidator(_text)]
    category: Annotated[tuple[_Piece, ...], BeforeValidator(_category), Field(max_length=20)]
    stock: Stock
    group: Annotated[str, Field(max_length=200), BeforeValidator(_text)]
    language: Annotated[str, PlainValidator(_language)]
    popularity: Annotated[float, BeforeValidator(_popularity), Field(ge=0)]
    version: Version


DELETE = TypeAdapter(DeleteRow)
OFFER = TypeAdapter(OfferRow)
PRODUCT = TypeAdapter(ProductRow)

# pydantic's kinds of complaint that the types above can make, in our words.
_WORDS = {
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length:,} characters",
    "too_long": "has more than {max_length} parts",
    "greater_than_equal": "is negative",
    "less_than_equal": "is larger than {le:,}",
}


def complaint(error: ValidationError) -> tuple[str, str]:
    """The first field that pydantic complains about, and why, in plain words."""
    first = error.errors(include_url=False, include_input=False)[0]
    words = _WORDS.get(first["type"])
    return str(first["loc"][0]), words.format(**first.get("ctx", {})) if words else first["msg"]
