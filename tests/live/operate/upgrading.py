"""The upgrade's commands as tests give them."""

import json
from typing import Any

from typer.testing import CliRunner, Result

from indexer.cli import make_app
from tests.live.write_path.plant import Plant, environment


def invoked(plant: Plant, *words: str) -> Result:
    """The command in this process, under the plant's settings."""
    with environment(plant.env):
        return CliRunner().invoke(make_app(words[0]), list(words))


def command(plant: Plant, *words: str, code: int = 0) -> dict[str, Any]:
    """What `fusedex upgrade` with these words tells."""
    done = invoked(plant, "upgrade", *words, "--json")
    assert done.exit_code == code, (done.stderr[-2000:], done.stdout, done.exception)
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
