from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.nursery import Nursery
from tests.faults.site import Recovery, Site
from tests.live.write_path.plant import Plant

SEED = 1


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env, tmp_path)
    yield plant
    plant.close()


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def site(stack_env: dict[str, str], tmp_path: Path, nursery: Nursery) -> Iterator[Site]:
    def shown(recovery: Recovery) -> None:
        print(f"{recovery.fault}: written again after {recovery.first_s:.1f} s, all done after {recovery.all_s:.1f} s")

    site = Site(stack_env, tmp_path, nursery=nursery, seed=SEED, report=shown)
    yield site
    site.close()
