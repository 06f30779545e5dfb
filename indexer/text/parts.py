"""The texts of a product that are encoded, each cleaned: title, description, brand, and its attributes as one readable line."""

import re
from collections.abc import Container, Iterator, Mapping

from indexer.records import Product, Value
from indexer.text.cleaning import Cleaning
from indexer.text.units import UNITS

LINE_CAP = 300
"""Characters of the attributes' line: about as many as a sentence encoder reads well; what does not fit is left out whole."""

FIRST = (
    "type",
    "product type",
    "kind",
    "colour",
    "color",
    "product colour",
    "product color",
    "material",
    "style",
    "pattern",
    "gender",
    "size",
    "类型",
    "种类",
    "颜色",
    "材质",
    "面料",
    "风格",
    "款式",
    "适用性别",
    "尺寸",
    "尺码",
)
"""Attributes that say what a thing is come first, in this order; the others follow by name."""

CODE_NAMES = frozenset(
    [
        "id",
        "ids",
        "code",
        "codes",
        "sku",
        "ean",
        "gtin",
        "upc",
        "asin",
        "isbn",
        "mpn",
        "barcode",
        "number",
        "no",
        "nr",
        "ref",
        "reference",
        "serial",
        "url",
        "uri",
        "link",
        "image",
        "file",
        "date",
        "time",
        "timestamp",
        "version",
        "编号",
        "货号",
        "型号",
        "条码",
        "条形码",
        "链接",
        "日期",
    ]
)
"""Words in the names of attributes that hold a number of some system, an address or a date, and say nothing of the thing."""
_NAME_PARTS = re.compile(r"[\s_./-]+")
_WORDS = re.compile(r"[^\W\d_]+")
_PIECES = re.compile(r"\S+")
_HAN = re.compile("[\u3400-\u9fff]")


def parts_of(product: Product, cleaning: Cleaning, *, kinds: Container[str]) -> list[tuple[str, str]]:
    """(kind, cleaned text) of those of title, description, brand and attributes that are wanted and not empty, in this order."""
    found: list[tuple[str, str]] = []
    if "title" in kinds:
        found.append(("title", cleaning.title(product.title)))
    if "description" in kinds:
        found.append(("description", cleaning.description(product.description)))
    if "brand" in kinds:
        found.append(("brand", cleaning.title(product.brand)))
    if "attributes" in kinds:
        found.append(("attributes", cleaning.title(attributes_line(product.attributes))))
    return [(kind, text) for kind, text in found if text]


def attributes_line(attributes: Mapping[str, Value]) -> str:
    """Attributes as one line, whatever their order: "colour: black; material: cotton, wool; waterproof"; at most LINE_CAP characters.

    Left out is what says nothing to a reader: attributes named as codes (sku, ean, url, date ...); texts of no word, or with
    more letters in codes (P7450) than in words; numbers, unless the name ends in a unit ("weight_kg": 2.5 is "weight: 2.5 kg");
    what is not so (false), as "waterproof: no" reads almost like "waterproof".
    """
    named = sorted((" ".join(_NAME_PARTS.split(name.strip("_ ").lower())), value) for name, value in _readable(attributes))
    rank = {name: place for place, name in enumerate(FIRST)}
    line = ""
    for name, told in sorted(named, key=lambda pair: rank.get(pair[0], len(FIRST))):
        item = f"{name}: {told}" if told else name
        if len(line) + len(item) + 2 <= LINE_CAP:
            line += f"; {item}" if line else item
    return line


def _readable(attributes: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        parts = _NAME_PARTS.split(name.lower())
        if not _WORDS.search(name) or CODE_NAMES.intersection(parts):
            continue
        if isinstance(value, bool):
            if value:
                yield name, ""
        elif isinstance(value, int | float):
            if len(parts) > 1 and parts[-1] in UNITS:
                yield _NAME_PARTS.sub(" ", name[: name.lower().rindex(parts[-1])]).strip(), f"{value:.10g} {UNITS[parts[-1]]}"
        else:
            texts = [text.strip() for text in ((value,) if isinstance(value, str) else value) if _says_something(text)]
            if texts:
                yield name, ", ".join(dict.fromkeys(texts))


def _says_something(text: str) -> bool:
    """Whether at least half of the text's letters stand in words: pieces with two letters or more, or Han, and no digits among them."""
    if _HAN.search(text):
        return True
    in_words = in_codes = 0
    for piece in _PIECES.findall(text):
        letters = sum(map(len, _WORDS.findall(piece)))
        if any(character.isdigit() for character in piece) and "-" not in piece:
            in_codes += letters
        elif letters > 1:
            in_words += letters
    return in_words > 0 and in_words >= in_codes
