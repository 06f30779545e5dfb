import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import SettingsError
from indexer.learn.settings import LoopSettings


def test_the_rate_climbs_and_falls_linearly() -> None:
    settings = LoopSettings(warmup=0.25, decay="linear")
    assert [settings.share(step, 8) for step in range(8)] == pytest.approx([1 / 2, 1, 1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_the_rate_falls_by_a_cosine() -> None:
    settings = LoopSettings(warmup=0.0)
    assert [settings.share(step, 4) for step in range(5)] == pytest.approx([1, 0.5 + math.sqrt(0.125), 0.5, 0.5 - math.sqrt(0.125), 0])


@given(st.integers(1, 400), st.floats(0, 0.99), st.sampled_from(["cosine", "linear"]))
def test_the_share_stays_between_nothing_and_all_and_reaches_all(steps: int, warmup: float, decay: str) -> None:
    settings = LoopSettings(warmup=warmup, decay=decay)  # type: ignore[arg-type]
    shares = [settings.share(step, steps) for step in range(steps)]
    assert all(0 <= share <= 1 for share in shares)
    assert max(shares) == 1
    top = shares.index(1)
    assert shares[: top + 1] == sorted(shares[: top + 1])
    assert shares[top:] == sorted(shares[top:], reverse=True)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"epochs": 0}, "epochs of at least 1"),
        ({"batch": 0}, "batch of at least 1"),
        ({"accumulate": -1}, "accumulate of at least 1"),
        ({"learning_rate": 0.0}, "rate must be above 0"),
        ({"learning_rate": math.nan}, "rate must be above 0"),
        ({"warmup": 1.0}, "below 1"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative"),
        ({"clip": math.nan}, "clip must not be negative"),
        ({"seed": -1}, "seed must not be negative"),
        ({"patience": 0}, "at least 1 epoch"),
    ],
)
def test_what_makes_no_training_is_refused(changed: dict[str, float], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        LoopSettings(**changed)  # type: ignore[arg-type]


def test_settings_are_told_as_json_objects() -> None:
    told = LoopSettings(epochs=3).told()
    assert told["epochs"] == 3
    assert told["patience"] is None
