from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.write_path.plant import Plant


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env, tmp_path)
    yield plant
    plant.close()
