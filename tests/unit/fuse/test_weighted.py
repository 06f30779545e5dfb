"""The weighted fusion, by hand."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from indexer.errors import ModelError, NotFinite, SettingsError, UnknownName, WidthMismatch
from indexer.fuse.base import Fusion, PartRow
from indexer.fuse.catalog import FUSIONS, make_fusion
from indexer.fuse.weighted import WeightedFusion
from indexer.settings import EncodeSettings
from indexer.vectors import Row

EAST, NORTH = np.array([1, 0], dtype=np.float32), np.array([0, 1], dtype=np.float32)


@pytest.fixture
def fusion() -> WeightedFusion:
    return WeightedFusion(title=0.4, description=0.2, photo=0.4, width=2)


def fused(fusion: Fusion, *parts: PartRow) -> Row:
    row = fusion.fuse(parts)
    assert row is not None
    assert row.dtype == np.float32
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-6)
    return row


def test_title_and_photo_meet_in_the_middle(fusion: WeightedFusion) -> None:
    assert fused(fusion, PartRow("title", EAST), PartRow("photo", NORTH)) == pytest.approx([1 / sqrt(2)] * 2)


def test_words_lean_on_title_and_description_together(fusion: WeightedFusion) -> None:
    # 0.6 for the words, 0.4 for the photo
    row = fused(fusion, PartRow("text", EAST), PartRow("photo", NORTH))
    assert row[0] / row[1] == pytest.approx(float(Fraction(6, 4)))


def test_ten_photos_weigh_as_much_as_one(fusion: WeightedFusion) -> None:
    one = fused(fusion, PartRow("title", EAST), PartRow("photo", NORTH))
    ten = fused(fusion, PartRow("title", EAST), *[PartRow("photo", NORTH)] * 10)
    assert ten == pytest.approx(one, abs=1e-6)


def test_photos_are_averaged(fusion: WeightedFusion) -> None:
    assert fused(fusion, PartRow("photo", EAST), PartRow("photo", NORTH)) == pytest.approx([1 / sqrt(2)] * 2)


def test_a_query_may_lean_on_one_part(fusion: WeightedFusion) -> None:
    row = fused(fusion, PartRow("text", EAST, 1.0), PartRow("photo", NORTH, 3.0))
    assert row[0] / row[1] == pytest.approx(0.6 / 1.2)


@pytest.mark.parametrize("kind", ["title", "description", "photo", "text"])
def test_a_lone_part_is_the_whole(fusion: WeightedFusion, kind: str) -> None:
    assert fused(fusion, PartRow(kind, NORTH)) == pytest.approx(NORTH)


def test_no_part_no_row(fusion: WeightedFusion) -> None:
    assert fusion.fuse([]) is None
    assert fusion.fuse([PartRow("title", EAST, 0.0)]) is None
    assert WeightedFusion(title=0, description=0, photo=1, width=2).fuse([PartRow("title", EAST)]) is None


def test_opposites_fall_back_on_the_heaviest(fusion: WeightedFusion) -> None:
    assert fused(fusion, PartRow("title", EAST), PartRow("photo", -EAST)) == pytest.approx(EAST)  # equals: the first
    halves = PartRow("photo", -EAST), PartRow("title", EAST, 0.5), PartRow("description", EAST, 1.0)
    assert fused(fusion, *halves) == pytest.approx(-EAST)


def test_a_part_without_weight_is_not_even_looked_at(fusion: WeightedFusion) -> None:
    broken = np.array([np.nan, 1], dtype=np.float32)
    assert fused(fusion, PartRow("title", EAST), PartRow("photo", broken, 0.0)) == pytest.approx(EAST)
    with pytest.raises(NotFinite):
        fusion.fuse([PartRow("photo", broken)])


def test_another_width_is_refused(fusion: WeightedFusion) -> None:
    with pytest.raises(WidthMismatch, match=r"\(3,\) where \(2,\)"):
        fusion.fuse([PartRow("title", EAST), PartRow("photo", np.ones(3, dtype=np.float32))])


def test_an_unknown_kind_is_refused_with_a_guess(fusion: WeightedFusion) -> None:
    with pytest.raises(ModelError, match="'photo'"):
        fusion.fuse([PartRow("photos", EAST)])


def test_the_digest_is_of_ratios_and_width() -> None:
    digest = WeightedFusion(title=0.4, description=0.2, photo=0.4, width=2).spec.digest
    assert WeightedFusion(title=4, description=2, photo=4, width=2).spec.digest == digest
    assert WeightedFusion(title=0.4, description=0.2, photo=0.5, width=2).spec.digest != digest
    assert WeightedFusion(title=0.4, description=0.2, photo=0.4, width=3).spec.digest != digest


@pytest.mark.parametrize("weights", [(0, 0, 0), (-1, 1, 1), (float("nan"), 1, 1), (float("inf"), 1, 1)])
def test_weights_must_weigh(weights: tuple[float, float, float]) -> None:
    title, description, photo = weights
    with pytest.raises(ModelError):
        WeightedFusion(title=title, description=description, photo=photo, width=2)


def test_settings_choose() -> None:
    fusion = make_fusion(EncodeSettings(title_weight=1, description_weight=0, photo_weight=1), width=2)
    assert fused(fusion, PartRow("title", EAST), PartRow("description", EAST), PartRow("photo", NORTH)) == pytest.approx([1 / sqrt(2)] * 2)
    assert fusion.spec.width == 2
    assert {"weighted", "mlp"} <= set(FUSIONS.names())
    with pytest.raises(UnknownName, match="weighted"):
        make_fusion(EncodeSettings(fusion="weigthed"), width=2)
    with pytest.raises(SettingsError):
        make_fusion(EncodeSettings(title_weight=0, description_weight=0, photo_weight=0), width=2)
    with pytest.raises(SettingsError, match="FUSION_FOLDER"):
        make_fusion(EncodeSettings(fusion="mlp"), width=2)
