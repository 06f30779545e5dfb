import os
from pathlib import Path

import pytest

from indexer.errors import SettingsError
from indexer.settings import Settings, quiet_ray


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("FUSEDEX_"):
            monkeypatch.delenv(name)


def test_defaults_stand_without_environment() -> None:
    settings = Settings.load()
    assert settings.index.engine == "lucene"
    assert settings.opensearch_url is None


def test_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "fusedex.toml"
    file.write_text("[search]\ndepth = 50\nlexical_weight = 0.3\n")
    monkeypatch.setenv("FUSEDEX_CONFIG", str(file))
    monkeypatch.setenv("FUSEDEX_SEARCH__DEPTH", "70")
    settings = Settings.load()
    assert (settings.search.depth, settings.search.lexical_weight) == (70, 0.3)


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_SEARCH__DEPTH", "many")
    monkeypatch.setenv("FUSEDEX_WORK__ATTEMPTS", "0")
    monkeypatch.setenv("FUSEDEX_HOEM", "/tmp/x")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    text = str(caught.value)
    assert "search.depth" in text
    assert "work.attempts" in text
    assert "FUSEDEX_HOEM is no setting. Did you mean 'FUSEDEX_HOME'" in text


def test_an_unknown_nested_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_SEARCH__DEEPTH", "1")
    with pytest.raises(SettingsError, match="deepth"):
        Settings.load()


def test_a_missing_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_CONFIG", "/nowhere/fusedex.toml")
    with pytest.raises(SettingsError, match="no file"):
        Settings.load()


def test_a_broken_file_is_an_error_of_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "fusedex.toml"
    file.write_text("[search\n")
    monkeypatch.setenv("FUSEDEX_CONFIG", str(file))
    with pytest.raises(SettingsError):
        Settings.load()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FUSEDEX_BROKER_URL", "redis://:hunter2@127.0.0.1:6379/0")
    settings = Settings.load()
    assert "hunter2" not in repr(settings)
    assert settings.broker_url is not None
    assert "hunter2" in settings.broker_url.get_secret_value()


def test_every_setting_says_what_it_is_for() -> None:
    from docs.generate import settings_page

    assert not [line for line in settings_page().splitlines() if line.endswith("|  |")]


@pytest.mark.parametrize(("given", "kept"), [(None, "0"), ("1", "1")])
def test_ray_tells_nobody_of_its_use_unless_the_user_says_so(given: str | None, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", given or "")
    if given is None:
        monkeypatch.delenv("RAY_USAGE_STATS_ENABLED")
    quiet_ray()
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == kept
