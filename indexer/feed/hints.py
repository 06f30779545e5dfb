"""What would cure a rejected row, in one sentence, by its field and the reason."""

import re
from typing import NamedTuple


class _Hint(NamedTuple):
    fields: str
    """The fields it holds for, as a pattern; empty: the row as a whole."""
    reason: str
    cure: str


# The first that fits is taken; the last of a field fits any reason.
_HINTS = tuple(
    _Hint(fields, reason, cure)
    for fields, reason, cure in (
        ("", r"is no JSON: (NaN|-?Infinity)", "Write null, or leave the field out."),
        ("", r"is no JSON: .*digits", "Write numbers this long as text, in quotes."),
        ("", r"is no JSON", "Each line is one JSON object; jq -c . FILE shows the first line that is none."),
        ("", r"not a JSON object|no object", 'Write each product as an object: {"id": "1", "title": "Mug"}.'),
        ("", r"nested too deeply", "Write attributes flat, or as one object of names and values."),
        ("", r"is not (UTF-8|GB18030|[\w-]+ text)", "Save the file in one encoding, best UTF-8."),
        ("", r"NUL byte", "Export the row again: its text is damaged."),
        ("", r"is longer than", "Shorten the row; large texts belong into a page of their own."),
        ("", r"columns?, the header has", "Put values that hold the delimiter into double quotes."),
        ("", r"quote|CSV record", "Double each quote inside a quoted value, and close it."),
        ("", r"names the column .* twice", "Give each column a name of its own."),
        ("", r"gives column", "Give the column a name in the header, or take it out."),
        ("id", r"is missing", "Give each product an id, or tell by a mapping file which column holds it."),
        ("id", r"fraction", "Write ids as text: spreadsheets turn them into numbers."),
        ("id", r"", "Use 1 to 512 bytes of plain text."),
        ("title", r"no price or stock", "A full row needs a title; an offer needs a price or a stock."),
        ("title", r"is missing|is empty", "Give each product a title, or tell by a mapping file which column holds it."),
        ("title", r"longer", "Keep titles under 1,000 characters; the rest belongs into the description."),
        ("price.*|sale_price|compare_price", r"may mean", "Write the price without a thousands mark: 1299.00 EUR."),
        ("price.*|sale_price|compare_price", r"which may be|no currency that is known", "Name the currency by its code: 12.99 EUR."),
        ("price.*|sale_price|compare_price", r"decimals", "Round the price to the currency's smallest coin."),
        ("price.*|sale_price|compare_price", r"names|is in", "Let price and currency column agree."),
        ("price_minor", r"", "Write a whole number of minor units: 1299 for 12.99 EUR."),
        ("price|sale_price|compare_price", r"", "Write one number and a currency: 12.99 EUR."),
        ("currency", r"", "Write a code of ISO 4217, such as EUR."),
        ("sale_dates", r"no span", "Write begin and end with a slash between: 2025-01-31T00:00+01:00/2025-02-28T23:59+01:00."),
        ("sale_dates|sale_from|sale_until", r"", "Write times as ISO 8601 has them: 2025-01-31T12:00:00+01:00."),
        ("stock", r"", "Write a whole number of pieces, 0 or more."),
        ("photos", r"more than \d+ photos", "Keep the first 50 photos."),
        ("photos", r"relative path|outside the folders", "Name photos by an address, or by a path under FUSEDEX_FEED__ROOTS."),
        ("photos", r"", "Name each photo by a path or an http(s) address."),
        ("version", r"", "Write a whole number that grows with each change, or the time of the change as ISO 8601 has it."),
        ("deleted", r"", "Write true or false."),
        ("language", r"", "Write a language code, such as en or zh-CN."),
        ("category", r"", "Write a path such as Home > Kitchen > Mugs, of at most 20 parts."),
        ("popularity", r"", "Write a number, 0 or more."),
        (".*", r"no finite number|not a number", "Write a number, or name the column without attr_n_."),
        (".*", r"no truth value", "Write true or false, or name the column without attr_b_."),
        (".*", r"longer", "Shorten the value."),
        (".*", r"not a text", "Write a text or a number."),
    )
)


def hint_for(field: str, reason: str) -> str:
    """What would cure it, or "" where nothing general can be said.

    >>> hint_for("stock", "is negative")
    'Write a whole number of pieces, 0 or more.'
    """
    return next((hint.cure for hint in _HINTS if re.fullmatch(hint.fields, field) and re.search(hint.reason, reason)), "")
