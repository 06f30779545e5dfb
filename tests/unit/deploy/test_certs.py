"""`make certs`: what it makes fits what reads it, and it replaces nothing unasked."""

import ctypes
import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import yaml  # type: ignore[import-untyped]  # its stubs are a package of their own
from pydantic import SecretStr

from indexer.errors import SettingsError, StoreError
from indexer.settings import Settings
from indexer.store.client import make_async_client, make_client, our_errors
from tests.broker_server import broker_server
from tests.house.source import ROOT
from tests.postgres_server import PostgresServer
from tests.unit.deploy.conftest import SCRIPT


def openssl(*words: str | Path) -> str:
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, check=True).stdout


def password_of(made: Path, part: str, engine: str) -> str:
    found = re.search(rf'^{engine}_url = "\S+://[^:/]+:([^@]+)@', (made / f"{part}.toml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_all_that_the_fleet_mounts_is_made(made: Path) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert {Path(secret["file"]).name for secret in compose["secrets"].values()} <= {file.name for file in made.iterdir()}
    assert {str(Path(secret["file"]).parent) for secret in compose["secrets"].values()} == {"deploy/secrets"}


def test_the_folder_is_its_owners_and_its_files_can_be_mounted_for_other_users(made: Path) -> None:
    assert made.stat().st_mode & 0o777 == 0o700
    private = {file.name for file in made.iterdir() if file.stat().st_mode & 0o777 == 0o600}
    assert private == {"ca.key", "admin.key"}
    assert {file.stat().st_mode & 0o777 for file in made.iterdir() if file.name not in private} == {0o444}


def test_certificates_are_of_our_authority_and_for_the_right_names(made: Path) -> None:
    for name in ("opensearch", "admin"):
        assert "OK" in openssl("verify", "-CAfile", made / "ca.pem", made / f"{name}.pem")
        assert "BEGIN PRIVATE KEY" in (made / f"{name}.key").read_text()  # PKCS 8
    told = openssl("x509", "-in", made / "opensearch.pem", "-noout", "-text")
    assert "DNS:opensearch, DNS:localhost, IP Address:127.0.0.1, DNS:search.example" in told
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in told
    settings = (ROOT / "deploy" / "opensearch" / "opensearch.yml").read_text()
    for name in ("opensearch", "admin"):
        subject = openssl("x509", "-in", made / f"{name}.pem", "-noout", "-subject", "-nameopt", "RFC2253").strip()
        assert f'"{subject.removeprefix("subject=")}"' in settings


def test_the_settings_of_each_part_load_and_name_its_own_user(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users: dict[str, set[str | None]] = {}
    for part in ("worker", "accept", "service", "operator"):
        monkeypatch.setenv("FUSEDEX_CONFIG", str(made / f"{part}.toml"))
        settings = Settings.load()
        given = [settings.opensearch_url, settings.broker_url, settings.ledger_url, settings.vectors_url]
        users[part] = {urlsplit(one.get_secret_value()).username for one in given if one is not None}
        assert settings.opensearch_url is not None
        assert settings.opensearch_url.get_secret_value().endswith("@opensearch:9200?ca=/run/secrets/ca.pem") or part == "accept"
    assert users == {
        "worker": {"fusedex-worker", "worker", "ledger", "vectors"},
        "accept": {None, "worker", "ledger"},
        "service": {"fusedex-service", None},
        "operator": {"fusedex-operator", "worker", "ledger", "vectors"},
    }


def test_opensearch_knows_each_user_by_its_password(made: Path) -> None:
    users = yaml.safe_load((made / "internal_users.yml").read_text())
    assert users.pop("_meta") == {"type": "internalusers", "config_version": 2}
    assert users.keys() == {"fusedex-worker", "fusedex-service", "fusedex-operator", "fusedex-probe"}
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    for part in ("worker", "service", "operator"):
        stored = users[f"fusedex-{part}"]["hash"]
        assert re.fullmatch(r"\$2y\$12\$[./A-Za-z0-9]{53}", stored)
        assert library.crypt(password_of(made, part, "opensearch").encode(), stored.encode()).decode() == stored
        assert library.crypt(b"another", stored.encode()).decode() != stored
    assert (made / "probe.netrc").read_text().startswith("machine localhost login fusedex-probe password ")


def test_no_password_is_used_twice_or_kept_in_the_clear_by_an_engine(made: Path) -> None:
    passwords = [password_of(made, part, "opensearch") for part in ("worker", "service", "operator")]
    passwords += [password_of(made, "worker", engine) for engine in ("broker", "ledger", "vectors")]
    passwords += [(made / "postgres-superuser").read_text().strip()]
    assert len(set(passwords)) == 7
    assert min(map(len, passwords)) >= 32
    kept = (made / "users.acl").read_text() + (made / "internal_users.yml").read_text()
    assert not [password for password in passwords if password in kept]


def test_the_broker_takes_its_users(made: Path, tmp_path: Path) -> None:
    acl = (made / "users.acl").read_text()
    assert "sha256-of" not in acl
    with broker_server("valkey", tmp_path / "broker", acl=acl) as server:
        for user, url in (("worker", password_of(made, "worker", "broker")), ("sender", (made / "sender-broker-url").read_text())):
            password = urlsplit(url.strip()).password or url
            with redis.Redis.from_url(server.url_of(user, password)) as client:
                assert client.ping()
                with pytest.raises(redis.exceptions.NoPermissionError, match=user):
                    client.acl_whoami()
            with redis.Redis.from_url(server.url_of(user, "wrong")) as client, pytest.raises(redis.AuthenticationError):
                client.ping()
        assert hashlib.sha256(password_of(made, "worker", "broker").encode()).hexdigest() in acl


def test_what_is_there_is_left_unless_told(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "worker.toml").write_text("mine")
    refused = subprocess.run(
        [sys.executable, str(SCRIPT), "--folder", str(folder)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "left as it is" in refused.stderr
    assert [file.name for file in folder.iterdir()] == ["worker.toml"]
    told = subprocess.run([sys.executable, str(SCRIPT), "--folder", str(folder), "--yes"], capture_output=True, text=True, check=True)
    assert (folder / "worker.toml").read_text() != "mine"
    secret = password_of(folder, "worker", "broker")
    assert secret != password_of(made, "worker", "broker")
    assert secret not in told.stdout + told.stderr
    assert {file.name for file in folder.iterdir()} == {file.name for file in made.iterdir()}


def test_without_openssl_it_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--folder", str(tmp_path / "s")], env={"PATH": ""}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "openssl is missing" in done.stderr
    assert not (tmp_path / "s").exists()


class Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"who": self.headers["authorization"]}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        pass


class Quiet(HTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:  # clients that hang up are the point
        pass


@pytest.fixture
def secured(made: Path) -> Iterator[int]:
    """A server with the certificate that `make certs` made; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made / "opensearch.pem", made / "opensearch.key")
    server = Quiet(("127.0.0.1", 0), Answering)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_client_trusts_the_authority_that_the_address_names(made: Path, secured: int) -> None:
    client = make_client(SecretStr(f"https://me:secret@localhost:{secured}?ca={made / 'ca.pem'}"), timeout_s=5)
    assert client.transport.perform_request("GET", "/")["who"].startswith("Basic ")
    client.close()


async def test_the_asynchronous_client_does_too(made: Path, secured: int) -> None:
    client = make_async_client(SecretStr(f"https://me:secret@localhost:{secured}?ca={made / 'ca.pem'}"), timeout_s=5)
    try:
        assert (await client.transport.perform_request("GET", "/"))["who"].startswith("Basic ")
    finally:
        await client.close()


def test_the_client_trusts_nobody_else(secured: int) -> None:
    client = make_client(SecretStr(f"https://me:secret@localhost:{secured}"), timeout_s=5)
    with pytest.raises(StoreError, match="secured") as caught, our_errors("shop"):
        client.transport.perform_request("GET", "/")
    assert "?ca=" in caught.value.cure
    client.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://me:secret@h:1?ca=/no/such/file",
        "http://me:secret@h:1?ca=/etc/hostname",
        "https://me:secret@h:1?verify=no",
        "https://me:secret@h:1?ca=",
    ],
)
def test_an_address_with_a_wrong_option_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        make_client(SecretStr(url))
    assert "secret" not in str(caught.value)


def test_the_server_of_this_test_is_really_secured(secured: int) -> None:
    with socket.create_connection(("127.0.0.1", secured), timeout=5) as plain, suppress(ConnectionError):
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"200 OK" not in plain.recv(1000)


@pytest.mark.postgres
def test_the_databases_are_made_apart(postgres: PostgresServer, made: Path, tmp_path: Path) -> None:
    import psycopg

    file = tmp_path / "databases.sql"
    file.write_text((ROOT / "deploy" / "postgres" / "databases.sql").read_text().replace("/run/secrets", str(made)))
    with postgres.connection() as root:
        target = f"host={postgres.folder} user={postgres.user} dbname=postgres"
        try:
            subprocess.run(["psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--file", str(file), target], check=True)
            kept = root.execute("SELECT rolname, rolpassword FROM pg_authid WHERE rolname IN ('ledger', 'vectors')").fetchall()
            assert {name for name, digest in kept if str(digest).startswith("SCRAM-SHA-256$")} == {"ledger", "vectors"}
            for own, other in (("ledger", "vectors"), ("vectors", "ledger")):
                mine = f"host={postgres.folder} user={own} dbname="
                with psycopg.connect(mine + own) as theirs:
                    theirs.execute("CREATE TABLE t (id text)")
                for closed in (other, "postgres"):
                    with pytest.raises(psycopg.OperationalError, match="permission denied"):
                        psycopg.connect(mine + closed)
                with psycopg.connect(mine + own) as theirs, pytest.raises(psycopg.errors.InsufficientPrivilege):
                    theirs.execute("CREATE ROLE more")
        finally:
            for name in ("ledger", "vectors"):
                root.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
                root.execute(f"DROP ROLE IF EXISTS {name}".encode())
            root.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")
