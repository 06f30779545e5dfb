"""The vector cache: part rows by what they were made from, in a file or database of their own.

It holds nothing that could not be computed again, so on SQLite a power cut may take its last moments (a killed process
takes nothing).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from sqlalchemy import Connection, delete, func, select, update

from indexer.batches import batches
from indexer.errors import IndexerError, LedgerError
from indexer.ledger.database import Database, inserting
from indexer.ledger.open import Clock, wall_clock
from indexer.ledger.rows import AT_ONCE
from indexer.ledger.schema import VECTORS, bring_up
from indexer.ledger.tables import vectors
from indexer.vectors import Row

Key = tuple[str, str]
"""Digest of the input, digest of the spec."""

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

    def forget(self, *, unused_s: float) -> int:
        """Drop the rows that nobody asked for in that many seconds; how many they were. Below two days it may drop rows in use."""
        before = self._clock() - round(unused_s * 1_000_000)
        return self._database.write(lambda connection: connection.execute(delete(vectors).where(vectors.c.used < before)).rowcount)

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
                if len(row.row) != 4 * row.width:
                    raise LedgerError(f"The cached vector {row.input} of spec {spec} is damaged.", cure="Delete the vector cache's file.")
                found[row.input, spec] = np.frombuffer(row.row, dtype="<f4").astype(np.float32)
                if row.used < now - USE_NOTED_S * 1_000_000:
                    fading.append((row.input, spec))
    return found, fading


def _note_use(connection: Connection, keys: Sequence[Key], *, now: int) -> None:
    for spec, inputs in _by_spec(keys).items():
        for some in batches(inputs, size=AT_ONCE):
            connection.execute(update(vectors).where(vectors.c.spec == spec, vectors.c.input.in_(some)).values(used=now))
