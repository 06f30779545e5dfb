"""Rows of photos alone: made where they are wanted, named in identity and recipe, and no hindrance to a searcher."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.build.places import build_encoders
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.encode.profile import of_profile, profile_of
from indexer.encoders import Encoders, recipe_of, space_of
from indexer.errors import EncoderMismatch, SettingsError
from indexer.fuse.base import Fusion, PartRow
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import LearnedSpec
from indexer.fuse.weighted import WeightedFusion
from indexer.read.known import Known
from indexer.settings import EncodeSettings, Settings
from indexer.store.identity import Coming, Description
from indexer.vectors import Row, cosine, unit_row
from tests.contract.store.cases import row

WIDTH = 64


def encoders(*, photo_vector: bool = True, fusion: Fusion | None = None) -> Encoders:
    weighted = WeightedFusion(title=0.6, description=0.2, photo=0.2, width=WIDTH)
    return Encoders(HashedText(width=WIDTH), HashedPhoto(width=WIDTH), fusion or weighted, photo_vector=photo_vector)


def parts(*photos: Row) -> list[PartRow]:
    return [PartRow("title", row(1)), PartRow("description", row(2)), *(PartRow("photo", photo) for photo in photos)]


def test_the_photos_row_is_their_unit_mean_whatever_the_texts_say() -> None:
    ours = encoders()
    made = ours.photo_row(parts(row(3), row(4)))
    assert made == pytest.approx(unit_row((row(3) + row(4)).astype(np.float64), width=WIDTH), abs=1e-6)
    fused = ours.fuse(parts(row(3), row(4)))
    assert fused is not None
    assert made is not None
    assert cosine(made, fused) < 0.9


def test_a_product_without_photos_and_an_index_without_the_field_have_none() -> None:
    assert encoders().photo_row(parts()) is None
    assert encoders().photo_row([]) is None
    assert encoders(photo_vector=False).photo_row(parts(row(3))) is None


def learned() -> LearnedFusion:
    random = np.random.default_rng(1)
    spec = LearnedSpec(
        name="tiny", revision="1", licence="none", origin="a test", text_width=WIDTH, photo_width=WIDTH, anchors=5, join="gate"
    )
    return LearnedFusion(
        spec, {name: random.normal(size=shape).astype(np.float32) for name, shape in spec.shapes().items()}, sha256="0" * 64
    )


def test_a_learned_fusion_brings_the_photos_into_its_own_space() -> None:
    fusion = learned()
    made = encoders(fusion=fusion).photo_row(parts(row(3), row(4)))
    both = unit_row((row(3) + row(4)).astype(np.float64), width=WIDTH)
    assert made == pytest.approx(fusion.placed(both), abs=1e-6)
    assert made == pytest.approx(fusion.fuse([PartRow("photo", both)]), abs=1e-6)  # where a query's photo lies


def test_the_recipe_names_it_and_an_index_of_before_keeps_its_own() -> None:
    without, with_it = encoders(photo_vector=False).identity("l"), encoders().identity("l")
    assert with_it == replace(without, photo_vector=True)
    assert recipe_of(without) == encoders(photo_vector=False).recipe != recipe_of(with_it) == encoders().recipe
    assert space_of(without) == space_of(with_it) == recipe_of(without) == encoders().space
    encoders().check(without)
    encoders(photo_vector=False).check(with_it)


def test_a_searcher_of_either_kind_needs_no_other_encoders_for_the_other_kind() -> None:
    built: list[str] = []

    def build(profile: str) -> Encoders:
        built.append(profile)
        return encoders()

    for own, there in ((encoders(), encoders(photo_vector=False)), (encoders(photo_vector=False), encoders())):
        known = Known(own, build)
        identity = there.identity("l")
        known.check(Description(index="i", identity=identity, products=1, attributes=(), profile="{}"))
        assert known.of(identity) is own
    assert built == []
    with pytest.raises(EncoderMismatch, match="text"):
        Known(encoders()).check(Description(index="i", identity=replace(identity, text="another"), products=1, attributes=()))


def test_what_is_to_come_with_photo_vectors_is_our_own_already() -> None:
    own = encoders(photo_vector=False)
    known = Known(own, lambda _: encoders())
    known._prepare("{}")
    assert known.of(encoders().identity("l")) is own
    told = Description(index="i", identity=own.identity("l"), products=1, attributes=(), coming=Coming("j", ""))
    known.notice(told)
    assert known.of(told.identity) is own


def test_settings_that_contradict_it_are_refused(tmp_path: Path) -> None:
    for encode, told in (
        (EncodeSettings(text="hashed", photo="none", photo_vector=True), "photo encoder"),
        (EncodeSettings(text="hashed", photo="hashed", photo_vector=True, photo_weight=0), "fusion weight"),
    ):
        with pytest.raises(SettingsError, match=told) as refused:
            build_encoders(Settings(home=tmp_path, encode=encode))
        assert "FUSEDEX_ENCODE__PHOTO_VECTOR" in refused.value.cure
    made = build_encoders(Settings(home=tmp_path, encode=EncodeSettings(text="hashed", photo="hashed", photo_vector=True)))
    assert made.photo_vector


def test_a_profile_carries_it_and_one_of_before_means_none() -> None:
    wanted = EncodeSettings(text="hashed", photo="hashed", photo_vector=True)
    assert of_profile(profile_of(wanted), EncodeSettings()) == wanted
    assert of_profile('{"text": "hashed"}', EncodeSettings()).photo_vector is False
