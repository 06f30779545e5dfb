"""A real PostgreSQL for the tests: a cluster in a folder of its own, on a socket of its own, ended with the tests."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB", "max_connections=200", "autovacuum=off")


def server_programs() -> Path | None:
    """The folder of initdb and postgres: the newest of Debian's, or wherever the path has them; None without them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class PostgresServer:
    """A running cluster."""

    def __init__(self, folder: Path, user: str) -> None:
        self.folder = folder
        self.user = user

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.user}@/{database}?host={self.folder}"

    def emptied(self, database: str, *, tables_stay: bool = False) -> str:
        """The URL of that database, made if need be, without tables, or with empty ones. A new database a test would cost 8 MB each."""
        with self.connection() as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
                connection.execute(f"CREATE DATABASE {database}".encode())
        with self.connection(database) as connection:
            tables = ", ".join(str(row[0]) for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
            if not tables_stay:
                connection.execute("DROP SCHEMA public CASCADE")
                connection.execute("CREATE SCHEMA public")
            elif tables:
                kept = [name for name in tables.split(", ") if not name.endswith("_schema")]
                connection.execute(f"TRUNCATE {', '.join(kept)}".encode())
        return self.url(database)

    def connection(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        # a test that left a lock behind fails the next one, instead of hanging it
        options = "'-c lock_timeout=10s'"
        return psycopg.connect(
            f"host={self.folder} user={self.user} dbname={database} connect_timeout=5 options={options}", autocommit=True
        )


@contextmanager
def postgres_server(programs: Path) -> Iterator[PostgresServer]:
    """Start a cluster under another user where we are root, whom PostgreSQL refuses; stop and delete it at the end."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="fusedex-postgres-"))
    account = pwd.getpwnam(user)
    try:
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        data = folder / "data"
        initdb = [programs / "initdb", "-D", data, "-U", user, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **as_user)  # type: ignore[call-overload]  # keywords by name
        settings = [word for setting in FAST for word in ("-c", setting)]
        command = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *settings]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user)  # type: ignore[call-overload]  # the same
        try:
            server = PostgresServer(folder, user)
            _wait(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # immediate shutdown: nothing of it is kept
            process.wait(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    names = {account.pw_name for account in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _wait(server: PostgresServer, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if process.poll() is not None:
            break
        try:
            server.connection().close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError((server.folder / "log").read_text(errors="replace"))
