"""The vector cache: part rows by what they were made from, in a file or database of their own.

It holds nothing that could not be computed again, so on SQLite a power cut may take its last moments (a killed process
takes nothing).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, select, true, update

from indexer.batches import batches
from indexer.errors import IndexerError, LedgerError
from indexer.ledger.base import CacheStats
from indexer.ledger.database import Database, inserting
from indexer.ledger.open import Clock, wall_clock
from indexer.ledger.rows import AT_ONCE
from indexer.ledger.schema import VECTORS, bring_up
from indexer.ledger.tables import vectors
from indexer.vectors import Row

Key = tuple[str, str]
"""Digest of the input, digest of the spec."""

FLOAT_BYTES = 4

USE_NOTED_S = 24 * 3600
"""A row's last use is written down again only when the note is older: reading stays reading, day by day."""


def open_vectors(url: str, *, clock: Clock = wall_clock) -> "SqlVectorCache":
    """The vector cache at that address (SQLite or PostgreSQL, the ledger's own database too), its table made or migrated first.

    Raises LedgerUnavailable, LedgerTooNew and LedgerError.
    """
    database = Database(url, what="vector cache", sync="NORMAL")
    try:
        bring_up(database, VECTORS)
    except IndexerError:
        database.close()
        raise
    return SqlVectorCache(database, clock=clock)


class SqlVectorCache:
    """A `VectorCache` in SQL; a row is kept as its float32 numbers, least significant byte first."""

    def __init__(self, database: Database, *, clock: Clock = wall_clock) -> None:
        """Use a database whose table is there; `open_vectors` sees to that."""
        self._database = database
        self._clock = clock

    def get(self, keys: Sequence[Key]) -> dict[Key, Row]:
        """The rows that are known, float32 of shape (width,), writable; notes their use to the day.

        Raises LedgerError for a row that is damaged.
        """
        now = self._clock()
        found, fading = self._database.read(lambda connection: _read(connection, keys, now=now))
        if fading:
            self._database.write(lambda connection: _note_use(connection, fading, now=now))
        return found

    def put(self, rows: Mapping[Key, Row]) -> None:
        """Keep rows; a key that is known already keeps its row."""
        now = self._clock()
        values = [
            {"input": key[0], "spec": key[1], "width": row.size, "row": np.ascontiguousarray(row, dtype="<f4").tobytes(), "used": now}
            for key, row in sorted(rows.items(), key=lambda item: item[0])
        ]
        if values:
            self._database.write(lambda connection: connection.execute(inserting(connection, vectors).on_conflict_do_nothing(), values))

    def size(self) -> int:
        """How many rows are kept."""
        return self._database.read(lambda connection: connection.execute(select(func.count()).select_from(vectors)).scalar_one())

    def stats(self) -> CacheStats:
        """What is kept, by spec; the bytes are those of the rows' numbers (their keys and indexes take about 200 more a row)."""
        return self._database.read(_stats)

    def trim(self, *, max_bytes: int | None = None, unused_s: float | None = None) -> int:
        """Drop rows unused for so long, then the least recently used until the rest fits; how many.

        In small transactions, so that workers go on in between. Uses are noted to the day: below two days `unused_s` may
        drop rows in use. Their room goes back to the disk where `shrink` can do it.
        """
        dropped = 0
        if unused_s is not None:
            before = self._clock() - round(unused_s * 1_000_000)
            dropped += self._drop(vectors.c.used < before, bytes_=None)
        if max_bytes is not None and (excess := self.stats().bytes - max_bytes) > 0:
            dropped += self._drop(true(), bytes_=excess)
        if dropped:
            self.shrink()
        return dropped

    def shrink(self) -> bool:
        """Give the room of dropped rows back to the disk; False for a SQLite file of an earlier release: there, new rows take it."""
        return self._database.shrink()

    def _drop(self, which: ColumnElement[bool], *, bytes_: int | None) -> int:
        """Drop the rows among those, least recently used first, until so many bytes are gone (None: all)."""
        dropped = 0
        left = bytes_
        while left is None or left > 0:
            rows, freed = self._database.write(partial(_drop_some, which=which, bytes_=left))
            if not rows:
                break
            dropped += rows
            left = None if left is None else left - freed
        return dropped

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()


def _by_spec(keys: Iterable[Key]) -> dict[str, list[str]]:
    inputs: defaultdict[str, set[str]] = defaultdict(set)
    for input_digest, spec in keys:
        inputs[spec].add(input_digest)
    return {spec: sorted(inputs[spec]) for spec in sorted(inputs)}


def _read(connection: Connection, keys: Sequence[Key], *, now: int) -> tuple[dict[Key, Row], list[Key]]:
    """The rows, and the keys whose last use is to be noted again."""
    found: dict[Key, Row] = {}
    fading: list[Key] = []
    for spec, inputs in _by_spec(keys).items():
        for some in batches(inputs, size=AT_ONCE):
            question = select(vectors.c.input, vectors.c.width, vectors.c.row, vectors.c.used)
            for row in connection.execute(question.where(vectors.c.spec == spec, vectors.c.input.in_(some))):
                if len(row.row) != FLOAT_BYTES * row.width:
                    raise LedgerError(f"The cached vector {row.input} of spec {spec} is damaged.", cure="Delete the vector cache's file.")
                found[row.input, spec] = np.frombuffer(row.row, dtype="<f4").astype(np.float32)
                if row.used < now - USE_NOTED_S * 1_000_000:
                    fading.append((row.input, spec))
    return found, fading


def _note_use(connection: Connection, keys: Sequence[Key], *, now: int) -> None:
    for spec, inputs in _by_spec(keys).items():
        for some in batches(inputs, size=AT_ONCE):
            connection.execute(update(vectors).where(vectors.c.spec == spec, vectors.c.input.in_(some)).values(used=now))


def _stats(connection: Connection) -> CacheStats:
    by_spec: dict[str, int] = dict(connection.execute(select(vectors.c.spec, func.count()).group_by(vectors.c.spec)).all())
    size = 0
    for spec, rows in by_spec.items():
        # A spec fixes the width; to add up what a million rows say would read them all.
        width = connection.execute(select(vectors.c.width).where(vectors.c.spec == spec).limit(1)).scalar_one()
        size += rows * width * FLOAT_BYTES
    oldest, newest = (connection.execute(select(of(vectors.c.used))).scalar() or 0 for of in (func.min, func.max))
    return CacheStats(rows=sum(by_spec.values()), bytes=size, by_spec=by_spec, oldest=oldest, newest=newest)


def _drop_some(connection: Connection, *, which: ColumnElement[bool], bytes_: int | None) -> tuple[int, int]:
    """Drop one batch of rows; how many they were, and their bytes."""
    question = select(vectors.c.spec, vectors.c.input, vectors.c.width).where(which).order_by(vectors.c.used).limit(AT_ONCE)
    keys: list[dict[str, str]] = []
    freed = 0
    for row in connection.execute(question):
        if bytes_ is not None and freed >= bytes_:
            break
        keys.append({"_spec": row.spec, "_input": row.input})
        freed += row.width * FLOAT_BYTES
    if keys:
        # In order of key, as `put` writes them: so that two can't wait for each other.
        keys.sort(key=lambda key: (key["_input"], key["_spec"]))
        connection.execute(delete(vectors).where(vectors.c.spec == bindparam("_spec"), vectors.c.input == bindparam("_input")), keys)
    return len(keys), freed
