"""Profiles of encoders: the settings that decide what comes out, as JSON that an index can tell and another machine can read."""

import json
from pathlib import Path

from indexer.errors import SettingsError
from indexer.settings import EncodeSettings

MACHINE = frozenset({"batch", "batch_tokens", "prepare_threads", "dtype", "threads", "device"})
"""Encode settings that say how a machine works, and nothing of what comes out."""


def profile_of(encode: EncodeSettings) -> str:
    """The settings that decide what comes out, as JSON with sorted keys; folders by their whole paths."""
    told = {name: value.absolute() if isinstance(value, Path) else value for name, value in encode if name not in MACHINE}
    return json.dumps(told, default=str, sort_keys=True)


def of_profile(profile: str, machine: EncodeSettings) -> EncodeSettings:
    """The settings of a profile on a machine like this one. Raises SettingsError for what is none: it may come from an index."""
    try:
        told = {name: value for name, value in json.loads(profile).items() if name not in MACHINE}
        return EncodeSettings.model_validate(told | {name: getattr(machine, name) for name in MACHINE})
    except (ValueError, AttributeError) as error:
        raise SettingsError(f"A profile of encoders can't be read: {error}.", cure="It was made by another release, or by hand.") from error
