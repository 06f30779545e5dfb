"""Bringing a database's tables up to this release, however many processes try it at once."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from indexer.errors import LedgerError, LedgerTooNew
from indexer.ledger.database import Database

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration at hand in a module of its own, so one process runs one at a time."""

PREPARING = 0x66757365_6465_78
"""The key of PostgreSQL's advisory lock for openers: the letters `fusedex`."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A set of tables with their own line of migrations: its folder, its newest revision, and the table that notes it.

    `holds_vectors`: rows of some kilobytes that go again in numbers; a new SQLite file is made to suit them (see `use_wal`).
    """

    folder: str
    head: str
    noted_in: str
    holds_vectors: bool = False


LEDGER = Schema("ledger", "0004", "fusedex_ledger_schema")
VECTORS = Schema("vectors", "0001", "fusedex_vectors_schema", holds_vectors=True)


def bring_up(database: Database, schema: Schema) -> None:
    """Make the tables, or migrate them to this release; one opener does it, the others wait and find it done.

    Raises LedgerTooNew for tables of a later release, LedgerUnavailable, and LedgerError for a folder that can't be made.
    """
    if database.is_sqlite and not Path(str(database.url.database)).exists():
        _make_folder(Path(str(database.url.database)).parent)
    elif database.read(lambda connection: _revision(connection, schema)) == schema.head:
        return
    with _alone(database):
        if database.is_sqlite:
            database.use_wal(vectors=schema.holds_vectors)
        database.write(lambda connection: _migrate(connection, schema, database.place))


def _migrate(connection: Connection, schema: Schema, place: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PREPARING})
    revision = _revision(connection, schema)
    if revision == schema.head:
        return
    # Late: an opener that finds its tables ready, as nearly all do, need not load Alembic.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations" / schema.folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["version_table"] = schema.noted_in
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise LedgerTooNew(f"The tables of the {place} were made by a later release (revision {revision}).", cure="Upgrade fusedex here.")
    command.upgrade(config, "head")


def _revision(connection: Connection, schema: Schema) -> str | None:
    if not inspect(connection).has_table(schema.noted_in):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {schema.noted_in}")).scalar()  # noqa: S608 - a constant above
    return None if found is None else str(found)


@contextmanager
def _alone(database: Database) -> Iterator[None]:
    """One opener of this process, and for SQLite one of this machine: its switch to WAL does not wait for locks by itself."""
    with _ONE_AT_A_TIME:
        if not database.is_sqlite:
            yield
            return
        with _lock_file(database) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _lock_file(database: Database) -> TextIOWrapper:
    try:
        return Path(f"{database.url.database}.opening").open("w", encoding="utf-8")
    except OSError as error:
        raise LedgerError(f"The {database.place} can't be opened: {error.strerror}.", cure="Allow writing in its folder.") from error


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The folder {folder} can't be made: {error.strerror}.", cure="Name another place, or allow writing there."
        ) from error
