"""A trained tagger: on disk, loaded, at work on titles, queries and products."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import BadDigest, LearningError, ModelError, ModelUnavailable, WidthMismatch
from indexer.learn.logs import RunLog
from indexer.learn.rows import PhotoTable
from indexer.learn.settings import LoopSettings
from indexer.learn.tag_card import card_text
from indexer.learn.tag_checkpoint import SPEC, WEIGHTS, data_digest, load_tagger, save_tagger
from indexer.learn.tag_task import TagSettings
from indexer.learn.tag_train import TagHow, Training, Tried, catalogue_of
from indexer.learn.tagger import Filled, Tagger, with_filled
from indexer.query.entities import EntityReader, suggested_filters
from indexer.records import Filter, Product
from tests.unit.learn.tag_bert import MeanColour, tiny_bert, weights, with_photos
from tests.unit.learn.tag_shop import examples, shop

FILES = {"card.md", "curves.png", "lexicon.json", "metrics.json", "report.png", "spec.json", "tokenizer.json", "weights.safetensors"}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Training, Tried]:
    """A shop with photos, learned; shared by the tests here, which leave it alone."""
    home = tmp_path_factory.mktemp("trained")
    how = TagHow(
        start=tiny_bert(home / "bert"),
        loop=LoopSettings(epochs=8, batch=8, learning_rate=3e-3),
        task=TagSettings(tokens=32, heads=2.0, withhold=0.5),
    )
    with closing(PhotoTable(MeanColour(), home / "rows")) as table:
        catalogue = catalogue_of(with_photos(shop(), home / "photos"), table=table)
    training = Training(catalogue, how)
    return training, training.run(RunLog())


@pytest.fixture(scope="module")
def folder(trained: tuple[Training, Tried], tmp_path_factory: pytest.TempPathFactory) -> Path:
    training, tried = trained
    out = tmp_path_factory.mktemp("out") / "tagger"
    training.save(out, tried)
    return out


@pytest.fixture(scope="module")
def tagger(folder: Path) -> Tagger:
    return Tagger.load(folder)


def test_a_report_stands_beside_the_dictionarys(trained: tuple[Training, Tried]) -> None:
    _, tried = trained
    assert tried.before.micro.f1 > 0.9  # every word of so small a shop was seen
    assert tried.after.micro.f1 > 0.9
    assert tried.without_photos is not None
    assert tried.without_photos.micro.support == tried.after.micro.support
    assert len(tried.history) == 8


def test_photos_help_where_the_word_is_withheld(trained: tuple[Training, Tried]) -> None:
    with_photo, without = trained[1].values["colour"]
    assert with_photo.support == without.support > 0
    assert with_photo.f1 > without.f1 + 0.2


def test_a_folder_has_all_of_it(folder: Path, trained: tuple[Training, Tried]) -> None:
    assert {path.name for path in folder.iterdir()} == FILES
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["tagger"]["micro"]["f1"] == trained[1].after.micro.f1
    assert metrics["settings"]["epochs"] == 8
    assert metrics["titles"]["train"] == len(trained[0].catalogue.parts.train)
    assert metrics["coverage"]["brand"]["share"] == 1.0
    card = (folder / "card.md").read_text()
    assert "| colour |" in card
    assert "## Limits" in card
    assert trained[0].spec("tagger").data in card
    assert "F1 on unseen words" in card
    assert "with photo" in card
    bare = card_text(trained[0].spec("tagger"), {**metrics, "tagger_without_photos": None})
    assert "| colour |" in bare
    assert "with photo" not in bare
    assert all((folder / name).read_bytes().startswith(b"\x89PNG") for name in ("curves.png", "report.png"))


def test_what_is_loaded_is_what_was_saved(folder: Path, trained: tuple[Training, Tried]) -> None:
    loaded = load_tagger(folder)
    assert loaded.spec == trained[0].spec("tagger")
    assert loaded.spec.photo_encoder == MeanColour().spec.digest
    assert weights(loaded.network) == weights(trained[0].network)
    assert not loaded.network.training


def test_a_checkpoint_is_never_changed(folder: Path, trained: tuple[Training, Tried]) -> None:
    before = (folder / SPEC).read_bytes()
    with pytest.raises(ModelError, match="exists already"):
        trained[0].save(folder, trained[1])
    assert (folder / SPEC).read_bytes() == before


def test_nothing_is_left_where_writing_fails(tmp_path: Path, trained: tuple[Training, Tried]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ModelError, match="can't be written"):
        save_tagger(tmp_path / "file" / "tagger", trained[0].spec("tagger"), trained[0].network, {})
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    out = tmp_path / "copy"
    out.mkdir()
    for path in folder.iterdir():
        (out / path.name).write_bytes(path.read_bytes())
    return out


@pytest.mark.parametrize("name", sorted(FILES - {SPEC}))
def test_a_file_that_differs_is_refused(copied: Path, name: str) -> None:
    content = bytearray((copied / name).read_bytes())
    content[-1] ^= 1
    (copied / name).write_bytes(content)
    with pytest.raises(BadDigest, match=name.replace(".", r"\.")):
        load_tagger(copied)


@pytest.mark.parametrize("name", [SPEC, WEIGHTS])
def test_a_missing_file_is_said(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(ModelUnavailable, match=name.replace(".", r"\.")):
        load_tagger(copied)


def change(folder: Path, **told: object) -> None:
    spec = json.loads((folder / SPEC).read_text())
    (folder / SPEC).write_text(json.dumps({**spec, **told}))


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"tokens": 0}, "tokens"),
        ({"colour_of_the_sky": "blue"}, "colour_of_the_sky"),
        ({"tags": ["O"]}, "other labels"),
        ({"files": {"../outside": "0"}}, "outside its folder"),
        ({"files": 5}, "describes no tagger"),
        ({"photo_width": 7}, "does not fit"),
    ],
)
def test_a_spec_that_is_wrong_is_refused(copied: Path, told: dict[str, object], reason: str) -> None:
    change(copied, **told)
    with pytest.raises(ModelError, match=reason):
        load_tagger(copied)


def test_a_spec_that_is_no_json_is_refused(copied: Path) -> None:
    (copied / SPEC).write_text("{")
    with pytest.raises(ModelError, match="no JSON"):
        load_tagger(copied)
    (copied / SPEC).write_text('{"name": "x"}')
    with pytest.raises(ModelError, match="describes no tagger"):
        load_tagger(copied)


def test_the_data_digest_is_of_the_examples_in_any_order() -> None:
    made = examples(24)
    assert data_digest(made) == data_digest(reversed(made))
    assert data_digest(made) != data_digest(made[1:])
    assert data_digest(made) != data_digest([replace(made[0], tags=(0,) * len(made[0].tags)), *made[1:]])


def test_a_title_is_tagged_with_places_and_confidence(tagger: Tagger) -> None:
    title = "Norda Alba red chair 42 cm"
    (tagged,) = tagger.tag([title])
    assert [(span.label, span.text) for span in tagged.spans] == [
        ("brand", "Norda"),
        ("colour", "red"),
        ("type", "chair"),
        ("size", "42 cm"),
    ]
    assert all(title[span.start : span.end] == span.text for span in tagged.spans)
    assert all(0.3 < span.confidence <= 1 for span in tagged.spans)
    assert tagged.values["colour"].value == "red"


def test_a_photo_changes_a_guess(tagger: Tagger) -> None:
    rows = MeanColour().encode([np.full((8, 8, 3), colour, dtype=np.uint8) for colour in ((220, 20, 20), (20, 20, 220))])
    red, blue = tagger.tag(["Norda Alba chair 42 cm"] * 2, photos=list(rows))
    assert (red.values["colour"].value, blue.values["colour"].value) == ("red", "blue")


def test_titles_with_and_without_photo_stand_side_by_side(tagger: Tagger) -> None:
    (row,) = MeanColour().encode([np.full((8, 8, 3), (220, 20, 20), dtype=np.uint8)])
    both = tagger.tag(["Norda Alba chair", "Norda Alba chair"], photos=[None, row])
    alone = tagger.tag(["Norda Alba chair"])
    assert both[0].values["colour"].value == alone[0].values["colour"].value
    assert both[1].values["colour"].value == "red"


def test_photos_that_do_not_fit_are_refused(tagger: Tagger) -> None:
    with pytest.raises(WidthMismatch, match="2 titles have 1 photos"):
        tagger.tag(["a", "b"], photos=[None])
    with pytest.raises(WidthMismatch, match="4 numbers"):
        tagger.tag(["a"], photos=[np.zeros(3, dtype=np.float32)])


def test_a_querys_entities_become_filters(tagger: Tagger) -> None:
    reader: EntityReader = tagger
    found = reader.entities("norda chair")
    assert ("brand", "norda") in {(one.label, one.text) for one in found}
    offered = suggested_filters(found, known={"brand": ["Norda"]}, least=0.3)
    assert offered == (Filter("brand", "eq", ("Norda",)),)
    assert reader.entities("  ") == ()


def test_an_odd_title_is_no_trouble(tagger: Tagger) -> None:
    told = tagger.tag(["", "!!!", "黑色 椅子", "chair " * 200])
    assert len(told) == 4
    assert told[0].spans == told[1].spans == ()


def test_a_product_gets_what_no_field_tells(tagger: Tagger) -> None:
    bare = Product(id="1", title="Norda Alba red chair 42 cm")
    (filled,) = tagger.fill([bare], least=0.3)
    assert {one.label: one.value for one in filled if one.named} == {"brand": "Norda", "colour": "red", "size": "42 cm", "type": "chair"}
    full = with_filled(bare, filled)
    assert full.brand == "Norda"
    assert full.attributes["colour"] == "red"
    assert tagger.fill([full], least=0.0)[0] == [one for one in tagger.fill([full], least=0.0)[0] if one.label == "material"]


def test_what_a_field_tells_is_never_changed(tagger: Tagger) -> None:
    told = Product(id="1", title="Norda Alba red chair", brand="Other", attributes={"Farbe": "x", "product_colour": "Teal", "type": "Seat"})
    (filled,) = tagger.fill([told], least=0.0)
    assert not {"brand", "colour", "type"} & {one.label for one in filled}
    assert with_filled(told, filled).brand == "Other"


def test_an_unsure_value_is_left_out(tagger: Tagger) -> None:
    assert tagger.fill([Product(id="1", title="Norda Alba red chair")], least=1.01) == [[]]


def test_filling_knows_named_from_guessed() -> None:
    product = with_filled(Product(id="1", title="x"), [Filled("colour", "red", 0.9, named=False)])
    assert product.attributes == {"colour": "red"}
    assert product.brand == ""


def test_a_few_titles_are_too_few() -> None:
    with pytest.raises(LearningError, match="12 titles are too few"):
        catalogue_of(shop(12))
    with pytest.raises(LearningError, match="20 titles are too few"):
        catalogue_of(shop(96), limit=20)


def test_a_limit_is_drawn_by_the_seed() -> None:
    def ids(seed: int) -> set[str]:
        parts = catalogue_of(shop(), limit=60, seed=seed).parts
        return {one.id for part in (parts.train, parts.dev, parts.test) for one in part}

    assert len(ids(0)) <= 60
    assert ids(0) == ids(0)
    assert ids(0) != ids(1)


def test_photos_are_looked_up_once_and_remembered(tmp_path: Path) -> None:
    products = with_photos(shop(), tmp_path / "photos")
    first = MeanColour()
    sources = ["", *[one.photos[0].source for one in products[:4]], str(tmp_path / "absent.png"), products[0].photos[0].source]
    with closing(PhotoTable(first, tmp_path / "rows")) as table:
        rows, numbers = table.usable(sources)
    assert numbers[0] is None
    assert numbers[5] is None
    assert numbers[6] == numbers[1]
    assert first.seen == len(rows) == 4
    second = MeanColour()
    with closing(PhotoTable(second, tmp_path / "rows")) as table:
        again, numbers_again = table.usable(sources)
    assert second.seen == 0
    assert np.array_equal(again, rows)
    assert numbers_again == numbers


def test_a_broken_photo_is_no_photo(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no photo")
    with closing(PhotoTable(MeanColour(), tmp_path / "rows")) as table:
        rows, numbers = table.usable([str(tmp_path / "broken.png"), str(tmp_path), ""])
    assert numbers == [None, None, None]
    assert rows.shape == (0, 4)
