"""Profiles of encoders: the settings that decide what comes out, as JSON that an index can tell and another machine can read."""

import json
from pathlib import Path

from indexer.errors import SettingsError
from indexer.settings import EncodeSettings

MACHINE = frozenset({"batch", "batch_tokens", "prepare_threads", "dtype", "threads", "device", "hub_cache", "hub_allowed"})
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


def of_index(profile: str, own: EncodeSettings) -> EncodeSettings:
    """The settings of a profile that an index tells: as `of_profile`, but of the hub's models only those that this host allows.

    Whoever may write to an index must not decide what its searchers download. Raises SettingsError.
    """
    encode = of_profile(profile, own)
    allowed = {*own.hub_allowed, *_hub_models(own)}
    if strange := [model for model in _hub_models(encode) if model not in allowed]:
        raise SettingsError(
            f"The index's profile names {' and '.join(strange)} of the hub, which the settings of this host do not.",
            cure="Where it is to be trusted: FUSEDEX_ENCODE__HUB_ALLOWED='[\"owner/name@commit\"]', or use a local folder.",
        )
    return encode


def local_only(profile: str) -> str:
    """The profile where it names no model of the hub, else nothing: what an index tells is noted elsewhere only so."""
    try:
        told = json.loads(profile)
    except ValueError:
        return ""
    return "" if not isinstance(told, dict) or told.get("text_model") or told.get("photo_model") else profile


def _hub_models(encode: EncodeSettings) -> list[str]:
    pairs = ((encode.text_model, encode.text_revision), (encode.photo_model, encode.photo_revision))
    return [f"{model}@{revision}" for model, revision in pairs if model]
