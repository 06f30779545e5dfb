import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

SCRIPT = ROOT / "deploy" / "certs.py"


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make certs` makes, once a session."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    subprocess.run([sys.executable, str(SCRIPT), "--folder", str(folder), "--host", "search.example"], check=True, capture_output=True)
    return folder
