from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, Table, text

import indexer.ledger
from indexer.errors import LedgerTooNew
from indexer.ledger.base import Absent, Letter, Outcome
from indexer.ledger.database import Database
from indexer.ledger.open import open_ledger
from indexer.ledger.schema import LEDGER, VECTORS, Schema, bring_up
from indexer.ledger.tables import LEDGER as LEDGER_TABLES
from indexer.ledger.tables import VECTORS as VECTORS_TABLES
from indexer.ledger.vectors import open_vectors
from indexer.records import Money, Product

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


def _at_revision(database: Database, schema: Schema, revision: str) -> None:
    """The tables of an earlier release."""
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(indexer.ledger.__file__).parent / "migrations" / schema.folder))
    config.attributes["version_table"] = schema.noted_in

    def upgrade(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    if database.is_sqlite:
        database.use_wal()
    database.write(upgrade)


MARK = '"s",5,1,1700000000000000,null'
OLD_ROWS = [
    ("live", "live", f'{{"content":["c",{MARK}],"offer":["o",{MARK}]}}', '{"title":"shoe"}', '{"price":[5,"EUR"],"stock":null}', 9, 9),
    ("gone", "deleted", f'{{"deleted":[{MARK}]}}', None, None, 8, 7),
    ("waits", "waiting", f'{{"offer":["o",{MARK}]}}', None, '{"price":null,"stock":3}', 0, 0),
]


def test_rows_of_the_first_release_are_there_after_the_upgrade(empty_url: str) -> None:
    database = Database(empty_url)
    _at_revision(database, LEDGER, "0001")
    rows = "INSERT INTO fusedex_rows (id, standing, state, content, offer, row_version, indexed_version, lane, buried_lane)"
    job = "INSERT INTO fusedex_jobs (id, source, arrival, committed, failed, counts) VALUES ('old', 'f', 1, :no, '', '{}')"

    def fill(connection: Connection) -> None:
        for row in OLD_ROWS:
            names = ("id", "standing", "state", "content", "offer", "row_version", "indexed_version")
            values = dict(zip(names, row, strict=True)) | {"lane": "offers" if row[0] == "gone" else None}
            places = ", ".join(f":{name}" for name in (*names, "lane"))
            connection.execute(text(f"{rows} VALUES ({places}, NULL)"), values)
        connection.execute(text("UPDATE fusedex_rows SET buried_lane = 'encode', row_version = 10 WHERE id = 'live'"))
        connection.execute(text("INSERT INTO fusedex_letters VALUES ('live', 10, 'E', 'why', 3, 1, 2)"))
        connection.execute(text("INSERT INTO fusedex_ledger VALUES (1, 'its name', 4)"))
        connection.execute(text(job), {"no": False})

    database.write(fill)
    database.close()
    ledger = open_ledger(empty_url, future_s=300)
    assert ledger.id == "its name"
    assert (ledger.counts().products, ledger.counts().deleted, ledger.counts().waiting) == (1, 1, 1)
    assert ledger.letters() == [Letter(id="live", row_version=10, error="E", reason="why", attempts=3, first_seen=1, last_seen=2)]
    old = ledger.job("old")
    assert old is not None
    assert (old.arrival, old.snapshot, ledger.recipe()) == (1, False, "")
    assert ledger.replay(["live"]) == 1
    (row,) = ledger.claim("encode", owner="w", limit=9, lease_s=60)
    assert row.product == Product(id="live", title="shoe", price=Money(5, "EUR"), version=5)
    (tombstone,) = ledger.claim("offers", owner="w", limit=9, lease_s=60)
    assert (tombstone.id, tombstone.product) == ("gone", None)
    ledger.begin_job("new", "f", snapshot=True)
    events = [Product(id="gone", title="shoe", version=5), Product(id="waits", title="shoe", version=6)]
    assert ledger.accept("new", events) == [Outcome.STALE, Outcome.ENCODED]
    assert ledger.absent("new") == Absent(gone=1, live=2)
    assert ledger.drop_absent("new") == 1
    ledger.close()


@pytest.mark.parametrize("schema", [LEDGER, VECTORS], ids=["ledger", "vectors"])
def test_an_upgrade_can_be_taken_back(empty_url: str, schema: Schema) -> None:
    database = Database(empty_url)
    _at_revision(database, schema, "head")
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(indexer.ledger.__file__).parent / "migrations" / schema.folder))
    config.attributes["version_table"] = schema.noted_in

    def down(connection: Connection) -> None:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")

    database.write(down)
    bring_up(database, schema)
    assert database.read(lambda connection: connection.execute(text(f"SELECT version_num FROM {schema.noted_in}")).scalar()) == schema.head
    database.close()


PLANS = {
    "what a snapshot lacks": (
        "SELECT count(*) FROM fusedex_rows WHERE standing = 'live' AND touched < 5",
        "fusedex_rows_standing",
    ),
    "counts": ("SELECT standing, count(*) FROM fusedex_rows GROUP BY standing", "fusedex_rows_standing"),
    "what wakes": ("SELECT id FROM fusedex_rows WHERE wake <= 5 ORDER BY wake LIMIT 9", "fusedex_rows_wake"),
    "what is due": ("SELECT lane, count(*) FROM fusedex_rows WHERE lane IN ('a', 'b') AND due <= 5 GROUP BY lane", "fusedex_rows_due"),
    "what a job waits for": (
        "SELECT count(*) FROM fusedex_rows WHERE lane IS NOT NULL AND row_version BETWEEN 1 AND 5",
        "fusedex_rows_span",
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_no_question_of_every_day_reads_all_rows(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    open_ledger(url, future_s=300).close()
    database = Database(url)
    question, index = PLANS[name]
    plan = str(database.read(lambda connection: connection.execute(text(f"EXPLAIN QUERY PLAN {question}")).all()))
    assert index in plan
    assert "SCAN fusedex_rows'" not in plan
    database.close()
