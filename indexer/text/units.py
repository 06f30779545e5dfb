"""Amounts in one spelling: "3.5mm", "3,5 mm" and "3.5 毫米" become "3.5 mm"; so a query and a product that mean the same meet.

Careful on purpose: what may be something else (5G, 2 in 1, 1,500 kg in two languages, model codes) is left as it stands.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "mm": ("mm", "millimeter", "millimeters", "millimetre", "millimetres", "毫米", "公厘"),
    "cm": ("cm", "centimeter", "centimeters", "centimetre", "centimetres", "厘米", "公分"),
    "m": ("m", "meter", "meters", "metre", "metres", "米", "公尺"),
    "inch": ("inch", "inches", "zoll", "pouces", "pulgada", "pulgadas", "pollici", "polegada", "polegadas", "英寸", "英吋", "吋", "寸"),
    "ft": ("ft", "feet", "英尺", "呎"),
    "ml": ("ml", "milliliter", "milliliters", "millilitre", "millilitres", "毫升"),
    "cl": ("cl", "centiliter", "centilitre"),
    "dl": ("dl", "deciliter", "decilitre"),
    "l": ("l", "liter", "liters", "litre", "litres", "litro", "litros", "litri", "升", "公升"),
    "mg": ("mg", "毫克"),
    "g": ("g", "gram", "grams", "gramm", "gramme", "grammes", "克", "公克"),
    "kg": ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "kilogramm", "kilogramme", "kilogrammes", "千克", "公斤"),
    "lb": ("lb", "lbs", "磅"),
    "oz": ("oz", "ounce", "ounces", "盎司"),
    "W": ("w", "watt", "watts", "瓦", "瓦特"),
    "kW": ("kw", "kilowatt", "kilowatts", "千瓦"),
    "V": ("v", "volt", "volts", "伏", "伏特"),
    "Ah": ("ah", "安时"),
    "mAh": ("mah", "毫安", "毫安时"),
    "Wh": ("wh",),
    "kWh": ("kwh",),
    "Hz": ("hz", "赫兹"),
    "kHz": ("khz",),
    "MHz": ("mhz",),
    "GHz": ("ghz",),
    "KB": ("kb",),
    "MB": ("mb", "megabyte", "megabytes"),
    "GB": ("gb", "gigabyte", "gigabytes"),
    "TB": ("tb", "terabyte", "terabytes"),
    "MP": ("mp", "mpx", "megapixel", "megapixels"),
    "dB": ("db",),
    "dpi": ("dpi",),
    "rpm": ("rpm",),
    "fps": ("fps",),
}
"""Each unit's one spelling -> how it is written, in lower case; Chinese ones simplified."""

UNITS: Mapping[str, str] = {spelling: unit for unit, spellings in SPELLINGS.items() for spelling in spellings}
VOLUMES: Mapping[str, Decimal] = {"ml": Decimal(1), "cl": Decimal(10), "dl": Decimal(100), "l": Decimal(1000)}
MASSES: Mapping[str, Decimal] = {"g": Decimal(1), "kg": Decimal(1000)}

GENERATIONS = frozenset({2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256, 512})
"""Figures that, with a "g" at their end, mean a network (5G) or memory (128g) as often as grams."""

_KNOWN = {**UNITS, **dict.fromkeys(("in", '"', "''", "”", "′′"), "inch")}
_DIGIT = re.compile(r"\d")
_HAN = sorted((spelling for spelling in UNITS if not spelling.isascii()), key=len, reverse=True)
# 5升级 is an upgrade, 5克拉 carats, 3米粉 rice noodles, 3瓦楞 corrugated
_NOT_AFTER = r"(?!(?<=升)[级降]|(?<=克)[拉力斯]|(?<=米)[其粉色白老奇]|(?<=瓦)[楞罐])"
_AMOUNT = rf"(?P<number>\d[\d.,]*)(?P<between>[ -]?)(?P<unit>[A-Za-zÀ-ɏ]+|(?:{'|'.join(_HAN)}){_NOT_AFTER}|\"|''|”|′′)"
_AMOUNTS = re.compile(_AMOUNT)
# What stands in quotes is a name: "big 10" ends in no inches.
_AMOUNTS_AND_QUOTES = re.compile(rf'(?P<quoted>(?<![^\s(])"(?=\S)[^"]{{1,80}}")|{_AMOUNT}')
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?")
_WITHIN = re.compile(r"[A-Za-zÀ-ɏ\d_.,'\"/-]")
_RANGE = re.compile(r"\d ?[-–/~] ?\Z")
_CROSSED = re.compile(r"(?<=[\d.])(?P<unit> ?(?:mm|cm|inch|毫米|厘米|公分|英寸|英吋|吋|寸)|\"|'')?[ ]?[xX×*✕][ ]?(?=\d)")
_CROSS = re.compile(r"[xX×*✕] ?\d")
_INCH_ENDS = re.compile(r"\s*(?:\Z|[),;/×\"]|x ?\d|\.(?:\s|\Z))")
_COUNT = re.compile(r" ?-? ?\d")
_WAIST, _LEG = re.compile(r"\d\dW ?[x/×]? ?\Z", re.IGNORECASE), re.compile(r" ?[x/×]? ?\d\dL(?![A-Za-z\d])", re.IGNORECASE)
_CODE = re.compile(r"(?:[A-WYZa-wyz_-]|(?<![\d \"'mh米分寸吋])[xX])\d*\Z")


def in_one_spelling(text: str) -> str:
    """The text with its amounts in one spelling: a number, a space, the unit; volumes and masses in the larger unit that leaves no "0.".

    Lengths are not converted: nobody calls 1200 mm of furniture 1.2 m and means the same words. A number whose comma or
    point can be read in two ways (1,500 kg) keeps its digits.

    >>> in_one_spelling("Jack 3.5mm, 0.5 l, 10-inch screen, 2x16GB")
    'Jack 3.5 mm, 500 ml, 10 inch screen, 2 x 16 GB'
    """
    if not _DIGIT.search(text):
        return text
    if "⁄" in text:
        text = re.sub(r"(?<=\d)⁄(?=\d)", "/", text)
    amounts = _AMOUNTS_AND_QUOTES if '"' in text else _AMOUNTS
    if not _CROSS.search(text):
        return amounts.sub(_written, text)
    for _ in range(3):  # 10inx4in: a cross shows where a unit ends, and a unit where a cross is one
        before = text
        text = amounts.sub(_written, _CROSSED.sub(_times, text))
        if text == before:
            break
    return text


def _times(match: re.Match[str]) -> str:
    # A model's code (AB10x20) is no measure.
    return match[0] if _CODE.search(match.string, max(0, match.start() - 12), match.start()) else f"{match['unit'] or ''} x "


def _written(match: re.Match[str]) -> str:
    spelled = match["unit"]
    unit = spelled and (_KNOWN.get(spelled) or _KNOWN.get(spelled.lower()))
    if not unit:
        return match[0]  # a quoted text, or another word behind a number
    number, text, start = match["number"], match.string, match.start()
    if not number.isdigit() and not _NUMBER.fullmatch(number):
        return match[0]
    before = text[start - 1 : start]
    ranged = start > 1 and not before.isalpha() and _RANGE.search(text, max(0, start - 3), start) is not None
    if not ranged and before != " " and _WITHIN.match(before) and not (before == "," and text[start - 2 : start - 1].isalpha()):
        return match[0]
    after = text[match.end() : match.end() + 1]
    if spelled.isascii() and (after.isdigit() or not _is_meant(match, unit, ranged=ranged)):
        return match[0]
    if spelled == "M":  # months, megapixels or metres: told apart by nobody, so it stays, and only gets its space
        unit = spelled
    if not ranged:
        number, unit = _scaled(number, unit)
    return f"{number} {unit}{' ' if after.isalnum() else ''}"


def _is_meant(match: re.Match[str], unit: str, *, ranged: bool) -> bool:
    """Whether letters behind a number are the unit that they spell."""
    number, between, spelled, text = match["number"], match["between"], match["unit"], match.string
    if not spelled.isalpha():
        return True
    if spelled.lower() == "in":
        if _COUNT.match(text, match.end()):  # 2 in 1
            return False
        return (ranged or not between or _INCH_ENDS.match(text, match.end()) is not None) and (ranged or between != "-")
    if len(spelled) > 1:
        return True
    if between == "-" or text.startswith("'", match.end()):
        return False
    if unit == "g":
        return bool(between) or not number.isdigit() or int(number) not in GENERATIONS
    if unit == "W":
        return not _LEG.match(text, match.end())  # 32W 34L are jeans
    return unit != "l" or not _WAIST.search(text, max(0, match.start() - 6), match.start())


@lru_cache(maxsize=4096)  # the same amounts come again and again
def _scaled(number: str, unit: str) -> tuple[str, str]:
    if number.isdigit() and unit not in VOLUMES and unit not in MASSES:
        return number, unit
    figure = _figure(number)
    if figure is None:
        return number, unit
    for family, small, large in ((VOLUMES, "ml", "l"), (MASSES, "g", "kg")):
        if unit in family:
            least = figure * family[unit]
            figure, unit = (least / 1000, large) if least >= 1000 else (least, small)
    return _digits(figure), unit


def _figure(number: str) -> Decimal | None:
    """The number, or None where point or comma may part thousands as well as decimals, or it is no whole amount (1 000 ml ends in 000)."""
    parts = re.split(r"[.,]", number)
    if len(number) > 12 or len(parts) > 2 or re.match(r"0\d", number):
        return None
    if len(parts) > 1 and len(parts[1]) == 3 and parts[0].strip("0"):
        return None
    return Decimal(number.replace(",", "."))


def _digits(figure: Decimal) -> str:
    text = f"{figure:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
