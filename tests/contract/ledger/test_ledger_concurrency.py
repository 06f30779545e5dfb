import multiprocessing
import os
import signal
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection as Pipe

import pytest
from sqlalchemy import Connection

from indexer.errors import LedgerUnavailable
from indexer.ledger import database, rows
from indexer.ledger.base import Finished, Outcome
from indexer.ledger.database import Database
from indexer.ledger.open import SqlLedger, open_ledger
from indexer.records import Delete, Event, Money, Offer, Product
from tests.contract.ledger.conftest import Opener
from tests.postgres_server import PostgresServer

ROWS = 120


def fill(ledger: SqlLedger, count: int = ROWS) -> None:
    ledger.begin_job("fill", "test")
    ledger.accept("fill", [Product(id=f"p{n:04}", title=f"shoe {n}", version=1) for n in range(count)])


def take_all(ledger: SqlLedger, owner: str) -> list[str]:
    taken: list[str] = []
    while rows := ledger.claim("encode_new", owner=owner, limit=7, lease_s=600):
        taken += [row.id for row in rows]
        ledger.finish(owner, [Finished(id=row.id, row_version=row.row_version) for row in rows])
    return taken


def _take_in_process(url: str, owner: str, pipe: Pipe) -> None:
    ledger = open_ledger(url, future_s=300)
    pipe.send("ready")
    pipe.recv()
    pipe.send(take_all(ledger, owner))
    ledger.close()


def test_threads_never_get_the_same_row(ledger: SqlLedger) -> None:
    fill(ledger)
    with ThreadPoolExecutor(6) as pool:
        taken = [key for keys in pool.map(lambda n: take_all(ledger, f"w{n}"), range(6)) for key in keys]
    assert Counter(taken) == Counter(f"p{n:04}" for n in range(ROWS))
    assert set(ledger.counts().dirty.values()) == {0}


def test_processes_never_get_the_same_row(ledger: SqlLedger, ledger_url: str) -> None:
    fill(ledger)
    context = multiprocessing.get_context("fork")
    pipes = [context.Pipe() for _ in range(2)]
    processes = [context.Process(target=_take_in_process, args=(ledger_url, f"w{n}", pipes[n][1])) for n in range(2)]
    for process in processes:
        process.start()
    for mine, _ in pipes:
        assert mine.recv() == "ready"
    for mine, _ in pipes:
        mine.send("go")
    taken = [key for mine, _ in pipes for key in mine.recv()]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert Counter(taken) == Counter(f"p{n:04}" for n in range(ROWS))


def test_the_same_job_accepted_twice_at_once_is_accepted_once(ledger: SqlLedger, open_again: Opener) -> None:
    events: list[Event] = [Product(id=f"p{n}", title=f"shoe {n}") for n in range(60)]
    events += [Offer(id=f"p{n}", price=Money(n, "EUR")) for n in range(60)]
    others = [ledger, open_again(), open_again()]
    ledger.begin_job("j", "test")

    def send(one: SqlLedger) -> Counter[str]:
        return Counter(outcome for start in range(0, 120, 20) for outcome in one.accept("j", events[start : start + 20]))

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(send, others))
    assert sum((Counter(one) for one in outcomes), Counter()).total() == 360
    job = ledger.commit_job("j", {})
    assert ledger.pending(job) == 60
    rows = ledger.claim("encode_new", owner="w", limit=100, lease_s=60)
    assert {row.id: row.product and row.product.price for row in rows} == {f"p{n}": Money(n, "EUR") for n in range(60)}


def test_writers_of_the_same_unknown_products_in_opposite_order(ledger: SqlLedger) -> None:
    """Neither deadlocks nor loses a newer version to an older one."""
    for job in "ab":
        ledger.begin_job(job, "test")

    def send(job: str) -> None:
        for round_ in range(8):
            version = 2 * round_ + (job == "b")
            events = [Product(id=f"p{n}", title=f"{version}", version=version) for n in range(40)]
            ledger.accept(job, events if job == "a" else events[::-1])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, "ab"))
    rows = ledger.claim("encode_new", owner="w", limit=100, lease_s=60)
    assert {row.product and row.product.title for row in rows} == {"15"}
    assert len(rows) == 40


def test_everything_at_once_ends_clean(ledger: SqlLedger, open_again: Opener) -> None:
    """Accepting, claiming, finishing, renewing, sweeping and counting side by side: no error, nothing left over, nothing lost."""
    other = open_again()
    stop = threading.Event()
    written: dict[str, int] = {}

    def feed() -> None:
        for round_ in range(12):
            ledger.begin_job(f"j{round_}", "test")
            events: list[Event] = [Product(id=f"p{n}", title=f"{round_ // 2} {n}", version=round_) for n in range(30)]
            events += [Offer(id=f"p{n}", stock=round_, version=round_ + 100) for n in range(30)]
            events += [Delete(id=f"p{n}", version=round_) for n in range(0, 30, 7)]
            ledger.accept(f"j{round_}", events)
            ledger.commit_job(f"j{round_}", {})
        stop.set()

    def work(owner: str) -> None:
        idle = 0
        while idle < 2:
            idle = idle + 1 if stop.is_set() else 0
            for lane in ("offers", "encode_new", "encode"):
                rows = other.claim(lane, owner=owner, limit=11, lease_s=600)
                other.renew(owner, lease_s=600)
                written.update({row.id: row.row_version for row in rows if row.row_version > written.get(row.id, 0)})
                other.finish(owner, [Finished(id=row.id, row_version=row.row_version) for row in rows])
                other.count(written=len(rows))
            other.sweep(attempts=3)

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(feed), pool.submit(work, "a"), pool.submit(work, "b")]:
            future.result()
    counts = ledger.counts()
    assert set(counts.dirty.values()) == {0}
    assert (counts.letters, counts.products + counts.deleted) == (0, 30)
    assert {key: version for key, version in ledger.known(list(written)).items() if version} == written


def _accept_until_killed(url: str, pipe: Pipe) -> None:
    ledger = open_ledger(url, future_s=300)
    ledger.begin_job("j", "test")
    for batch in range(10_000):
        ledger.accept("j", [Product(id=f"{batch}-{n}", title="x", version=1) for n in range(20)])
        pipe.send(batch)


def test_a_killed_feeder_leaves_whole_batches_and_loses_none(ledger: SqlLedger, ledger_url: str) -> None:
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe()
    process = context.Process(target=_accept_until_killed, args=(ledger_url, theirs))
    process.start()
    last = 0
    while last < 5:
        last = mine.recv()
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(30)
    while mine.poll():
        try:
            last = mine.recv()
        except (EOFError, OSError):
            break
    products = ledger.counts().products
    assert products % 20 == 0
    assert products >= 20 * (last + 1)
    assert ledger.accept("j", [Product(id=f"0-{n}", title="x", version=1) for n in range(20)]) == ["unchanged"] * 20


def test_a_forked_child_has_connections_of_its_own(ledger: SqlLedger) -> None:
    fill(ledger, 3)
    child = os.fork()
    if child == 0:
        ledger.count(written=5)
        os._exit(0 if ledger.counts().products == 3 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert ledger.counts().counters["written"] == 5


def test_a_database_that_stays_locked_is_unavailable(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WAIT_S", 0.2)
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db", future_s=300)
    holder = sqlite3.connect(f"{tmp_path}/ledger.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match="locked"):
        ledger.count(written=1)
    assert ledger.counts().products == 0
    holder.execute("ROLLBACK")
    ledger.count(written=1)
    holder.close()
    ledger.close()


@pytest.mark.postgres
def test_transactions_that_deadlock_are_run_again(postgres: PostgresServer) -> None:
    shared = Database(postgres.emptied("bare"))
    shared.write(lambda connection: connection.exec_driver_sql("CREATE TABLE t AS SELECT id, 0 AS n FROM generate_series(1, 2) AS id"))
    both_hold_one = threading.Barrier(2)
    runs: list[int] = []

    def work(first: int, second: int) -> None:
        def add(connection: Connection) -> None:
            connection.exec_driver_sql("SET LOCAL deadlock_timeout = '20ms'")
            connection.exec_driver_sql(f"UPDATE t SET n = n + 1 WHERE id = {first}")
            runs.append(first)
            if runs.count(first) == 1:
                both_hold_one.wait(30)
            connection.exec_driver_sql(f"UPDATE t SET n = n + 1 WHERE id = {second}")

        shared.write(add)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, 1, 2), pool.submit(work, 2, 1)]:
            future.result()
    assert len(runs) > 2
    assert shared.read(lambda connection: connection.exec_driver_sql("SELECT sum(n) FROM t").scalar()) == 4
    shared.close()


@pytest.mark.postgres
def test_the_second_writer_of_an_unknown_product_waits_for_the_first_and_sees_its_row(postgres: PostgresServer) -> None:
    url = postgres.emptied("bare")
    open_ledger(url, future_s=300).close()
    shared = Database(url)
    moment = rows.Moment(arrival=5, now=5, future_s=300)
    written, go_on = threading.Event(), threading.Event()

    def newer(connection: Connection) -> list[Outcome]:
        accepted = rows.accept(connection, [Product(id="p", title="newer", version=2)], moment)
        written.set()
        go_on.wait(30)
        return accepted.outcomes

    def older(connection: Connection) -> list[Outcome]:
        return rows.accept(connection, [Product(id="p", title="older", version=1)], moment).outcomes

    with ThreadPoolExecutor(2) as pool, postgres.connection("bare") as watch:
        first = pool.submit(shared.write, newer)
        written.wait(30)
        second = pool.submit(shared.write, older)
        while not watch.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() and not second.done():
            threading.Event().wait(0.01)
        go_on.set()
        assert (first.result(), second.result()) == ([Outcome.ENCODED], [Outcome.STALE])
    shared.close()


@pytest.mark.postgres
def test_a_lost_connection_is_replaced(postgres: PostgresServer) -> None:
    ledger = open_ledger(postgres.emptied("bare"), future_s=300)
    with postgres.connection() as connection:
        ended = connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'bare'").fetchall()
    assert ended == [(True,)]
    assert ledger.counts().products == 0
    ledger.close()
