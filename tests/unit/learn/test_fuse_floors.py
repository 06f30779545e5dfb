"""Which cosines of a learned fusion mean something: measured on a tiny shop, kept in its checkpoint, used by a search."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.encode.hashed import HashedText
from indexer.encoders import Encoders, QueryParts
from indexer.errors import ModelError
from indexer.fuse.base import Measured, PartRow
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import load_learned
from indexer.fuse.weighted import WeightedFusion
from indexer.learn.fuse_floors import LEAST, NONSENSE, Floor, floors, measured, pairs
from indexer.learn.fuse_material import Material, prepare
from indexer.learn.fuse_task import FuseSettings
from indexer.learn.fuse_train import CARD, METRICS, FuseHow, Trained, save, train
from indexer.learn.logs import RunLog
from indexer.learn.nonsense import SIDE, nonsense_photos, nonsense_texts
from indexer.learn.rows import RowTable
from indexer.read_path import Searcher
from indexer.records import Answer, Product, Query
from indexer.settings import SearchSettings
from indexer.specs import ModelSpec
from indexer.store.base import Document
from indexer.store.memory import MemoryStore
from tests.unit.learn.fuse_shop import COLOURS, Thumbs, cards, draw, table
from tests.unit.learn.test_fuse_train import LOOP, told

SHOWN = {name: colour for name, colour in COLOURS.items() if name != "grey"}
"""Noise would rightly be grey."""

EACH = 60
"""Photos a colour: enough to put LEAST of them apart."""


class Rough(Thumbs):
    """Sees besides the colours how much they differ within a photo: what is drawn here is of one colour, nonsense of several."""

    def __init__(self) -> None:
        super().__init__()
        self.spec = ModelSpec(name="rough", revision="1", width=29, weights="none", licence="Apache-2.0", origin="a test")

    def run(self, inputs: object) -> list[list[float]]:
        small = [np.asarray(Image.fromarray(photo).resize((6, 6)), dtype=np.float64) / 255 for photo in inputs]  # type: ignore[attr-defined]
        return [[*row, 40 * float(one.std(axis=(0, 1)).mean())] for row, one in zip(super().run(inputs), small, strict=True)]


def learned(material: Material) -> Trained:
    return train(material, (HashedText().spec, Rough().spec), FuseHow(loop=LOOP, task=FuseSettings()), RunLog())


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Material, RowTable, Trained]]:
    folder = tmp_path_factory.mktemp("floors")
    rows = table(folder / "kept", Rough())
    items = [replace(item, queries=(f"{item.id} thing", f"a photo of {item.id}")) for item in cards(folder, each=EACH) if item.id in SHOWN]
    material = prepare(items, rows, views=1, seed=0)
    yield material, rows, learned(material)
    rows.close()


@pytest.fixture(scope="module")
def found(shop: tuple[Material, RowTable, Trained]) -> dict[str, Floor]:
    material, rows, one = shop
    return floors(one.fusion(), material, rows)


@pytest.fixture(scope="module")
def folder(shop: tuple[Material, RowTable, Trained], found: dict[str, Floor], tmp_path_factory: pytest.TempPathFactory) -> Path:
    material, _, one = shop
    out = tmp_path_factory.mktemp("saved") / "fusion"
    save(out, [one], replace(told(material), floors=found))
    return out


def test_by_hand() -> None:
    cosines = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.7]], dtype=np.float32)
    strange = np.array([[0.3, 0.1], [0.0, 0.2]], dtype=np.float32)
    one = measured(cosines, np.array([0.9, 0.8, 0.6]), strange)
    assert one.right == pytest.approx(0.62)
    assert one.nearest == pytest.approx(0.71)
    assert one.nonsense == pytest.approx(0.295)
    assert one.floor == one.right
    assert one.sure == pytest.approx(0.62)  # halfway is 0.5025: never below the floor
    assert one.queries == 3


def test_where_nonsense_is_as_near_as_sense_real_queries_keep_their_answers() -> None:
    one = measured(np.array([[0.2], [0.4]], dtype=np.float32), np.array([0.2, 0.4]), np.array([[0.9]], dtype=np.float32))
    assert one.sure == one.nearest == pytest.approx(0.21)


def test_a_floor_is_not_below_zero() -> None:
    one = measured(np.array([[-0.5]], dtype=np.float32), np.array([-0.5]), np.array([[-0.9]], dtype=np.float32))
    assert (one.floor, one.sure) == (0.0, 0.0)


def test_photos_are_measured_on_those_apart(shop: tuple[Material, RowTable, Trained], found: dict[str, Floor]) -> None:
    material, _, _ = shop
    one = found["photo"]
    assert one.queries == len(material.apart) >= LEAST
    assert 0.5 < one.floor <= one.sure < 1
    assert one.right <= one.nearest


def test_too_few_queries_measure_nothing(shop: tuple[Material, RowTable, Trained], found: dict[str, Floor]) -> None:
    material, rows, one = shop
    assert "text" not in found  # two queries a colour
    few = replace(material, apart=material.apart[: LEAST - 1])
    assert floors(one.fusion(), few, rows) == {}


def test_words_other_than_titles_are_measured_and_never_stricter_than_the_text_encoder(
    shop: tuple[Material, RowTable, Trained], monkeypatch: pytest.MonkeyPatch
) -> None:
    material, rows, one = shop
    many = np.repeat(material.asked_apart, 10)
    asked = replace(material, asked_apart=many)
    free = floors(one.fusion(), asked, rows)["text"]
    assert free.queries == 2 * len(SHOWN) * 10  # the titles are left out
    assert free.floor > 0.05
    monkeypatch.setattr(rows.text, "floor", 0.05)
    monkeypatch.setattr(rows.text, "sure", 0.06)
    capped = floors(one.fusion(), asked, rows)["text"]
    assert (capped.floor, capped.sure) == (0.05, 0.06)


def test_a_products_own_picture_is_no_query(shop: tuple[Material, RowTable, Trained]) -> None:
    material, rows, one = shop
    itself = replace(material, photos=material.photos.copy())
    itself.photos[0][itself.apart] = itself.pictures[0][itself.owner[itself.apart]]
    fusion = one.fusion()
    alone = [fusion.fuse([PartRow("photo", material.pictures[0][item])]) for item in range(len(SHOWN))]
    words = [float(row @ material.own[item]) for item, row in enumerate(alone) if row is not None]
    assert min(words) - 1e-6 <= floors(fusion, itself, rows)["photo"].floor <= max(words) + 1e-6


def test_the_checkpoint_the_metrics_and_the_card_tell_them(folder: Path, found: dict[str, Floor]) -> None:
    spec, _, _ = load_learned(folder)
    assert dict(spec.floors) == pairs(found) == {"photo": (round(found["photo"].floor, 4), round(found["photo"].sure, 4))}
    metrics = json.loads((folder / METRICS).read_text())
    assert metrics["floors"]["photo"]["queries"] == found["photo"].queries
    assert f"| photo | {found['photo'].floor:.3f} |" in (folder / CARD).read_text()


def encoders(folder: Path) -> Encoders:
    text = HashedText()
    return Encoders(text, Rough(), LearnedFusion.load(folder, text_width=text.spec.width))


def test_encoders_take_the_fusions_floors_where_it_has_them(folder: Path, found: dict[str, Floor]) -> None:
    ours = encoders(folder)
    assert isinstance(ours.fusion, Measured)
    assert ours.floors(text=False, photo=True) == pairs(found)["photo"]
    assert ours.floors(text=True, photo=False) == (ours.text.floor, ours.text.sure)
    assert ours.floors(text=True, photo=True) == (0.0, 0.0)  # words have none: the lower one counts


def test_a_checkpoint_without_floors_works_as_before(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    spec = json.loads((folder / "spec.json").read_text())
    del spec["floors"]
    (old / "spec.json").write_text(json.dumps(spec))
    (old / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes())
    ours = encoders(old)
    assert ours.floors(text=False, photo=True) == (0.0, 0.0)
    assert ours.recipe == encoders(folder).recipe  # floors change no vector, so no index is refused
    assert not isinstance(WeightedFusion(title=1, description=0, photo=0, width=8), Measured)


@pytest.mark.parametrize("wrong", [{"photo": [0.5]}, {"photo": [2, 3]}, {"smell": [0.1, 0.2]}, {"photo": ["a", "b"]}])
def test_floors_that_are_none_are_refused(folder: Path, tmp_path: Path, wrong: object) -> None:
    spec = json.loads((folder / "spec.json").read_text()) | {"floors": wrong}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    (tmp_path / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes())
    with pytest.raises(ModelError, match="floors"):
        load_learned(tmp_path)


def png(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(pixels).save(stored, "PNG")
    return stored.getvalue()


@pytest.fixture(scope="module")
def searcher(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    ours, store = encoders(folder), MemoryStore()
    store.ensure(ours.identity("test ledger"))
    for item in cards(tmp_path_factory.mktemp("shown"), each=1):
        if item.id in SHOWN and item.picture is not None:
            title, description = ours.text.encode([item.title, item.description], side="product")
            photo = Rough().encode([np.asarray(Image.open(item.picture))])[0]
            row = ours.fuse([PartRow("title", title), PartRow("description", description), PartRow("photo", photo)])
            store.write([Document(id=item.id, version=1, product=Product(id=item.id, title=item.title), row=row)])
    with Searcher(store, ours, settings=SearchSettings(encode_s=60, timeout_s=60), photo_pixels=1_000_000) as made:
        yield made


def by_photo(searcher: Searcher, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Answer:
    return searcher.search(Query(photo=png(pixels)))


def test_photos_of_something_there_find_it_and_not_the_catalogue(searcher: Searcher, tmp_path: Path) -> None:
    photos = [(name, draw(tmp_path / name / f"{seed}.png", SHOWN[name], seed=10_000 + seed)) for seed in range(10) for name in SHOWN]
    answers = [(name, searcher.search(Query(photo=photo.read_bytes()))) for name, photo in photos]
    assert sum([hit.id for hit in answer.hits] == [name] for name, answer in answers) >= 24  # one of twenty may be lost, by the floor


def test_a_photo_of_nothing_finds_nothing(searcher: Searcher) -> None:
    answers = [by_photo(searcher, pixels) for pixels in nonsense_photos(40, seed=9)]
    empty = sum(answer.total == 0 for answer in answers)
    assert empty >= 24  # noise is grey to these thumbs, so a fifth and more is rightly something
    assert all(answer.boundary.candidates == len(SHOWN) for answer in answers)


def test_nonsense_is_the_same_for_the_same_seed_and_of_several_kinds() -> None:
    one, same, other = (nonsense_photos(10, seed=seed) for seed in (1, 1, 2))
    assert all((a == b).all() for a, b in zip(one, same, strict=True))
    assert any((a != b).any() for a, b in zip(one, other, strict=True))
    assert {photo.shape for photo in one} == {(SIDE, SIDE, 3)}
    assert all(photo.dtype == np.uint8 for photo in one)
    assert nonsense_texts(5, seed=1) == nonsense_texts(5, seed=1) != nonsense_texts(5, seed=2)
    assert len(set(nonsense_texts(NONSENSE, seed=0))) == NONSENSE


def test_queries_of_words_and_a_photo_take_the_lower_floor(folder: Path) -> None:
    ours = encoders(folder)
    row = ours.query_row(QueryParts(text="red shirt", photo=np.full((24, 20, 3), SHOWN["red"], dtype=np.uint8)))
    assert row is not None
    both, words = ours.floors(text=True, photo=True), ours.floors(text=True, photo=False)
    assert both[0] <= words[0]
