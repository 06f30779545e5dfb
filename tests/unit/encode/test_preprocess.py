"""Pixels to model inputs, by hand."""

import numpy as np
import pytest

from indexer.encode.base import Pixels
from indexer.encode.image import Lite0
from indexer.encode.preprocess import STEPS, first_characters, photo_block, steps
from indexer.specs import ImageInput, ModelSpec

HALF = (0.5, 0.5, 0.5)


def even(height: int, width: int, colour: tuple[int, int, int]) -> Pixels:
    return np.full((height, width, 3), colour, dtype=np.uint8)


def test_lite0_gets_pixel_minus_127_by_128() -> None:
    block = photo_block([even(300, 400, (0, 127, 255))], Lite0().input)
    assert block.shape == (1, 3, 224, 224)
    assert block.dtype == np.float32
    assert [float(channel.mean()) for channel in block[0]] == pytest.approx([-127 / 128, 0, 1], abs=1e-5)


def test_photos_of_any_size_make_one_block_in_order() -> None:
    photos = [even(1, 1, (10, 0, 0)), even(2, 999, (20, 0, 0)), even(999, 2, (30, 0, 0)), even(8, 8, (40, 0, 0))]
    block = photo_block(photos, ImageInput(side=8, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)))
    assert block[:, 0, 0, 0] * 255 == pytest.approx([10, 20, 30, 40], abs=1e-3)
    assert photo_block([], ImageInput(side=8, mean=HALF, std=HALF)).shape == (0, 3, 8, 8)


@pytest.mark.parametrize("wide", [True, False])
def test_the_crop_is_the_centre(wide: bool) -> None:
    photo = even(100, 300, (255, 0, 0))
    photo[:, 100:200] = (0, 255, 0)
    photo = photo if wide else photo.transpose(1, 0, 2)
    block = photo_block([photo], ImageInput(side=50, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0)))
    assert block[0, 0].mean() < 0.02
    assert block[0, 1].mean() > 0.98


def test_the_crop_share_is_of_the_shorter_side() -> None:
    photo = even(100, 100, (255, 255, 255))
    photo[25:75, 25:75] = 0
    inside = ImageInput(side=20, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), crop_share=0.5)
    assert photo_block([photo], inside).mean() < 0.05


def test_no_resampling_where_none_is_needed() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    block = photo_block([photo], ImageInput(side=8, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), crop_share=0.5))
    assert np.round(block[0].transpose(1, 2, 0) * 255).astype(np.uint8).tolist() == photo[4:12, 4:12].tolist()


def test_grey_gives_equal_channels() -> None:
    block = photo_block([even(9, 9, (255, 0, 0))], ImageInput(side=4, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), grey=True))
    assert block * 255 == pytest.approx(np.full_like(block, 76), abs=1e-3)


def test_texts_are_cut_behind_their_prefix() -> None:
    assert first_characters(["abcd", "", "xy"], prefix="p: ", limit=3) == ["p: abc", "p: ", "p: xy"]


def test_squashed_photos_are_seen_whole() -> None:
    photo = even(100, 300, (255, 0, 0))
    photo[:, 100:200] = (0, 255, 0)
    whole = ImageInput(side=30, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), squash=True)
    block = photo_block([photo], whole)
    assert block[0, 0].mean() == pytest.approx(2 / 3, abs=0.02)
    assert block[0, 1].mean() == pytest.approx(1 / 3, abs=0.02)
    middle = ImageInput(side=30, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), squash=True, crop_share=1 / 3)
    assert photo_block([photo], middle)[0, 1].mean() > 0.98


def test_interpolations_differ_as_they_should() -> None:
    photo = np.zeros((4, 4, 3), dtype=np.uint8)
    photo[1::2] = 255
    told = {
        name: photo_block([photo], ImageInput(side=2, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), interpolation=name))[0, 0, 0, 0]
        for name in ("nearest", "bilinear", "bicubic", "lanczos")
    }
    assert told["nearest"] in (0, 1)
    assert 0.3 < told["bilinear"] < 0.6
    assert len({round(float(value), 3) for value in told.values()}) >= 3


def test_what_is_done_to_photos_is_said_in_words_and_older_digests_stay() -> None:
    plain = ImageInput(side=224, mean=HALF, std=HALF)
    assert steps(plain) == STEPS
    other = ImageInput(side=224, mean=HALF, std=HALF, interpolation="bilinear", squash=True)
    assert steps(other).startswith("both sides to side/crop_share, bilinear")

    def digest(image: ImageInput) -> str:
        return ModelSpec(name="x", revision="1", width=4, weights="w", licence="MIT", origin="o", image=image).digest

    assert digest(plain) == "d6cbf6abd8467e81"  # as it was before there were other ways
    assert len({digest(plain), digest(other)}) == 2
