"""The weighted fusion, by hand."""

from fractions import Fraction
from math import sqrt

import numpy as np
import pytest

from indexer.errors import ModelError, NotFinite, SettingsError, UnknownName, WidthMismatch
from indexer.fuse.base import Fusion, PartRow
from indexer.fuse.catalog import FUSIONS, make_fusion, needed_kinds
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


def test_kinds_without_weight_leave_the_digest_as_it_was() -> None:
    plain = WeightedFusion(title=0.3, description=0.2, photo=0.5, width=8)
    assert plain.spec.weights == "title 0.300000, description 0.200000, photo 0.500000"
    assert plain.spec.digest.startswith("99c031c2c4")  # as of the first release
    assert WeightedFusion(title=0.3, description=0.2, photo=0.5, brand=0, attributes=0.0, width=8).spec.digest == plain.spec.digest
    for more in ({"brand": 0.1}, {"attributes": 0.1}):
        assert WeightedFusion(title=0.3, description=0.2, photo=0.5, width=8, **more).spec.digest != plain.spec.digest


def test_brand_and_attributes_weigh_and_words_weigh_what_all_texts_do() -> None:
    fusion = WeightedFusion(title=0.3, brand=0.1, attributes=0.2, photo=0.4, width=2)
    row = fused(fusion, PartRow("brand", EAST), PartRow("attributes", EAST), PartRow("photo", NORTH))
    assert row[0] / row[1] == pytest.approx(float(Fraction(3, 4)))
    row = fused(fusion, PartRow("text", EAST), PartRow("photo", NORTH))
    assert row[0] / row[1] == pytest.approx(float(Fraction(6, 4)))


def test_a_kind_that_weighs_nothing_may_come_and_is_ignored(fusion: WeightedFusion) -> None:
    assert fused(fusion, PartRow("title", EAST), PartRow("brand", NORTH)) == pytest.approx(EAST)
    assert fusion.fuse([PartRow("attributes", NORTH)]) is None


def test_a_kind_that_does_not_exist_gets_no_weight() -> None:
    with pytest.raises(ModelError, match="'brand'"):
        WeightedFusion(title=1, brend=1, width=2)


@pytest.mark.parametrize(
    ("settings", "kinds"),
    [
        (EncodeSettings(), {"title", "description"}),
        (EncodeSettings(description_weight=0), {"title"}),
        (EncodeSettings(brand_weight=0.1, attributes_weight=0.2), {"title", "description", "brand", "attributes"}),
        (EncodeSettings(title_weight=0, description_weight=0), set()),
        (EncodeSettings(fusion="mlp", title_weight=0, brand_weight=1), {"title", "description"}),
        (EncodeSettings(fusion="a plug-in", title_weight=0, brand_weight=1), {"title", "description", "brand"}),
    ],
)
def test_only_kinds_with_weight_are_needed(settings: EncodeSettings, kinds: set[str]) -> None:
    assert needed_kinds(settings) == kinds


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
    nothing = EncodeSettings(title_weight=0, description_weight=0, photo_weight=0)
    with pytest.raises(SettingsError, match="ATTRIBUTES_WEIGHT"):
        make_fusion(nothing, width=2)
    brand = make_fusion(nothing.model_copy(update={"brand_weight": 1.0}), width=2)
    assert fused(brand, PartRow("brand", NORTH)) == pytest.approx(NORTH)
    with pytest.raises(SettingsError, match="FUSION_FOLDER"):
        make_fusion(EncodeSettings(fusion="mlp"), width=2)
