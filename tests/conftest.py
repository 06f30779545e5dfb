"""What several kinds of test share: one embedded stack a session, and an environment of its own for each test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from indexer.embedded.stack import Endpoints, Stack
from tests.postgres_server import PostgresServer, postgres_server, server_programs

OURS = "FUSEDEX_"

# Times are printed, never asserted: a slow machine is no failure. All else stays as Hypothesis (and its profile for CI) has it.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

_KEPT = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(OURS) and name != "FUSEDEX_TEST_DATA"}
    for name in kept:
        del os.environ[name]
    config.stash[_KEPT] = kept


def pytest_unconfigure(config: pytest.Config) -> None:
    kept = config.stash[_KEPT]
    os.environ.update(kept)


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """A command that runs in process sends logs to the standard error of its test, which is closed when that ends."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A real OpenSearch and a real broker, started once and stopped at the end."""
    engines = Stack(tmp_path_factory.mktemp("home"), heap_mb=768)
    try:
        yield engines.up(workers=False)
    finally:
        engines.down()
        engines.reset()


@pytest.fixture(scope="session")
def opensearch_url(stack: Endpoints) -> str:
    return stack.opensearch_url


@pytest.fixture
def stack_env(stack: Endpoints, tmp_path: Path) -> dict[str, str]:
    """FUSEDEX_* for one test: the session's engines, a ledger, an alias and a broker without messages of its own; hashed encoders."""
    import redis

    with redis.Redis.from_url(stack.broker_url) as broker:
        broker.flushall()
    return {
        "FUSEDEX_HOME": str(tmp_path / "home"),
        "FUSEDEX_OPENSEARCH_URL": stack.opensearch_url,
        "FUSEDEX_BROKER_URL": stack.broker_url,
        "FUSEDEX_LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.sqlite'}",
        "FUSEDEX_VECTORS_URL": f"sqlite:///{tmp_path / 'vectors.sqlite'}",
        "FUSEDEX_INDEX__ALIAS": f"t-{uuid.uuid4().hex[:12]}",
        "FUSEDEX_ENCODE__TEXT": "hashed",
        "FUSEDEX_ENCODE__PHOTO": "hashed",
        "FUSEDEX_LOG": "json",
    }


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    programs = server_programs()
    if programs is None:
        missing = "PostgreSQL's server programs are missing (Debian: apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with postgres_server(programs) as server:
        yield server


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of data that is not ours; its tests are skipped at home, and fail in CI."""
    folder = os.environ.get("FUSEDEX_TEST_DATA")
    if folder and Path(folder).is_dir():
        return Path(folder)
    if os.environ.get("CI") == "true":
        pytest.fail("CI must set FUSEDEX_TEST_DATA")
    pytest.skip("FUSEDEX_TEST_DATA is not set")
