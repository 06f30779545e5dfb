"""Profiles of encoders: what decides a vector, as JSON that another machine can read; and settings with a file laid over them."""

import json
from pathlib import Path

import pytest

from indexer.encode.profile import MACHINE, local_only, of_index, of_profile, profile_of
from indexer.errors import SettingsError
from indexer.settings import EncodeSettings, Settings


def test_a_profile_comes_back_on_another_machine() -> None:
    here = EncodeSettings(text="hashed", fusion="mlp", fusion_folder=Path("fusion"), title_weight=0.7, batch=8, device="cpu")
    there = EncodeSettings(batch=99, threads=3)
    found = of_profile(profile_of(here), there)
    assert (found.text, found.title_weight, found.batch, found.threads, found.device) == ("hashed", 0.7, 99, 3, "auto")
    assert found.fusion_folder == Path("fusion").absolute()
    assert profile_of(found) == profile_of(here)


def test_what_a_machine_decides_is_no_part_of_it() -> None:
    assert profile_of(EncodeSettings(batch=1, threads=7)) == profile_of(EncodeSettings())
    assert set(EncodeSettings.model_fields) > MACHINE


@pytest.mark.parametrize("profile", ["", "no json", "[]", '{"text": 3}', '{"command": "x"}', '{"title_weight": -1}', "null"])
def test_what_is_no_profile_is_refused(profile: str) -> None:
    with pytest.raises(SettingsError, match="profile"):
        of_profile(profile, EncodeSettings())


def test_a_machine_s_settings_in_a_profile_do_not_count() -> None:
    assert of_profile('{"device": "cuda", "batch": 1}', EncodeSettings()).device == "auto"


def test_a_file_is_laid_over_the_settings_and_the_alias_stays(tmp_path: Path) -> None:
    file = tmp_path / "new.toml"
    file.write_text('[encode]\ntext = "hashed"\n[index]\nm = 24\nalias = "another"\n[search]\ndepth = 7\n')
    settings = Settings(home=tmp_path, encode=EncodeSettings(title_weight=0.9))
    new = settings.with_file(file)
    assert (new.encode.text, new.encode.title_weight, new.index.m, new.index.alias, new.search) == (
        "hashed",
        0.9,
        24,
        "products",
        settings.search,
    )


@pytest.mark.parametrize("text", ["[encode", "[encode]\nno_such = 1\n", '[index]\nm = "many"\n', "encode = 3\n"])
def test_a_wrong_file_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "new.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=r"new\.toml is wrong"):
        Settings(home=tmp_path).with_file(file)
    with pytest.raises(SettingsError, match="can't be read"):
        Settings(home=tmp_path).with_file(tmp_path / "none.toml")


HUB = EncodeSettings(text="transformer", text_model="good/model", text_revision="a" * 40, photo="none")


def test_an_index_names_no_model_of_the_hub_that_the_host_does_not() -> None:
    told = profile_of(HUB)
    with pytest.raises(SettingsError, match=f"good/model@{'a' * 40}") as caught:
        of_index(told, EncodeSettings(text="hashed"))
    assert "HUB_ALLOWED" in caught.value.cure
    with pytest.raises(SettingsError, match="good/model"):  # another commit is another model
        of_index(told, HUB.model_copy(update={"text_revision": "b" * 40}))
    with pytest.raises(SettingsError, match="photos/of"):
        of_index(profile_of(HUB.model_copy(update={"photo_model": "photos/of", "photo_revision": "c" * 40})), HUB)


@pytest.mark.parametrize("own", [HUB, EncodeSettings(text="hashed", hub_allowed=(f"good/model@{'a' * 40}",))], ids=["named", "allowed"])
def test_what_the_host_names_or_allows_is_believed(own: EncodeSettings) -> None:
    assert of_index(profile_of(HUB), own).text_model == "good/model"
    assert of_index(profile_of(EncodeSettings(text="hashed")), own).text == "hashed"  # and what is local always is


def test_where_models_are_kept_and_which_are_allowed_is_the_host_s_alone() -> None:
    told = json.loads(profile_of(HUB.model_copy(update={"hub_cache": Path("cache"), "hub_allowed": ("x/y@1",)})))
    assert not {"hub_cache", "hub_allowed"} & told.keys()
    cunning = json.dumps(told | {"hub_allowed": [f"good/model@{'a' * 40}"], "hub_cache": "elsewhere"})
    with pytest.raises(SettingsError, match="good/model"):
        of_index(cunning, EncodeSettings(text="hashed"))


@pytest.mark.parametrize(("profile", "noted"), [("", ""), ("no json", ""), ("[]", ""), ('{"text": "hashed"}', '{"text": "hashed"}')])
def test_only_what_is_local_is_noted_elsewhere(profile: str, noted: str) -> None:
    assert local_only(profile) == noted
    assert local_only(profile_of(HUB)) == ""
