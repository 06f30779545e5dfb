from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.nursery import Nursery
from tests.faults.site import Recovery, Site

SEED = 1
RECOVERIES = pytest.StashKey[list[Recovery]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=SEED, help="seed of the events and of the moments at which workers are killed")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[RECOVERIES] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


def pytest_report_header(config: pytest.Config) -> str:
    return f"faults: seed {config.getoption('--seed')}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The time to recover, fault by fault."""
    recoveries = config.stash[RECOVERIES]
    if not recoveries:
        return
    terminalreporter.section(f"time to recover, seed {config.getoption('--seed')}")
    terminalreporter.write_line(f"{'fault':<58} {'next write, s':>13} {'all done, s':>11} {'model runs':>10} {'repeated':>8}")
    for one in sorted(recoveries, key=lambda one: one.fault):
        terminalreporter.write_line(f"{one.fault:<58} {one.first_s:>13.1f} {one.all_s:>11.1f} {one.runs:>10} {one.repeated:>8}")


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--seed"))


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def report(request: pytest.FixtureRequest) -> Callable[[Recovery], None]:
    return request.config.stash[RECOVERIES].append


@pytest.fixture
def site(stack_env: dict[str, str], tmp_path: Path, nursery: Nursery, seed: int, report: Callable[[Recovery], None]) -> Iterator[Site]:
    site = Site(stack_env, tmp_path, nursery=nursery, seed=seed, report=report)
    yield site
    site.close()
