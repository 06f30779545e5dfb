"""Comma-separated values (also with semicolons, tabs or bars), one header line, quotes as in RFC 4180."""

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

from indexer.errors import UnreadableFeed
from indexer.feed.sources.lines import LINE_CAP, Line
from indexer.feed.sources.rows import CUT, RawRow
from indexer.records import Rejected

DELIMITERS = ",;\t|"
RECORD_LINES = 1000
"""Physical lines of one record. A quote that is never closed is given up after so many, and reading resumes on the second of them."""

_SAMPLE_LINES = 50
_IDS = frozenset({"id", "sku", "product_id", "product id", "item_id", "handle", "variant sku"})
_ID_CAP = 128

# What the standard parser says, and what we say; it has no error codes.
_WORDS = (
    ("expected after", "has text after a closing quote"),
    ("unexpected end", "opens a quote that is never closed"),
    ("new-line", "holds a line end (CR) outside quotes"),
    ("field larger", f"has a field longer than {csv.field_size_limit():,} characters"),
)


class _Lines:
    """Lines that can be put back, so that one stray quote costs one line and not the rest of the feed."""

    def __init__(self, lines: Iterable[Line]) -> None:
        self._later = iter(lines)
        self._back: deque[Line] = deque()
        self.reach = RECORD_LINES

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        return self._back.popleft() if self._back else next(self._later)

    def looked_far(self, lines: int) -> None:
        """Halve the reach when a look ahead was long and in vain: a file made of such lines would be read a thousand times over."""
        if 2 * lines >= self.reach:
            self.reach = max(8, self.reach // 2)

    def put_back(self, lines: Sequence[Line]) -> None:
        """Give lines back, in order, to be read again before all others."""
        self._back.extendleft(reversed(lines))


def csv_rows(
    lines: Iterable[Line], *, file: str, delimiter: str = "", spare: Callable[[str], bool] | None = None
) -> Iterator[RawRow | Rejected]:
    """Yield one raw row per record, in order, all values as text; or why a line is none. Blank lines are passed over.

    The header's own faults (a name twice, a column without a name) are reported once, with its line; such columns are left out.
    Empty cells of columns that are `spare` are left out, but for the first of these columns: a table of five thousand columns has mostly
    these. Raises UnreadableFeed behind the last row of a table that ends in the middle of one.
    """
    supply = _Lines(lines)
    header = next((line for line in supply if line.text.strip() and not line.text.lower().startswith("sep=")), None)
    if header is None:
        return
    delimiter = delimiter or delimiter_of(header.text)
    found = _record(header, supply, delimiter)
    if header.flaw or isinstance(found, str):
        yield header.refused(file, header.flaw or str(found))
        found = header.text.split(delimiter)
    names = [name.strip() for name in found]
    yield from (header.refused(file, reason) for reason in _header_faults(names))
    kept = {name: place for place, name in reversed(list(enumerate(names))) if name}
    places = sorted((place, name) for name, place in kept.items())
    needed = _needed(names, spare)
    cut = False
    for line in supply:
        if line.flaw:
            yield line.refused(file)
        elif line.text and not line.text.isspace():
            row = _row(line, supply, delimiter, columns=len(names))
            if isinstance(row, str):
                cut = cut or (line.cut and _too_short(row))
                yield line.refused(file, row, known=_first_value(line.text, delimiter, names))
            elif any(row):
                yield RawRow(file, line.number, {name: cell for place, name in places if (cell := row[place]) or name in needed})
    if cut:
        raise UnreadableFeed(f"{file} {CUT}.", cure="Fetch or write it again, and feed it whole.")


def _needed(names: Sequence[str], spare: Callable[[str], bool] | None) -> frozenset[str]:
    """The columns whose empty cells say something: all, or those that are not spare and one that is."""
    spared = [name for name in names if spare is not None and spare(name)]
    return frozenset(names).difference(spared[1:])


def _too_short(reason: str) -> bool:
    """Whether that is what a record that breaks off looks like: too few columns, or a quote left open."""
    columns = re.match(r"has (\d+) columns?, the header has (\d+)", reason)
    return int(columns[1]) < int(columns[2]) if columns else "never closed" in reason


def _first_value(text: str, delimiter: str, names: Sequence[str]) -> str:
    """The id of a broken record, where its column is the first: that part of the line is whole however it goes on."""
    if not names or names[0].strip().lower() not in _IDS:
        return ""
    return text.split(delimiter, 1)[0].strip().strip('"')[:_ID_CAP]


def delimiter_in(sample: str) -> str:
    """The delimiter that most lines of a table's beginning agree on with its header; the sample's last line may be cut."""
    whole, _, cut = sample.rpartition("\n")
    lines = [line for line in (whole or cut).splitlines() if line.strip()][:_SAMPLE_LINES]
    if lines and lines[0].lower().startswith("sep=") and len(lines[0].strip()) == len("sep=,"):
        return lines[0].strip()[-1]

    def agreement(delimiter: str) -> tuple[float, int]:
        counts = [len(row) for row in csv.reader((line + "\n" for line in lines), delimiter=delimiter)] or [0]
        return (sum(count == counts[0] for count in counts) / len(counts) if counts[0] > 1 else 0.0), counts[0]

    try:
        return max(DELIMITERS, key=agreement)
    except csv.Error:
        return delimiter_of(lines[0])


def delimiter_of(header: str) -> str:
    """The delimiter that a header line uses most outside quotes; a comma where it uses none."""
    bare = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _header_faults(names: Sequence[str]) -> Iterator[str]:
    seen: set[str] = set()
    for place, name in enumerate(names, 1):
        if not name:
            yield f"gives column {place} no name; its values are left out"
        elif name in seen:
            yield f"names the column {name!r} twice; the second one (column {place}) is left out"
        seen.add(name)


def _row(first: Line, supply: _Lines, delimiter: str, *, columns: int) -> list[str] | str:
    """The record that begins with `first`, as wide as the header; or what is wrong with it."""
    if '"' not in first.text:
        supply.reach = min(RECORD_LINES, supply.reach + 1)
        row = first.text.split(delimiter)
        return row if len(row) == columns else _fitted(row, columns)
    taken: list[Line] = []
    found = _record(first, supply, delimiter, taken=taken)
    fitted = found if isinstance(found, str) else _fitted(found, columns)
    if isinstance(fitted, str):
        # A quote too many may have swallowed good rows: only the first line is refused, the others are read again.
        supply.put_back(taken)
        supply.looked_far(len(taken))
    else:
        supply.reach = min(RECORD_LINES, supply.reach + 1)
    return fitted


def _fitted(row: list[str], columns: int) -> list[str] | str:
    extra = row[columns:]
    if len(row) < columns or any(extra):
        return f"has {len(row)} column{'s' * (len(row) != 1)}, the header has {columns}"
    return row[:columns]


def _record(first: Line, supply: _Lines, delimiter: str, *, taken: list[Line] | None = None) -> list[str] | str:
    """The fields of the record that begins with `first`; lines beyond it are noted in `taken`. A text is the reason why it is none."""
    more = taken if taken is not None else []

    def texts() -> Iterator[str]:
        size = len(first.text)
        yield first.text + "\n"
        while len(more) < supply.reach and size < LINE_CAP and (line := next(supply, None)) is not None:
            if line.flaw:
                supply.put_back([line])
                return
            more.append(line)
            size += len(line.text)
            yield line.text + "\n"

    try:
        return next(csv.reader(texts(), delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        told = str(error)
        reason = next((ours for theirs, ours in _WORDS if theirs in told), told)
        return f"is no CSV record: it {reason}"
