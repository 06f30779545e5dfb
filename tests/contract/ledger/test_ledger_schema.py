from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, text

import indexer.ledger
from indexer.errors import LedgerTooNew
from indexer.ledger.database import Database
from indexer.ledger.open import open_ledger
from indexer.ledger.schema import LEDGER, VECTORS, Schema, bring_up
from indexer.ledger.tables import LEDGER as LEDGER_TABLES
from indexer.ledger.tables import VECTORS as VECTORS_TABLES
from indexer.ledger.vectors import open_vectors

SCHEMAS = [(LEDGER, LEDGER_TABLES), (VECTORS, VECTORS_TABLES)]


@pytest.mark.parametrize(("schema", "tables"), SCHEMAS, ids=["ledger", "vectors"])
def test_the_migrations_make_the_tables_that_the_code_uses(empty_url: str, schema: Schema, tables: MetaData) -> None:
    def ours(_object: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
        return kind != "table" or name != schema.noted_in

    def difference(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        return list(compare_metadata(context, tables))

    database = Database(empty_url)
    bring_up(database, schema)
    assert database.read(difference) == []
    database.close()


@pytest.mark.parametrize("schema", [LEDGER, VECTORS], ids=["ledger", "vectors"])
def test_the_newest_migration_is_the_one_that_is_expected(schema: Schema) -> None:
    folder = Path(indexer.ledger.__file__).parent / "migrations" / schema.folder
    assert ScriptDirectory(str(folder)).get_current_head() == schema.head


def test_openers_do_not_race(empty_url: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        ledgers = list(pool.map(lambda _: open_ledger(empty_url, future_s=300), range(6)))
    assert len({ledger.id for ledger in ledgers}) == 1
    for ledger in ledgers:
        ledger.close()


def test_a_ledger_of_a_later_release_is_left_alone(empty_url: str) -> None:
    open_ledger(empty_url, future_s=300).close()
    database = Database(empty_url)
    noted = Table(LEDGER.noted_in, MetaData())
    database.write(lambda connection: connection.execute(text(f"UPDATE {noted.name} SET version_num = '9999'")))
    with pytest.raises(LedgerTooNew, match="9999"):
        open_ledger(empty_url, future_s=300)
    assert database.read(lambda connection: connection.execute(text(f"SELECT version_num FROM {noted.name}")).scalar()) == "9999"
    database.close()


def test_ledger_and_vectors_may_share_a_database(empty_url: str) -> None:
    ledger, vectors = open_ledger(empty_url, future_s=300), open_vectors(empty_url)
    assert vectors.size() == 0
    assert ledger.counts().products == 0
    ledger.close()
    vectors.close()


def test_claims_do_not_look_at_clean_rows(ledger_url: str) -> None:
    open_ledger(ledger_url, future_s=300).close()
    database = Database(ledger_url)
    question = "SELECT id FROM fusedex_rows WHERE lane = :lane AND attempts = :attempts AND due <= :now ORDER BY due LIMIT 3"

    values = {"lane": "encode", "attempts": 0, "now": 5}

    def plan(connection: Connection) -> str:
        if database.is_sqlite:
            return str(connection.execute(text(f"EXPLAIN QUERY PLAN {question}"), values).all())
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        return str(connection.execute(text(f"EXPLAIN {question}"), values).all())

    shown = database.read(plan)
    assert "fusedex_rows_due" in shown
    assert "sort" not in shown.lower()
    assert "temp b-tree" not in shown.lower()
    database.close()
