from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.operate.depot import Depot


@pytest.fixture
def depot(tmp_path: Path) -> Iterator[Depot]:
    depot = Depot(tmp_path)
    yield depot
    depot.close()
