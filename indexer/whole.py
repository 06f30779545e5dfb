"""Files and folders that appear whole, or not at all: made beside their place, and put there once all of it is on the disk."""

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from indexer.errors import ModelError


def write_whole(file: Path, content: bytes) -> None:
    """Write a file, with the folders above it, that appears complete, in the place of an older one, or not at all; raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        Path(draft).chmod(0o644)
        Path(draft).replace(file)
    finally:
        Path(draft).unlink(missing_ok=True)


def check_absent(folder: Path, *, what: str = "checkpoint") -> None:
    """Raise ModelError where the folder exists: a model is never changed, a new one has a new name. Asked before a long training too."""
    if folder.exists():
        raise ModelError(f"{folder} exists already.", cure=f"Give the new {what} a folder of its own.")


def new_folder(folder: Path, fill: Callable[[Path], None], *, what: str = "checkpoint") -> None:
    """A new folder that appears complete, or not at all: `fill` gets a draft beside it.

    Raises ModelError where it exists or can't be made.
    """
    check_absent(folder, what=what)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            fill(draft)
            draft.chmod(0o755)
            draft.rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise ModelError(f"The {what} {folder} can't be written: {error.strerror}.") from error


def new_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """A new folder of these files by name, which appears complete, or not at all. Raises ModelError where it exists or can't be made."""

    def fill(draft: Path) -> None:
        for name, content in files.items():
            write_whole(draft / name, content)

    new_folder(folder, fill)
