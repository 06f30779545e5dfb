"""JSON Lines: one object a line."""

import json
from collections.abc import Iterable, Iterator

from indexer.feed.sources.lines import Line
from indexer.feed.sources.rows import RawRow
from indexer.records import Rejected

_KINDS = {list: "a list", str: "a text", int: "a number", float: "a number", bool: "a truth value", type(None): "null"}


def _refuse_constant(name: str) -> None:
    # Python reads NaN and Infinity, which are no JSON and no price either.
    raise ValueError(f"{name} is no JSON value")


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def json_rows(lines: Iterable[Line], *, file: str) -> Iterator[RawRow | Rejected]:
    """Yield one raw row per line, in order, or why the line is none; blank lines are passed over."""
    for line in lines:
        if line.flaw:
            yield line.refused(file)
        elif line.text and not line.text.isspace():
            yield _row(line, file)


def _row(line: Line, file: str) -> RawRow | Rejected:
    try:
        found: object = _decode(line.text)
    except json.JSONDecodeError as error:
        return line.refused(file, f"is no JSON: {error.msg} (character {error.pos + 1})")
    except ValueError as error:
        return line.refused(file, f"is no JSON: {error}")
    except RecursionError:
        return line.refused(file, "is nested too deeply")
    if isinstance(found, dict):
        return RawRow(file, line.number, found)
    return line.refused(file, f"is {_KINDS[type(found)]}, not a JSON object")
