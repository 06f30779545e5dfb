"""`fusedex feed --dry-run`: what a feed's files are taken for, and what would become of their first rows."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from indexer.cli.fed import LISTED, show_reasons, told_row
from indexer.feed.preview import Preview, reason_kind
from indexer.feed.sources.packing import Packing

COLUMNS_SHOWN = 60
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_PACKINGS: dict[Packing, str] = {
    "": "",
    "gzip": "packed with gzip",
    "bzip2": "packed with bzip2",
    "xz": "packed with xz",
    "zip": "in a zip archive",
}
_WIDE, _MIDDLE = 32, 28


def as_json(previews: Sequence[Preview]) -> str:
    """One JSON object for all files."""
    return json.dumps({"dry_run": True, "files": [_file(one) for one in previews]}, ensure_ascii=False)


def show(previews: Sequence[Preview]) -> None:
    """Print each file's preview."""
    for number, one in enumerate(previews):
        if number:
            print()
        _show(one)
    print("Nothing was changed.")


def _show(one: Preview) -> None:
    print(f"{one.named.name}: {', '.join(_traits(one))}")
    for column in one.columns[:COLUMNS_SHOWN]:
        values = " | ".join(value[:40] for value in column.values)
        print(f"  {_fit(column.name, _WIDE)} -> {_fit(column.taken_for, _MIDDLE)} {values}".rstrip())
    if len(one.columns) > COLUMNS_SHOWN:
        print(f"  ... and {len(one.columns) - COLUMNS_SHOWN:,} more columns, attributes all of them")
    for column_name in one.missing:
        print(f"The mapping names the column {column_name!r}, which is not there.")
    for row in one.first_rejected[:LISTED]:
        print(told_row(row))
    show_reasons(one.reasons, {reason_kind(row): row.hint for row in one.first_rejected})
    for what, count in one.remarks.most_common():
        print(f"Note: {what} ({count:,} times).")
    if one.repeated:
        print(f"Note: {one.repeated:,} rows carry an id that an earlier row has; the later one counts, or the higher version.")
    if one.broken:
        print(f"Not whole: {one.broken}")
    rows = f"All {one.rows:,} rows" if one.whole and not one.broken else f"The first {one.rows:,} rows"
    print(f"{rows}: {one.products:,} products, {one.offers:,} offers, {one.deletes:,} deletes, {one.rejected:,} rejected.")


def _traits(one: Preview) -> list[str]:
    source = one.named.source
    traits = [source.kind]
    if source.format not in ("parquet", "xml"):
        traits.append(source.encoding.upper())
    if source.delimiter:
        traits.append(f"separated by {_DELIMITERS[source.delimiter]}")
    if source.packing:
        traits.append(_PACKINGS[source.packing])
    return traits


def _file(one: Preview) -> dict[str, object]:
    source = one.named.source
    return {
        "file": one.named.name,
        "format": source.kind,
        "packing": source.packing,
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "columns": [{"name": column.name, "field": column.taken_for, "values": column.values} for column in one.columns],
        "missing": one.missing,
        "rows": one.rows,
        "whole": one.whole and not one.broken,
        "broken": one.broken,
        "counts": {"products": one.products, "offers": one.offers, "deletes": one.deletes, "rejected": one.rejected},
        "repeated": one.repeated,
        "reasons": dict(one.reasons),
        "notes": dict(one.remarks),
        "rejected": [asdict(row) for row in one.first_rejected],
    }


def _fit(text: str, width: int) -> str:
    return f"{text[: width - 1] + '…' if len(text) > width else text:<{width}}"
