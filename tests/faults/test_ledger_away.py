"""The ledger's database stopped, killed or locked: nobody can claim, nothing is lost, and work goes on when it is back."""

import os
import pwd
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.faults.nursery import Nursery
from tests.faults.site import Recovery, Site
from tests.live.write_path.plant import until
from tests.postgres_server import FAST, PostgresServer, postgres_server, server_programs

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

AWAY_S = 4.0


def test_sqlite_locked_by_another_process(site: Site) -> None:
    """For longer than a lease, and than a worker waits here: leases run out, renewals and finishes fail."""
    for _ in range(2):
        site.birth(wait_s=1).wait_ready()
    site.feed(site.truth.first(200))
    until(lambda: site.written() > 0)
    file = site.env["FUSEDEX_LEDGER_URL"].removeprefix("sqlite:///")
    lock = sqlite3.connect(file, isolation_level=None, timeout=30)
    lock.execute("BEGIN IMMEDIATE")
    feeder = threading.Thread(target=site.feed, args=(site.truth.mixed(80),))
    feeder.start()
    time.sleep(AWAY_S)
    with site.recovery("SQLite locked by another process"):
        lock.execute("ROLLBACK")
        lock.close()
        feeder.join()
    assert all(one.alive for one in site.born)
    site.check()


class Cluster:
    """A PostgreSQL that is stopped and started again."""

    def __init__(self, server: PostgresServer, programs: Path) -> None:
        self.server = server
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _data(self) -> Path:
        return self.server.folder / "data"

    def kill(self) -> None:
        """At once, as a crash would: what it acknowledged is in its log, the rest is gone."""
        pid = int((self._data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        until(lambda: not (self._data / "postmaster.pid").exists())
        if self._process is not None:
            self._process.wait(timeout=30)

    def start(self) -> None:
        account = pwd.getpwnam(self.server.user)
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        # what is committed must outlive a crash here; the other settings only give up power cuts
        settings = [word for setting in FAST if not setting.startswith("synchronous_commit") for word in ("-c", setting)]
        command = [self._programs / "postgres", "-D", self._data, "-k", self.server.folder, "-c", "listen_addresses=", *settings]
        with (self.server.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.server.folder, **as_user)  # type: ignore[call-overload]  # keywords by name
        until(self._answers)

    def close(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            self.server.connection().close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture
def cluster(postgres: PostgresServer) -> Iterator[Cluster]:
    """One of its own: the session's serves others (which also says whether there is one at all)."""
    programs = server_programs()
    assert programs is not None
    with postgres_server(programs) as server:
        cluster = Cluster(server, programs)
        cluster.kill()
        cluster.start()
        yield cluster
        cluster.close()


@pytest.mark.postgres
def test_postgresql_stopped_and_started(
    cluster: Cluster, stack_env: dict[str, str], tmp_path: Path, nursery: Nursery, seed: int, report: Callable[[Recovery], None]
) -> None:
    urls = {"FUSEDEX_LEDGER_URL": cluster.server.emptied("fault_ledger"), "FUSEDEX_VECTORS_URL": cluster.server.emptied("fault_vectors")}
    site = Site(stack_env | urls, tmp_path, nursery=nursery, seed=seed, report=report)
    try:
        for _ in range(2):
            site.birth().wait_ready()
        site.feed(site.truth.first(200))
        for _ in range(2):
            feeder = threading.Thread(target=site.feed, args=(site.truth.mixed(100),))
            feeder.start()
            cluster.kill()
            time.sleep(AWAY_S)
            cluster.start()
            feeder.join()
        with site.recovery("PostgreSQL stopped at once and started, twice"):
            pass
        assert all(one.alive for one in site.born)
        site.check()
    finally:
        site.close()
