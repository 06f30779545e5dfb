"""Files of judgments, runs and queries as numbered rows: TREC columns or CSV with a header, told apart by what is in them."""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from indexer.errors import EvaluationError

Form = Literal["trec", "csv"]

ALIASES = {
    "query": ("query", "query_id", "qid"),
    "product_id": ("product_id", "doc_id", "docid", "id"),
    "grade": ("grade", "relevance", "rel", "label"),
    "rank": ("rank", "position"),
    "score": ("score",),
}
"""The columns of CSV judgments and runs, and other names under which they are known."""

_GZIP = b"\x1f\x8b"
_BLANKS = re.compile(r"[ \t\v\f]+")
_CODED = re.compile(r"(?:%[0-9A-F]{2})+")


@dataclass(frozen=True, slots=True)
class Row:
    """One row, with the number of its line (from 1) in the file."""

    path: Path
    line: int
    fields: Sequence[str]

    def wrong(self, reason: str, *, cure: str) -> EvaluationError:
        """The error to raise for this row: it names file, line, reason and cure."""
        return EvaluationError(f"{self.path}, line {self.line}: {reason}.", cure=cure)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's rows; `columns` are the header's names, our own for those we know, and empty for TREC."""

    path: Path
    form: Form
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def named(self) -> Iterator[tuple[Row, Mapping[str, str]]]:
        """The rows of a CSV file by column. Raises EvaluationError for one with too few or too many fields."""
        for row in self.rows:
            if len(row.fields) != len(self.columns):
                raise row.wrong(
                    f"{len(row.fields)} fields where the header has {len(self.columns)}",
                    cure="Quote what holds the delimiter, or mend the line.",
                )
            yield row, dict(zip(self.columns, (field.strip() for field in row.fields), strict=True))


def read_sheet(path: Path, *, needed: Sequence[str], width: int, aliases: Mapping[str, Sequence[str]] = ALIASES) -> Sheet:
    """The file (UTF-8, gzip or not) as CSV where its first line names the `needed` columns, as TREC where that has `width` fields.

    A width of 0 knows CSV only. Raises EvaluationError for a file that is missing, not text, empty, or neither.
    """
    text = _text(path)
    lines = [(number, line) for number, line in enumerate(io.StringIO(text, newline=None), 1) if line.strip()]
    if not lines:
        raise EvaluationError(f"{path} is empty.", cure=_expected(needed, width))
    first = lines[0][1]
    for delimiter in (",", ";", "\t"):
        columns = _columns(first, delimiter, aliases)
        if set(needed) <= set(columns):
            return Sheet(path, "csv", columns, tuple(_csv_rows(path, text, delimiter)))
    if width and len(_BLANKS.split(first.strip())) == width:
        return Sheet(path, "trec", (), tuple(Row(path, number, _trec_fields(line)) for number, line in lines))
    raise EvaluationError(f"{path}, line {lines[0][0]}: {first.strip()[:80]!r} begins no form that we read.", cure=_expected(needed, width))


def trec_coded(text: str) -> str:
    """An id as TREC files, whose columns are parted by blanks, can hold it: white space, control characters and % as %XX (UTF-8).

    >>> trec_coded("gps watch")
    'gps%20watch'
    """
    return "".join(quote(one, safe="") if one.isspace() or one == "%" or not one.isprintable() else one for one in text)


def trec_decoded(text: str) -> str:
    """The id that `trec_coded` wrote; %XX that are no UTF-8 stay as they are."""
    return _CODED.sub(lambda match: _unquoted(match[0]), text) if "%" in text else text


def _unquoted(coded: str) -> str:
    try:
        return unquote(coded, errors="strict")
    except UnicodeDecodeError:
        return coded


def _trec_fields(line: str) -> list[str]:
    return [trec_decoded(field) for field in _BLANKS.split(line.strip(" \t\v\f\n"))]


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise EvaluationError(f"{path} can't be read: {why}.", cure="Name a file that exists.") from error
    except UnicodeDecodeError as error:
        raise EvaluationError(f"{path} is not UTF-8 text (byte {error.start}).", cure="Save it as UTF-8.") from error


def _columns(line: str, delimiter: str, aliases: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    known = {alias: ours for ours, names in aliases.items() for alias in names}
    names = [name.strip().strip('"').strip().lower() for name in line.split(delimiter)]
    return tuple(known.get(name, name) for name in names)


def _csv_rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = False
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if header:
                yield Row(path, reader.line_num, fields)
            header = True
    except csv.Error as error:
        raise EvaluationError(f"{path}, line {reader.line_num}: {error}.", cure="Mend the quotes of that line.") from error


def _expected(needed: Sequence[str], width: int) -> str:
    trec = {4: "TREC judgments (query 0 product grade)", 6: "a TREC run (query Q0 product rank score tag)"}.get(width, "")
    return f"Write CSV with the header {','.join(needed)}{' or ' + trec if trec else ''}."
