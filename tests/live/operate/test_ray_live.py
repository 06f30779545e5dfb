"""A backfill by a real Ray on this machine, over the real engine: the same documents as the workers', and none written twice."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from indexer.encode.hashed import HashedText
from indexer.fuse.checkpoint import CheckpointSpec, save_checkpoint
from tests.live.operate.upgrading import command
from tests.live.write_path.plant import Plant, until

pytestmark = [pytest.mark.live, pytest.mark.timeout(420)]

PRODUCTS = 60


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env | {"FUSEDEX_ENCODE__PHOTO": "none", "OMP_NUM_THREADS": "1"}, tmp_path)
    yield plant
    plant.close()


def documents(plant: Plant, index: str) -> dict[str, tuple[int, dict[str, Any]]]:
    """All documents of one index, each with its version."""
    address = f"{plant.env['FUSEDEX_OPENSEARCH_URL'].rstrip('/')}/{index}"
    urllib.request.urlopen(urllib.request.Request(f"{address}/_refresh", method="POST"), timeout=30).close()
    with urllib.request.urlopen(f"{address}/_search?size=1000&version=true", timeout=30) as answer:
        return {hit["_id"]: (hit["_version"], hit["_source"]) for hit in json.load(answer)["hits"]["hits"]}


def config(folder: Path) -> Path:
    """A plain fusion of another width, and a file that names it."""
    width = HashedText().spec.width
    spec = CheckpointSpec(
        name="tiny", revision="1", licence="none", origin="a test", text_width=width, photo_width=width, width=32, missing="zeros"
    )
    weight = np.random.default_rng(0).normal(size=(32, spec.inputs)).astype(np.float32)
    save_checkpoint(folder / "fusion", spec, ((weight, np.zeros(32, dtype=np.float32)),))
    file = folder / "new.toml"
    file.write_text(f'[encode]\nfusion = "mlp"\nfusion_folder = "{folder / "fusion"}"\n')
    return file


def test_ray_fills_what_workers_would(plant: Plant, tmp_path: Path) -> None:
    worker = plant.worker().wait_ready()
    rows: list[dict[str, object]] = [{"id": f"p{n:03}", "title": f"chair {n} of oak", "stock": n} for n in range(PRODUCTS)]
    assert plant.indexer.wait(plant.indexer.accept(rows), timeout_s=120).pending == 0
    gone = [{"id": "p007", "deleted": True}]
    assert plant.indexer.wait(plant.indexer.accept(gone), timeout_s=60).pending == 0
    worker.terminate()  # from here on nobody but Ray fills anything
    told = command(plant, "start", "--config", str(config(tmp_path)), "--timeout", "0", code=3)
    assert (told["step"], told["left"]) == ("building", PRODUCTS)
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    words = ("-m", "indexer", "upgrade", "fill", "--actors", "1", "--window", "25", "--json")
    first = plant.worker(*words)
    assert first.process.wait(timeout=300) == 0, first.log.read_text()
    filled = json.loads(first.log.read_text().splitlines()[-1])
    assert filled == {"rows": PRODUCTS, "written": PRODUCTS, "newer": 0, "left": 0}
    by_ray = documents(plant, told["new_index"])
    assert {id_: version for id_, (version, _) in by_ray.items()} == dict(plant.indexer.ledger.known([str(row["id"]) for row in rows]))
    until(lambda: {process.pid for process in psutil.Process().children(recursive=True)} <= before)  # no process is left
    assert command(plant, "resume", "--min-overlap", "0")["step"] == "ready"  # nothing to wait for: no worker runs
    # and workers make the same documents of the same rows
    assert command(plant, "clean", "--yes")["step"] == "dropped"
    plant.worker().wait_ready()
    told = command(plant, "start", "--config", str(tmp_path / "new.toml"), "--min-overlap", "0")
    assert told["step"] == "ready"
    by_workers = documents(plant, told["new_index"])
    assert by_workers == by_ray
