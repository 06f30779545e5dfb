"""Each kind of encoder that takes a folder, from the feed through the queue to the answer."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from indexer.build.reading import build_searcher
from indexer.cli import make_app
from indexer.encode.image import ImageEncoder
from indexer.encode.timm_image import Backbone, BackboneFiles
from indexer.encode.transformer import minilm
from indexer.records import Query
from tests.data.catalogue import JSONL, PHOTOS
from tests.data.models import hub_cache, tiny_dual, tiny_timm
from tests.live.write_path.plant import Plant

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
REVISION = "0123456789abcdef0123456789abcdef01234567"
Told = Mapping[str, str]


def transformer(folder: Path) -> Told:
    """The real MiniLM, as a hub's cache would hold it."""
    hub_cache(folder, "sentence/minilm", REVISION, [file for file in minilm().path.iterdir() if file.is_file()])
    return {
        "TEXT": "transformer",
        "TEXT_MODEL": "sentence/minilm",
        "TEXT_REVISION": REVISION,
        "HUB_CACHE": str(folder),
        "TEXT_POOLING": "mean",
        "PHOTO": "bridge",
    }


def dual(folder: Path) -> Told:
    """Two towers with random weights: they find the very photo again, and words by BM25."""
    return {"TEXT": "dual", "TEXT_FOLDER": str(tiny_dual(folder / "siglip", "siglip")), "PHOTO": "dual"}


def image(folder: Path) -> Told:
    """A CNN with random weights behind a random projection to the texts' 64 numbers; the rows are of photos alone."""
    from safetensors.numpy import save

    network = tiny_timm(folder / "resnet", "resnet10t", {"input_size": [3, 64, 64]})
    plain = ImageEncoder(Backbone(BackboneFiles(path=network), device="cpu"))
    content = save({"weight": np.random.default_rng(2).normal(size=(64, plain.spec.width)).astype(np.float32)})
    (folder / "p").mkdir()
    (folder / "p" / "projection.safetensors").write_bytes(content)
    told = {"name": "p", "sha256": hashlib.sha256(content).hexdigest(), "input": plain.spec.digest, "licence": "MIT", "origin": "a test"}
    (folder / "p" / "spec.json").write_text(json.dumps(told))
    weights = {"TITLE_WEIGHT": "0", "DESCRIPTION_WEIGHT": "0"}
    return {"TEXT": "hashed", "PHOTO": "image", "PHOTO_FOLDER": str(network), "PROJECTION_FOLDER": str(folder / "p"), **weights}


def onnx(folder: Path) -> Told:
    """The real MiniLM in numbers of eight bits, as the command writes it."""
    words = ["model", "shrink", "minilm", "--to", "int8", "--out", str(folder / "int8"), "--texts", str(JSONL), "--json"]
    made = CliRunner().invoke(make_app("model"), words, env={"FUSEDEX_HOME": str(folder / "home"), "FUSEDEX_ENCODE__DEVICE": "cpu"})
    assert made.exit_code == 0, made.output
    told = json.loads(made.stdout)
    print(f"MiniLM in eight bits: cosine {told['mean_cosine']:.4f} on average, {told['least_cosine']:.4f} at the least")
    assert told["mean_cosine"] > 0.9
    assert told["bytes"] < 0.3 * told["bytes_before"]
    return {"TEXT": "onnx", "TEXT_FOLDER": str(folder / "int8"), "PHOTO": "bridge"}


KINDS: list[tuple[Callable[[Path], Told], int]] = [(transformer, 384), (dual, 32), (image, 64), (onnx, 384)]


@pytest.mark.parametrize(("make", "width"), KINDS, ids=[make.__name__ for make, _ in KINDS])
def test_a_kind_indexes_and_searches(make: Callable[[Path], Told], width: int, stack_env: dict[str, str], tmp_path: Path) -> None:
    told = {f"FUSEDEX_ENCODE__{name}": value for name, value in make(tmp_path).items()}
    plant = Plant(stack_env | told, tmp_path)
    try:
        plant.worker().wait_ready()
        waited = plant.indexer.wait(plant.indexer.accept(JSONL), timeout_s=300)
        assert (waited.dead, waited.pending) == (0, 0)
        settings = plant.settings.model_copy(
            update={"search": plant.settings.search.model_copy(update={"encode_s": 120, "timeout_s": 240})}
        )
        with build_searcher(settings) as searcher:
            searcher.warm()
            assert searcher.describe().identity.width == width
            shoes = searcher.search("running shoes")
            assert "running shoes" in shoes.hits[0].product.title.lower()
            photo = photo_of(shoes.hits[0].id)
            by_photo = searcher.search(Query(photo=photo.read_bytes()))
            assert shoes.hits[0].id in [hit.id for hit in by_photo.hits[:10]]
            both = searcher.search(Query(text="running shoes", photo=photo.read_bytes()), filters=["price<1000"])
            assert "running shoes" in both.hits[0].product.title.lower()
    finally:
        plant.close()


def photo_of(product: str) -> Path:
    rows = {row["id"]: row for row in map(json.loads, JSONL.read_text(encoding="utf-8").splitlines())}
    return PHOTOS.parent / str(rows[product]["photos"][0])
