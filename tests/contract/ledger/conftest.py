"""The same tests over SQLite and PostgreSQL, each test with a database of its own and a clock that stands still."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from indexer.ledger.database import Database
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.ledger.schema import LEDGER, bring_up
from tests.postgres_server import PostgresServer

START = 1_700_000_000_000_000  # in the past of real clocks, for the tests that start processes

Opener = Callable[[], SqlLedger]


class Clock:
    """Microseconds; moves only when told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now

    def pass_s(self, seconds: float) -> None:
        self.now += round(seconds * 1_000_000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def sqlite_with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "ledger.db"
    _make_tables(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_with_tables(postgres: PostgresServer) -> str:
    _make_tables(postgres.emptied("migrated"))
    return "migrated"


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.emptied("bare")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with its tables, all empty; they were migrated once."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_with_tables"), tmp_path / "ledger.db")
        return f"sqlite:///{tmp_path}/ledger.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.emptied(request.getfixturevalue("postgres_with_tables"), tables_stay=True)


@pytest.fixture
def open_again(ledger_url: str, clock: Clock) -> Iterator[Opener]:
    """Opens the same ledger, as another process would."""
    opened: list[SqlLedger] = []

    def open_one() -> SqlLedger:
        opened.append(open_ledger(ledger_url, future_s=300, clock=clock))
        return opened[-1]

    yield open_one
    for ledger in opened:
        ledger.close()


@pytest.fixture
def ledger(open_again: Opener) -> SqlLedger:
    return open_again()


def _make_tables(url: str) -> None:
    database = Database(url)
    bring_up(database, LEDGER)
    database.close()
