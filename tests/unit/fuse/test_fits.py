"""A fusion and encoders that do not go together are refused when they are joined, not when the first product comes."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from indexer.build.places import build_encoders
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.errors import SettingsError, ZeroRow
from indexer.fuse.base import PartRow
from indexer.fuse.checkpoint import CheckpointSpec, save_checkpoint
from indexer.fuse.fits import Trained, check_fit
from indexer.fuse.learned import LearnedFusion
from indexer.fuse.learned_checkpoint import LearnedSpec
from indexer.fuse.mlp import MlpFusion
from indexer.fuse.weighted import WeightedFusion
from indexer.settings import EncodeSettings, Settings
from indexer.specs import ModelSpec
from indexer.vectors import Row

TEXT, PHOTO = HashedText(width=8).spec, HashedPhoto(width=12).spec


def learned(*, text: str = "", photo: str = "") -> LearnedFusion:
    spec = LearnedSpec(
        name="own", revision="1", licence="MIT", origin="a test", text_width=8, photo_width=12, anchors=3, text=text, photo=photo
    )
    chance = np.random.default_rng(0)
    tensors = {name: chance.normal(size=shape).astype(np.float32) for name, shape in spec.shapes().items()}
    return LearnedFusion(spec, tensors, sha256="0" * 64)


def weighted(width: int) -> WeightedFusion:
    return WeightedFusion(title=1, description=0, photo=1, width=width)


class Blank:
    """A fusion that finds no direction in any row."""

    spec = weighted(8).spec

    def fuse(self, parts: Sequence[PartRow]) -> Row | None:
        raise ZeroRow(f"{len(parts)} parts without a direction")


def test_what_was_trained_together_goes_together() -> None:
    check_fit(learned(text=TEXT.digest, photo=PHOTO.digest), text=TEXT, photo=PHOTO)
    check_fit(learned(), text=TEXT, photo=PHOTO)  # a checkpoint that does not tell
    check_fit(learned(text=TEXT.digest, photo="another"), text=TEXT, photo=None)  # photos are not encoded
    check_fit(weighted(8), text=TEXT, photo=HashedPhoto(width=8).spec)
    check_fit(Blank(), text=TEXT, photo=PHOTO)
    assert isinstance(learned(), Trained)
    assert not isinstance(weighted(8), Trained)


@pytest.mark.parametrize(
    ("text", "photo", "told"),
    [
        (TEXT, HashedPhoto(width=8).spec, r"photo encoder 'hashed.*it takes other rows|photo encoder.*\(8,\)"),
        (HashedText(width=9).spec, PHOTO, "text encoder"),
    ],
)
def test_rows_of_another_width_are_refused(text: ModelSpec, photo: ModelSpec, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        check_fit(learned(), text=text, photo=photo)
    assert "trained with" in caught.value.cure


@pytest.mark.parametrize(("kind", "digests"), [("text", {"text": "another"}), ("photo", {"photo": "another"})])
def test_rows_as_wide_of_another_encoder_are_refused_too(kind: str, digests: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=f"trained with another {kind} encoder"):
        check_fit(learned(**digests), text=TEXT, photo=PHOTO)
    other = replace(PHOTO, revision="2")
    with pytest.raises(SettingsError, match=other.digest):
        check_fit(learned(photo=PHOTO.digest), text=TEXT, photo=other)


def test_a_weighted_mean_of_two_spaces_is_refused() -> None:
    with pytest.raises(SettingsError, match="photo encoder"):
        check_fit(weighted(8), text=TEXT, photo=PHOTO)


def test_settings_that_contradict_each_other_are_told_before_anything_is_made(tmp_path: Path) -> None:
    width = HashedText().spec.width
    spec = CheckpointSpec(
        name="tiny", revision="1", licence="none", origin="a test", text_width=width, photo_width=7, width=4, missing="zeros"
    )
    weight = np.ones((4, spec.inputs), dtype=np.float32)
    save_checkpoint(tmp_path / "fusion", spec, ((weight, np.zeros(4, dtype=np.float32)),))
    assert MlpFusion.load(tmp_path / "fusion", text_width=width).photo_width == 7
    encode = EncodeSettings(text="hashed", photo="hashed", fusion="mlp", fusion_folder=tmp_path / "fusion")
    with pytest.raises(SettingsError, match="'tiny' does not go with the photo encoder"):
        build_encoders(Settings(home=tmp_path, encode=encode))
    made = build_encoders(Settings(home=tmp_path, encode=encode.model_copy(update={"photo": "none"})))
    assert made.fusion.spec.width == 4
