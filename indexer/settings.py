"""One frozen tree of settings, read once: defaults, then one TOML file, then the environment (FUSEDEX_*).

A nested setting is named with two underscores: FUSEDEX_SEARCH__DEPTH=200. This is the only module that reads the environment.
"""

import os
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from indexer.errors import SettingsError
from indexer.registry import did_you_mean
from indexer.sections import (
    CacheSettings,
    EncodeSettings,
    FeedSettings,
    IndexSettings,
    PhotoSettings,
    SearchSettings,
    TextSettings,
    WorkSettings,
)

__all__ = [
    "CacheSettings",
    "EncodeSettings",
    "FeedSettings",
    "IndexSettings",
    "PhotoSettings",
    "SearchSettings",
    "Settings",
    "TextSettings",
    "WorkSettings",
]

PREFIX = "FUSEDEX_"
FILE_VARIABLE = "FUSEDEX_CONFIG"
NOT_SETTINGS = {FILE_VARIABLE, "FUSEDEX_TEST_DATA", "FUSEDEX_TEST_HOME"}


def default_home() -> Path:
    """The user's data folder (XDG), or the system's state folder for root, who has no users' data."""
    if os.geteuid() == 0:
        return Path("/var/lib/fusedex")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "fusedex"


def default_cache() -> Path:
    """Where downloads are kept, shared by all homes of this user (XDG), or the system's cache folder for root."""
    if os.geteuid() == 0:
        return Path("/var/cache/fusedex")
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "fusedex"


def java_home() -> Path | None:
    """The Java that the user's environment names (JAVA_HOME), looked at first; None when it names none."""
    named = os.environ.get("JAVA_HOME")
    return Path(named) if named else None


def quiet_ray() -> None:
    """Let a Ray that this process begins send nothing about its use, unless the user's environment says otherwise."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")


class Settings(BaseSettings):
    """All settings. Addresses left empty mean: use the embedded engines under `home`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid")

    home: Path = Field(default_factory=default_home, description="where the embedded engines keep their data and logs")
    opensearch_url: SecretStr | None = Field(
        default=None, description="a running OpenSearch (https://...?ca=FILE names its authority); default: the embedded one"
    )
    broker_url: SecretStr | None = Field(default=None, description="a running Redis or Valkey; default: the embedded one")
    ledger_url: SecretStr | None = Field(default=None, description="a database, as SQLAlchemy names it; default: SQLite under home")
    vectors_url: SecretStr | None = Field(default=None, description="the vector cache; default: beside the ledger")
    log: Literal["auto", "console", "json"] = Field(default="auto", description="readable lines, JSON lines, or by where they go")
    heap_mb: int = Field(default=1024, ge=256, description="the embedded OpenSearch's heap")
    encode: EncodeSettings = EncodeSettings()
    feed: FeedSettings = FeedSettings()
    text: TextSettings = TextSettings()
    photos: PhotoSettings = PhotoSettings()
    cache: CacheSettings = CacheSettings()
    work: WorkSettings = WorkSettings()
    search: SearchSettings = SearchSettings()
    index: IndexSettings = IndexSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over the file; nothing else is read."""
        file = os.environ.get(FILE_VARIABLE)
        sources = [init_settings, env_settings]
        if file:
            sources.append(TomlConfigSettingsSource(settings_cls, Path(file)))
        return tuple(sources)

    def with_file(self, file: Path) -> "Settings":
        """These settings with the file's tables [encode] and [index] laid over theirs; the alias stays. Raises SettingsError."""
        try:
            with file.open("rb") as stream:
                tables = tomllib.load(stream)
            encode = EncodeSettings.model_validate(self.encode.model_dump() | tables.get("encode", {}))
            index = IndexSettings.model_validate(self.index.model_dump() | tables.get("index", {}) | {"alias": self.index.alias})
        except OSError as error:
            raise SettingsError(f"{file} can't be read: {error.strerror}.") from error
        except (ValueError, TypeError) as error:
            raise SettingsError(f"{file} is wrong: {error}.", cure="docs/settings.md lists all settings.") from error
        return self.model_copy(update={"encode": encode, "index": index})

    @classmethod
    def load(cls) -> "Settings":
        """Read file and environment; raises SettingsError that names every wrong or unknown setting at once."""
        file = os.environ.get(FILE_VARIABLE)
        if file and not Path(file).is_file():
            raise SettingsError(f"{FILE_VARIABLE} names {file}, which is no file.")
        complaints = _unknown_variables()
        try:
            settings = cls()
        except ValidationError as error:
            complaints += [f"{'.'.join(map(str, e['loc']))}: {e['msg']} (got {e['input']!r})" for e in error.errors()]
        except ValueError as error:
            complaints.append(str(error))
        if complaints:
            raise SettingsError("Settings are wrong: " + "; ".join(complaints) + ".", cure="docs/settings.md lists them all.")
        return settings


def _unknown_variables() -> list[str]:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    given = [name for name in os.environ if name.startswith(PREFIX) and name not in NOT_SETTINGS]
    unknown = [name for name in given if name.split("__")[0] not in known]
    return [f"{name} is no setting. {did_you_mean(name, sorted(known))}" for name in unknown]
