"""Where the settings say that a model's files are: a folder of this machine, or a model of the hub at a commit."""

from pathlib import Path

from indexer.encode.hub import pinned_folder
from indexer.errors import SettingsError
from indexer.settings import EncodeSettings

LOCAL = "a local folder"


def text_place(settings: EncodeSettings) -> tuple[Path, str]:
    """The text model's folder, and its origin for the spec. Raises SettingsError where none or two are named, and ModelUnavailable."""
    return _place("TEXT", settings.text, settings.text_folder, (settings.text_model, settings.text_revision, settings.hub_cache))


def photo_place(settings: EncodeSettings) -> tuple[Path, str]:
    """The photo model's folder or file, and its origin for the spec. Raises as `text_place`."""
    return _place("PHOTO", settings.photo, settings.photo_folder, (settings.photo_model, settings.photo_revision, settings.hub_cache))


def names_photo_place(settings: EncodeSettings) -> bool:
    """Whether the settings name a model for photos of their own."""
    return settings.photo_folder is not None or bool(settings.photo_model)


def _place(kind: str, encoder: str, folder: Path | None, hub: tuple[str, str, Path | None]) -> tuple[Path, str]:
    name, revision, cache = hub
    if folder is not None and name:
        raise SettingsError(f"FUSEDEX_ENCODE__{kind}_FOLDER and FUSEDEX_ENCODE__{kind}_MODEL both name a model.", cure="Set one of them.")
    if folder is not None:
        return folder, LOCAL
    if not name:
        cure = f"Set FUSEDEX_ENCODE__{kind}_FOLDER, or FUSEDEX_ENCODE__{kind}_MODEL with FUSEDEX_ENCODE__{kind}_REVISION."
        raise SettingsError(f"The {kind.lower()} encoder {encoder!r} needs a folder.", cure=cure)
    return pinned_folder(name, revision, cache=cache), f"hub: {name} at {revision}"
