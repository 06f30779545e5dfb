"""Vectors of photos alone, on the real engines: an index gets them by an upgrade, keeps them through offers, and searches share by them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.build.reading import build_searcher
from indexer.errors import UnknownField
from indexer.records import Query
from tests.data.catalogue import JSONL, PHOTOS
from tests.live.operate.upgrading import command, invoked
from tests.live.write_path.plant import Plant

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]
ROWS = [json.loads(line) for line in JSONL.read_text(encoding="utf-8").splitlines()]
SHOWN = [row for row in ROWS if row["photos"]]


@pytest.fixture
def plant(stack_env: dict[str, str], tmp_path: Path) -> Iterator[Plant]:
    plant = Plant(stack_env, tmp_path)
    plant.worker().wait_ready()
    yield plant
    plant.close()


def photo_of(row: dict[str, list[str]]) -> Path:
    return PHOTOS.parent / row["photos"][0]


def test_an_index_gets_them_by_an_upgrade_and_no_model_runs(plant: Plant, tmp_path: Path) -> None:
    waited = plant.indexer.wait(plant.indexer.accept(JSONL), timeout_s=120)
    assert (waited.dead, waited.pending) == (0, 0)
    wanted = Query(photo=photo_of(SHOWN[0]).read_bytes(), photo_share=1.0, bound="all", explain=True, per_page=100)
    with build_searcher(plant.settings) as searcher:
        searcher.warm()
        assert searcher.describe().identity.photo_vector is False
        with pytest.raises(UnknownField, match="no vectors of photos alone") as refused:
            searcher.search(wanted)
        assert "upgrade start --config" in refused.value.cure
        counters = plant.indexer.counts().counters
        runs = counters["texts"], counters["photos"]

        plant.env["FUSEDEX_ENCODE__PHOTO_VECTOR"] = "true"
        differs = invoked(plant, "schema", "diff")
        assert (differs.exit_code, "+ photo_vector: only in the file" in differs.stdout) == (1, True)
        del plant.env["FUSEDEX_ENCODE__PHOTO_VECTOR"]
        config = tmp_path / "new.toml"
        config.write_text("[encode]\nphoto_vector = true\n")
        assert command(plant, "start", "--config", str(config), "--switch", "--min-overlap", "0.9")["step"] == "live"
        assert command(plant, "clean", "--yes")["step"] == "done"

        def check() -> None:
            plant.indexer.workshop.store.refresh()
            assert searcher.describe(fresh=True).identity.photo_vector is True
            answer = searcher.search(wanted)
            assert {hit.id for hit in answer.hits} == {row["id"] for row in SHOWN}
            first = answer.hits[0]
            assert photo_of(SHOWN[0]) in [PHOTOS.parent / photo.source for photo in first.product.photos]
            assert [(term.name, term.value) for term in first.terms] == [("photos", first.score)]
            assert first.terms[0].raw == pytest.approx(1.0, abs=1e-3)
            assert [line.figure for line in first.explanation if line.depth == 1] == [first.score]

        check()
        cheaper = [{"id": row["id"], "price": "1.50 EUR"} for row in ROWS]
        assert plant.indexer.wait(plant.indexer.accept(cheaper), timeout_s=60).pending == 0
        check()
    counters = plant.indexer.counts().counters
    assert (counters["texts"], counters["photos"]) == runs  # neither the new vectors nor the new prices
    told = invoked(plant, "search", "running shoes", "--image", str(photo_of(SHOWN[0])), "--photo-share", "0.5", "--json")
    assert told.exit_code == 0, told.stderr
    terms = {term["name"]: term["weight"] for hit in json.loads(told.stdout)["hits"] for term in hit["terms"]}
    assert terms == pytest.approx({"lexical": 0.8, "vector": 0.1, "photos": 0.1})
