"""The encoders without weights: near what shares words or colours, the same on every machine."""

import numpy as np
import pytest

from indexer.encode.base import Pixels
from indexer.encode.hashed import HashedPhoto, HashedText
from indexer.vectors import Row, cosine


def row(text: str, *, width: int = 64) -> Row:
    only: Row = HashedText(width=width).encode([text], side="product")[0]
    return only


def photo(*colours: tuple[int, int, int]) -> Pixels:
    """Stripes of colours from the top down."""
    return np.repeat(np.array(colours, dtype=np.uint8)[:, None, :], 60, axis=1).repeat(60 // len(colours), axis=0)


@pytest.mark.parametrize(
    ("query", "near", "far"),
    [
        ("sofa", "Grey corner sofa", "Camera with lens"),
        ("running shoes", "Trail running shoe", "Oak table"),
        ("沙发", "北欧三人沙发", "数码相机"),
        ("camera", "Cameras and lenses", "Oak table"),
        ("2000w", "Vacuum cleaner 2000W", "Vacuum flask"),
    ],
)
def test_shared_words_are_near(query: str, near: str, far: str) -> None:
    assert cosine(row(query), row(near)) > cosine(row(query), row(far)) + 0.1


def test_case_and_side_do_not_matter() -> None:
    encoder = HashedText()
    assert (encoder.encode(["SOFA"], side="query") == encoder.encode(["sofa"], side="product")).all()


def test_texts_without_words_have_rows_too() -> None:
    rows = HashedText().encode(["", "!!!", "???", "\ud800"], side="product")
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1)


@pytest.mark.parametrize("width", [4, 64, 384])
def test_widths(width: int) -> None:
    assert row("sofa", width=width).shape == (width,)
    assert HashedPhoto(width=width).encode([photo((9, 9, 9))]).shape == (1, width)
    assert HashedText(width=width).spec.width == width


def test_numbers_stay_what_they_are() -> None:
    # Rows of an index made today must be found by the release of tomorrow.
    assert np.flatnonzero(HashedText().encode(["a"], side="product")[0]).tolist() == [23, 44]
    assert HashedText().spec.digest != HashedText(width=65).spec.digest


def test_like_colours_in_like_places_are_near() -> None:
    encoder = HashedPhoto()
    red_blue, pink_blue, blue_red = encoder.encode(
        [photo((255, 0, 0), (0, 0, 255)), photo((250, 60, 60), (0, 0, 255)), photo((0, 0, 255), (255, 0, 0))]
    )
    assert cosine(red_blue, pink_blue) > 0.9
    assert cosine(red_blue, blue_red) < 0.2


def test_size_does_not_matter_and_even_grey_has_a_row() -> None:
    encoder = HashedPhoto()
    small, large = encoder.encode([photo((200, 10, 30)), photo((200, 10, 30)).repeat(9, axis=0).repeat(9, axis=1)])
    assert cosine(small, large) > 0.999
    assert np.isfinite(encoder.encode([np.full((5, 7, 3), 128, dtype=np.uint8), np.zeros((1, 1, 3), dtype=np.uint8)])).all()


def test_grey_forgets_colours() -> None:
    red, green = photo((255, 0, 0)), photo((0, 130, 0))  # both 76 in grey
    grey, coloured = HashedPhoto(grey=True), HashedPhoto()
    assert cosine(*grey.encode([red, green])) > 0.999
    assert cosine(*coloured.encode([red, green])) < 0.5
    assert grey.spec.digest != coloured.spec.digest


def test_a_photo_row_has_room_for_one_colour_at_least() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        HashedPhoto(width=3)
