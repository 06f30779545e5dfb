import multiprocessing
import traceback
from pathlib import Path

import pytest
from sqlalchemy import Connection

from indexer.errors import IndexerError, LedgerError, LedgerUnavailable
from indexer.ledger.database import Database, storable
from indexer.ledger.open import open_ledger
from indexer.ledger.vectors import open_vectors

SECRET = "hunter2"


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_ledger_in_memory_is_refused_with_the_cure(url: str) -> None:
    with pytest.raises(LedgerError, match="sqlite:////"):
        open_ledger(url, future_s=300)


@pytest.mark.parametrize(
    "url",
    [
        f"mysql://me:{SECRET}@host/db",
        f"nonsense {SECRET}",
        f"postgresql+nodriver://me:{SECRET}@host/db",
        f"postgresql://me:{SECRET}@host:port/db",
    ],
)
def test_a_wrong_address_is_refused_without_showing_its_secrets(url: str) -> None:
    with pytest.raises(LedgerError) as caught:
        open_ledger(url, future_s=300)
    assert not isinstance(caught.value, LedgerUnavailable)
    assert SECRET not in shown(caught.value)


def test_a_server_that_does_not_answer_is_unavailable_and_its_password_stays_hidden() -> None:
    with pytest.raises(LedgerUnavailable, match=r"ledger at postgresql://127\.0\.0\.1:1/db") as caught:
        open_ledger(f"postgresql://me:{SECRET}@127.0.0.1:1/db?password={SECRET}", future_s=300)
    assert caught.value.retryable
    assert SECRET not in shown(caught.value)


def test_a_file_that_is_no_database_is_an_error_that_waiting_does_not_cure(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError) as caught:
        open_ledger(f"sqlite:///{file}", future_s=300)
    assert not caught.value.retryable
    assert str(file) in str(caught.value)


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="file"):
        open_ledger(f"sqlite:///{tmp_path}/file/ledger.db", future_s=300)


def test_the_folder_is_made(tmp_path: Path) -> None:
    ledger = open_ledger(f"sqlite:///{tmp_path}/a/b/ledger.db", future_s=300)
    assert len(ledger.id) == 32
    ledger.close()


def test_the_vector_cache_is_called_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(IndexerError, match="vector cache"):
        open_vectors("mysql://host/db")


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (a INTEGER PRIMARY KEY)"))

    def fails(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.exec_driver_sql("INSERT INTO missing VALUES (1)")

    with pytest.raises(LedgerError, match="missing"):
        database.write(fails)
    assert database.read(lambda connection: connection.exec_driver_sql("SELECT count(*) FROM t").scalar()) == 0
    database.close()


def test_a_damaged_row_of_the_database_speaks_without_the_product(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)"))
    for expected in (True, False):
        if expected:
            database.write(lambda connection: connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", (1, SECRET)))
            continue
        with pytest.raises(LedgerError) as caught:
            database.write(lambda connection: connection.exec_driver_sql("INSERT INTO t VALUES (?, ?)", (1, SECRET)))
        assert SECRET not in str(caught.value)
        assert SECRET not in str(caught.value.__cause__)
    database.close()


def test_what_databases_refuse_is_replaced() -> None:
    assert storable("a\x00b") == "a\ufffdb"
    assert storable("half \ud83d") == "half ?"
    assert storable("鞋 👟") == "鞋 👟"


def _count_in_child(url_and_name: tuple[str, str]) -> str:
    ledger = open_ledger(url_and_name[0], future_s=300)
    ledger.count(**{url_and_name[1]: 1})
    ledger.close()
    return ledger.id


def test_processes_that_open_at_once_find_one_ledger(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        names = pool.map(_count_in_child, [(url, f"c{n}") for n in range(4)], chunksize=1)
    assert len(set(names)) == 1
    ledger = open_ledger(url, future_s=300)
    assert {f"c{n}": 1 for n in range(4)}.items() <= dict(ledger.counts().counters).items()
    ledger.close()
