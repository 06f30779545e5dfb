"""A mapping file: for each field of ours, the column of theirs. TOML or JSON, the same shape.

id    = "Artikelnummer"
price = "VK brutto"
photos = ["Bild 1", "Bild 2"]          # several columns, in order
ignore = ["Einkaufspreis", "Lieferant"]

[attributes]
colour = "Farbe"
"""

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from indexer.errors import BadMapping
from indexer.feed.columns import plain_name
from indexer.feed.names import NAMES
from indexer.registry import did_you_mean

BYTES_CAP = 1_000_000
_CURE = 'Write one line a field, ours first: price = "VK brutto"; docs/feeds.md shows a whole one.'
_SECTIONS = ("attributes", "ignore")


def load_mapping(path: Path) -> dict[str, str]:
    """Source column -> field of ours (`attr_...` for an attribute, "" to leave the column out), as Terms takes it.

    Raises BadMapping: the file is missing, is neither TOML nor JSON, names no field of ours (with the nearest name), or one column twice.
    """
    table = _table(path)
    mapping: dict[str, str] = {}
    seen: dict[str, str] = {}
    for column, field in _pairs(path, table):
        plain = plain_name(column)
        if not plain:
            raise BadMapping(f"{path} gives {field or 'ignore'!r} a column without a name.", cure=_CURE)
        if plain in seen:
            raise BadMapping(f"{path} names the column {column!r} twice.", cure="Each column is one field; leave one of the lines out.")
        seen[plain] = field
        mapping[column] = field
    return mapping


def _table(path: Path) -> Mapping[str, object]:
    try:
        content = path.read_bytes()[: BYTES_CAP + 1]
        if len(content) > BYTES_CAP:
            raise BadMapping(f"{path} is larger than {BYTES_CAP:,} bytes, no mapping file.", cure=_CURE)
        text = content.decode("utf-8-sig")
        found: object = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except OSError as error:
        raise BadMapping(f"The mapping file {path} can't be read: {error.strerror}.", cure="Check its name and permissions.") from error
    except (ValueError, RecursionError) as error:
        raise BadMapping(f"{path} is neither TOML nor JSON: {error}.", cure=_CURE) from error
    if not isinstance(found, dict):
        raise BadMapping(f"{path} holds no table of fields.", cure=_CURE)
    return found


def _pairs(path: Path, table: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, columns in table.items():
        if name == "attributes" and isinstance(columns, Mapping):
            for attribute, inner in columns.items():
                yield from ((column, f"attr_{attribute}") for column in _columns(path, attribute, inner))
        elif name == "ignore":
            yield from ((column, "") for column in _columns(path, name, columns))
        elif name in NAMES:
            yield from ((column, name) for column in _columns(path, name, columns))
        else:
            near = did_you_mean(name, sorted((*NAMES, *_SECTIONS)))
            raise BadMapping(f"{path} names {name!r}, which is no field of a product.", cure=f"{near} {_CURE}".strip())


def _columns(path: Path, name: str, columns: object) -> list[str]:
    several = columns if isinstance(columns, list) else [columns]
    if not all(isinstance(column, str) for column in several):
        raise BadMapping(f"{path} gives {name!r} something other than the name of a column.", cure=_CURE)
    return [str(column) for column in several]
