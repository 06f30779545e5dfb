"""A model of the hub, by name and commit: from the local cache, or downloaded once. A branch or a tag moves, so neither is a pin."""

import contextlib
import re
from pathlib import Path

from indexer.encode.folder import weight_files
from indexer.encode.lazy import need
from indexer.errors import ModelUnavailable, SettingsError

COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
FILES = ("*.safetensors", "*.json", "*.txt", "*.model")
"""What is fetched: no code, and no weights in formats that can run some."""
FAILURES = (OSError, ValueError, RuntimeError)
"""What the hub's package raises: its own errors and its client's are of these kinds."""


def pinned_folder(name: str, revision: str, *, cache: Path | None = None) -> Path:
    """The folder of `owner/name` at a commit; `cache` None means the hub's own cache (HF_HOME). Nothing is asked for what is there.

    Raises SettingsError for a name or revision that is none, ModelUnavailable where the model is neither in the cache nor to be had.
    """
    if not NAME.fullmatch(name):
        raise SettingsError(f"A model of the hub is named owner/name, not {name!r}.")
    if not COMMIT.fullmatch(revision):
        raise SettingsError(
            f"The model {name} needs a pinned revision, not {revision!r}.",
            cure="Name a commit by its 40 hex digits: a branch or a tag may hold other weights tomorrow.",
        )
    need("huggingface_hub", model=name)
    with contextlib.suppress(*FAILURES, ModelUnavailable):
        kept = _snapshot(name, revision, cache=cache, local=True)
        if weight_files(kept) and (kept / "config.json").is_file():
            return kept
    try:
        return _snapshot(name, revision, cache=cache, local=False)
    except FAILURES as error:
        raise ModelUnavailable(
            f"The model {name} at {revision} is not in the hub's cache, and can't be downloaded ({type(error).__name__}).",
            cure="Fetch it where there is a network and copy the folder: FUSEDEX_ENCODE__TEXT_FOLDER or PHOTO_FOLDER names it.",
        ) from error


def _snapshot(name: str, revision: str, *, cache: Path | None, local: bool) -> Path:
    from huggingface_hub import snapshot_download

    return Path(snapshot_download(name, revision=revision, cache_dir=cache, local_files_only=local, allow_patterns=list(FILES)))
