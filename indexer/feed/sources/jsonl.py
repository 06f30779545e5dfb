"""JSON Lines: one object a line."""

import json
import re
from collections.abc import Iterable, Iterator

from indexer.errors import UnreadableFeed
from indexer.feed.sources.lines import Line
from indexer.feed.sources.rows import CUT, RawRow
from indexer.records import Rejected

_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}


def _refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which are no JSON and no price either.
    raise ValueError(f"{name} is no JSON value")


_UNENDED = "is no JSON to its end"
_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


_ID = re.compile(r'"(?:id|sku|product_id|item_id)"\s*:\s*(?:"([^"\\\\]{1,128})"|(\d{1,40})\b)', re.IGNORECASE)


def json_rows(lines: Iterable[Line], *, file: str) -> Iterator[RawRow | Rejected]:
    """Yield one raw row per line, in order, or why the line is none; blank lines are passed over.

    Raises UnreadableFeed behind the last row of a file that ends in the middle of one.
    """
    cut = False
    for line in lines:
        if line.flaw:
            yield line.refused(file, known=_id_in(line.text))
        elif line.text and not line.text.isspace():
            row = _row(line, file)
            cut = cut or (line.cut and isinstance(row, Rejected) and row.reason.startswith(_UNENDED))
            yield row
    if cut:
        raise UnreadableFeed(f"{file} {CUT}.", cure="Fetch or write it again, and feed it whole.")


def _row(line: Line, file: str) -> RawRow | Rejected:
    try:
        found: object = _decode(line.text)
    except json.JSONDecodeError as error:
        unended = error.pos >= len(line.text.rstrip()) or error.msg.startswith("Unterminated string")
        start = _UNENDED if unended else "is no JSON"
        return line.refused(file, f"{start}: {error.msg} (character {error.pos + 1})", known=_id_in(line.text))
    except ValueError as error:
        return line.refused(file, f"is no JSON: {error}", known=_id_in(line.text))
    except RecursionError:
        return line.refused(file, "is nested too deeply", known=_id_in(line.text))
    if isinstance(found, dict):
        return RawRow(file, line.number, found)
    return line.refused(file, f"is {_KINDS[type(found)]}, not a JSON object")


def _id_in(text: str) -> str:
    """The id that a broken line still shows: a snapshot is not to take that product for gone."""
    match = _ID.search(text)
    return (match[1] or match[2]) if match else ""
