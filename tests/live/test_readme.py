"""The README's Python runs as it stands, against real engines and a real worker."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live.write_path.plant import ROOT, Plant

pytestmark = pytest.mark.live


def test_the_lines_of_the_readme_work(stack_env: dict[str, str], tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    plant = Plant(stack_env, tmp_path)
    try:
        plant.worker().wait_ready()
        script = tmp_path / "readme.py"
        script.write_text(block)
        done = subprocess.run(
            [sys.executable, str(script)], env=plant.env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
        )
    finally:
        plant.close()
    assert done.returncode == 0, done.stderr
    assert "Running shoes" in done.stdout
