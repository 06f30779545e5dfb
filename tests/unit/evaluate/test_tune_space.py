"""The search space: read from TOML, checked by the settings themselves."""

from pathlib import Path

import pytest

from indexer.errors import SettingsError
from indexer.evaluate.space import TUNABLE, Range, Space, Values, default_space, read_space, settings_with
from indexer.settings import SearchSettings

CURRENT = SearchSettings()


def read(tmp_path: Path, text: str, current: SearchSettings = CURRENT) -> Space:
    file = tmp_path / "space.toml"
    file.write_text(text)
    return read_space(file, current)


def test_the_default_space_blends_and_weighs() -> None:
    space = default_space()
    assert space.size == 36
    combinations = list(space.combinations())
    assert {one["lexical_weight"] for one in combinations} == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}
    assert {one["strategy"] for one in combinations} == {"msearch"}
    assert all(settings_with(CURRENT, one) for one in combinations)


def test_lists_steps_ranges_and_single_values(tmp_path: Path) -> None:
    space = read(
        tmp_path,
        """
        [space]
        blend = ["rrf", "min_max", "rrf"]
        strategy = "exact"
        depth = {from = 50, to = 200, step = 50}
        lexical_weight = {from = 0.1, to = 0.4, step = 0.1}
        rrf_constant = {from = 1, to = 100}
        diversity = {from = 0, to = 0.5}
        min_cosine = ["", 0.2]
        """,
    )
    assert space.axes == (
        Values("blend", ("rrf", "min_max")),
        Values("strategy", ("exact",)),
        Values("depth", (50, 100, 150, 200)),
        Values("lexical_weight", (0.1, 0.2, 0.3, 0.4)),
        Range("rrf_constant", 1.0, 100.0, whole=True),
        Range("diversity", 0.0, 0.5, whole=False),
        Values("min_cosine", (None, 0.2)),
    )
    assert space.size is None
    assert space.as_object()["rrf_constant"] == {"from": 1.0, "to": 100.0}
    with pytest.raises(SettingsError, match="rrf_constant has no steps"):
        list(space.combinations())


def test_every_tunable_name_is_a_setting() -> None:
    assert set(TUNABLE) <= set(SearchSettings.model_fields)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("blend = 1", r"no table \[space\]"),
        ("[space]", r"no table \[space\]"),
        ("[space", "is no TOML"),
        ("[space]\nlexicalweight = [0.1]", "'lexicalweight' is no search setting. Did you mean 'lexical_weight'"),
        ("[space]\ntimeout_s = [1, 2]", "'timeout_s' can't be tuned"),
        ("[space]\nlexical_weight = [0.1, 1.5]", "lexical_weight: Input should be less than or equal to 1"),
        ("[space]\nblend = ['sum']", "blend"),
        ("[space]\nblend = []", "blend has no value"),
        ("[space]\ndepth = [true]", "depth can't be True"),
        ("[space]\ndepth = [[1]]", "depth can't be"),
        ("[space]\ndepth = {from = 200, to = 50}", "goes from 200 to 50"),
        ("[space]\ndepth = {from = 50}", "has the keys from"),
        ("[space]\ndepth = {from = 50, to = 60, steps = 2}", "has the keys from, to, steps"),
        ("[space]\ndepth = {from = 50, to = 60, step = 0}", "the step 0"),
        ("[space]\nlexical_weight = {from = 0.0, to = 1.0, step = 0.0001}", "the step 0.0001"),
        ("[space]\ndepth = {from = 50, to = 60, step = 2.5}", "depth: Input should be a valid integer"),
        ("[space]\nlexical_weight = {from = -1, to = 1}", "lexical_weight: Input should be greater"),
        ("[space]\nblend = {from = 'l2', to = 'rrf'}", "goes from 'l2' to 'rrf'"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        read_space(tmp_path / "none.toml", CURRENT)


def test_a_setting_that_no_file_can_empty_is_not_emptied(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"min_cosine is 0\.3 now"):
        read(tmp_path, "[space]\nmin_cosine = ['', 0.2]", SearchSettings(min_cosine=0.3))


def test_distances_of_values_without_an_order() -> None:
    space = Space((Values("min_cosine", (None, 0.2)), Values("depth", (50, 100)), Range("diversity", 0.0, 0.5, whole=False)))
    near = SearchSettings(min_cosine=0.2, depth=100, diversity=0.0)
    assert space.distance(near, near) == 0.0
    assert space.distance(near, near.model_copy(update={"min_cosine": None})) == 1.0
    assert space.distance(near, near.model_copy(update={"depth": 50, "diversity": 0.25})) == 1.5
    assert space.distance(near, near.model_copy(update={"depth": 200})) == pytest.approx(100 / 150)
