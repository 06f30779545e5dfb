"""A hidden window costs what it hid; the map shows where."""

from collections.abc import Sequence

import numpy as np
import pytest

from indexer.encode.base import Pixels
from indexer.explain.regions import occluded


def photo(height: int = 80, width: int = 120) -> Pixels:
    return np.zeros((height, width, 3), dtype=np.uint8)


def brightness(photos: Sequence[Pixels]) -> list[float]:
    return [float((one > 200).mean()) for one in photos]


@pytest.mark.parametrize(("top", "left"), [(0, 0), (0, 100), (60, 0), (60, 100), (30, 50)])
def test_the_warmest_window_lies_over_what_counts(top: int, left: int) -> None:
    shown = photo()
    shown[top : top + 20, left : left + 20] = 255
    heat = occluded(shown, brightness)
    middle = (top + 10) / 80, (left + 10) / 120
    box = heat.most
    assert box[0] <= middle[1] <= box[2]
    assert box[1] <= middle[0] <= box[3]
    warmest = np.unravel_index(np.argmax(heat.values), heat.values.shape)
    assert abs(warmest[0] / 8 - middle[0]) < 0.3
    assert abs(warmest[1] / 8 - middle[1]) < 0.3
    assert heat.loss == pytest.approx(heat.cosine)


def test_where_nothing_counts_nothing_is_warm() -> None:
    heat = occluded(photo(), lambda photos: [0.5] * len(photos))
    assert not heat.values.any()
    assert (heat.cosine, heat.loss) == (0.5, 0.0)


def test_what_disturbs_is_cold() -> None:
    shown = photo()
    shown[:20, :20] = 255
    heat = occluded(shown, lambda photos: [1 - 10 * one for one in brightness(photos)])
    assert heat.values[0, 0] < 0
    assert heat.values.min() == heat.values[0, 0]


def test_every_place_is_hidden_and_the_photo_stays() -> None:
    shown = np.random.default_rng(1).integers(0, 256, (50, 33, 3), dtype=np.uint8)
    before, hidden = shown.copy(), np.zeros((50, 33), dtype=bool)

    def seen(photos: Sequence[Pixels]) -> list[float]:
        for one in photos:
            hidden[(one != before).any(axis=2)] = True
        return [0.0] * len(photos)

    heat = occluded(shown, seen, window=0.34, stride=0.2)
    assert hidden.mean() > 0.99  # a pixel of just the mean colour looks the same
    assert np.array_equal(shown, before)
    assert heat.values.shape == (5, 5)


def test_photos_are_asked_for_in_small_batches() -> None:
    sizes: list[int] = []

    def counted(photos: Sequence[Pixels]) -> list[float]:
        sizes.append(len(photos))
        return [0.0] * len(photos)

    occluded(photo(), counted)
    assert sum(sizes) == 1 + 7 * 7
    assert max(sizes) <= 16


@pytest.mark.parametrize("side", [1, 2, 5])
def test_tiny_photos_have_a_map_too(side: int) -> None:
    heat = occluded(photo(side, side), brightness)
    assert np.isfinite(heat.values).all()


def test_a_window_of_all_hides_all() -> None:
    shown = photo()
    shown[:, :60] = 255
    heat = occluded(shown, brightness, window=1.0, stride=1.0)
    assert heat.values.tolist() == [[pytest.approx(0.5)]]
    assert heat.most == (0.0, 0.0, 1.0, 1.0)
    assert heat.as_object()["strongest"] == {"left": 0.0, "top": 0.0, "right": 1.0, "bottom": 1.0, "loss": pytest.approx(0.5)}


@pytest.mark.parametrize(("window", "stride"), [(0.1, 0.2), (1.5, 0.5), (0.5, 0.0)])
def test_windows_that_leave_gaps_are_refused(window: float, stride: float) -> None:
    with pytest.raises(ValueError, match="do not cover"):
        occluded(photo(), brightness, window=window, stride=stride)
