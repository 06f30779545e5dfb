"""Two worker processes over one PostgreSQL, as a fleet has them; one is killed in mid-feed."""

from pathlib import Path

import pytest

from tests.live.write_path.plant import Plant, until
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.live, pytest.mark.postgres]
PRODUCTS = 400


def test_a_fleet_loses_nothing_and_writes_nothing_twice(postgres: PostgresServer, stack_env: dict[str, str], tmp_path: Path) -> None:
    databases = {"FUSEDEX_LEDGER_URL": postgres.emptied("fleet_ledger"), "FUSEDEX_VECTORS_URL": postgres.emptied("fleet_vectors")}
    plant = Plant(stack_env | databases, tmp_path)
    try:
        doomed, other = plant.worker().wait_ready(), plant.worker().wait_ready()
        rows = [{"id": f"f{number}", "title": f"Folding chair number {number}", "stock": number} for number in range(PRODUCTS)]
        job = plant.indexer.accept(rows)
        until(lambda: 0 < plant.indexer.ledger.pending(job) < PRODUCTS)
        doomed.kill()
        waited = plant.indexer.wait(job, timeout_s=120)
        assert (waited.dead, waited.pending) == (0, 0)
        plant.check_all_there_once([str(row["id"]) for row in rows])
        cheaper = plant.indexer.accept([{"id": "f7", "stock": 0}])
        assert cheaper.counts["offer_only"] == 1
        assert plant.indexer.wait(cheaper, timeout_s=60).pending == 0
        assert other.terminate() == 0
    finally:
        plant.close()
