"""Parquet, batch by batch; needs the extra `parquet`."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO

from indexer.errors import FeedError, UnreadableFeed
from indexer.feed.sources.rows import RawRow

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 1000
"""Rows in memory at once, beside what the file's own row groups need."""

_AGAIN = "Write it again, and feed it whole."


def parquet_rows(file: BinaryIO, *, name: str) -> Iterator[RawRow]:
    """Yield one raw row per row, in order, numbered from 1; null and NaN as None, texts as they are, times as ISO 8601, decimals as text.

    `file` allows random access. Raises UnreadableFeed for a file without its footer (cut short: no row of it can be read) or one that
    breaks on the way, and FeedError where pyarrow is missing.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise FeedError(f"{name} is a Parquet file, and pyarrow is not installed.", cure="pip install 'fusedex[parquet]'") from error
    place = 0
    try:
        table = pq.ParquetFile(file)
        for batch in table.iter_batches(batch_size=BATCH):
            columns = {field.name: _values(batch.column(number), field.type) for number, field in enumerate(batch.schema)}
            for values in zip(*columns.values(), strict=True):
                place += 1
                yield RawRow(name, place, dict(zip(columns, values, strict=True)))
    except (pa.ArrowException, OSError) as error:
        told = " ".join(str(error).split())[:200]
        raise UnreadableFeed(f"{name} is broken or cut short behind row {place:,}: {told}", cure=_AGAIN) from error


def parquet_length(file: BinaryIO) -> int:
    """How many rows its footer promises; 0 where that can't be read."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return 0
    try:
        return int(pq.ParquetFile(file).metadata.num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _values(column: "pa.Array[pa.Scalar[pa.DataType]]", kind: "pa.DataType") -> list[object]:
    found: list[object] = column.to_pylist()
    import pyarrow as pa

    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return found
    make = _short if pa.types.is_float32(kind) or pa.types.is_float16(kind) else _plain
    return [make(value) for value in found]


def _short(value: object) -> object:
    """A number of few bits as it was meant: 12.99, not 12.989999771118164."""
    return float(f"{value:.7g}") if isinstance(value, float) and value == value else None  # noqa: PLR0124 - NaN alone differs from itself


def _plain(value: object) -> object:
    """What JSON can say of a value."""
    if isinstance(value, float):
        return value if value == value else None  # noqa: PLR0124 - NaN alone differs from itself
    make = next((make for kind, make in _MAKERS if isinstance(value, kind)), None)
    return value if make is None else make(value)


def _nested(value: object) -> object:
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    members: list[object] = list(value) if isinstance(value, list | tuple) else []
    if members and all(isinstance(member, tuple) and len(member) == 2 for member in members):  # a map column
        return {str(member[0]): _plain(member[1]) for member in members if isinstance(member, tuple)}
    return [_plain(member) for member in members]


_MAKERS: tuple[tuple[type | tuple[type, ...], Callable[[object], object]], ...] = (
    (Decimal, str),
    ((datetime, date), lambda value: value.isoformat() if isinstance(value, date) else None),
    (bytes, lambda value: value.decode("utf-8", "replace") if isinstance(value, bytes) else None),
    ((list, tuple, dict), _nested),
)
