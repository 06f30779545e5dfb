"""One database, SQLite or PostgreSQL: its connections, its transactions, and the border where its errors become ours.

What differs between the two is here: how a write begins, how rows are locked, how an upsert is spelt.
"""

import os
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from sqlite3 import Connection as SQLiteConnection
from sqlite3 import Error as SQLiteError
from typing import Literal, TypeVar, cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from indexer.errors import LedgerError, LedgerUnavailable

T = TypeVar("T")

WAIT_S = 30
"""How long a transaction waits for another one's lock before the ledger counts as unavailable."""

PERMANENT = ("no such table", "no such column", "readonly database", "has no column", "syntax error")
"""SQLite calls these operational errors, but waiting does not cure them."""

RACED = ("40P01", "40001")
"""PostgreSQL's states for a deadlock and a serialisation failure: the same transaction succeeds when run again."""

TRIES = 4

INCREMENTAL = 2
"""SQLite's number for a file that gives room back when asked to."""

PAGES_AT_ONCE = 500
"""Pages given back in one step: others may write in between."""

WIDE_PAGE = 16_384
"""Bytes of a page of a file of vectors. A row of 512 numbers takes 2.1 kB, so a page of SQLite's usual 4 KiB holds one and is half
empty: seven to a page take half the disk, and half the time to write (46 against 24 us a row, measured)."""


class Database:
    """A pool of connections, safe across threads and across fork: a child starts with a pool of its own."""

    def __init__(self, url: str, *, what: str = "ledger", sync: Literal["FULL", "NORMAL"] = "FULL") -> None:
        """Name the database by its SQLAlchemy URL, and what it is in messages; connects on first use.

        Raises LedgerError for a wrong URL.

        `sync` is SQLite's promise: a killed process loses nothing either way; FULL holds through a power cut as well,
        at one fsync a transaction, which batches of hundreds of rows pay once.
        """
        self.url = _checked(url, what)
        self.place = f"{what} at {_shown(self.url)}"
        self.engine = _engine(self.url, self.place)
        if self.is_sqlite:
            _prepare_sqlite(self.engine, sync)
        os.register_at_fork(after_in_child=_forget_pool(self.engine))

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite file (PostgreSQL otherwise)."""
        return self.url.get_backend_name() == "sqlite"

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run work that only reads, in one transaction. Raises LedgerUnavailable and LedgerError."""
        with self._our_errors(), self.engine.begin() as connection:
            return work(connection)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run work in one transaction, which on SQLite is the only writing one from its start; work may run again after a deadlock.

        Raises LedgerUnavailable and LedgerError, after which nothing of it has happened.
        """
        for left in reversed(range(TRIES)):
            with self._our_errors():
                try:
                    with self.engine.connect().execution_options(fusedex_write=True) as connection, connection.begin():
                        return work(connection)
                except OperationalError as error:
                    if not left or getattr(error.orig, "sqlstate", None) not in RACED:
                        raise
        raise LedgerUnavailable(f"The {self.place} kept colliding with itself.")

    def use_wal(self, *, vectors: bool = False) -> None:
        """Turn a SQLite file to write-ahead logging, so that readers and the writer do not wait for each other; the file remembers it.

        `vectors` suits a file that is new to rows of some kilobytes that go again, and lets `shrink` work. Raises
        LedgerUnavailable and LedgerError.
        """
        with self._our_errors(), self._raw() as raw:
            if vectors:  # only a file without tables takes these
                raw.execute(f"PRAGMA page_size={WIDE_PAGE}")
                raw.execute("PRAGMA auto_vacuum=INCREMENTAL")
            raw.execute("PRAGMA journal_mode=WAL")

    def shrink(self) -> bool:
        """Give the room of deleted rows back to the disk, step by step; False where the file can't (PostgreSQL cleans up by itself).

        Raises LedgerUnavailable and LedgerError.
        """
        if not self.is_sqlite:
            return True
        with self._our_errors(), self._raw() as raw:
            if raw.execute("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):
                return False
            for _ in range(0, raw.execute("PRAGMA freelist_count").fetchone()[0], PAGES_AT_ONCE):
                # It moves one page a step and gives no row, so only a script takes it through all of its steps.
                raw.executescript(f"PRAGMA incremental_vacuum({PAGES_AT_ONCE});")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return True

    def close(self) -> None:
        """Give the connections back; the database can still be used and connects again."""
        self.engine.dispose()

    @contextmanager
    def _raw(self) -> Iterator[SQLiteConnection]:
        """A connection past SQLAlchemy, which would begin a transaction: in one, a file's modes can't change."""
        with self.engine.connect() as connection:
            yield cast("SQLiteConnection", connection.connection.driver_connection)

    @contextmanager
    def _our_errors(self) -> Iterator[None]:
        try:
            yield
        except (OperationalError, InterfaceError, PoolTimeout, SQLiteError) as error:
            if any(text in str(error).lower() for text in PERMANENT):
                raise LedgerError(f"The {self.place} refused: {_first_line(error)}.") from error
            raise LedgerUnavailable(f"The {self.place} does not answer: {_first_line(error)}.") from error
        except SQLAlchemyError as error:
            kind = LedgerUnavailable if isinstance(error, DBAPIError) and error.connection_invalidated else LedgerError
            raise kind(f"The {self.place} refused: {_first_line(error)}.") from error


def inserting(connection: Connection, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An insert of this database's kind, which knows `on_conflict_do_update` and `on_conflict_do_nothing`."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def locks_rows(connection: Connection) -> bool:
    """Whether transactions write side by side and so must lock rows (PostgreSQL), or one after the other (SQLite)."""
    return connection.dialect.name == "postgresql"


def storable(text: str) -> str:
    """The text without what a database refuses: NUL and halves of surrogate pairs become replacement characters."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _checked(url: str, what: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # from None: the address itself, which may hold a password, stands in nobody's traceback
        raise LedgerError(f"The {what}'s address is no database URL.", cure="Example: sqlite:////var/lib/fusedex/ledger.db.") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise LedgerError(f"A {what} lives in SQLite or PostgreSQL, not in {parsed.get_backend_name()}.")
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise LedgerError(f"A {what} in memory would be lost with its process.", cure="Name a file: sqlite:////path/to/ledger.db.")
    return parsed


def _shown(url: URL) -> str:
    """Where it is, without user, password and options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or 'local'}{port}/{url.database or ''}"


def _engine(url: URL, place: str) -> Engine:
    if url.get_backend_name() == "sqlite":
        arguments: dict[str, object] = {"check_same_thread": False, "timeout": WAIT_S}
    else:
        arguments = {"connect_timeout": 10}
        if "options" not in url.query:
            arguments["options"] = f"-c lock_timeout={WAIT_S}s"
    try:
        # hide_parameters: products and addresses stay out of error messages
        return create_engine(url, connect_args=arguments, hide_parameters=True, pool_pre_ping=True, pool_timeout=WAIT_S)
    except ModuleNotFoundError as error:
        raise LedgerError(f"The driver for the {place} is not installed.", cure="pip install 'fusedex[postgres]'") from error
    except (NoSuchModuleError, ArgumentError):
        raise LedgerError(f"No driver is known for the {place}.", cure="Use sqlite:/// or postgresql+psycopg://.") from None


def _prepare_sqlite(engine: Engine, sync: str) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # Python's own module would begin transactions late, as readers; we begin them ourselves, below.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA synchronous={sync}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("fusedex_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _forget_pool(engine: Engine) -> Callable[[], None]:
    """What a forked child does first: drop its copies of the parent's connections without closing them."""
    reference = weakref.ref(engine)

    def forget() -> None:
        parents = reference()
        if parents is not None:
            parents.dispose(close=False)

    return forget


def _first_line(error: SQLAlchemyError | SQLiteError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    return (str(cause).strip().splitlines() or [type(cause).__name__])[0].rstrip(".")
