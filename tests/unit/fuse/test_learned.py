"""The learned fusion of format 2: its rows, its folder, and what it refuses."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import BadDigest, ModelError, ModelUnavailable, NotFinite, WidthMismatch, ZeroRow
from indexer.fuse.base import PartRow
from indexer.fuse.catalog import make_fusion
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import Join, LearnedSpec, load_learned, save_learned
from indexer.settings import EncodeSettings
from indexer.vectors import Row

TEXT, PHOTO, ANCHORS, HIDDEN = 4, 3, 2, 5
Named = dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]]


def spec_of(join: Join = "gate", **changed: object) -> LearnedSpec:
    plain = {"name": "learned", "revision": "1", "licence": "Apache-2.0", "origin": "a test", "join": join}
    sizes = {"text_width": TEXT, "photo_width": PHOTO, "anchors": ANCHORS, "hidden": HIDDEN if join == "mlp" else 0}
    return LearnedSpec.model_validate({**plain, **sizes, **changed})


def tensors_of(spec: LearnedSpec, *, seed: int = 1) -> Named:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in spec.shapes().items()}


def even(spec: LearnedSpec) -> Named:
    """A photo is the plain mean of both anchors, and the gate is half open."""
    named = {name: np.zeros(shape, dtype=np.float32) for name, shape in spec.shapes().items()}
    named["anchors"] = np.eye(ANCHORS, TEXT, dtype=np.float32)
    return named


def unit(*numbers: float) -> Row:
    row = np.array(numbers, dtype=np.float64)
    return np.asarray(row / np.linalg.norm(row), dtype=np.float32)


WORDS = unit(0, 0, 3, 4)
LOOKS = unit(1, 2, 2)


def fusion(join: Join = "gate", **changed: object) -> LearnedFusion:
    spec = spec_of(join, **changed)
    return LearnedFusion(spec, tensors_of(spec), sha256="x")


def test_words_alone_stay_where_the_text_encoder_put_them() -> None:
    row = fusion().fuse([PartRow("text", WORDS)])
    assert row is not None
    assert row.tolist() == pytest.approx(WORDS.tolist())


def test_a_photo_alone_is_a_mean_of_anchors_by_likeness() -> None:
    named = even(spec_of())
    named["photo.weight"][0] = [3 * math.log(2), 0, 0]  # on this photo twice as likely as the other anchor
    row = LearnedFusion(spec_of(), named, sha256="x").fuse([PartRow("photo", LOOKS)])
    assert row is not None
    assert row.tolist() == pytest.approx(unit(2, 1, 0, 0).tolist())


def test_an_open_gate_is_a_plain_mean_of_both() -> None:
    row = LearnedFusion(spec_of(), even(spec_of()), sha256="x").fuse([PartRow("title", WORDS), PartRow("photo", LOOKS)])
    placed = unit(1, 1, 0, 0)
    assert row is not None
    assert row.tolist() == pytest.approx(unit(*(WORDS + placed)).tolist())


@pytest.mark.parametrize(("bias", "wanted"), [(80.0, WORDS), (-80.0, unit(1, 1, 0, 0))])
def test_a_gate_can_choose_one(bias: float, wanted: Row) -> None:
    named = even(spec_of())
    named["gate.bias"][:] = bias
    row = LearnedFusion(spec_of(), named, sha256="x").fuse([PartRow("title", WORDS), PartRow("photo", LOOKS)])
    assert row is not None
    assert row.tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


def test_a_network_adds_to_the_sum_of_both() -> None:
    spec = spec_of("mlp")
    named = even(spec)
    parts = [PartRow("title", WORDS), PartRow("photo", LOOKS)]
    plain = LearnedFusion(spec, named, sha256="x").fuse(parts)
    named["join.1.bias"][3] = 5.0
    moved = LearnedFusion(spec, named, sha256="x").fuse(parts)
    assert plain is not None
    assert moved is not None
    assert plain.tolist() == pytest.approx(unit(*(WORDS + unit(1, 1, 0, 0))).tolist())
    assert moved.tolist() == pytest.approx(unit(*(WORDS + unit(1, 1, 0, 0) + np.array([0, 0, 0, 5.0]))).tolist())


@pytest.mark.parametrize("join", ["gate", "mlp"])
def test_weights_of_parts_lean_and_only_their_ratio_counts(join: Join) -> None:
    learned = fusion(join)

    def fused(words: float, photo: float) -> Row:
        row = learned.fuse([PartRow("text", WORDS, words), PartRow("photo", LOOKS, photo)])
        assert row is not None
        return row

    alone = learned.fuse([PartRow("photo", LOOKS)])
    assert alone is not None
    assert fused(2, 2).tolist() == pytest.approx(fused(1, 1).tolist())
    assert float(fused(0.01, 1) @ alone) > float(fused(1, 1) @ alone)
    assert float(fused(1, 0.01) @ WORDS) > float(fused(1, 1) @ WORDS)


def test_several_texts_and_photos_are_averaged_first() -> None:
    learned = fusion()
    other = unit(2, 1, 0)
    both = learned.fuse([PartRow("photo", LOOKS), PartRow("photo", other)])
    mean = learned.fuse([PartRow("photo", unit(*(LOOKS + other)))])
    assert both is not None
    assert mean is not None
    assert both.tolist() == pytest.approx(mean.tolist(), abs=1e-6)


def test_nothing_is_none() -> None:
    assert fusion().fuse([]) is None
    assert fusion().fuse([PartRow("photo", LOOKS, 0.0)]) is None


@pytest.mark.parametrize("join", ["gate", "mlp"])
def test_rows_are_unit_rows_of_the_texts_width(join: Join) -> None:
    learned = fusion(join)
    assert learned.spec.width == TEXT
    assert learned.photo_width == PHOTO
    for parts in ([PartRow("text", WORDS)], [PartRow("photo", LOOKS)], [PartRow("title", WORDS), PartRow("photo", LOOKS)]):
        row = learned.fuse(parts)
        assert row is not None
        assert row.shape == (TEXT,)
        assert row.dtype == np.float32
        assert np.linalg.norm(row) == pytest.approx(1)


def test_parts_of_the_wrong_width_or_kind_are_refused() -> None:
    with pytest.raises(WidthMismatch):
        fusion().fuse([PartRow("text", LOOKS)])
    with pytest.raises(WidthMismatch):
        fusion().fuse([PartRow("photo", WORDS)])
    with pytest.raises(ModelError, match="brand"):
        fusion().fuse([PartRow("brand", WORDS)])


def test_anchors_without_length_have_no_direction() -> None:
    named = even(spec_of())
    named["anchors"][:] = 0
    with pytest.raises(ZeroRow):
        LearnedFusion(spec_of(), named, sha256="x").fuse([PartRow("photo", LOOKS)])


@pytest.mark.parametrize("join", ["gate", "mlp"])
def test_a_checkpoint_comes_back_and_the_settings_find_it(tmp_path: Path, join: Join) -> None:
    spec = spec_of(join, text="t" * 8, photo="p" * 8)
    sha256 = save_learned(tmp_path / "fusion", spec, tensors_of(spec), beside={"card.md": b"# A card\n"})
    again, found, named = load_learned(tmp_path / "fusion")
    assert (again, found) == (spec, sha256)
    assert all((named[name] == tensor).all() for name, tensor in tensors_of(spec).items())
    assert sorted(file.name for file in (tmp_path / "fusion").iterdir()) == ["card.md", "spec.json", "weights.safetensors"]
    made = make_fusion(EncodeSettings(fusion="mlp", fusion_folder=tmp_path / "fusion"), width=TEXT)
    assert isinstance(made, LearnedFusion)
    parts = [PartRow("title", WORDS), PartRow("photo", LOOKS)]
    one, two = made.fuse(parts), fusion(join, text="t" * 8, photo="p" * 8).fuse(parts)
    assert one is not None
    assert two is not None
    assert one.tolist() == two.tolist()


def test_the_weights_and_the_spec_are_in_the_digest() -> None:
    spec = spec_of()
    plain = LearnedFusion(spec, tensors_of(spec), sha256="a").spec.digest
    assert LearnedFusion(spec, tensors_of(spec), sha256="b").spec.digest != plain
    assert LearnedFusion(spec_of(title_weight=5.0), tensors_of(spec), sha256="a").spec.digest != plain


def test_a_folder_is_never_written_twice_nor_half(tmp_path: Path) -> None:
    spec = spec_of()
    save_learned(tmp_path / "fusion", spec, tensors_of(spec))
    with pytest.raises(ModelError, match="exists already"):
        save_learned(tmp_path / "fusion", spec, tensors_of(spec))
    broken = {**tensors_of(spec), "anchors": np.full((ANCHORS, TEXT), np.nan, dtype=np.float32)}
    with pytest.raises(NotFinite, match="anchors"):
        save_learned(tmp_path / "other", spec, broken)
    assert [file.name for file in tmp_path.iterdir()] == ["fusion"]


@pytest.mark.parametrize(
    ("change", "wanted", "told"),
    [
        ({"anchors": np.zeros((9, TEXT), dtype=np.float32)}, WidthMismatch, "shape"),
        ({"anchors": np.zeros((ANCHORS, TEXT))}, ModelError, "float64"),
        ({"strange": np.zeros(1, dtype=np.float32)}, ModelError, "strange"),
    ],
)
def test_tensors_must_fit_the_spec(tmp_path: Path, change: Named, wanted: type[ModelError], told: str) -> None:
    spec = spec_of()
    with pytest.raises(wanted, match=told):
        save_learned(tmp_path / "fusion", spec, {**tensors_of(spec), **change})


def test_damaged_and_foreign_folders_are_refused(tmp_path: Path) -> None:
    spec = spec_of()
    folder = tmp_path / "fusion"
    save_learned(folder, spec, tensors_of(spec))
    with pytest.raises(WidthMismatch, match="takes text rows of 4"):
        LearnedFusion.load(folder, text_width=512)
    told = json.loads((folder / "spec.json").read_text())
    (folder / "spec.json").write_text(json.dumps({**told, "sha256": "0" * 64}))
    with pytest.raises(BadDigest):
        load_learned(folder)
    (folder / "spec.json").write_text(json.dumps({**told, "join": "magic"}))
    with pytest.raises(ModelError, match="join"):
        load_learned(folder)
    with pytest.raises(ModelUnavailable):
        load_learned(tmp_path / "missing")
