"""Sizes of clothes and shoes in one spelling: "X-Large", "XXL", "加大码", "EU42" become "XL", "2XL", "XL", "EU 42"."""

import re

_XL = re.compile(
    r"(?<![A-Za-z\d])(?:(?P<many>x{2,6})-?(?P<end>[ls])|(?P<number>[2-6])?x[ -](?P<of>large|small)|(?P<twice>x{2,4})[ -]"
    r"(?P<long>large|small)"
    r"|extra[ -](?P<extra>large|small))(?![A-Za-z\d])",
    re.IGNORECASE,
)
# "us" is a word of English: only glued or with a hyphen ("US-9", "eu42") it is surely a size.
_SYSTEM = re.compile(r"(?<![A-Za-z\d-])(eu|uk|us)-?(\d{1,2}(?:[.,]5)?)(?![\d.,A-Za-z%-])", re.IGNORECASE)
_EU_AFTER = re.compile(r"(?<!EU )(?<![A-Za-z\d.,-])([34]\d(?:[.,]5)?) ?EU(?![A-Za-z\d])")
_HAN_LARGE = re.compile(r"(加{1,4})大[码号]")
_HAN_LETTERS = re.compile(r"(?<![A-Za-z\d])([SML]|\d?X{1,4}[SL])码", re.IGNORECASE)
_HAN_SHOES = re.compile(r"(?<![A-Za-z\d.,-])((?:3[4-9]|4[0-8])(?:\.5)?)码")
_XL_HINT = re.compile(r"[xX][xX -]?-?[lLsS]|[xX][tT][rR][aA][ -]")
_SYSTEM_HINT = re.compile(r"[uUkKsS]-?\d")


def sizes_in_one_spelling(text: str) -> str:
    """The text with its sizes in one spelling; 大码 (plus sizes) and 大号 (a large pot, too) say no letter and stay.

    >>> sizes_in_one_spelling("T恤 加大码"), sizes_in_one_spelling("Shirt XXL, shoe EU42")
    ('T恤 XL', 'Shirt 2XL, shoe EU 42')
    """
    if _XL_HINT.search(text):
        text = _XL.sub(_letters, text)
    if _SYSTEM_HINT.search(text):
        text = _SYSTEM.sub(lambda match: f"{match[1].upper()} {match[2].replace(',', '.')}", text)
    if "EU" in text:
        text = _EU_AFTER.sub(lambda match: f"EU {match[1].replace(',', '.')}", text)
    if text.isascii():
        return text
    text = _HAN_LARGE.sub(lambda match: _apart(match, f"{len(match[1]) if len(match[1]) > 1 else ''}XL"), text)
    text = _HAN_LETTERS.sub(lambda match: _apart(match, match[1].upper()), text)
    return _HAN_SHOES.sub(lambda match: _apart(match, f"EU {match[1]}"), text)


def _letters(match: re.Match[str]) -> str:
    many = match["many"] or match["twice"] or ""
    times = len(many) or int(match["number"] or 1)
    end = (match["end"] or match["of"] or match["long"] or match["extra"])[0].upper()
    return f"{times if times > 1 else ''}X{end}"


def _apart(match: re.Match[str], size: str) -> str:
    """The size, with a space before and after it where a letter, a digit or a character of a word would touch it."""
    before, after = match.string[match.start() - 1 : match.start()], match.string[match.end() : match.end() + 1]
    return f"{' ' if before.isalnum() else ''}{size}{' ' if after.isalnum() else ''}"
