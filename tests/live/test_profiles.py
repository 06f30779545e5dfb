"""Both embedded profiles, with their real weights: 512 and 384 numbers a row, from the feed to the answer."""

import json
from pathlib import Path

import pytest

from indexer.build.reading import build_searcher
from indexer.errors import EncoderMismatch
from indexer.records import Query
from tests.data.catalogue import JSONL, PHOTOS
from tests.live.write_path.plant import Plant

pytestmark = pytest.mark.live
PROFILES = {"sentence": 512, "minilm": 384}


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_indexes_and_searches(profile: str, stack_env: dict[str, str], tmp_path: Path) -> None:
    plant = Plant(stack_env | {"FUSEDEX_ENCODE__TEXT": profile, "FUSEDEX_ENCODE__PHOTO": "bridge"}, tmp_path)
    try:
        plant.worker().wait_ready()
        job = plant.indexer.accept(JSONL)
        waited = plant.indexer.wait(job, timeout_s=180)
        assert (waited.dead, waited.pending) == (0, 0)
        with build_searcher(plant.settings) as searcher:
            searcher.warm()
            assert searcher.describe().identity.width == PROFILES[profile]
            shoes = searcher.search("running shoes")
            assert "running shoes" in shoes.hits[0].product.title.lower()
            assert abs(sum(term.value for term in shoes.hits[0].terms) - shoes.hits[0].score) < 1e-9
            photo = photo_of(shoes.hits[0].id)
            by_photo = searcher.search(Query(photo=photo.read_bytes()))
            assert shoes.hits[0].id in [hit.id for hit in by_photo.hits[:5]]
            both = searcher.search(Query(text="running shoes", photo=photo.read_bytes()), filters=["price<1000"])
            assert both.hits[0].id == shoes.hits[0].id
        other = plant.settings.model_copy(update={"encode": plant.settings.encode.model_copy(update={"text": "hashed", "photo": "hashed"})})
        with build_searcher(other) as wrong, pytest.raises(EncoderMismatch, match="text"):
            wrong.search("running shoes")
    finally:
        plant.close()


def photo_of(product: str) -> Path:
    rows = {row["id"]: row for row in map(json.loads, JSONL.read_text().splitlines())}
    return PHOTOS.parent / str(rows[product]["photos"][0])
